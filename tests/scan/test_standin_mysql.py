"""The stand-in for MySQL answers as MariaDB does, to real drivers, and to bytes that no driver sends."""

from __future__ import annotations

import datetime
import decimal
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest
import sqlalchemy as sa
from pymysql.constants import CLIENT
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from buckler.scan.engines.app.servers.mysql import USER, MySQL
from buckler.scan.engines.app.servers.standin import mysql_packets as packets
from tests.conftest import needs_server

CODE = """
from pathlib import Path
from buckler.scan.engines.app.servers.standin.database import Databases
from buckler.scan.engines.app.servers.standin.mysql import serve
serve(Path({path!r}), Databases("mysql"))
"""
NAME = f"{USER}_shop"


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("mysql") / "mysql.sock"
    process = subprocess.Popen([sys.executable, "-c", CODE.format(path=str(path))])
    deadline = time.monotonic() + 60
    while said(path)[4:5] != b"\x0a":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield path
    ended = process.poll()
    process.kill()
    process.wait()
    assert ended is None


@pytest.fixture
def real(place: Path) -> Iterator[Path]:
    needs_server("mysql")
    folder = place / "mysql"
    folder.mkdir()
    folder.chmod(0o777)
    server = MySQL(folder)
    yield server.start().socket
    server.stop()


def said(path: Path, *parts: bytes) -> bytes:
    """What comes back for bytes that end; what came until then where the other side breaks off."""
    got = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        try:
            client.connect(str(path))
            for part in parts:
                client.sendall(part)
            client.shutdown(socket.SHUT_WR)
            while more := client.recv(1 << 16):
                got += more
        except OSError:
            return got
    return got


def connect(path: Path, **options: object) -> pymysql.Connection:
    """Signed in to a database of its own."""
    with pymysql.connect(unix_socket=str(path), user=USER) as first, first.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {NAME}")
    options.setdefault("database", NAME)
    options.setdefault("autocommit", True)
    return pymysql.connect(unix_socket=str(path), user=USER, **options)


SCRIPT = """
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL UNIQUE, n INT, price DECIMAL(8,2))
INSERT INTO t (name, n, price) VALUES ('a', 1, 1.5)
INSERT INTO t (name, n, price) VALUES ('b', 2, 2.5), ('c', 3, NULL)
INSERT INTO t (name) VALUES ('a')
INSERT INTO t (name) VALUES (NULL)
SELECT LAST_INSERT_ID() AS last
SELECT * FROM t ORDER BY id
SELECT name, n + 1 FROM t WHERE n > 1 ORDER BY n DESC
SELECT nope FROM t
SELECT * FROM t WHERE name = '
SELECT * FROM
SELECT COUNT(*), MAX(n) FROM t
SELECT COUNT(*) AS c FROM t WHERE name LIKE 'a%%'
SELECT id FROM t WHERE name = '' OR '1'='1' -- '
SELECT 'a''b', 'c\\\\d', "e"
SELECT 1 UNION SELECT 2
SELECT NULL, 1.5
SELECT 1; SELECT 2
UPDATE t SET n = 9 WHERE name = 'a'
DELETE FROM t WHERE name = 'nobody'
INSERT INTO t (id, name) VALUES (1, 'x') ON DUPLICATE KEY UPDATE n = 100
SELECT n FROM t WHERE id = 1
SET @x = 5
SELECT @x + 1 AS y, DATABASE() AS d
SELECT @@autocommit AS a, @@tx_isolation AS i, @@sql_mode AS m, @@lower_case_table_names AS l
SELECT @@nope
SET autocommit = 0
SET nope = 1
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED
SELECT @@tx_isolation AS i
BEGIN
COMMIT
SHOW TABLES
SHOW FULL TABLES
SHOW TABLES LIKE 'x%%'
SHOW VARIABLES LIKE 'autocommit%%'
SHOW WARNINGS
DESCRIBE nope
SHOW CREATE TABLE nope
SHOW COLUMNS FROM nope
DESCRIBE buckler_nowhere.t
USE nowhere
SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND column_key = 'PRI'
SET GLOBAL general_log_file = '/tmp/x'
SELECT 'x' INTO OUTFILE '/tmp/x'
CREATE USER helper@localhost
CHANGE MASTER TO master_host = '127.0.0.1'
GRANT ALL ON *.* TO helper@localhost
SHUTDOWN
CREATE TABLE t (id INT)
CREATE DATABASE buckler_shop
REPLACE INTO t (id, name) VALUES (50, 'r')
TRUNCATE TABLE t
SELECT COUNT(*) AS c FROM t
DROP TABLE t
""".strip().splitlines()
DIFFER_IN_COUNT = ("INSERT INTO t (id", "TRUNCATE", "REPLACE")
NO_RIGHT = {1044, 1045, 1142, 1227, 1290}
"""The numbers of refusals for want of a right; which right is asked for first differs."""


def answers(path: Path) -> list[object]:
    """What every line of the script comes to: names of columns and rows, or the error's number."""
    seen: list[object] = []
    with connect(path) as opened, opened.cursor() as cursor:
        for line in SCRIPT:
            try:
                cursor.execute(line.replace("%%", "%"))
            except pymysql.MySQLError as error:
                seen.append((line, "error", error.args[0]))
                continue
            names = [one[0] for one in cursor.description or ()]
            count = 0 if line.startswith(DIFFER_IN_COUNT) else cursor.rowcount
            last = cursor.lastrowid if line.startswith("INSERT INTO t (name") else None
            seen.append((line, names, cursor.fetchall(), count, last))
    return seen


def test_it_answers_as_the_real_one_does(standin: Path, real: Path) -> None:
    different = []
    for one, other in zip(answers(standin), answers(real), strict=True):
        refused = one[1] == other[1] == "error" and {one[2], other[2]} <= NO_RIGHT
        if one != other and not refused:
            different.append((one, other))
    assert not different, "\n".join(map(repr, different))


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(190), unique=True)
    made: Mapped[datetime.datetime] = mapped_column(server_default=sa.func.now())
    price: Mapped[decimal.Decimal] = mapped_column(sa.Numeric(8, 2))
    active: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict] = mapped_column(sa.JSON, default=dict)
    picture: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_sqlalchemy_makes_its_tables_once_and_reads_what_it_wrote(standin, dialect) -> None:
    connect(standin).close()
    engine = sa.create_engine(
        f"{dialect}+pymysql://{USER}@/{NAME}",
        connect_args={"unix_socket": str(standin)},
        pool_pre_ping=True,
    )
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    Base.metadata.create_all(engine)
    assert "people" in sa.inspect(engine).get_table_names()
    columns = {one["name"]: one for one in sa.inspect(engine).get_columns("people")}
    assert columns["id"]["autoincrement"]
    assert isinstance(columns["made"]["type"], sa.DateTime)
    assert sa.inspect(engine).get_pk_constraint("people")["constrained_columns"] == ["id"]
    with Session(engine) as session:
        person = Person(email="a'b\\c@é", price="1.50", settings={"a": [1]}, picture=b"\x00\xff'\\")
        session.add(person)
        session.commit()
        session.refresh(person)
        assert person.price == decimal.Decimal("1.50")
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        assert abs((person.made - now).total_seconds()) < 60
        assert (person.settings, person.picture) == ({"a": [1]}, b"\x00\xff'\\")
        assert session.scalars(sa.select(Person).where(Person.email == "a'b\\c@é")).one().active
        session.add(Person(email=person.email, price=1))
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
        session.rollback()
        session.execute(sa.update(Person).values(price=2))
        assert session.scalar(sa.select(Person.price)) == 2
    Base.metadata.drop_all(engine)
    assert "people" not in sa.inspect(engine).get_table_names()
    engine.dispose()


def test_several_statements_in_one_and_what_a_union_gives(standin: Path) -> None:
    with (
        connect(standin, client_flag=CLIENT.MULTI_STATEMENTS) as opened,
        opened.cursor() as cursor,
    ):
        cursor.execute("SELECT 1; SET @a = 2; SELECT @a")
        assert cursor.fetchall() == ((1,),)
        assert cursor.nextset() and cursor.nextset()
        assert cursor.fetchall() == ((2,),)
        assert not cursor.nextset()
        cursor.execute("SELECT 1 UNION SELECT VERSION()")
        assert {str(row[0])[:2] for row in cursor.fetchall()} == {"1", "10"}
        opened.ping()
        opened.select_db("information_schema")
        cursor.execute("SELECT schema_name FROM schemata")


def test_a_second_statement_is_refused_to_who_did_not_announce_it(standin: Path) -> None:
    with connect(standin) as opened, opened.cursor() as cursor:
        with pytest.raises(pymysql.ProgrammingError, match="right syntax to use near 'SELECT 2'"):
            cursor.execute("SELECT 1; SELECT 2")
        with pytest.raises(pymysql.ProgrammingError, match="near ''' at line 1"):
            cursor.execute("SELECT 'x' = '")
        cursor.execute("SELECT 'still there'")


def test_a_database_that_is_not_there_is_unknown(standin: Path) -> None:
    with pytest.raises(pymysql.OperationalError) as caught:
        pymysql.connect(unix_socket=str(standin), user=USER, database="nowhere")
    assert caught.value.args[0] == 1049


@pytest.mark.parametrize("plugin", [b"mysql_native_password", b"caching_sha2_password", b"dialog"])
def test_every_way_of_signing_in_is_let_in(standin: Path, plugin: bytes) -> None:
    talk = Talk(standin)
    talk.sign_in(plugin, b"x" * 20)
    answer = talk.receive()
    if plugin == b"caching_sha2_password":
        assert answer == b"\x01\x03"
        answer = talk.receive()
    if plugin == b"dialog":
        assert answer[:1] == b"\xfe"
        talk.send(b"x" * 20)
        answer = talk.receive()
    assert answer[:1] == b"\0"
    talk.close()


class Talk:
    """The protocol by hand."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        self.sequence = 0
        self.receive()

    def sign_in(self, plugin: bytes = b"mysql_native_password", proof: bytes = b"") -> None:
        flags = packets.PROTOCOL_41 | packets.SECURE_CONNECTION | packets.PLUGIN_AUTH
        head = struct.pack("<IIB", flags, 1 << 24, 45) + bytes(23)
        self.send(head + b"me\0" + bytes((len(proof),)) + proof + plugin + b"\0")

    def send(self, payload: bytes) -> None:
        header = struct.pack("<I", len(payload))[:3] + bytes((self.sequence,))
        self.socket.sendall(header + payload)

    def receive(self) -> bytes:
        head = self.file.read(4)
        self.sequence = (head[3] + 1) % 256 if head else 0
        return self.file.read(int.from_bytes(head[:3], "little"))

    def command(self, number: int, rest: bytes = b"") -> bytes:
        self.sequence = 0
        self.send(bytes((number,)) + rest)
        return self.receive()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def signed_in(path: Path) -> Talk:
    talk = Talk(path)
    talk.sign_in()
    assert talk.receive()[:1] == b"\0"
    return talk


def test_commands_beside_queries(standin: Path) -> None:
    talk = signed_in(standin)
    assert talk.command(0x0E)[:1] == b"\0"
    assert talk.command(0x1F)[:1] == b"\0"
    assert talk.command(0x1B, b"\0\0")[:1] == b"\xfe"
    assert talk.command(0x1B, b"\x09\0")[:1] == b"\xff"
    assert talk.command(0x02, b"nowhere")[1:3] == struct.pack("<H", 1049)
    assert talk.command(0x77)[1:3] == struct.pack("<H", 1047)
    assert talk.command(0x03, b"  ")[1:3] == struct.pack("<H", 1065)
    assert talk.command(0x03, b"INSERT INTO t VALUES (1)")[1:3] == struct.pack("<H", 1046)
    assert talk.command(0x11, b"me\0\0\0")[:1] == b"\0"
    assert b"Uptime" in talk.command(0x09)
    talk.close()


def test_prepared_statements_carry_their_values(standin: Path) -> None:
    talk = signed_in(standin)
    prepared = talk.command(0x16, b"SELECT ? AS a, ? AS b, ? AS c, '?' AS d")
    number = prepared[1:5]
    assert struct.unpack("<H", prepared[7:9]) == (3,)
    assert [talk.receive()[:1] for _ in range(4)] == [b"\x03"] * 3 + [b"\xfe"]
    values = struct.pack("<q", -7) + b"\x03a'b"
    types = struct.pack("<HHH", 8, 253, 6)
    answer = talk.command(
        0x17, number + b"\0" + struct.pack("<I", 1) + b"\x04\x01" + types + values
    )
    assert answer == b"\x04"
    for _ in range(5):
        talk.receive()
    row = talk.receive()
    assert row[:2] == bytes((0, 1 << 4))
    assert row[2:] == struct.pack("<q", -7) + b"\x03a'b\x01?"
    assert talk.receive()[:1] == b"\xfe"
    assert talk.command(0x17, b"\xff\0\0\0\0\1\0\0\0")[1:3] == struct.pack("<H", 1243)
    assert talk.command(0x17, number + b"\0\1\0\0\0")[1:3] == struct.pack("<H", 1835)
    talk.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\x01",
        b"\x00\x00\x00\x01",
        b"\x05\x00\x00\x01abc",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x20\x00\x00\x01" + b"\xff" * 32,
        b"\x21\x00\x00\x01" + struct.pack("<I", packets.OFFERED) + bytes(28) + b"\xfe",
    ],
)
def test_bytes_that_are_no_packets(standin: Path, sent: bytes) -> None:
    assert said(standin, sent)[4:5] == b"\x0a"
    with connect(standin) as opened:
        opened.ping()


def test_noise_behind_a_good_start_hurts_nobody(standin: Path) -> None:
    for seed in range(30):
        talk = signed_in(standin)
        talk.socket.sendall(os.urandom(200 + seed))
        talk.close()
    talk = signed_in(standin)
    talk.socket.sendall(b"\xff\xff\xff\0" + b"\x03" + b" " * (0xFFFFFF - 1) + b"\xff\xff\xff\x01")
    assert talk.receive()[1:3] == struct.pack("<H", 1153)
    talk.close()
    with connect(standin) as opened:
        opened.ping()


def test_connections_beyond_the_limit_are_turned_away(standin: Path) -> None:
    clients = []
    try:
        for _ in range(300):
            client = socket.socket(socket.AF_UNIX)
            clients.append(client)
            client.connect(str(standin))
        clients[-1].settimeout(10)
        assert b"Too many connections" in clients[-1].recv(200)
    finally:
        for client in clients:
            client.close()
    deadline = time.monotonic() + 60
    while said(standin)[4:5] != b"\x0a":
        assert time.monotonic() < deadline

"""The stand-in for PostgreSQL: drivers are answered as a real server answers them.

The oracle is a real PostgreSQL: the same conversation is held with both, and the answers are equal.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import json
import socket
import struct
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from buckler.scan.engines.app.servers import processes
from buckler.scan.engines.app.servers.interface import Server
from buckler.scan.engines.app.servers.postgresql import PostgreSQL
from buckler.scan.engines.app.servers.standin.server import StandIn
from tests.conftest import needs_server, run_apart

asyncpg = pytest.importorskip("asyncpg")
psycopg = pytest.importorskip("psycopg")
sqlalchemy = pytest.importorskip("sqlalchemy")

MARK = uuid.UUID("414c0687-7699-4524-a8e6-6ecdd87d60f9")
MOMENT = datetime.datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=datetime.UTC)
TABLE = """
CREATE TABLE people (
    id SERIAL PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE, ok BOOLEAN DEFAULT true,
    seen TIMESTAMPTZ, born DATE, at TIME, data JSONB, mark UUID, price NUMERIC(10, 2),
    tags TEXT[], raw BYTEA, weight DOUBLE PRECISION, boss BIGINT REFERENCES people (id)
)
"""
ROW = {
    "name": "ann",
    "seen": MOMENT,
    "born": datetime.date(1999, 12, 31),
    "at": datetime.time(23, 59, 58),
    "mark": MARK,
    "price": decimal.Decimal("-12.05"),
    "tags": ["x", 'y "z"', ""],
    "raw": b"\x00\xff",
    "weight": 1.5,
}
Talk = Callable[[str], Any]


@pytest.fixture
def folder() -> Iterator[Callable[[str], Path]]:
    """``folder("a")`` is one for a server, which its user may enter."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as base:
        Path(base).chmod(0o755)

        def make(name: str) -> Path:
            made = Path(base, name)
            made.mkdir()
            processes.give(made)
            return made

        yield make


def answers(server: Server, talk: Talk) -> Any:
    """What a conversation with a server comes to."""
    address = server.start()
    try:
        with psycopg.connect(
            host=str(address.socket.parent), port=address.port, user=address.user, dbname="postgres"
        ) as first:
            first.autocommit = True
            first.execute("CREATE DATABASE shop")
        return talk(str(address.socket.parent))
    finally:
        server.stop()


def both(talk: Talk, folder: Callable[[str], Path]) -> tuple[Any, Any]:
    """What the stand-in and a real server answer."""
    needs_server("postgresql")
    made = answers(StandIn("postgresql", folder("made")), talk)
    return made, answers(PostgreSQL(folder("real")), talk)


def patiently(host: str) -> Any:
    """A connection, once the server got through those that wait."""
    until = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(host=host, user="buckler", dbname="shop")
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def with_psycopg(host: str) -> list[Any]:
    told: list[Any] = []
    with psycopg.connect(host=host, user="buckler", dbname="shop") as link:
        link.execute(TABLE)
        names = ", ".join(ROW)
        marks = ", ".join(["%s"] * len(ROW))
        insert = f"INSERT INTO people ({names}) VALUES ({marks}) RETURNING id, ok"
        told.append(link.execute(insert, list(ROW.values())).fetchone())
        link.execute("UPDATE people SET data = %s WHERE id = %s", (json.dumps({"a": [1]}), 1))
        for binary in (False, True):
            cursor = link.cursor(binary=binary)
            told.append(cursor.execute("SELECT * FROM people WHERE id = %s", (1,)).fetchall())
            told.append([(c.name, c.type_code in (20, 23)) for c in cursor.description or ()][:2])
        link.commit()
        for statement in (
            "INSERT INTO people (name) VALUES ('ann')",
            "INSERT INTO people (name) VALUES (NULL)",
            "INSERT INTO people (name, boss) VALUES ('bea', 99)",
            "SELECT 'open",
            "SELECT FROM WHERE",
            "SELECT nope FROM people",
        ):
            try:
                link.execute(statement)
            except psycopg.Error as error:
                told.append((statement, error.sqlstate, type(error).__name__))
            link.rollback()
        cursor = link.execute("UPDATE people SET name = 'eve' WHERE name ILIKE %s", ("AN%",))
        told.append((cursor.rowcount, cursor.statusmessage))
        told.append(link.execute("SELECT count(*), max(price), bool_and(ok) FROM people").rowcount)
        told.append(link.execute("SELECT EXISTS (SELECT FROM people WHERE id = 7)").fetchone())
        told.append(link.execute("SHOW standard_conforming_strings").fetchone())
    return told


def with_asyncpg(host: str) -> list[Any]:
    async def talk() -> list[Any]:
        told: list[Any] = []
        link = await asyncpg.connect(host=host, user="buckler", database="shop")
        await link.execute(TABLE)
        names = ", ".join(ROW)
        marks = ", ".join(f"${number}" for number in range(1, len(ROW) + 1))
        insert = f"INSERT INTO people ({names}) VALUES ({marks}) RETURNING id"
        told.append(await link.fetchval(insert, *ROW.values()))
        told.append(
            [dict(row) for row in await link.fetch("SELECT * FROM people WHERE id = $1", 1)]
        )
        async with link.transaction():
            update = "UPDATE people SET seen = $1, price = $2 WHERE id = $3"
            told.append(await link.execute(update, MOMENT, decimal.Decimal("0.05"), 1))
        chosen = (
            "SELECT name, price FROM people WHERE name LIKE $1 AND id = ANY($2::int[])"
            " ORDER BY id LIMIT $3"
        )
        told.append([tuple(row) for row in await link.fetch(chosen, "a%", [1, 2], 5)])
        await link.executemany("INSERT INTO people (name) VALUES ($1)", [("bob",), ("cat",)])
        pool = await asyncpg.create_pool(host=host, user="buckler", database="shop", min_size=1)
        async with pool.acquire() as other:
            rows = await other.fetch("SELECT id, name, tags FROM people ORDER BY id DESC")
            told.append([tuple(row) for row in rows])
        try:
            await pool.execute("INSERT INTO people (name) VALUES ($1)", "bob")
        except asyncpg.UniqueViolationError as error:
            told.append(error.sqlstate)
        await pool.close()
        await link.close()
        return told

    return run_apart(talk())


def with_sqlalchemy(host: str) -> list[Any]:
    from sqlalchemy.dialects import postgresql

    metadata = sqlalchemy.MetaData()
    things = sqlalchemy.Table(
        "things",
        metadata,
        sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
        sqlalchemy.Column("name", sqlalchemy.String(20), unique=True),
        sqlalchemy.Column("data", postgresql.JSONB),
        sqlalchemy.Column("kind", sqlalchemy.Enum("a", "b", name="kinds")),
        sqlalchemy.Column("price", sqlalchemy.Numeric(8, 2)),
        sqlalchemy.Column("tags", postgresql.ARRAY(sqlalchemy.String)),
        sqlalchemy.Column("ok", sqlalchemy.Boolean, default=True),
    )
    rows = [
        {"name": "x", "data": {"a": 1}, "kind": "a", "price": decimal.Decimal("1.25"), "tags": []},
        {"name": "y", "data": None, "kind": "b", "price": None, "tags": ["q"]},
    ]

    def talk(link: Any) -> list[Any]:
        metadata.create_all(link)
        metadata.create_all(link)
        told = [link.execute(sqlalchemy.insert(things).returning(things.c.id), rows).all()]
        over = sqlalchemy.func.count(things.c.id).over()
        told.append(link.execute(sqlalchemy.select(things, over).order_by(things.c.id)).all())
        told.append(link.execute(sqlalchemy.select(things).where(things.c.name.ilike("X"))).all())
        raw = sqlalchemy.text("SELECT id, name FROM things WHERE name = 'x' OR 1=1 ORDER BY id")
        told.append(link.execute(raw).all())
        change = sqlalchemy.update(things).where(things.c.id.in_([1, 2])).values(name="z" * 3)
        told.append(link.execute(change.where(things.c.name == "x")).rowcount)
        return [[tuple(r) for r in t] if isinstance(t, list) else t for t in told]

    engine = sqlalchemy.create_engine(f"postgresql+psycopg://buckler@/shop?host={host}")
    with engine.begin() as link:
        told = talk(link)
        metadata.drop_all(link)
    engine.dispose()

    async def asynchronously() -> list[Any]:
        from sqlalchemy.ext.asyncio import create_async_engine

        other = create_async_engine(f"postgresql+asyncpg://buckler@/shop?host={host}")
        async with other.begin() as link:
            again = await link.run_sync(talk)
        await other.dispose()
        return list(again)

    return told + run_apart(asynchronously())


@pytest.mark.parametrize("talk", [with_psycopg, with_asyncpg, with_sqlalchemy])
def test_drivers_are_answered_as_by_a_real_server(talk: Talk, folder) -> None:
    made, real = both(talk, folder)
    assert made == real


def test_what_nothing_is_known_of_is_answered_with_a_row(folder) -> None:
    def talk(host: str) -> list[Any]:
        with psycopg.connect(host=host, user="buckler", dbname="shop") as link:
            rows = link.execute(
                "SELECT id, name, is_open, created_at, total FROM orders"
            ).fetchall()
            return [(type(value) for value in row) for row in rows]

    (row,) = answers(StandIn("postgresql", folder("made")), talk)
    assert list(row) == [int, str, bool, datetime.datetime, int]


HOSTILE = [
    b"",
    b"\xff" * 64,
    struct.pack("!i", 2**31 - 1),
    struct.pack("!ii", 8, 80877102),
    struct.pack("!ii", 3, 196608),
    struct.pack("!ii", 8, 196608) + b"Q" + struct.pack("!i", 2**30),
    struct.pack("!ii", 8, 196608) + b"B" + struct.pack("!i", 14) + b"\0\0\x7f\xff\x7f\xff\0\0\0\0",
    struct.pack("!ii", 8, 196608) + b"P" + struct.pack("!i", 8) + b"\xff\xff\xff\xff",
    struct.pack("!ii", 8, 196608) + b"Q" + struct.pack("!i", 5 + 9000) + b"(" * 9000 + b"\0",
]


def test_bytes_that_are_no_protocol_end_nothing_but_their_own_connection(folder) -> None:
    def talk(host: str) -> int:
        path = next(Path(host).glob(".s.PGSQL.*"))
        for data in HOSTILE:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(30)
                client.connect(str(path))
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(200)]
        for client in crowd:
            client.settimeout(30)
            with contextlib.suppress(BlockingIOError):  # more than the system keeps waiting
                client.connect(str(path))
        for client in crowd:
            client.close()
        with patiently(host) as link:
            for statement in (
                "ATTACH DATABASE '/etc/passwd' AS a",
                "PRAGMA writable_schema = 1",
                "SELECT load_extension('x')",
                "WITH RECURSIVE n AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n",
            ):
                try:
                    link.execute(statement)
                except psycopg.Error:
                    link.rollback()
            return int(link.execute("SELECT 42").fetchone()[0])  # type: ignore[index]

    assert answers(StandIn("postgresql", folder("made")), talk) == 42

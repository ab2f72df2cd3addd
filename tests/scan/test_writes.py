"""A server of the user's own: no connection unless ``--allow`` names it, no write without ``--writes``."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from buckler.core.settings import IdentitySettings, LoginSettings
from buckler.scan.engines.app.servers import binaries, processes
from buckler.scan.engines.app.servers.postgresql import PostgreSQL
from buckler.scan.engines.app.session import Options
from buckler.scan.engines.attack.canaries import prefix_of
from tests.conftest import needs_server
from tests.ports import free_port

SQL = """
from fastapi import FastAPI, Header, HTTPException
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("%s")
metadata = MetaData()
Table("note", metadata, Column("id", Integer, primary_key=True), Column("body", Text))
Table("extra", metadata, Column("id", Integer, primary_key=True))
app = FastAPI()


def run(statement, **values):
    with Session(engine) as opened:
        result = opened.execute(text(statement), values)
        rows = [list(row) for row in result] if result.returns_rows else []
        opened.commit()
    return rows


def seed():
    run("insert into note values (99, 'seed')")


@app.get("/notes")
def find(q: str = "a") -> list[list[object]]:
    return run(f"select id, body from note where body = '{q}'")


@app.get("/notes/seen")
def seen() -> list[list[object]]:
    return run("update note set body = 'seen'")


@app.post("/login")
def login(name: str) -> dict[str, str]:
    if not run("select id from note where body = :name", name=name):
        raise HTTPException(401)
    return {"access_token": name}


@app.get("/mine")
def mine(authorization: str = Header("")) -> str:
    if authorization != "Bearer a":
        raise HTTPException(401)
    return "mine"


@app.post("/notes")
def add(number: int, body: str) -> str:
    run(f"insert into note (body) values ('{body}')")
    return body


@app.delete("/notes")
def empty() -> None:
    run("delete from note")
"""
ASYNC = (
    SQL.replace("import Column", "import NullPool, Column")
    .replace(
        "import Session",
        "import Session\nfrom sqlalchemy.ext.asyncio import AsyncSession, create_async_engine",
    )
    .replace('create_engine("%s")', 'create_async_engine("%s", poolclass=NullPool)', 1)
    .replace("def run(", "async def run(")
    .replace("with Session(engine)", "async with AsyncSession(engine)")
    .replace("opened.execute", "await opened.execute")
    .replace("opened.commit", "await opened.commit")
    .replace("    run(", "    await run(")
    .replace("return run(", "return await run(")
    .replace("not run(", "not await run(")
)
for _name in ("seed", "find", "seen", "login", "add", "empty"):
    ASYNC = ASYNC.replace(f"def {_name}(", f"async def {_name}(")
REDIS = """
import redis
from fastapi import FastAPI

store = redis.Redis(host="127.0.0.1", port=%s, decode_responses=True)
app = FastAPI()


@app.get("/notes")
def find() -> str:
    return store.get("note") or ""


@app.get("/notes/seen")
def seen() -> int:
    return store.incr("seen")


@app.get("/notes/several")
def several() -> str:
    with store.pipeline() as line:
        line.get("note").set("note", "x")
        return str(line.execute())


@app.post("/notes")
def add(body: str) -> str:
    store.set("note", body)
    return body
"""
ALICE = IdentitySettings("alice", login=LoginSettings("POST /login?name=a"))


@dataclass
class Real:
    """A server of the test's own.

    Attributes:
        port: On 127.0.0.1.
        log: What it was told.
    """

    port: int
    log: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def statements(self) -> list[str]:
        """Texts of statements, without the values that are bound to them."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return re.findall(
            r"(?:statement|execute [^:]*|parse [^:]*): (.*)|\d (?:Query|Prepare|Execute)\t(.*)",
            text,
        )


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def started(command: list[str], folder: Path, ready: Callable[[], bool]) -> subprocess.Popen[bytes]:
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, **processes._as_owner()
        )
    deadline = time.monotonic() + 60
    while not ready() and time.monotonic() < deadline:
        assert process.poll() is None, (folder / "server.log").read_text()
        time.sleep(0.05)
    return process


@pytest.fixture
def folder(place: Path) -> Path:
    processes.give(place)
    return place


@pytest.fixture
def postgres(folder: Path) -> Iterator[Real]:
    needs_server("postgresql")
    psycopg = pytest.importorskip("psycopg")
    program = PostgreSQL.program()
    assert program is not None
    data, port = folder / "data", free_port()
    initdb = [str(program.parent / "initdb"), "-D", str(data), "-U", "shop", "-A", "trust", "-N"]
    initdb += ["-E", "UTF8", "--locale=C"]
    processes.run(initdb, folder)
    command = [str(program), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
    command += ["-c", "log_statement=all", "-c", "log_connections=on", "-c", "fsync=off"]
    process = started(command, folder, lambda: listens(port))
    real = Real(port, folder / "server.log")
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                shop = psycopg.connect(
                    f"postgresql://shop@{real.address}/postgres", autocommit=True
                )
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
        with shop:
            shop.execute("create table note (id serial primary key, body text)")
            shop.execute("insert into note (body) values ('a'), ('b')")
        real.log.write_text("")
        yield real
    finally:
        process.terminate()
        process.wait(60)


def rows_of(real: Real) -> tuple[list[Any], bool]:
    """The notes, and whether the application's other table is there."""
    import psycopg

    with psycopg.connect(f"postgresql://shop@{real.address}/postgres") as shop:
        extra = shop.execute("select to_regclass('extra') is not null").fetchone()
        notes = shop.execute("select id, body from note order by id").fetchall()
    return notes, bool(extra and extra[0])


STYLES = {
    "psycopg": SQL.replace("%s", "postgresql+psycopg://shop@{}/postgres"),
    "asyncpg": ASYNC.replace("%s", "postgresql+asyncpg://shop@{}/postgres"),
}


def asked_for(text: str, address: str, project: Any) -> Path:
    return project({"main.py": re.sub(r"\{\}", address, text)})


def proved(report: Any) -> set[tuple[str, str]]:
    return {(f.rule, f.location.operation) for f in report.findings if f.confidence == "proved"}


def attacks_in(real: Real) -> list[Any]:
    return [text for text in real.statements() if prefix_of(0) in "".join(text)]


def test_without_allow_it_sees_no_connection(postgres: Real, project, scan) -> None:
    folder = asked_for(STYLES["psycopg"], postgres.address, project)
    report = scan(folder, select=("INJ001",), options=Options(writes=True))
    assert proved(report) == {("INJ001", "GET /notes"), ("INJ001", "POST /notes")}
    assert set(report.coverage.servers.values()) == {"scratch"}
    assert "connection received" not in postgres.log.read_text()
    assert rows_of(postgres) == ([(1, "a"), (2, "b")], False)


@pytest.mark.parametrize("style", STYLES)
def test_with_allow_it_is_only_read(style: str, postgres: Real, project, scan) -> None:
    pytest.importorskip(style)
    folder = asked_for(STYLES[style], postgres.address, project)
    options = Options(allow=(postgres.address,), data="main:seed")
    report = scan(folder, select=("INJ001",), options=options, identities=(ALICE,))
    assert proved(report) == {("INJ001", "GET /notes")}
    assert set(report.coverage.servers.values()) == {"allowed"}
    assert rows_of(postgres) == ([(1, "a"), (2, "b")], False)
    assert attacks_in(postgres) == []
    assert [s for s in postgres.statements() if "where body = " in "".join(s)] != []
    rows = {row.operation: row for row in report.coverage.operations}
    spared = {key for key, row in rows.items() if "not sent" in row.why}
    assert spared == {"POST /login", "POST /notes", "DELETE /notes"}
    told = {gap.what for gap in report.coverage.gaps if gap.how_to_include == "--writes"}
    assert told >= spared
    assert rows["GET /notes/seen"].status == 500, "the server itself refuses"
    assert rows["GET /mine"].authenticated, "signing in is let through"


@pytest.mark.parametrize("style", STYLES)
def test_with_writes_it_is_attacked(style: str, postgres: Real, project, scan) -> None:
    pytest.importorskip(style)
    folder = asked_for(STYLES[style], postgres.address, project)
    options = Options(allow=(postgres.address,), writes=True)
    report = scan(folder, select=("INJ001",), options=options)
    assert proved(report) == {("INJ001", "GET /notes"), ("INJ001", "POST /notes")}
    notes, extra = rows_of(postgres)
    assert notes != [(1, "a"), (2, "b")]
    assert not extra, "the scan makes no tables there"
    assert attacks_in(postgres) == [], "what carries an attack is stopped before it is sent"
    assert [gap for gap in report.coverage.gaps if gap.how_to_include == "--writes"] == []


def test_what_is_not_named_goes_to_a_scratch_server(postgres: Real, project, scan) -> None:
    folder = asked_for(STYLES["psycopg"], postgres.address, project)
    options = Options(allow=("127.0.0.1:1",), writes=True)
    report = scan(folder, select=("INJ001",), options=options)
    assert set(report.coverage.servers.values()) == {"scratch"}
    assert "connection received" not in postgres.log.read_text()


@pytest.fixture
def mariadb(folder: Path) -> Iterator[Real]:
    needs_server("mysql")
    pymysql = pytest.importorskip("pymysql")
    installer = binaries.find("mariadb-install-db")
    if installer is None:
        pytest.skip("only MariaDB makes a data folder this way")
    port, log = free_port(), folder / "general.log"
    made = [str(installer), "--no-defaults", f"--datadir={folder}/data", "--skip-test-db"]
    made += ["--auth-root-authentication-method=normal", f"--tmpdir={folder}"]
    processes.run(made, folder)
    command = [str(binaries.find("mariadbd")), "--no-defaults", f"--datadir={folder}/data"]
    command += [f"--socket={folder}/m.sock", f"--port={port}", "--bind-address=127.0.0.1"]
    command += ["--general-log=1", f"--general-log-file={log}", f"--tmpdir={folder}"]
    process = started(command, folder, lambda: listens(port))
    try:
        shop = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
        with shop, shop.cursor() as cursor:
            cursor.execute("create database shop")
            cursor.execute("create table shop.note (id int auto_increment primary key, body text)")
            cursor.execute("insert into shop.note (body) values ('a'), ('b')")
        yield Real(port, log)
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("writes", [False, True])
def test_mariadb(writes: bool, mariadb: Real, project, scan) -> None:
    import pymysql

    text = SQL.replace("%s", "mysql+pymysql://root@{}/shop")
    folder = asked_for(text, mariadb.address, project)
    options = Options(allow=(mariadb.address,), writes=writes)
    report = scan(folder, select=("INJ001",), options=options)
    expected = {("INJ001", "GET /notes")} | ({("INJ001", "POST /notes")} if writes else set())
    assert proved(report) == expected
    assert set(report.coverage.servers.values()) == {"allowed"}
    shop = pymysql.connect(host="127.0.0.1", port=mariadb.port, user="root")
    with shop, shop.cursor() as cursor:
        cursor.execute("select id, body from shop.note order by id")
        assert (list(cursor.fetchall()) == [(1, "a"), (2, "b")]) is not writes
        cursor.execute("show tables from shop")
        assert list(cursor.fetchall()) == [("note",)]
    # The driver writes what is bound to a statement into its text.
    attacked = [text for text in attacks_in(mariadb) if "select id from" not in "".join(text)]
    assert attacked == []
    assert any("where body = " in "".join(text) for text in mariadb.statements())


@pytest.mark.parametrize("writes", [False, True])
def test_redis(writes: bool, folder: Path, project, scan) -> None:
    needs_server("redis")
    redis = pytest.importorskip("redis")
    port = free_port()
    program = binaries.find("redis-server", "valkey-server")
    process = started(
        [str(program), "--port", str(port), "--save", ""], folder, lambda: listens(port)
    )
    try:
        store = redis.Redis(port=port, decode_responses=True)
        store.set("note", "a")
        options = Options(allow=(f"127.0.0.1:{port}",), writes=writes)
        report = scan(project({"main.py": REDIS % port}), select=("INJ",), options=options)
        there = {key: store.get(key) for key in store.keys()}  # noqa: SIM118 - a client, no mapping
        store.close()
    finally:
        process.terminate()
        process.wait(60)
    assert set(report.coverage.servers.values()) == {"allowed"}
    statuses = {row.operation: row.status for row in report.coverage.operations}
    assert statuses["GET /notes"] == 200
    if writes:
        assert statuses["POST /notes"] == 200
        assert there != {"note": "a"}
    else:
        assert there == {"note": "a"}
        assert statuses["GET /notes/seen"] == statuses["GET /notes/several"] == 500
        assert statuses["POST /notes"] is None

"""What is rolled back on a stand-in is gone, as on the servers that it stands in for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buckler.scan.engines.app.servers import mysql, processes
from buckler.scan.engines.app.servers.interface import Server
from buckler.scan.engines.app.servers.postgresql import PostgreSQL
from buckler.scan.engines.app.servers.standin.server import StandIn
from tests.conftest import needs_server

psycopg = pytest.importorskip("psycopg")
pymysql = pytest.importorskip("pymysql")
DATABASE = f"{mysql.USER}_shop"
Connect = Callable[[], Any]


def of_postgresql(server: Server) -> Connect:
    where = server.start()
    given = {"host": str(where.socket.parent), "port": where.port, "user": where.user}
    with psycopg.connect(**given, dbname="postgres", autocommit=True) as first:
        first.execute("CREATE DATABASE shop")
    return lambda: psycopg.connect(**given, dbname="shop")


def of_mysql(server: Server) -> Connect:
    where = server.start()
    first = pymysql.connect(unix_socket=str(where.socket), user=mysql.USER)
    first.cursor().execute(f"CREATE DATABASE {DATABASE}")
    first.close()
    return lambda: pymysql.connect(
        unix_socket=str(where.socket), user=mysql.USER, database=DATABASE
    )


KINDS = {"postgresql": (PostgreSQL, of_postgresql), "mysql": (mysql.MySQL, of_mysql)}


def talk(connect: Connect) -> list[object]:
    """A conversation, and what was in the table at each of its steps."""
    seen: list[object] = []
    link = connect()
    cursor = link.cursor()

    def names(there: Any = cursor) -> None:
        there.execute("SELECT name FROM notes ORDER BY name")
        seen.append([row[0] for row in there.fetchall()])

    def add(*added: str) -> None:
        for name in added:
            cursor.execute("INSERT INTO notes (name) VALUES (%s)", (name,))

    cursor.execute("CREATE TABLE notes (name VARCHAR(20) PRIMARY KEY)")
    link.commit()
    add("a")
    names()
    link.rollback()
    names()
    add("b")
    link.commit()
    cursor.execute("UPDATE notes SET name = 'x'")
    cursor.execute("DELETE FROM notes")
    names()
    link.rollback()
    names()
    add("c")
    cursor.execute("SAVEPOINT one")
    add("d")
    cursor.execute("ROLLBACK TO SAVEPOINT one")
    add("e")
    cursor.execute("RELEASE SAVEPOINT one")
    link.commit()
    names()
    add("f")
    with pytest.raises((psycopg.errors.UniqueViolation, pymysql.err.IntegrityError)):
        add("b")
    link.rollback()
    names()
    link.commit()
    add("g")
    link.close()
    again = connect()
    for _ in range(200):  # a session that has gone is noticed in a moment
        names(again.cursor())
        if "g" not in seen[-1]:  # type: ignore[operator]
            break
        again.commit()
        del seen[-1]
        time.sleep(0.05)
    else:
        names(again.cursor())
    again.close()
    return seen


@pytest.fixture
def started(place: Path) -> Any:
    """``started(kind, make)`` gives a server in a folder of its own."""
    servers: list[Server] = []

    def start(name: str, make: Callable[[Path], Server]) -> Server:
        folder = place / name
        folder.mkdir()
        processes.give(folder)
        servers.append(make(folder))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_back_as_on_the_real_one(kind: str, started) -> None:
    needs_server(kind)
    real, connected = KINDS[kind]
    made = talk(connected(started("made", lambda folder: StandIn(kind, folder))))
    assert made == talk(connected(started("real", real)))
    assert made[:4] == [["a"], [], [], ["b"]]


@pytest.mark.parametrize("kind", KINDS)
def test_what_another_session_wrote_meanwhile_stays(kind: str, started) -> None:
    """It was told that it is there; then nothing is undone, and nobody has to wait."""
    connect = KINDS[kind][1](started("made", lambda folder: StandIn(kind, folder)))
    one, other = connect(), connect()
    one.cursor().execute("CREATE TABLE notes (name VARCHAR(20))")
    one.commit()
    one.cursor().execute("INSERT INTO notes VALUES ('a')")
    other.cursor().execute("INSERT INTO notes VALUES ('b')")
    other.commit()
    one.rollback()
    cursor = other.cursor()
    cursor.execute("SELECT name FROM notes")
    assert ("b",) in cursor.fetchall()
    one.close()
    other.rollback()
    cursor.execute("INSERT INTO notes VALUES ('c')")
    other.rollback()
    cursor.execute("SELECT name FROM notes")
    assert ("c",) not in cursor.fetchall()
    other.close()

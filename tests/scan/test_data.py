"""``app-seed``: a function of the project that adds data before anything is sent."""

from __future__ import annotations

import pytest

from buckler.core.errors import SettingsError
from buckler.core.settings import parse
from buckler.scan.engines.app.session import Options
from tests.conftest import needs_server

CODE = """
import sqlite3
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Header, HTTPException

BASE = sqlite3.connect(":memory:", check_same_thread=False)


@asynccontextmanager
async def lifespan(app):
    BASE.execute("CREATE TABLE keys (value TEXT, name TEXT)")
    yield


app = FastAPI(lifespan=lifespan)


def caller(x_key: str = Header("")) -> str:
    row = BASE.execute("SELECT name FROM keys WHERE value = ?", (x_key,)).fetchone()
    if row is None:
        raise HTTPException(401)
    return row[0]


@app.get("/find")
def find(q: str, name: str = Depends(caller)) -> list[str]:
    return [r[0] for r in BASE.execute(f"SELECT name FROM keys WHERE name = '{q}'")]
"""
DATA = """
from main import BASE


def add() -> None:
    BASE.execute("INSERT INTO keys VALUES ('k-123', 'ann')")


async def add_later() -> None:
    add()


def broken() -> None:
    BASE.execute("INSERT INTO nowhere VALUES (1)")
"""
WANTS = """
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool("postgresql://a:b@db.internal/shop")
    await app.state.pool.execute("CREATE TABLE note (id serial PRIMARY KEY, body text)")
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


async def add() -> None:
    await app.state.pool.execute("INSERT INTO note (body) VALUES ('first')")


@app.get("/notes/{note_id}")
async def note(note_id: int, q: str = "") -> list[str]:
    known = await app.state.pool.fetchval("SELECT id FROM note WHERE id = $1", note_id)
    rows = await app.state.pool.fetch(f"SELECT body FROM note WHERE body = '{q}'") if known else []
    return [row["body"] for row in rows]
"""


@pytest.mark.parametrize("function", ["add", "add_later"])
def test_data_is_there_before_anything_is_sent(function: str, project, scan) -> None:
    settings = parse({"identities": {"ann": {"header": "X-Key: k-123"}}})
    report = scan(
        project({"main.py": CODE, "data.py": DATA}),
        select=("INJ001",),
        identities=settings.identities,
        options=Options(data=f"data:{function}"),
    )
    assert [(f.rule, f.location.slot) for f in report.findings] == [("INJ001", "query:q")]


def test_data_that_cannot_be_added_is_a_gap_and_the_scan_goes_on(project, scan) -> None:
    report = scan(project({"main.py": CODE, "data.py": DATA}), options=Options(data="data:broken"))
    (gap,) = [g for g in report.coverage.gaps if g.what == "data"]
    assert "OperationalError: no such table: nowhere at data.py:14" in gap.why
    assert not report.failed


@pytest.mark.parametrize("mode", ["scratch", "stand-in"])
def test_every_child_of_an_application_on_a_server_has_it(mode: str, project, scan) -> None:
    pytest.importorskip("asyncpg")
    if mode == "scratch":
        needs_server("postgresql")
    report = scan(
        project({"main.py": WANTS}),
        select=("INJ001",),
        options=Options(data="main:add", database=mode),
    )
    assert [(f.rule, f.location.slot) for f in report.findings] == [("INJ001", "query:q")]
    assert [g for g in report.coverage.gaps if g.what == "data"] == []


def test_both_ways_to_write_it() -> None:
    assert parse({"app": "main:app", "app-seed": "data:add"}).app_seed == "data:add"
    made = parse({"app": {"target": "main:app", "seed": "data:add"}})
    assert (made.app, made.app_seed) == ("main:app", "data:add")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"app": {"sed": "data:add"}}, "there is no setting 'sed'"),
        ({"app": {"seed": 3}}, "seed takes a text"),
        ({"app-seed": "data.add"}, "not of the form module:function"),
    ],
)
def test_what_cannot_be_meant_is_an_error(table: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse(table)

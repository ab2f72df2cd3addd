"""What one probe writes spoils no other operation: databases are put back between groups of probes."""

from __future__ import annotations

import pytest

from buckler.scan.engines.app.session import Options
from tests.conftest import needs_server

APP = """
import subprocess
from enum import Enum
from typing import Annotated

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

%s

app = FastAPI()


class Kind(str, Enum):
    book = "book"
    game = "game"


class Item(BaseModel):
    kind: Annotated[str, Field(examples=["book"])] = "book"


class Search(BaseModel):
    text: str


@app.post("/items")
def make(item: Item) -> str:
    add(item.kind)
    return item.kind


@app.get("/report", response_class=HTMLResponse)
def report() -> str:
    return "<ul>" + "".join(f"<li>{kind}" for kind in kinds()) + "</ul>"


@app.post("/search")
def search(search: Search) -> int:
    known = [Kind(kind) for kind in kinds()]
    subprocess.run(f"grep {search.text} notes.txt", shell=True)
    return len(known)
"""
SQLITE = """
import sqlite3


def opened():
    connection = sqlite3.connect("shop.db", isolation_level=None)
    connection.execute("create table if not exists item (kind text)")
    return connection


def add(kind: str) -> None:
    opened().execute("insert into item values (?)", (kind,))


def kinds() -> list[str]:
    return [kind for (kind,) in opened().execute("select kind from item")]
"""
MEMORY = """
import sqlite3

connection = sqlite3.connect(":memory:", check_same_thread=False)
connection.execute("create table item (kind text)")


def add(kind: str) -> None:
    connection.execute("insert into item values (?)", (kind,))
    connection.commit()


def kinds() -> list[str]:
    return [kind for (kind,) in connection.execute("select kind from item").fetchall()]
"""
POSTGRESQL = """
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, insert, select

engine = create_engine("postgresql+psycopg://shop:sekret@db.internal/shop")
item = Table("item", MetaData(), Column("id", Integer, primary_key=True), Column("kind", Text))


def add(kind: str) -> None:
    with engine.begin() as connection:
        connection.execute(insert(item).values(kind=kind))


def kinds() -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(item.c.kind)).scalars())
"""
REDIS = """
import redis

store = redis.Redis(host="cache.internal", decode_responses=True)


def add(kind: str) -> None:
    store.rpush("kinds", kind)


def kinds() -> list[str]:
    return store.lrange("kinds", 0, -1)
"""
STORES = {
    "sqlite": ("", SQLITE),
    "memory": ("", MEMORY),
    "postgresql": ("postgresql", POSTGRESQL),
    "mysql": ("mysql", POSTGRESQL.replace("postgresql+psycopg", "mysql+pymysql")),
    "redis": ("redis", REDIS),
}
CASES = [(name, "scratch") for name in STORES] + [
    (name, "stand-in") for name, (kind, _) in STORES.items() if kind
]


@pytest.mark.parametrize(("name", "database"), CASES)
def test_a_row_that_makes_others_fail_hides_nothing(
    name: str, database: str, project, scan
) -> None:
    kind, text = STORES[name]
    if kind and database == "scratch":
        needs_server(kind)
    folder = project({"main.py": APP % text, "notes.txt": "x\n"})
    report = scan(folder, select=("INJ",), options=Options(database=database))
    found = {(f.rule, f.location.operation) for f in report.findings if f.confidence == "proved"}
    assert {operation for _, operation in found} == {"POST /items", "POST /search"}
    assert ("INJ010", "POST /items") in found, "what was stored is followed before it is put back"
    assert [gap for gap in report.coverage.gaps if gap.what == "databases"] == []
    assert report.coverage.reached_share == 1.0


CANCELLED = """
import sqlite3

from fastapi import FastAPI, HTTPException

app = FastAPI()


def opened():
    connection = sqlite3.connect("shop.db", isolation_level=None)
    connection.execute("create table if not exists orders (id integer primary key, state text)")
    return connection


@app.post("/orders")
def order() -> dict[str, int]:
    made = opened().execute("insert into orders (state) values ('open')")
    return {"id": made.lastrowid}


@app.post("/orders/{order_id}/cancel")
def cancel(order_id: int, reason: str) -> str:
    with opened() as connection:
        changed = connection.execute(
            "update orders set state = 'cancelled' where id = ? and state = 'open'", (order_id,)
        )
        if changed.rowcount != 1:
            raise HTTPException(409)
        connection.execute(f"select '{reason}'")
    return reason
"""


def test_what_its_own_probe_uses_up_is_there_for_the_next_one(project, scan) -> None:
    report = scan(project({"main.py": CANCELLED}), select=("INJ001",))
    found = [(f.rule, f.location.operation, f.confidence) for f in report.findings]
    assert found == [("INJ001", "POST /orders/{order_id}/cancel", "proved")]


def test_what_cannot_be_put_back_is_told(project, scan) -> None:
    held = MEMORY.replace("connection.commit()", "pass").replace('":memory:"', '"shop.db"')
    report = scan(project({"main.py": APP % held, "notes.txt": "x\n"}), select=("INJ",))
    (gap,) = [gap for gap in report.coverage.gaps if gap.what == "databases"]
    assert "not kept" in gap.why or "not put back" in gap.why
    assert "lock" in gap.why

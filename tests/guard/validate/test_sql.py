"""The SQL helpers, on a real SQLite database through SQLAlchemy."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select, text
from sqlalchemy.dialects import mysql, postgresql

from buckler.guard import GuardError, SortField
from buckler.guard.validate import sql

ITEMS = Table("items", MetaData(), Column("id", Integer, primary_key=True), Column("name", String))
NAMES = ["100%", "100 percent", "a_b", "axb", "a/b", "A_B", "'; DROP TABLE items --", "back\\slash"]


def rows(*names: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (name TEXT)")
    connection.executemany("INSERT INTO items VALUES (?)", [(n,) for n in names])
    return connection


def found(statement: object) -> list[str]:
    engine = create_engine("sqlite://")
    ITEMS.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(insert(ITEMS), [{"name": n} for n in NAMES])
        result = [row[0] for row in connection.execute(statement)]  # type: ignore[call-overload]
    engine.dispose()
    return result


def test_wildcards_mean_themselves() -> None:
    column = ITEMS.c.name
    assert found(select(column).where(sql.matches(column, "100%"))) == ["100%"]
    assert found(select(column).where(sql.matches(column, "%"))) == ["100%"]
    assert found(select(column).where(sql.matches(column, "a_b", "equals"))) == ["a_b", "A_B"]
    assert found(select(column).where(sql.matches(column, "a/", "begins"))) == ["a/b"]
    assert found(select(column).where(sql.matches(column, "\\SLASH", "ends", case=False))) == [
        "back\\slash"
    ]
    assert found(select(column).where(sql.matches(column, "'; DROP"))) == [NAMES[6]]


@given(
    st.text(st.sampled_from("ab%_/\\'[]"), max_size=6),
    st.text(st.sampled_from("ab%_/\\'[]"), max_size=6),
)
def test_a_pattern_finds_what_python_finds(value: str, wanted: str) -> None:
    connection = rows(value)
    for where, expected in (
        ("contains", wanted in value),
        ("begins", value.startswith(wanted)),
        ("ends", value.endswith(wanted)),
        ("equals", value == wanted),
    ):
        statement = "SELECT count(*) FROM items WHERE name LIKE ? ESCAPE '/'"
        count = connection.execute(statement, (sql.like(wanted, where),)).fetchone()[0]  # type: ignore[arg-type]
        assert bool(count) is expected, where
    connection.close()


def test_an_order_comes_from_the_list() -> None:
    columns = {"name": ITEMS.c.name, "since": "items.id"}
    statement = select(ITEMS.c.name)
    assert found(statement.order_by(sql.order_by("-since", columns)))[0] == NAMES[-1]
    assert found(statement.order_by(sql.order_by("since", columns)))[0] == NAMES[0]
    assert found(statement.order_by(sql.order_by("name", ["name"])))[0] == min(NAMES)
    assert found(statement.order_by(sql.order_by(SortField(columns).check("-name")))) == sorted(
        NAMES, reverse=True
    )
    for bad in ("id", "name; DROP TABLE items", "--name", "-", "", "name desc", "(select 1)"):
        with pytest.raises(sql.NameRefused):
            sql.order_by(bad, columns)
    with pytest.raises(GuardError):
        sql.order_by("name")
    with pytest.raises(GuardError):
        sql.order_by("x", {"x": "a; DROP TABLE items"})


def test_a_name_comes_from_the_list_and_is_quoted() -> None:
    from sqlalchemy import column

    name = sql.identifier("order", ["order", "name"])
    assert str(select(column(name)).compile(dialect=postgresql.dialect())) == 'SELECT "order"'
    assert str(select(column(name)).compile(dialect=mysql.dialect())) == "SELECT `order`"
    assert found(text(f"SELECT {sql.identifier('name', ['name'])} FROM items"))[0] == NAMES[0]
    for bad in ("password", "name\x00", 'name"', "NAME", ""):
        with pytest.raises(sql.NameRefused):
            sql.identifier(bad, ["name"])
    with pytest.raises(GuardError):
        sql.identifier('a"b', ['a"b'])
    with pytest.raises(GuardError):
        sql.identifier("a", "abc")
    with pytest.raises(GuardError):
        sql.like("a", "anywhere")  # type: ignore[arg-type]

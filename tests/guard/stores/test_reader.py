"""Statements that only read an SQLite file: what was written is seen at once, and nothing is written on this way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.guard.stores.records import Session
from buckler.guard.stores.sql import SqlStores
from buckler.guard.stores.sql.engine import engine_of, reading_engine_of


def session(number: int) -> Session:
    return Session(
        id=f"s{number}",
        digest=f"{number:064x}",
        user_id="ann",
        created=1.0,
        used=1.0,
        expires=9e9,
        authenticated=1.0,
        factors=frozenset({"password"}),
    )


def test_what_was_written_is_read_at_once_by_many_and_after_a_new_start(tmp_path: Path) -> None:
    async def play() -> None:
        stores = SqlStores(f"sqlite+aiosqlite:///{tmp_path / 'app.db'}", create=True)
        for _ in range(2):
            await stores.open()
            for number in range(20):
                await stores.sessions.add(session(number))
                found = await asyncio.gather(
                    *(stores.sessions.find(session(number).digest) for _ in range(10))
                )
                assert found == [session(number)] * 10
                assert await stores.sessions.revoke("ann", f"s{number}")
                assert await stores.sessions.find(session(number).digest) is None
            await stores.close()

    asyncio.run(play())


def test_nothing_is_written_on_this_way(tmp_path: Path) -> None:
    async def made() -> None:
        stores = SqlStores(f"sqlite+aiosqlite:///{tmp_path / 'app.db'}", create=True)
        await stores.open()
        await stores.close()

    asyncio.run(made())
    engine = reading_engine_of(engine_of(f"sqlite+aiosqlite:///{tmp_path / 'app.db'}"))
    assert engine is not None
    with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("CREATE TABLE other (id INTEGER)"))
    engine.dispose()


def test_somebody_who_writes_holds_up_nobody_who_reads(tmp_path: Path) -> None:
    async def play() -> None:
        stores = SqlStores(f"sqlite+aiosqlite:///{tmp_path / 'app.db'}", create=True)
        await stores.open()
        await stores.sessions.add(session(1))
        other = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
        with other.connect() as connection:
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            async with asyncio.timeout(20):
                assert await stores.sessions.find(session(1).digest) == session(1)
        other.dispose()
        await stores.close()

    asyncio.run(play())


def test_an_engine_that_is_no_plain_file_has_none(tmp_path: Path) -> None:
    assert reading_engine_of(engine_of("sqlite+aiosqlite:///file:app.db?uri=true")) is None
    assert reading_engine_of(create_async_engine("postgresql+psycopg://host/app")) is None

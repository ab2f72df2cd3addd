"""Every store there is, behind one fixture: what one promises all keep."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.guard import MemoryStores, SqlStores
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import User
from buckler.guard.stores.sql import migrations
from tests.guard.stores.own_tables import METADATA, OWN
from tests.guard.stores.postgres import Cluster, cluster

T = TypeVar("T")
KINDS = (
    "memory",
    "memory on trio",
    "sqlite",
    "asyncpg",
    "psycopg",
    "sqlite numbered",
    "sqlite named",
    "sqlite lettered",
    "asyncpg numbered",
    "asyncpg named",
    "psycopg lettered",
)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def anyio_backend(kind: str) -> str:
    return "trio" if kind.endswith("trio") else "asyncio"


@pytest.fixture
async def stores(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Stores]:
    if kind.startswith("memory"):
        yield MemoryStores(clock=lambda: 0.0)
        return
    driver, _, own = kind.partition(" ")
    if driver == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'app.db'}"
    else:
        url = request.getfixturevalue("postgresql").url(driver)
    engine = create_async_engine(url)
    await migrations.upgrade(engine)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    made = SqlStores(url, users=OWN.get(own))
    await made.open()
    yield made
    await made.close()
    if driver != "sqlite":
        tables = [f'"{table.name}"' for table in METADATA.sorted_tables]
        for name in made._tables.__dataclass_fields__:
            tables.append(f'"{getattr(made._tables, name).name}"')
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"TRUNCATE {', '.join(tables)}")
    await engine.dispose()


@pytest.fixture
async def alice(stores: Stores) -> User:
    """An account; its id is the store's."""
    user = await stores.users.add(User(id="alice-1", name="alice@example.com", created=1000.5))
    assert user is not None
    return user


@pytest.fixture
async def bob(stores: Stores) -> User:
    """Another one."""
    user = await stores.users.add(User(id="bob-1", name="bob@example.com", created=2000.0))
    assert user is not None
    return user


async def at_once(call: Callable[[int], Awaitable[T]], times: int = 12) -> list[T]:
    """What as many callers as that get who come at the same time."""
    found: list[Any] = []

    async def one(number: int) -> None:
        found.append(await call(number))

    async with anyio.create_task_group() as group:
        for number in range(times):
            group.start_soon(one, number)
    return found


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What is in a SQLite file, read by nothing of ours."""
    with sqlite3.connect(path) as connection:
        return connection.execute(query).fetchall()

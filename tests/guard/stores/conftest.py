"""Every store there is, behind one fixture: what one promises all keep."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.guard import MemoryStores, SqlStores
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import User
from buckler.guard.stores.sql import add_tables, migrations
from tests.guard.stores.own_tables import METADATA, OWN
from tests.guard.stores.postgres import Cluster, cluster

T = TypeVar("T")
OURS = MetaData()
add_tables(OURS)
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


ONCE = (
    "psycopg",
    "sqlite named",
    "sqlite lettered",
    "asyncpg numbered",
    "asyncpg named",
    "psycopg lettered",
)
"""Run on one Python: the others show as much of another one."""


@pytest.fixture(
    params=[pytest.param(one, marks=pytest.mark.slow) if one in ONCE else one for one in KINDS]
)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def anyio_backend(kind: str) -> str:
    return "trio" if kind.endswith("trio") else "asyncio"


@pytest.fixture(params=["sqlite", "asyncpg", "psycopg"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    cluster.sql("DROP DATABASE IF EXISTS fresh", "CREATE DATABASE fresh")
    yield cluster.url(request.param, "fresh")


async def migrate(url: str) -> None:
    """Our tables and those of applications."""
    engine = create_async_engine(url)
    await migrations.upgrade(engine)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()


def migrate_now(url: str) -> None:
    """The same, also where a loop runs: in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(migrate(url))).result()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the tables, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "app.db"
    migrate_now(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated(postgresql: Cluster) -> Cluster:
    """A PostgreSQL with the tables."""
    migrate_now(postgresql.url())
    return postgresql


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
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "app.db")
    else:
        cluster = request.getfixturevalue("migrated")
        url = cluster.url(driver)
        names = [table.name for table in [*METADATA.sorted_tables, *OURS.sorted_tables]]
        # Before, not after: what is there may be looked at when a test failed.
        cluster.sql("; ".join(f'DELETE FROM "{name}"' for name in reversed(names)))
    made = SqlStores(url, users=OWN.get(own))
    yield made
    await made.close()


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

"""A database that does not answer lets nobody in; a connection that broke in the pool costs nobody anything."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.guard import SqlStores, StoreError
from buckler.guard.stores.records import OneTimeToken, User
from buckler.guard.stores.sql.engine import engine_of
from tests.guard.stores.postgres import Cluster

pytestmark = pytest.mark.anyio
TOKEN = OneTimeToken(digest="d", purpose="reset", subject="alice", expires=9.0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["asyncpg", "psycopg"])
async def stores(request: pytest.FixtureRequest, migrated: Cluster) -> AsyncIterator[SqlStores]:
    migrated.sql("DELETE FROM buckler_users", "DELETE FROM buckler_one_time_tokens")
    made = SqlStores(migrated.url(request.param))
    await made.users.add(User(id="alice", name="alice"))
    yield made
    await made.close()


def cut(cluster: Cluster) -> None:
    """End every connection but the one that says so."""
    cluster.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE usename = 'shop' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


async def test_a_connection_that_broke_in_the_pool_is_not_noticed(
    stores: SqlStores, migrated: Cluster
) -> None:
    cut(migrated)
    assert await stores.standing("alice") is not None
    cut(migrated)
    await stores.one_time.add(TOKEN)
    cut(migrated)
    assert await stores.roles.assign("alice", "clerk") in (True, False)
    cut(migrated)
    assert await stores.one_time.take("d", "reset", 1.0) == TOKEN
    cut(migrated)
    assert await stores.one_time.take("d", "reset", 1.0) is None


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("database", ["gone", "not there"])
async def test_no_answer_is_an_error_and_never_a_no(
    driver: str, database: str, migrated: Cluster
) -> None:
    url = f"postgresql+{driver}://shop:secret@127.0.0.1:1/x" if database == "gone" else ""
    stores = SqlStores(url or migrated.url(driver, "absent"))
    for asked in (
        lambda: stores.standing("alice", "jti"),
        lambda: stores.revocations.revoked("jti"),
        lambda: stores.attempts.get("a"),
        lambda: stores.attempts.fail("a", 1.0, window=1.0),
        lambda: stores.one_time.take("d", "reset", 1.0),
        lambda: stores.users.by_name("alice"),
        lambda: stores.forget("alice"),
        lambda: stores.open(),
    ):
        with pytest.raises(StoreError) as caught:
            await asked()
        assert "secret" not in f"{caught.value}{caught.value.hint}"
    await stores.close()


async def test_errors_and_logs_hold_no_values(
    stores: SqlStores, migrated: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_async_engine(migrated.url(), echo=True)
    own = SqlStores(engine)
    with caplog.at_level(logging.DEBUG, "sqlalchemy.engine"):
        await own.users.set_password("alice", "a-hash-to-hide", instead_of=None)
        await own.one_time.add(TOKEN)
        with pytest.raises(StoreError) as caught:
            await own.one_time.add(
                OneTimeToken(digest="d", purpose="reset", subject="a-name-to-hide", expires=1.0)
            )
    await engine.dispose()
    assert "UPDATE buckler_users" in caplog.text
    cause = str(caught.value.__cause__)
    for hidden in ("a-hash-to-hide", "a-name-to-hide"):
        assert hidden not in caplog.text
        assert hidden not in f"{caught.value}{cause}"


async def test_an_account_that_a_row_still_names_stays_with_all_that_is_its_own(tmp_path) -> None:
    from tests.guard.stores.own_tables import OWN, Base, Numbered

    engine = engine_of(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    orders = Table(
        "orders",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("owner", ForeignKey(Numbered.id)),
    )
    try:
        setup = SqlStores(str(engine.url), users=OWN["numbered"], create=True)
        await setup.open()
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        user = await setup.users.add(User(id="", name="alice"))
        assert user is not None
        await setup.roles.assign(user.id, "clerk")
        async with engine.begin() as connection:
            await connection.execute(orders.insert().values(owner=int(user.id)))
        with pytest.raises(StoreError):
            await setup.forget(user.id)
        assert await setup.roles.of(user.id) == {"clerk"}
        assert await setup.users.get(user.id) == user
        await setup.close()
        await engine.dispose()
    finally:
        Base.metadata.remove(orders)


async def test_standing_is_one_statement_and_no_transaction_around_it(
    stores: SqlStores, migrated: Cluster
) -> None:
    migrated.sql("ALTER ROLE shop SET log_statement = 'all'")
    try:
        await stores.close()
        for _ in range(2):
            await stores.standing("alice", "jti", "sid")
        log = migrated.folder / "server.log"
        before = len(log.read_text())
        assert await stores.standing("alice", "jti", "sid") is not None
        told = [line for line in log.read_text()[before:].splitlines() if "LOG:" in line]
        assert len(told) == 1, told
        assert "SELECT buckler_users" in told[0]
    finally:
        migrated.sql("ALTER ROLE shop RESET log_statement")

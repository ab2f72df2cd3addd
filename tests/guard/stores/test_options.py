"""Options are checked when the object is made, and what is left of an account is nobody's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
)
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from buckler.guard import GuardError, MemoryStores, SqlStores, SqlUsers
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.records import TotpFactor, User
from buckler.guard.stores.sql import add_tables
from tests.guard.stores.own_tables import OWN, Base, Named, Numbered

TABLE = Table(
    "account",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("email", String, unique=True),
    Column("nick", String),
    Column("password", String),
    Column("raw", LargeBinary),
    Column("active", Boolean),
    Column("since", Integer),
    Column("made", DateTime),
    Column("must", String, nullable=False),
)
C = TABLE.c
GOOD: dict[str, Any] = {"id": C.id, "name": C.email, "password": C.password}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": "id"}, "id takes a column"),
        ({"name": None}, "name takes a column"),
        ({"name": C.nick}, "not unique"),
        ({"id": C.nick}, "not unique"),
        ({"password": C.raw}, "column of texts"),
        ({"verified": C.nick}, "truth values"),
        ({"active": C.active, "disabled": C.active}, "one thing"),
        ({"valid_from": C.since}, "moments"),
        ({"created": C.email}, "moments"),
        ({"password": Numbered.password_hash}, "another table"),
        ({"defaults": {"none": 1}}, "no column"),
    ],
)
def test_columns_that_do_not_fit(change: dict[str, Any], says: str) -> None:
    with pytest.raises(GuardError, match=says) as caught:
        SqlUsers(TABLE, **(GOOD | change))
    assert caught.value.hint


@pytest.mark.parametrize("model", [None, object, "account", Numbered])
def test_a_model_that_is_none_or_another(model: Any) -> None:
    with pytest.raises(GuardError):
        SqlUsers(model, **GOOD)


@pytest.mark.parametrize(
    ("database", "options"),
    [
        ("sqlite+aiosqlite://", {}),
        ("sqlite+aiosqlite:///:memory:", {}),
        ("sqlite+aiosqlite:///file:a?mode=memory&cache=shared&uri=true", {}),
        ("sqlite:///a.db", {}),
        ("postgresql://h/d", {}),
        ("", {}),
        (None, {}),
        (7, {}),
        ("sqlite+aiosqlite:///a.db", {"prefix": "a-b"}),
        ("sqlite+aiosqlite:///a.db", {"prefix": ""}),
        ("sqlite+aiosqlite:///a.db", {"prefix": 'x"; drop table a; --'}),
        ("sqlite+aiosqlite:///a.db", {"create": "yes"}),
        ("sqlite+aiosqlite:///a.db", {"users": Numbered}),
        ("postgresql+asyncpg://h/d", {"create": True}),
    ],
)
def test_options_that_are_wrong(database: Any, options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as caught:
        SqlStores(database, **options)
    assert caught.value.hint


def test_engines_that_cannot_be_shared(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    with pytest.raises(GuardError, match="one connection"):
        SqlStores(create_async_engine(url, poolclass=StaticPool))
    with pytest.raises(GuardError, match="create"):
        SqlStores(create_async_engine(url), create=True)
    with pytest.raises(GuardError):
        MemoryStores(clock=1.0)  # type: ignore[arg-type]
    with pytest.raises(GuardError):
        add_tables("x")  # type: ignore[arg-type]


def test_on_trio_it_is_said_at_the_start(tmp_path: Path) -> None:
    stores = SqlStores(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", create=True)
    with pytest.raises(GuardError, match="asyncio alone"):
        trio.run(stores.open)
    assert not (tmp_path / "a.db").exists()


def test_sqlalchemy_is_not_imported_until_it_is_needed() -> None:
    code = (
        "import sys, buckler.guard; from buckler.guard import MemoryStores; MemoryStores();"
        "assert not {'sqlalchemy', 'alembic', 'aiosqlite'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("missing", ["sqlalchemy", "alembic"])
def test_what_is_not_installed_is_named_with_its_command(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from buckler.guard import GuardError\n"
        "try:\n    from buckler.guard import SqlStores\n"
        "except GuardError as error: print(error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "pip install 'buckler[sql]'\n"


async def own(tmp_path: Path, users: SqlUsers) -> tuple[SqlStores, Any]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    stores = SqlStores(url, users=users, create=True)
    await stores.open()
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(users.table.metadata.create_all)
    return stores, engine


def test_a_number_that_comes_again_brings_nothing_of_its_last_owner(tmp_path: Path) -> None:
    async def run() -> None:
        stores, engine = await own(tmp_path, OWN["numbered"])
        first = await stores.users.add(User(id="", name="a"))
        assert first is not None
        await stores.users.set_state(first.id, verified=True)
        await stores.roles.assign(first.id, "boss")
        await stores.factors.put_codes(first.id, ["c"])
        async with engine.begin() as connection:
            # As an application does that knows nothing of us.
            await connection.execute(Numbered.__table__.delete())
        second = await stores.users.add(User(id="", name="b"))
        assert second is not None and second.id == first.id
        assert not second.verified
        assert await stores.roles.of(second.id) == frozenset()
        assert await stores.factors.codes_left(second.id) == 0
        await stores.close()
        await engine.dispose()

    anyio.run(run)


def test_what_an_application_writes_itself_is_read(tmp_path: Path) -> None:
    async def run() -> None:
        stores, engine = await own(tmp_path, OWN["numbered"])
        async with engine.begin() as connection:
            await connection.execute(
                Numbered.__table__.insert(),
                [
                    {"email": "a", "password_hash": "h", "is_active": True, "is_superuser": False},
                    {"email": "b", "password_hash": "", "is_active": False, "is_superuser": False},
                ],
            )
        a, b = await stores.users.page()
        assert a == User(id="1", name="a", password="h")
        assert b == User(id="2", name="b", password=None, disabled=True)
        assert await stores.users.set_password("2", "new", instead_of=None)
        assert await stores.users.set_state("2", disabled=False)
        async with engine.begin() as connection:
            row = (await connection.execute(Numbered.__table__.select().filter_by(id=2))).one()
        assert (row.password_hash, row.is_active) == ("new", True)
        await stores.close()
        await engine.dispose()

    anyio.run(run)


def test_flags_that_are_not_set_are_read_on_the_safe_side(tmp_path: Path) -> None:
    async def run() -> None:
        stores, engine = await own(tmp_path, OWN["named"])
        user = await stores.users.add(User(id="x", name="a"))
        assert user is not None
        async with engine.begin() as connection:
            await connection.execute(
                Named.__table__.update().values(confirmed=None, blocked=None, since=None)
            )
        found = await stores.users.get(user.id)
        assert found is not None
        assert (found.verified, found.disabled, found.valid_from) == (False, False, 0.0)
        await stores.close()
        await engine.dispose()

    anyio.run(run)


def test_a_flag_of_activity_that_is_not_set_is_not_active(tmp_path: Path) -> None:
    users = SqlUsers(TABLE, **GOOD, active=C.active, defaults={"must": "x"})

    async def run() -> None:
        stores, engine = await own(tmp_path, users)
        user = await stores.users.add(User(id="", name="a"))
        assert user is not None and not user.disabled
        async with engine.begin() as connection:
            await connection.execute(TABLE.update().values(active=None))
        standing = await stores.standing(user.id)
        assert standing is not None and standing.user.disabled
        await stores.close()
        await engine.dispose()

    anyio.run(run)


def test_a_column_that_nobody_fills_is_named(tmp_path: Path) -> None:
    async def run() -> None:
        stores, engine = await own(tmp_path, SqlUsers(TABLE, **GOOD))
        with pytest.raises(StoreError, match="must") as caught:
            await stores.users.add(User(id="", name="a"))
        assert "defaults" in caught.value.hint
        await stores.close()
        await engine.dispose()

    anyio.run(run)


def test_memory_is_bounded_where_strangers_fill_it() -> None:
    async def run() -> None:
        now = [0.0]
        stores = MemoryStores(clock=lambda: now[0])
        for number in range(100_050):
            await stores.attempts.fail(f"{number}", 1.0, window=1e9)
        assert await stores.attempts.get("0") is None
        assert await stores.attempts.get("100049") is not None
        assert len(stores.attempts.kept) == 100_000
        # Revocations are never given up for room, but go when they have ended.
        for number in range(5_000):
            await stores.revocations.revoke(f"old{number}", 10.0)
        assert await stores.revocations.revoked("old0")
        now[0] = 20.0
        for number in range(10_000):
            await stores.revocations.revoke(f"new{number}", 30.0)
        assert not await stores.revocations.revoked("old0")
        assert await stores.revocations.revoked("new0")

    anyio.run(run)


def test_the_metadata_of_models_stays_clean() -> None:
    assert not [name for name in Base.metadata.tables if name.startswith("buckler_")]


@pytest.mark.parametrize("begins", [False, True])
def test_an_engine_of_the_applications_own_on_sqlite_loses_no_write(
    tmp_path: Path, begins: bool
) -> None:
    """With and without what SQLAlchemy's documentation says on transactions of SQLite."""

    async def run() -> None:
        url = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
        made = SqlStores(url, create=True)
        await made.open()
        await made.close()
        engine = create_async_engine(url)
        if begins:

            @event.listens_for(engine.sync_engine, "connect")
            def connected(connection: Any, _: object) -> None:
                connection.isolation_level = None

            @event.listens_for(engine.sync_engine, "begin")
            def begun(connection: Any) -> None:
                connection.exec_driver_sql("BEGIN")

        stores = SqlStores(engine)
        await stores.open()
        await stores.factors.put_totp(TotpFactor(user_id="a", secret="s"))
        wins: list[bool] = []

        async def one(number: int) -> None:
            await stores.attempts.fail("a", 1.0, window=9.0)
            await stores.roles.assign(f"{number}", "clerk")
            wins.append(await stores.factors.use_step("a", 1))
            await stores.factors.put_codes(f"{number}", ["c"])
            await stores.forget(f"{number}")

        async with anyio.create_task_group() as group:
            for number in range(15):
                group.start_soon(one, number)
        attempts = await stores.attempts.get("a")
        assert attempts is not None and attempts.count == 15
        assert await stores.roles.epoch() == 30
        assert wins.count(True) == 1
        await stores.close()
        async with engine.connect() as connection:
            assert (await connection.exec_driver_sql("SELECT 1")).scalar() == 1
        await engine.dispose()

    anyio.run(run)

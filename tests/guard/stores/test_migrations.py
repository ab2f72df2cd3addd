"""Tables are made by migration, the same as the code works with; both ways to run it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect

from buckler.guard import GuardError, SqlStores, StoreError
from buckler.guard.stores.records import User
from buckler.guard.stores.sql import add_tables, migrations
from buckler.guard.stores.sql.engine import engine_of
from tests.conftest import ROOT
from tests.guard.stores.postgres import Cluster

pytestmark = pytest.mark.slow

TABLES = 28


def on(url: str, do: Any) -> Any:
    """What a synchronous function finds on a connection."""

    async def run() -> Any:
        engine = engine_of(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(do)
        await engine.dispose()
        return found

    return asyncio.run(run())


def migrate(url: str, how: Any, **options: Any) -> Any:
    async def run() -> Any:
        engine = engine_of(url)
        try:
            return await how(engine, **options)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def names(url: str) -> set[str]:
    return set(on(url, lambda connection: inspect(connection).get_table_names()))


def differences(url: str, prefix: str = "buckler_") -> Any:
    """What Alembic would change, so that the database is as the code has it."""
    metadata = MetaData()
    add_tables(metadata, prefix)

    def compare(connection: Connection) -> Any:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: (
                kind != "table" or (name.startswith(prefix) and "alembic" not in name)
            ),
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    return on(url, compare)


@pytest.mark.parametrize("prefix", ["buckler_", "shop1_"])
def test_the_migrated_tables_are_those_of_the_code(url: str, prefix: str) -> None:
    migrate(url, migrations.upgrade, prefix=prefix)
    assert differences(url, prefix) == []
    made = names(url)
    assert len(made) == TABLES + 1
    assert {name[: len(prefix)] for name in made} == {prefix}
    assert migrate(url, migrations.current, prefix=prefix) == "buckler_0004"


def test_a_difference_would_be_seen(url: str) -> None:
    migrate(url, migrations.upgrade)

    async def change() -> None:
        engine = engine_of(url)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DROP INDEX uq_buckler_users_name")
            await connection.exec_driver_sql("ALTER TABLE buckler_totp_factors DROP COLUMN step")
        await engine.dispose()

    asyncio.run(change())
    kinds = {one[0] for one in differences(url)}
    assert kinds == {"add_index", "add_column"}
    with pytest.raises(GuardError, match="uq_buckler_users_name"):
        opened(url)


def test_up_and_down_and_up(url: str) -> None:
    migrate(url, migrations.upgrade)
    migrate(url, migrations.upgrade)
    migrate(url, migrations.downgrade)
    assert names(url) == {"buckler_alembic_version"}
    assert migrate(url, migrations.current) is None
    migrate(url, migrations.upgrade)
    assert differences(url) == []


def opened(url: str, **options: Any) -> None:
    async def run() -> None:
        stores = SqlStores(url, **options)
        try:
            await stores.open()
        finally:
            await stores.close()

    asyncio.run(run())


def test_nothing_is_made_at_the_start(url: str) -> None:
    with pytest.raises(GuardError, match="the table buckler_oauth_clients") as caught:
        opened(url)
    assert f"buckler db upgrade --database '{url}'" in caught.value.hint
    assert ("create=True" in caught.value.hint) == url.startswith("sqlite")
    assert names(url) == set()
    migrate(url, migrations.upgrade, prefix="other_")
    with pytest.raises(GuardError, match="the table buckler_oauth_clients"):
        opened(url)
    opened(url, prefix="other_")


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_what_the_server_says_of_a_stranger_is_told(postgresql: Cluster, driver: str) -> None:
    with pytest.raises(StoreError, match='database "nodb" does not exist'):
        opened(postgresql.url(driver, "nodb"))
    stranger = postgresql.url(driver).replace("shop@", "nobody:secret@")
    with pytest.raises(StoreError, match='role "nobody" does not exist') as refused:
        opened(stranger)
    assert "secret" not in str(refused.value)


def test_the_command_that_is_named_makes_the_tables(url: str) -> None:
    with pytest.raises(GuardError) as caught:
        opened(url, prefix="shop_")
    command = caught.value.hint.removeprefix("run: ").partition(" (")[0]
    done = subprocess.run(
        ["sh", "-c", command.replace("buckler", f"{sys.executable} -m buckler", 1)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "at buckler_0004\n", "")
    opened(url, prefix="shop_")


ENV = """
from alembic import context
from sqlalchemy import Column, Integer, MetaData, Table, create_engine
{imports}

target_metadata = MetaData()
Table("orders", target_metadata, Column("id", Integer, primary_key=True))
{more}
engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata, {options})
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
INI = """
[alembic]
script_location = {folder}
sqlalchemy.url = {url}
path_separator = space
version_locations = {folder}/versions {more}
"""
MAKO = (
    '"""${message}"""\nfrom alembic import op\nimport sqlalchemy as sa\n${imports if imports else \'\'}\n'
    "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
    "branch_labels = ${repr(branch_labels)}\ndepends_on = ${repr(depends_on)}\n\n\n"
    "def upgrade():\n    ${upgrades if upgrades else 'pass'}\n\n\n"
    "def downgrade():\n    ${downgrades if downgrades else 'pass'}\n"
)


def command_line(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "buckler", "db", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        check=False,
    )


def test_the_current_revision_is_shown(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    before = command_line("current", BUCKLER_DATABASE=url)
    assert (before.returncode, before.stdout) == (0, "no tables made by `buckler db upgrade`\n")
    assert not (tmp_path / "a.db").exists()
    assert command_line("upgrade", BUCKLER_DATABASE=url).returncode == 0
    assert command_line("current", "--database", url).stdout == "at buckler_0004\n"


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("sqlite:///a.db", 2, "sqlite+aiosqlite:///a.db"),
        ("postgresql://u:secret@h/d", 2, "postgresql+asyncpg://u:***@h/d"),
        ("nonsense with secret", 2, "no address of a database"),
        ("mysql+aiomysql://u:secret@h/d", 2, "mysql+aiomysql is not supported"),
        ("postgresql+asyncpg://u:secret@127.0.0.1:1/d", 3, "Connect call failed"),
        ("sqlite+aiosqlite:////nowhere/at/all.db", 2, "cannot be made"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_its_password(
    url: str, code: int, says: str
) -> None:
    done = command_line("upgrade", "--database", url)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_file_of_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    before = os.umask(0)
    try:
        opened(f"sqlite+aiosqlite:///{path}", create=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def project(folder: Path, url: str, *, env: str, more: str = "") -> Any:
    """A project's own Alembic, and a function that runs it."""
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(env)
    (folder / "script.py.mako").write_text(MAKO)
    plain = url.replace("+aiosqlite", "").replace("+asyncpg", "+psycopg")
    (folder / "alembic.ini").write_text(INI.format(folder=folder, url=plain, more=more))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "-c", str(folder / "alembic.ini"), *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_project_has_our_revisions_among_its_own(url: str, tmp_path: Path) -> None:
    include = "include_name=lambda name, kind, parents: kind != 'table' or not name.startswith('buckler_')"
    run = project(
        tmp_path / "own",
        url,
        env=ENV.format(imports="", more="", options=include),
        more="buckler.guard.stores.sql.migrations:versions",
    )
    run("upgrade", "buckler@head")
    opened(url)
    assert differences(url) == []
    folder = str(tmp_path / "own/versions")
    run("revision", "--autogenerate", "-m", "orders", "--head", "base", "--version-path", folder)
    run("upgrade", "heads")
    assert names(url) >= {"orders", "buckler_users", "alembic_version"}
    assert "buckler_alembic_version" not in names(url)
    (script,) = (tmp_path / "own/versions").glob("*.py")
    assert "buckler" not in script.read_text()
    run("downgrade", "buckler@base")
    assert names(url) == {"orders", "alembic_version"}


def test_a_project_has_our_tables_in_its_own_metadata(url: str, tmp_path: Path) -> None:
    env = ENV.format(
        imports="from buckler.guard.stores.sql import add_tables",
        more="add_tables(target_metadata)",
        options="",
    )
    run = project(tmp_path / "own", url, env=env)
    run("revision", "--autogenerate", "-m", "all")
    (script,) = (tmp_path / "own/versions").glob("*.py")
    assert "import buckler" not in script.read_text()
    run("upgrade", "head")
    opened(url)
    assert differences(url) == []
    run("check")

    async def use() -> None:
        stores = SqlStores(url)
        assert await stores.users.add(User(id="1", name="a")) is not None
        # No row was put there by a migration of ours.
        assert await stores.roles.epoch() == 0
        await stores.roles.assign("1", "clerk")
        assert await stores.roles.epoch() == 1
        await stores.close()

    asyncio.run(use())


def test_a_migration_that_fails_leaves_nothing(url: str) -> None:
    async def run() -> None:
        engine = engine_of(url)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE buckler_passkeys (id INTEGER)")
        with pytest.raises(StoreError):
            await migrations.upgrade(engine)
        await engine.dispose()

    asyncio.run(run())
    assert names(url) == {"buckler_passkeys"}


def test_the_order_of_names_is_that_of_code_points_whatever_the_database(url: str) -> None:
    migrate(url, migrations.upgrade)
    if url.startswith("sqlite"):
        return
    with psycopg.connect(url.replace("+asyncpg", "").replace("+psycopg", "")) as connection:
        found = connection.execute(
            "SELECT collation_name FROM information_schema.columns"
            " WHERE table_name = 'buckler_users' AND column_name = 'name'"
        ).fetchone()
    assert found == ("C",)

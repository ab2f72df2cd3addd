"""Makes and changes our tables, by Alembic.

Two processes may do it at once: on PostgreSQL each waits for a lock of the database, on SQLite for the
lock of the file, and then finds nothing left to do. All of it is one transaction: it is done, or nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from buckler.guard.stores.sql.database import Database
from buckler.guard.stores.sql.engine import file_of, make_file
from buckler.guard.stores.sql.tables import PREFIX, check_prefix

FOLDER: Final = Path(__file__).parent
LABEL: Final = "buckler"
"""Branch label of our revisions, where a project has them among its own."""
_LOCK: Final = 0x6275636B6C6572


async def upgrade(engine: AsyncEngine, *, prefix: str = PREFIX, to: str = "head") -> None:
    """Bring the tables to a revision, making the file of an SQLite database first.

    Args:
        engine: Of the database.
        prefix: Of the names of the tables.
        to: Revision.

    Raises:
        GuardError: The file cannot be made.
        StoreError: The database did not answer.
    """
    check_prefix(prefix)
    path = file_of(engine.url)
    if path is not None:
        make_file(path)
    database = Database(engine)
    if not database.is_postgresql:
        await database.use_wal()
    await _run(database, prefix, lambda config: command.upgrade(config, to))


async def downgrade(engine: AsyncEngine, *, prefix: str = PREFIX, to: str = "base") -> None:
    """Take the tables back to an earlier revision; at ``base`` none is left, nor anything that was in them.

    Args:
        engine: Of the database.
        prefix: Of the names of the tables.
        to: Revision.

    Raises:
        StoreError: The database did not answer.
    """
    await _run(Database(engine), prefix, lambda config: command.downgrade(config, to))


async def current(engine: AsyncEngine, *, prefix: str = PREFIX) -> str | None:
    """The revision of the tables; None where they were not made by :func:`upgrade`.

    Args:
        engine: Of the database.
        prefix: Of the names of the tables.

    Raises:
        GuardError: The prefix cannot begin the name of a table.
        StoreError: The database did not answer.
    """
    check_prefix(prefix)

    def read(connection: Connection) -> str | None:
        options = {"version_table": version_table(prefix)}
        return MigrationContext.configure(connection, opts=options).get_current_revision()

    path = file_of(engine.url)
    if path is not None and not path.exists():
        # To ask would make it, readable for everybody.
        return None
    return await Database(engine).look(read)


def version_table(prefix: str) -> str:
    """Name of the table that says which revision the tables are at; another one than a project's own."""
    return f"{prefix}alembic_version"


async def _run(database: Database, prefix: str, do: Callable[[Config], None]) -> None:
    check_prefix(prefix)

    def run(connection: Connection) -> None:
        config = Config(attributes={"connection": connection, "buckler_prefix": prefix})
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        do(config)

    async with database.transaction() as connection:
        # In a transaction that is there already Alembic commits nothing by itself; else, on SQLite, each revision.
        if database.is_postgresql:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        else:
            await connection.begin()
        await connection.run_sync(run)

"""Makes the engine for an address, with what SQLite needs so that several tasks and processes may write.

SQLite: WAL, so that readers never wait for a writer; a writing transaction takes the lock at its beginning
(BEGIN IMMEDIATE), since one that reads first and finds the database changed cannot wait; ``synchronous``
stays FULL: what was committed, a revocation, a token that was taken, is so after a loss of power, too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from buckler.guard.options import GuardError

if TYPE_CHECKING:
    from sqlalchemy import Connection

BEGIN: Final = "buckler_begin"
"""Execution option: what a transaction of SQLite begins with; empty: each statement is one by itself."""
BUSY_SECONDS: Final = 30
RECYCLE_SECONDS: Final = 1_800
_ASYNC: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
_HINT: Final = (
    "write 'sqlite+aiosqlite:///app.db', or 'postgresql+asyncpg://user:password@host/database'"
)


def engine_of(url: str | URL) -> AsyncEngine:
    """An engine for an address.

    Raises:
        GuardError: It is none, names a database or driver that is not supported or not installed, or
            SQLite in memory, which gives each connection a database of its own.
    """
    parsed = _parsed(url)
    if is_in_memory(parsed):
        raise GuardError(
            "SQLite in memory cannot be shared by connections",
            hint="write MemoryStores(), or a file: 'sqlite+aiosqlite:///app.db'",
        )
    sqlite = parsed.get_backend_name() == "sqlite"
    options: dict[str, Any] = (
        {"connect_args": {"timeout": BUSY_SECONDS}} if sqlite else {"pool_recycle": RECYCLE_SECONDS}
    )
    try:
        # Parameters are digests, hashes and names: an error that is logged shows none of them.
        engine = create_async_engine(parsed, hide_parameters=True, **options)
    except (ImportError, InvalidRequestError, ArgumentError) as error:
        raise GuardError(
            f"database: the driver of {parsed.drivername} is not installed, or is not asynchronous",
            hint=f"{_HINT}; pip install aiosqlite, asyncpg or psycopg",
        ) from error
    if sqlite:
        event.listen(engine.sync_engine, "connect", _connected)
        event.listen(engine.sync_engine, "begin", _begun)
    return engine


def reading_engine_of(engine: AsyncEngine) -> Engine | None:
    """A synchronous engine that only reads the file of one that :func:`engine_of` made; None where there is no such file."""
    if engine.url.drivername != _ASYNC["sqlite"] or file_of(engine.url) is None:
        return None
    made = create_engine(
        engine.url.set(drivername="sqlite"),
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )
    event.listen(made, "connect", _connected)
    event.listen(made, "connect", _only_reads)
    event.listen(made, "begin", _begun)
    return made.execution_options(**{BEGIN: ""})


def check_engine(engine: AsyncEngine) -> AsyncEngine:
    """An engine of the application's own.

    Raises:
        GuardError: It is of a database that is not supported, or all its tasks share one connection.
    """
    if engine.dialect.name not in ("sqlite", "postgresql"):
        raise GuardError(f"database: {engine.dialect.name} is not supported", hint=_HINT)
    if isinstance(engine.sync_engine.pool, StaticPool):
        raise GuardError(
            "the engine has one connection for all tasks, whose transactions would become one",
            hint="use a file: create_async_engine('sqlite+aiosqlite:///app.db')",
        )
    return engine


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database whose address names it plainly, or None."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        return None
    return Path(url.database)


def make_file(path: Path) -> None:
    """Make the file of a database, for its owner alone: it holds hashes of passwords (CWE-732).

    Raises:
        GuardError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise GuardError(
            f"the database {path} cannot be made: {error.strerror}", hint="make its folder first"
        ) from error


def is_in_memory(url: URL) -> bool:
    """Whether an address names SQLite in memory."""
    if url.get_backend_name() != "sqlite":
        return False
    name = url.database or ""
    return name in ("", ":memory:") or ":memory:" in name or url.query.get("mode") == "memory"


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # Without the address: it may hold a password.
        raise GuardError("database: this is no address of a database", hint=_HINT) from error
    wanted = _ASYNC.get(parsed.drivername)
    if wanted is not None:
        raise GuardError(
            f"database: {parsed.drivername} names no asynchronous driver",
            hint=f"write {parsed.set(drivername=wanted).render_as_string(hide_password=True)!r}",
        )
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise GuardError(f"database: {parsed.drivername} is not supported", hint=_HINT)
    return parsed


def _connected(connection: Any, _: object) -> None:
    # Transactions begin where _begun says so, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _only_reads(connection: Any, _: object) -> None:
    connection.execute("PRAGMA query_only = ON").close()


def _begun(connection: Connection) -> None:
    begin = connection.get_execution_options().get(BEGIN, "DEFERRED")
    if begin:
        connection.exec_driver_sql(f"BEGIN {begin}")

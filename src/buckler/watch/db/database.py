"""The database: one engine, transactions that read and transactions that write.

SQLite: WAL, so that pages are read while a report is stored; a transaction that writes takes the lock at its beginning
(BEGIN IMMEDIATE), since one that reads first cannot wait; synchronous=NORMAL, which keeps the file whole after a loss
of power. PostgreSQL by psycopg, each writing transaction and each statement that reads by itself.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from buckler.watch.errors import RefusedError

BUSY_MS: Final = 30_000
_CHUNK: Final = 500
_HINT: Final = "postgresql://user:password@host/database, or sqlite:////folder/watch.db"


class Database:
    """Connections to one database.

    Args:
        url: ``sqlite:///file`` or ``postgresql://…``.

    Raises:
        RefusedError: It is no address, or one of a database that is not supported.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = _parsed(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url, sqlite=self.is_sqlite)
        # On PostgreSQL no BEGIN and ROLLBACK to wait for; READ COMMITTED would see no more of a whole.
        self._reading = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that reads: on SQLite one state of the database, on PostgreSQL each statement what is committed then."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction that is committed at the end, or leaves nothing behind."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection = connection.execution_options(buckler_begin="IMMEDIATE")
            with connection.begin():
                yield connection

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """What one process at a time may do; the lock goes with the connection, so it outlives nobody.

        Args:
            name: Of what is done.
        """
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if self.is_sqlite:
                # One process owns the file; migrations, which come before that, wait for its write lock.
                yield
                return
            with self.engine.connect() as connection:
                number = zlib.crc32(name.encode()) + (1 << 33)
                connection.exec_driver_sql(f"SELECT pg_advisory_lock({number})")
                try:
                    yield
                finally:
                    connection.exec_driver_sql(f"SELECT pg_advisory_unlock({number})")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def add_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows of which there is none yet, by any unique index; how many those were."""
    if not rows:
        return 0
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    key = next(iter(table.primary_key.columns))
    # The rows themselves are counted: psycopg tells no number of what an insert left out.
    statement = dialect.insert(table).on_conflict_do_nothing().returning(key)
    return len(connection.execute(statement, list(rows)).all())


def chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Parts that fit into one IN (...)."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # Without the address: it may hold a password.
        raise RefusedError("database: this is no address of a database", hint=_HINT) from error
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite" or not parsed.database or ":memory:" in parsed.database:
        raise RefusedError(f"database: {parsed.drivername} is not supported", hint=_HINT)
    return parsed


def _engine(url: URL, *, sqlite: bool) -> Engine:
    if not sqlite:
        # Parameters hold what was found in other people's code: an error that is logged shows none.
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=10)
    path = Path(url.database or "")
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_MS / 1000}, pool_size=10
    )
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begun)
    return engine


def _connected(connection: Any, _: object) -> None:
    # Transactions begin where _begun says so, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begun(connection: Connection) -> None:
    connection.exec_driver_sql(
        f"BEGIN {connection.get_execution_options().get('buckler_begin', 'DEFERRED')}"
    )

"""Runs statements so that what is not known to have happened is never taken for done, and never done twice.

Threat: a check that passes since its database did not answer (CWE-636), and a write that is sent again after its
first answer was lost (CWE-841). A read that met a broken connection is sent once more. Before a write the connection
is tried, on PostgreSQL, where one breaks while it lies in the pool; a write itself is sent once. Whoever gets
a StoreError from a write does not know whether it happened, and refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import fields
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.sql.engine import BEGIN
from buckler.guard.stores.sql.reader import Reader
from buckler.guard.stores.sql.steady import SteadyConnection
from buckler.guard.stores.sql.types import UnkeepableError

T = TypeVar("T")
WAL_TRIES: Final = 100
WAL_PAUSE: Final = 0.05
Insert = postgresql.Insert | sqlite.Insert


class ConflictError(StoreError):
    """What was to be kept is kept already, or breaks another rule of the database."""

    code = "guard.store.conflict"


class Database:
    """Single statements and short transactions.

    Args:
        engine: Of PostgreSQL or SQLite.
        reader: Takes the statements that only read; else the engine does.
    """

    __slots__ = ("_postgresql", "_reader", "_single", "_whole", "engine")

    def __init__(self, engine: AsyncEngine, reader: Reader | None = None) -> None:
        self.engine = engine
        self._reader = reader
        self._postgresql = engine.dialect.name == "postgresql"
        if self._postgresql:
            # A statement by itself is a transaction by itself: no BEGIN and COMMIT to wait for.
            self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
            # Statements look again at rows that they waited for; where an application sets
            # REPEATABLE READ for itself, they would fail instead.
            self._whole = engine.execution_options(isolation_level="READ COMMITTED")
        else:
            self._single = engine.execution_options(**{BEGIN: ""})
            self._whole = engine.execution_options(**{BEGIN: "IMMEDIATE"})
        for derived in (self._single, self._whole):
            derived.sync_engine.hide_parameters = True

    @property
    def is_postgresql(self) -> bool:
        """Whether it is, else it is SQLite."""
        return self._postgresql

    def insert(self, table: Table) -> Insert:
        """An INSERT that may say what to do where there is such a row."""
        return postgresql.insert(table) if self._postgresql else sqlite.insert(table)

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """Rows that a SELECT finds; none by a text that no database keeps.

        Raises:
            StoreError: The database did not answer.
        """
        with _failing_closed():
            try:
                return await self._read(statement)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            except StatementError as error:
                if isinstance(error.orig, UnkeepableError):
                    return []
                raise
            return await self._read(statement)

    async def one(self, statement: Executable) -> Row[Any] | None:
        """The row that a SELECT finds, or None."""
        rows = await self.all(statement)
        return rows[0] if rows else None

    async def add(self, statement: Executable) -> Row[Any] | None:
        """Run one INSERT; the row that it gives back, or None.

        Raises:
            StoreError: The database did not answer, or cannot keep it.
        """
        async with self.single() as connection:
            result = await connection.execute(statement)
            return result.first() if result.returns_rows else None

    async def change(self, statement: Executable) -> int:
        """Run one UPDATE or DELETE; of how many rows, of none by a text that no database keeps.

        Raises:
            StoreError: The database did not answer.
        """
        try:
            async with self.single() as connection:
                return (await connection.execute(statement)).rowcount
        except UnkeepableError:
            return 0

    async def take(self, statement: Executable) -> Row[Any] | None:
        """Run one UPDATE or DELETE that gives back its row; None for no row.

        Raises:
            StoreError: The database did not answer.
        """
        try:
            return await self.add(statement)
        except UnkeepableError:
            return None

    async def use_wal(self) -> None:
        """Let readers and a writer of an SQLite file work side by side; the file itself remembers it.

        Raises:
            StoreError: Others held the file for too long.
        """
        for left in reversed(range(WAL_TRIES)):
            try:
                async with self.single() as connection:
                    await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                    return
            except StoreError:
                # SQLite does not wait here, whatever its busy_timeout.
                if not left:
                    raise
                await asyncio.sleep(WAL_PAUSE)

    async def look(self, question: Callable[[Connection], T]) -> T:
        """What a synchronous function finds on a connection.

        Raises:
            StoreError: The database did not answer.
        """
        with _failing_closed():
            async with _connected(self._single) as connection:
                return await connection.run_sync(question)

    def single(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection for one statement that writes."""
        return self._writing(self._single)

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection in a transaction, which is committed at the end of ``async with``.

        Its first statement writes: on SQLite with an engine of the application's own that is what takes the lock.
        """
        return self._writing(self._whole)

    @asynccontextmanager
    async def _writing(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        with _failing_closed():
            async with AsyncExitStack() as opened:
                connection = await opened.enter_async_context(_connected(engine))
                if not await self._answers(connection):
                    await opened.aclose()
                    connection = await opened.enter_async_context(_connected(engine))
                yield connection
                await connection.commit()

    async def _answers(self, connection: AsyncConnection) -> bool:
        """Whether a connection is whole that may have broken in the pool; nothing was written yet."""
        if not self._postgresql:
            return True
        try:
            await connection.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return False
        return True

    async def close(self) -> None:
        """Give all connections back."""
        if self._reader is not None:
            await self._reader.close()
        await self.engine.dispose()

    async def _read(self, statement: Executable) -> Sequence[Row[Any]]:
        if self._reader is not None:
            return await self._reader.all(statement)
        async with _connected(self._single) as connection:
            return (await connection.execute(statement)).all()


def values_of(record: Any) -> dict[str, Any]:
    """The fields of a record, by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def fields_of(row: Row[Any]) -> dict[str, Any]:
    """The columns of a row, by name."""
    return dict(row._mapping)


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection, given back at the end.

    Raises:
        StoreError: A driver raised an error of its own, which SQLAlchemy 2.0 lets through from here alone: no such
            database, a wrong password, too many connections.
    """
    steady = engine.dialect.name == "sqlite"
    connection = SteadyConnection(engine) if steady else engine.connect()
    try:
        await connection.start()
    except (SQLAlchemyError, OSError):
        raise
    except Exception as error:
        raise StoreError(
            f"the database lets nobody in: {_first_line(error)}", hint=_HINT
        ) from error
    try:
        yield connection
    finally:
        # To its end, though the request that asked was given up: else the pool loses a connection.
        await asyncio.shield(asyncio.ensure_future(connection.close()))


@contextmanager
def _failing_closed() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except IntegrityError as error:
        raise ConflictError("the database refuses what was to be kept") from error
    except StatementError as error:
        if isinstance(error.orig, UnkeepableError):
            raise error.orig from None
        why = _cause(error)
        raise StoreError(f"the database did not do what it was asked{why}", hint=_HINT) from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database did not answer{_cause(error)}", hint=_HINT) from error


def _cause(error: Exception) -> str:
    """What the driver said of the database; what it says of values holds them."""
    connecting = isinstance(error, StatementError) and error.statement is None
    if not connecting and not isinstance(error, (OperationalError, ProgrammingError, OSError)):
        return ""
    said = error.orig if isinstance(error, DBAPIError) else error
    return f": {_first_line(said)}" if isinstance(said, Exception) else ""


def _first_line(error: Exception) -> str:
    """The next ones tell details, which hold values."""
    said = (str(error).splitlines() or [""])[0].strip()
    return said[:_LONGEST] or type(error).__name__


_HINT: Final = "nobody is let in until the database answers; whoever comes is told 503"
_LONGEST: Final = 200

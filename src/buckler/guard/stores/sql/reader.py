"""Reads an SQLite file in threads of its own.

The asynchronous driver goes to its thread and back for each step of a statement: to make a cursor, to run it, to fetch,
to close. A session is looked up at every request, and between threads that compute each of these changes waits. Here
a statement is one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sqlalchemy import Engine, Executable, Row

THREADS: Final = 4


class Reader:
    """Runs statements that only read.

    Args:
        engine: Synchronous, on the file that the asynchronous one writes.
    """

    __slots__ = ("_engine", "_threads")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads: ThreadPoolExecutor | None = None

    async def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """Rows that a SELECT finds.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: The database did not answer.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="buckler-reads")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._all, statement)

    async def close(self) -> None:
        """Give threads and connections back; the next statement takes others."""
        threads, self._threads = self._threads, None
        if threads is not None:
            # Not here: one of them may wait for a lock.
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()

    def _all(self, statement: Executable) -> Sequence[Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(statement).all()

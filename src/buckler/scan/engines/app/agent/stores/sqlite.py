"""Keeps SQLite databases: files through a connection of our own, those in memory through the application's.

The copy goes through SQLite's backup interface (sqlite.org/backup.html), so open connections see what
was put back, and a database that somebody is writing to is left as it is.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
import weakref
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .interface import Store, StoreError

MAX_BYTES = 64 * 1024 * 1024
"""Of one file."""
MAX_FILES = 32
LOCKED_SECONDS = 0.3
TURN_SECONDS = 0.005
LOCKED_TURNS = 60
_BUSY = (5, 6)
_files: Dict[str, "_File"] = {}
_memories: List["_Memory"] = []
_connect = sqlite3.connect
"""As it was before anything stood around it."""


def opened(connection: sqlite3.Connection) -> None:
    """The application opened a database."""
    try:
        path = _path_of(connection)
    except sqlite3.Error:
        return  # it fails for the application, too
    if path is None:
        _memories[:] = [store for store in _memories if store.alive]
        _memories.append(_Memory(connection))
    elif path not in _files and len(_files) < MAX_FILES:
        _files[path] = _File(path)


def stores() -> Iterator[Store]:
    """The databases that are there."""
    yield from (store for path, store in list(_files.items()) if os.path.exists(path))
    yield from (store for store in list(_memories) if store.alive)


async def settle() -> None:
    """Let what the application does behind an answer end what it has begun to write.

    It runs in the same event loop, so that nothing of it ends while this process waits for its lock. Turns of the
    loop are counted and not seconds: a machine that is busy takes turns from the application, too.
    """
    for _ in range(LOCKED_TURNS):
        files = (store for path, store in list(_files.items()) if os.path.exists(path))
        if not any(store.is_written() for store in files):
            return
        await asyncio.sleep(TURN_SECONDS)


def _path_of(connection: sqlite3.Connection) -> Optional[str]:
    """The file of a connection; None for a database in memory."""
    cursor = sqlite3.Cursor(connection)
    cursor.row_factory = None
    for _, name, path in cursor.execute("PRAGMA database_list").fetchall():
        if name == "main" and path:
            return str(path)
    return None


def _copy(source: sqlite3.Connection, goal: sqlite3.Connection) -> None:
    """Copy all pages.

    Raises:
        StoreError: One of both is locked for too long.
    """
    deadline = time.monotonic() + LOCKED_SECONDS

    def look(status: int, _: int, __: int) -> None:
        # By itself it would wait for ever.
        if status in _BUSY and time.monotonic() > deadline:
            raise StoreError("the application holds a lock on it")

    try:
        source.backup(goal, progress=look, sleep=0.01)
    except sqlite3.Error as error:
        raise StoreError(str(error)) from error


class _File:
    """See :class:`~.interface.Store`.

    Args:
        path: Of the file.
    """

    def __init__(self, path: str) -> None:
        self.name = "SQLite %s" % os.path.basename(path)
        self._path = path
        self._live: Optional[sqlite3.Connection] = None
        self._inode: Tuple[int, int] = (0, 0)
        self._kept: Optional[sqlite3.Connection] = None
        self._version = 0

    def keep(self) -> None:
        if os.path.getsize(self._path) > MAX_BYTES:
            raise StoreError("it is larger than %d MiB" % (MAX_BYTES // 1024**2))
        kept = _connect(":memory:", check_same_thread=False)
        _copy(self._opened(), kept)
        if self._kept is not None:
            self._kept.close()
        self._kept, self._version = kept, self._now()

    def changed(self) -> bool:
        return self._now() != self._version

    def restore(self) -> None:
        if self._kept is not None:
            _copy(self._kept, self._opened())
            self._version = self._now()

    def is_written(self) -> bool:
        """Whether somebody is in the midst of a transaction that writes."""
        try:
            live = self._opened()
            live.execute("PRAGMA busy_timeout = 0")
            try:
                live.execute("BEGIN IMMEDIATE")
                live.execute("ROLLBACK")
            finally:
                live.execute("PRAGMA busy_timeout = %d" % (LOCKED_SECONDS * 1000))
        except (sqlite3.Error, OSError) as error:
            return "locked" in str(error)
        return False

    def close(self) -> None:
        for connection in (self._live, self._kept):
            if connection is not None:
                connection.close()
        self._live = self._kept = None

    def _now(self) -> int:
        """Another number once somebody else has committed (``PRAGMA data_version``)."""
        before = self._inode
        try:
            (version,) = self._opened().execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error
        # A file that took the place of the other counts its versions from the beginning.
        return int(version) if before == self._inode else -1

    def _opened(self) -> sqlite3.Connection:
        found = os.stat(self._path)
        inode = (found.st_dev, found.st_ino)
        if self._live is None or inode != self._inode:
            if self._live is not None:
                self._live.close()
            self._live = _connect(
                self._path,
                timeout=LOCKED_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._live.execute("PRAGMA synchronous = OFF")
            self._inode = inode
        return self._live


class _Memory:
    """See :class:`~.interface.Store`.

    Args:
        connection: The application's; the database goes with it.
    """

    name = "SQLite in memory"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: Any = weakref.ref(connection)
        self._kept: Optional[sqlite3.Connection] = None
        self._version = 0

    @property
    def alive(self) -> bool:
        """Whether the application still has it, open."""
        try:
            return self._connection() is not None and self._version_now() >= 0
        except StoreError as error:
            return "thread" in str(error)

    def keep(self) -> None:
        kept = _connect(":memory:", check_same_thread=False)
        _copy(self._there(), kept)
        self.close()
        self._kept, self._version = kept, self._version_now()

    def changed(self) -> bool:
        return self._connection() is not None and self._version_now() != self._version

    def restore(self) -> None:
        if self._kept is not None:
            _copy(self._kept, self._there())
            self._version = self._version_now()

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _there(self) -> sqlite3.Connection:
        connection: Optional[sqlite3.Connection] = self._connection()
        if connection is None:
            raise StoreError("the application has closed it")
        return connection

    def _version_now(self) -> int:
        try:
            return int(self._there().total_changes)
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error

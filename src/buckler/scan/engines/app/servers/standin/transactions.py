"""Transactions on a database that all sessions share, as far as they can be had there.

All sessions of a database use one connection to SQLite, which has one transaction at a time; a session of its
own for each would make them wait for each other. So the first that begins has it, and only where no
other wrote meanwhile is anything undone: what somebody else was told to be there must stay.
"""

from __future__ import annotations

import sqlite3
import threading

from buckler.scan.engines.app.servers.standin.translate import Catalog


class Transaction:
    """The one transaction of a database; a session is known by its thread. Callers hold the lock.

    Args:
        connection: To SQLite, which begins nothing by itself.
        catalog: What is known of tables; goes back with them.
    """

    def __init__(self, connection: sqlite3.Connection, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._before: Catalog = {}
        self._owner = 0
        self._wrote = self._mixed = False

    def begin(self) -> None:
        """Begin one for this session, unless it has one, or another one's has written already."""
        if self._owner == threading.get_ident() or (self._owner and self._wrote):
            return
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")
        self._owner = threading.get_ident()
        self._wrote = self._mixed = False
        self._before = {table: dict(columns) for table, columns in self._catalog.items()}

    def changes(self) -> None:
        """A statement follows that changes something."""
        if self._owner == threading.get_ident():
            self._wrote = True
        elif self._owner:
            self._mixed = True

    def mark(self, verb: str, name: str) -> None:
        """``SAVEPOINT``, ``RELEASE`` or ``ROLLBACK TO`` in this session's.

        Raises:
            sqlite3.Error: There is none of that name.
        """
        if self._owner == threading.get_ident() and not (self._mixed and verb == "ROLLBACK TO"):
            quoted = name.replace('"', '""')
            self._connection.execute(f'{verb} "{quoted}"')

    def end(self, *, keep: bool) -> bool:
        """End this session's; whether anything was undone."""
        if self._owner != threading.get_ident():
            return False
        undone = not keep and not self._mixed
        # An error that is grave enough, as a lack of memory, has ended it already.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK" if undone else "COMMIT")
        self._owner = 0
        if undone:
            self._catalog.clear()
            self._catalog.update(self._before)
        return undone

    def settle(self) -> None:
        """End whoever's there is, with what it wrote: the whole database is about to be replaced."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        self._owner = 0

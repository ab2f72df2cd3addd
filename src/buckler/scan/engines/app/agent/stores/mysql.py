"""Keeps a MariaDB or MySQL database: the rows of its tables, in a database beside it.

Only tables that differ are put back, in one transaction without foreign keys. Triggers cannot be
switched off there, so what they wrote meanwhile is put back in another round. Automatic numbers go on.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from .interface import StoreError
from .mysql_client import Client

MAX_BYTES = 32 * 1024 * 1024
LOCKED_SECONDS = 1
ROUNDS = 3
_TABLES = (
    "SELECT table_name, COALESCE(data_length, 0) FROM information_schema.tables"
    " WHERE table_schema = '%s' AND table_type = 'BASE TABLE' ORDER BY table_name"
)
_COLUMNS = (
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '%s'"
    " AND extra NOT LIKE '%%GENERATED%%' ORDER BY table_name, ordinal_position"
)


class MySQL:
    """See :class:`~.interface.Store`.

    Args:
        server: Where it listens.
        database: Its name there.
    """

    def __init__(self, server: Dict[str, Any], database: str) -> None:
        self.name = "MySQL %s" % database
        self._server = server
        self._database = database
        # Names begin with the user's: beyond them he may do nothing.
        self._beside = "%s_kept_%s" % (server["user"], database)
        self._client: Optional[Client] = None
        self._sums: Dict[str, Optional[str]] = {}
        self._columns: Dict[str, List[str]] = {}

    def keep(self) -> None:
        found = self._run(_TABLES % self._database.replace("'", "''"))
        if sum(int(size or 0) for _, size in found) > MAX_BYTES:
            raise StoreError("its rows take more than %d MiB" % (MAX_BYTES // 1024**2))
        names = [str(name) for name, _ in found]
        self._columns = {}
        for table, column in self._run(_COLUMNS % self._database.replace("'", "''")):
            self._columns.setdefault(str(table), []).append(_quoted(str(column)))
        self._run("CREATE DATABASE IF NOT EXISTS %s" % _quoted(self._beside))
        sums = self._summed(names)
        for name in names:
            if name in self._sums and sums[name] == self._sums[name]:
                continue
            live, kept = self._both(name)
            self._run("DROP TABLE IF EXISTS %s" % kept)
            self._run("CREATE TABLE %s LIKE %s" % (kept, live))
            self._fill(name, kept, live)
        self._sums = sums

    def changed(self) -> bool:
        return bool(self._differing())

    def restore(self) -> None:
        for _ in range(ROUNDS):
            names = self._differing()
            if not names:
                return
            self._restore(names)
        raise StoreError("its triggers change it again: %s" % ", ".join(names))

    def _restore(self, names: List[str]) -> None:
        self._run("START TRANSACTION")
        try:
            for name in names:
                live, kept = self._both(name)
                self._run("DELETE FROM %s" % live)
                self._fill(name, live, kept)
            self._run("COMMIT")
        except StoreError:
            self._run("ROLLBACK")
            raise

    def _fill(self, name: str, goal: str, source: str) -> None:
        columns = ", ".join(self._columns[name])
        self._run("INSERT INTO %s (%s) SELECT %s FROM %s" % (goal, columns, columns, source))

    def _both(self, name: str) -> Tuple[str, str]:
        """A table and its copy."""
        return (
            "%s.%s" % (_quoted(self._database), _quoted(name)),
            "%s.%s" % (_quoted(self._beside), _quoted(name)),
        )

    def _differing(self) -> List[str]:
        sums = self._summed(list(self._sums))
        return [name for name, found in sums.items() if found != self._sums[name]]

    def _summed(self, names: List[str]) -> Dict[str, Optional[str]]:
        """By table, a checksum of its rows."""
        if not names:
            return {}
        rows = self._run("CHECKSUM TABLE %s" % ", ".join(self._both(name)[0] for name in names))
        return {name: row[1] for name, row in zip(names, rows)}  # noqa: B905 - Python 3.9

    def _run(self, statement: str) -> Any:
        if self._client is None or self._client.over:
            self._client = Client(self._server["socket"], self._server["user"])
            self._client.query("SET SESSION foreign_key_checks = 0")
            self._client.query("SET SESSION innodb_lock_wait_timeout = %d" % LOCKED_SECONDS)
            self._client.query("SET SESSION lock_wait_timeout = %d" % LOCKED_SECONDS)
            self._client.query("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        return self._client.query(statement)


def _quoted(name: str) -> str:
    return "`%s`" % name.replace("`", "``")

"""Keeps a MariaDB or MySQL database: the rows of its tables, in this process.

Only tables that differ are put back, in one transaction without foreign keys. Triggers cannot be
switched off there, so what they wrote meanwhile is put back in another round. Automatic numbers go on.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

from .interface import StoreError
from .mysql_client import Client

MAX_BYTES = 32 * 1024 * 1024
MAX_STATEMENT = 512 * 1024
LOCKED_SECONDS = 1
ROUNDS = 2
_COLUMNS = """
SELECT t.table_name, c.column_name, COALESCE(t.data_length, 0) FROM information_schema.tables t
JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
WHERE t.table_schema = '%s' AND t.table_type = 'BASE TABLE' AND COALESCE(c.generation_expression, '') = ''
ORDER BY t.table_name, c.ordinal_position
"""


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
        self._client: Optional[Client] = None
        self._sums: Dict[str, Optional[str]] = {}
        self._columns: Dict[str, str] = {}
        self._rows: Dict[str, List[bytes]] = {}

    def keep(self) -> None:
        columns: Dict[str, List[str]] = {}
        sizes: Dict[str, int] = {}
        for table, column, size in self._run(_COLUMNS % self._database.replace("'", "''")):
            columns.setdefault(str(table), []).append(_quoted(str(column)))
            sizes[str(table)] = int(size or 0)
        if sum(sizes.values()) > MAX_BYTES:
            raise StoreError("its rows take more than %d MiB" % (MAX_BYTES // 1024**2))
        self._columns = {table: ", ".join(names) for table, names in columns.items()}
        sums = self._summed(list(columns))
        for table in columns:
            if table not in self._rows or sums[table] != self._sums.get(table):
                self._rows[table] = self._copied(table)
        self._sums = sums

    def changed(self) -> bool:
        return bool(self._differing())

    def restore(self) -> None:
        names: List[str] = []
        for _ in range(ROUNDS):
            names = self._differing()
            if not names:
                return
            self._restore(names)
        # What is still another sum is a number that is written otherwise than it was.
        self._sums.update(self._summed(names))

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _restore(self, names: List[str]) -> None:
        self._run("START TRANSACTION")
        try:
            for name in names:
                self._run("DELETE FROM %s" % self._full(name))
                for statement in self._filling(name):
                    self._there().query(statement)
            self._run("COMMIT")
        except StoreError:
            self._run("ROLLBACK")
            raise

    def _copied(self, table: str) -> List[bytes]:
        """The rows of a table, each as it stands in an INSERT."""
        selected = "SELECT %s FROM %s" % (self._columns[table], self._full(table))
        return [b"(%s)" % b",".join(row) for row in self._there().literals(selected)]

    def _filling(self, table: str) -> Iterator[bytes]:
        """Statements that add the rows, none of them too long."""
        begin = "INSERT INTO %s (%s) VALUES " % (self._full(table), self._columns[table])
        part: List[bytes] = []
        for row in self._rows[table]:
            if part and sum(map(len, part)) + len(row) > MAX_STATEMENT:
                yield begin.encode() + b",".join(part)
                part = []
            part.append(row)
        if part:
            yield begin.encode() + b",".join(part)

    def _full(self, table: str) -> str:
        return "%s.%s" % (_quoted(self._database), _quoted(table))

    def _differing(self) -> List[str]:
        sums = self._summed(list(self._sums))
        return [name for name, found in sums.items() if found != self._sums[name]]

    def _summed(self, names: List[str]) -> Dict[str, Optional[str]]:
        """By table, a checksum of its rows."""
        if not names:
            return {}
        rows = self._run("CHECKSUM TABLE %s" % ", ".join(map(self._full, names)))
        return {name: row[1] for name, row in zip(names, rows)}  # noqa: B905 - Python 3.9

    def _run(self, statement: str) -> Any:
        return self._there().query(statement)

    def _there(self) -> Client:
        if self._client is None or self._client.over:
            self._client = Client(self._server["socket"], self._server["user"])
            self._client.query("SET SESSION foreign_key_checks = 0")
            self._client.query("SET SESSION innodb_lock_wait_timeout = %d" % LOCKED_SECONDS)
            self._client.query("SET SESSION lock_wait_timeout = %d" % LOCKED_SECONDS)
            self._client.query("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
            self._client.query("SET SESSION time_zone = '+00:00'")
        return self._client


def _quoted(name: str) -> str:
    return "`%s`" % name.replace("`", "``")

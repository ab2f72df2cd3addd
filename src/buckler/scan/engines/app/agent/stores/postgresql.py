"""Keeps a PostgreSQL database: the rows of its tables, in this process.

Only tables that differ are put back, in one transaction in which no trigger and no foreign key acts
(``session_replication_role``). Sequences go on, so that a number is never given out twice. Pools notice
nothing: no connection is ended and no table is locked against reading.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional

from .interface import StoreError
from .postgresql_client import Client

MAX_BYTES = 32 * 1024 * 1024
LOCKED = "300ms"
_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema'
AND n.nspname !~ '^pg_' AND NOT EXISTS
(SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""
_SNAPSHOT = "SELECT txid_current_snapshot()::text"


class PostgreSQL:
    """See :class:`~.interface.Store`.

    Args:
        server: Where it listens.
        database: Its name there.
    """

    def __init__(self, server: Dict[str, Any], database: str) -> None:
        self.name = "PostgreSQL %s" % database
        self._server = server
        self._database = database
        self._client: Optional[Client] = None
        self._rows: Dict[str, bytes] = {}
        self._signs: Dict[str, str] = {}
        self._snapshot = ""

    def keep(self) -> None:
        self._snapshot = self._now()
        names = [str(row[0]) for row in self._run(_TABLES)]
        signs = self._signed(names)
        rows: Dict[str, bytes] = {}
        for name in names:
            same = name in self._rows and signs[name] == self._signs.get(name)
            rows[name] = self._rows[name] if same else self._there().copy_out(name)
            if sum(map(len, rows.values())) > MAX_BYTES:
                raise StoreError("its rows take more than %d MiB" % (MAX_BYTES // 1024**2))
        self._rows, self._signs = rows, signs

    def changed(self) -> bool:
        return bool(self._differing())

    def restore(self) -> None:
        names = self._differing()
        if not names:
            return
        try:
            self._run("BEGIN; SET LOCAL lock_timeout = '%s'" % LOCKED)
            self._run("SET LOCAL session_replication_role = replica")
            for name in names:
                self._run("DELETE FROM ONLY %s" % name)
                self._there().copy_in(name, self._rows[name])
            self._run("COMMIT")
        except StoreError:
            self._run("ROLLBACK")
            raise
        self._signs.update(self._signed(names))
        self._snapshot = self._now()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _differing(self) -> List[str]:
        """The tables whose rows are not those that were kept."""
        now = self._now()
        if now == self._snapshot:
            return []
        signs = self._signed(list(self._rows))
        names = [name for name, sign in signs.items() if sign != self._signs[name]]
        if not names:
            self._snapshot = now
        return names

    def _now(self) -> str:
        """Another text once somebody on this server has written anything."""
        return str(self._run(_SNAPSHOT)[0][0])

    def _signed(self, names: List[str]) -> Dict[str, str]:
        """By table, how many rows it has and which transactions wrote them."""
        parts = [
            "SELECT %d, count(*), sum(xmin::text::bigint) FROM ONLY %s" % (number, name)
            for number, name in enumerate(names)
        ]
        found = self._run(" UNION ALL ".join(parts)) if parts else []
        return {names[int(row[0] or 0)]: "%s %s" % (row[1], row[2]) for row in found}

    def _run(self, statement: str) -> Any:
        return self._there().query(statement)

    def _there(self) -> Client:
        if self._client is None or self._client.over:
            path = os.path.join(self._server["folder"], ".s.PGSQL.%s" % self._server["port"])
            self._client = Client(path, self._server["user"], self._database)
        return self._client

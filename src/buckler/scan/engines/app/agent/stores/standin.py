"""Keeps a database of a stand-in for PostgreSQL or MySQL: it keeps a copy itself when it is asked to."""

from __future__ import annotations

import os
from typing import Any, Dict, Union

from . import mysql_client, postgresql_client

Client = Union[mysql_client.Client, postgresql_client.Client]


class StandIn:
    """See :class:`~.interface.Store`.

    Args:
        kind: ``postgresql`` or ``mysql``.
        server: Where it listens.
        database: Its name there.
    """

    def __init__(self, kind: str, server: Dict[str, Any], database: str) -> None:
        self.name = "stand-in %s" % database
        self._kind = kind
        self._server = server
        self._database = database
        self._client: Any = None

    def keep(self) -> None:
        self._run("KEEP")

    def changed(self) -> bool:
        return bool(self._run("CHANGED") == [["1"]])

    def restore(self) -> None:
        self._run("RESTORE")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _run(self, word: str) -> Any:
        if self._client is None or self._client.over:
            self._client = self._signed_in()
        return self._client.query("BUCKLER %s %s" % (word, _quoted(self._database)))

    def _signed_in(self) -> Client:
        server = self._server
        if self._kind == "mysql":
            return mysql_client.Client(server["socket"], server["user"])
        path = os.path.join(server["folder"], ".s.PGSQL.%s" % server["port"])
        return postgresql_client.Client(path, server["user"], self._database)


def _quoted(name: str) -> str:
    return '"%s"' % name.replace('"', '""')

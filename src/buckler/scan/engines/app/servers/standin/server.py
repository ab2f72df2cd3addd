"""Brings a stand-in: a process of our own that speaks the protocol of a server which is not there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from buckler.scan.engines.app.servers import processes
from buckler.scan.engines.app.servers.interface import Address
from buckler.scan.engines.app.servers.program import answer

NAMES = {
    "postgresql": (".s.PGSQL.5432", 5432),
    "mysql": ("mysql.sock", 0),
    "redis": ("redis.sock", 0),
    "mongodb": ("mongodb.sock", 0),
}
"""By kind, the name of the socket, and the number in it."""
USER = "buckler"


class StandIn:
    """See :class:`~buckler.scan.engines.app.servers.interface.Server`.

    Args:
        kind: ``postgresql``, ``mysql``, ``redis`` or ``mongodb``.
        folder: Of its own, empty, below the scratch folder.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        name, self._port = NAMES[kind]
        self._folder = folder
        self._socket = folder / name
        self._process: processes.Process | None = None

    def start(self) -> Address:
        """Start it.

        Raises:
            ServerError: It ended, or does not answer.
        """
        owner = processes.owner()
        who = "{}:{}".format(*owner) if owner is not None else ""
        command = [sys.executable, "-I", "-m", __package__ or "", self.kind, str(self._socket)]
        # It changes its user itself: that one may not be able to read where Buckler is installed.
        self._process = processes.Process(
            [*command, who, str(os.getpid())], self._folder, as_owner=False
        )
        self._process.wait_until(self._answers, f"the stand-in for {self.kind}")
        return Address(self.kind, self._socket, self._port, USER)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _answers(self) -> bool:
        return answer(self._socket, b"", 0) is not None

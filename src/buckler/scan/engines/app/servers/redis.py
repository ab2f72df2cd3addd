"""A throwaway Redis or Valkey: in memory, on a Unix socket alone."""

from __future__ import annotations

import socket
from pathlib import Path

from buckler.scan.engines.app.servers import binaries, processes
from buckler.scan.engines.app.servers.interface import Address, ServerError

SETTINGS = {
    "port": "0",
    "save": "",
    "appendonly": "no",
    "maxmemory": "256mb",
    "databases": "4096",
    "daemonize": "no",
}

FORBIDDEN = (
    *("REPLICAOF", "SLAVEOF", "MIGRATE", "MODULE", "DEBUG", "SHUTDOWN", "CLUSTER", "PSYNC"),
    *("SAVE", "BGSAVE", "BGREWRITEAOF"),
)
"""What would connect elsewhere, load code, end the server or write a file."""


class Redis:
    """See :class:`~buckler.scan.engines.app.servers.interface.Server`.

    Args:
        folder: Of its own, empty, below the scratch folder.
    """

    kind = "redis"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: processes.Process | None = None

    @staticmethod
    def program() -> Path | None:
        """The server's program, or None."""
        return binaries.find("redis-server", "valkey-server")

    def start(self) -> Address:
        """Start it.

        Raises:
            ServerError: There is no program, it ended, or it does not answer.
        """
        program = self.program()
        if program is None:
            raise ServerError("Redis is not on this machine", hint="install redis-server")
        command = [str(program), "--unixsocket", str(self._socket), "--unixsocketperm", "777"]
        for name, value in SETTINGS.items():
            command += [f"--{name}", value]
        for name in FORBIDDEN:
            command += ["--rename-command", name, ""]
        self._process = processes.Process([*command, "--dir", str(self._folder)], self._folder)
        self._process.wait_until(self._answers, "Redis")
        return Address(self.kind, self._socket, 0, "")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.end()
            self._process = None

    @property
    def _socket(self) -> Path:
        return self._folder / "redis.sock"

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

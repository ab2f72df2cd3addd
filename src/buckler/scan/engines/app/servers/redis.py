"""A throwaway Redis or Valkey: in memory, on a Unix socket alone."""

from __future__ import annotations

from pathlib import Path

from buckler.scan.engines.app.servers.program import Program, answer

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


class Redis(Program):
    """See :class:`~buckler.scan.engines.app.servers.program.Program`."""

    kind = "redis"
    called = "Redis"
    hint = "install redis-server"
    programs = ("redis-server", "valkey-server")
    socket_name = "redis.sock"

    def _command(self, program: Path) -> list[str]:
        command = [str(program), "--unixsocket", str(self._socket), "--unixsocketperm", "777"]
        for name, value in SETTINGS.items():
            command += [f"--{name}", value]
        for name in FORBIDDEN:
            command += ["--rename-command", name, ""]
        return [*command, "--dir", str(self._folder)]

    def _answers(self) -> bool:
        return (answer(self._socket, b"PING\r\n", 16) or b"").startswith(b"+PONG")

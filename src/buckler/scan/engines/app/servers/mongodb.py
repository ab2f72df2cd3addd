"""A throwaway MongoDB: on a Unix socket alone, and without JavaScript."""

from __future__ import annotations

import struct
from pathlib import Path

from buckler.scan.engines.app.servers import processes
from buckler.scan.engines.app.servers.program import Program, answer
from buckler.scan.engines.app.servers.standin.mongo_bson import encode

SETTINGS = (
    "--noscripting",
    *("--wiredTigerCacheSizeGB", "0.25"),
    *("--filePermissions", "0777"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
)
_HELLO = b"\0\0\0\0\0" + encode({"hello": 1, "$db": "admin"})
_MESSAGE = 2013


class MongoDB(Program):
    """See :class:`~buckler.scan.engines.app.servers.program.Program`."""

    kind = "mongodb"
    called = "MongoDB"
    hint = "install mongodb-org-server"
    programs = ("mongod",)
    socket_name = "mongodb.sock"

    def _command(self, program: Path) -> list[str]:
        data = self._folder / "data"
        data.mkdir()
        processes.give(data)
        command = [str(program), "--dbpath", str(data), *SETTINGS]
        # A path among the addresses is a socket; with no other address there is no port.
        return [*command, "--bind_ip", str(self._socket)]

    def _answers(self) -> bool:
        question = struct.pack("<iiii", 16 + len(_HELLO), 1, 0, _MESSAGE) + _HELLO
        head = answer(self._socket, question, 16) or b""
        return len(head) == 16 and struct.unpack("<iiii", head)[3] == _MESSAGE

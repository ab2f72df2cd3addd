"""A throwaway MongoDB: on a Unix socket alone, and without JavaScript."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from buckler.scan.engines.app.servers import binaries, processes
from buckler.scan.engines.app.servers.interface import Address, ServerError
from buckler.scan.engines.app.servers.standin.mongo_bson import encode

HINT = "install mongodb-org-server"
SETTINGS = (
    "--noscripting",
    *("--wiredTigerCacheSizeGB", "0.25"),
    *("--filePermissions", "0777"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
)
_HELLO = b"\0\0\0\0\0" + encode({"hello": 1, "$db": "admin"})
_MESSAGE = 2013


class MongoDB:
    """See :class:`~buckler.scan.engines.app.servers.interface.Server`.

    Args:
        folder: Of its own, empty, below the scratch folder.
    """

    kind = "mongodb"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: processes.Process | None = None

    @staticmethod
    def program() -> Path | None:
        """The server's program, or None."""
        return binaries.find("mongod")

    def start(self) -> Address:
        """Start it.

        Raises:
            ServerError: There is no program, it ended, or it does not answer.
        """
        program = self.program()
        if program is None:
            raise ServerError("MongoDB is not on this machine", hint=HINT)
        data = self._folder / "data"
        data.mkdir()
        processes.give(data)
        command = [str(program), "--dbpath", str(data), *SETTINGS]
        # A path among the addresses is a socket; with no other address there is no port.
        command += ["--bind_ip", str(self._socket)]
        self._process = processes.Process(command, self._folder)
        self._process.wait_until(self._answers, "MongoDB")
        return Address(self.kind, self._socket, 0, "")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.end()
            self._process = None

    @property
    def _socket(self) -> Path:
        return self._folder / "mongodb.sock"

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(str(self._socket))
                client.sendall(struct.pack("<iiii", 16 + len(_HELLO), 1, 0, _MESSAGE) + _HELLO)
                head = client.recv(16)
                return len(head) == 16 and struct.unpack("<iiii", head)[3] == _MESSAGE
        except OSError:
            return False

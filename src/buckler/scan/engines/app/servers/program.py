"""What the throwaway servers share whose program is on this machine: start, wait until it answers, end."""

from __future__ import annotations

import signal
import socket
from abc import ABC, abstractmethod
from pathlib import Path

from buckler.scan.engines.app.servers import binaries, processes
from buckler.scan.engines.app.servers.interface import Address, ServerError

ANSWER_SECONDS = 1.0


class Program(ABC):
    """See :class:`~buckler.scan.engines.app.servers.interface.Server`.

    Attributes:
        kind: Of its address.
        called: Its name for people.
        hint: What brings it where it is not there.
        programs: Names that its program may have.
        socket_name: Of its socket.
        port: The number in the socket's name, where the protocol has one.
        user: Who may do everything there.
        end: How it is ended at first.

    Args:
        folder: Of its own, empty, below the scratch folder.
    """

    kind: str
    called: str
    hint: str
    programs: tuple[str, ...]
    socket_name: str
    port = 0
    user = ""
    end = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: processes.Process | None = None

    @classmethod
    def program(cls) -> Path | None:
        """The server's program, or None."""
        return binaries.find(*cls.programs)

    def start(self) -> Address:
        """Start it.

        Raises:
            ServerError: There is no program, it ended, or it does not answer.
        """
        program = self.program()
        if program is None:
            raise ServerError(f"{self.called} is not on this machine", hint=self.hint)
        self._process = processes.Process(self._command(program), self._folder)
        self._process.wait_until(self._answers, self.called)
        return Address(self.kind, self._socket, self.port, self.user)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.end(self.end)
            self._process = None

    @property
    def _socket(self) -> Path:
        return self._folder / self.socket_name

    @abstractmethod
    def _command(self, program: Path) -> list[str]:
        """What starts it; whatever has to be in the folder is made."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it takes clients."""


def answer(path: Path, question: bytes, size: int) -> bytes | None:
    """What a server says first.

    Args:
        path: Of its Unix socket.
        question: Sent before; may be empty.
        size: Bytes at most; with 0 nothing is waited for.

    Returns:
        None where it takes no connection, or breaks it off.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_SECONDS)
            client.connect(str(path))
            if question:
                client.sendall(question)
            return client.recv(size)
    except OSError:
        return None

"""What a scratch server is, whatever it serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from buckler.core.errors import BucklerError


class ServerError(BucklerError):
    """A scratch server does not start, or is not there any more."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a scratch server listens; nobody but the child gets to know it.

    Attributes:
        kind: ``postgresql``, ``mysql``, ``mongodb`` or ``redis``.
        socket: The Unix socket; for PostgreSQL its folder is what drivers want.
        port: The number in the socket's name, where the protocol has one.
        user: Who may do everything there.
    """

    kind: str
    socket: Path
    port: int
    user: str


class Server(Protocol):
    """A throwaway server in a folder of its own."""

    kind: str

    def start(self) -> Address:
        """Start it and wait until it answers.

        Raises:
            ServerError: It ended, or did not answer in time; the end of its log is the hint.
        """

    def stop(self) -> None:
        """End it. Safe to call twice, and where it never started."""

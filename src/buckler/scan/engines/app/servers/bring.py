"""Brings the servers that an application wanted, and takes them away again."""

from __future__ import annotations

import itertools
import socket
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from buckler.scan.engines.app import leftovers
from buckler.scan.engines.app.servers import processes
from buckler.scan.engines.app.servers.interface import Address, Server, ServerError
from buckler.scan.engines.app.servers.mongodb import MongoDB
from buckler.scan.engines.app.servers.mysql import MySQL
from buckler.scan.engines.app.servers.postgresql import PostgreSQL
from buckler.scan.engines.app.servers.program import Program
from buckler.scan.engines.app.servers.redis import Redis
from buckler.scan.engines.app.servers.standin.server import StandIn

KINDS: Mapping[str, type[Program]] = {
    "postgresql": PostgreSQL,
    "mysql": MySQL,
    "redis": Redis,
    "mongodb": MongoDB,
}
MAX_LOG = 4000
HINTS: Mapping[str, str] = {kind: server.hint for kind, server in KINDS.items()}
"""What brings a real one, by kind."""


class Servers:
    """The scratch servers of one scan. Use as a context manager.

    Every child gets databases of its own on them, so that what one writes the other never sees.

    Args:
        mode: ``auto`` brings a stand-in where no server of a kind is on the machine or it does not
            start, ``scratch`` never does, ``stand-in`` always.
    """

    def __init__(self, mode: str = "auto") -> None:
        self.mode = mode
        self.made: set[str] = set()
        self.migrate = True
        """Whether the project's migrations make tables; not where they do not come to an end."""
        self.seconds = 0.0
        """What they added to the start: their own, the tables', and a start in vain."""
        self._folder: Path | None = None
        self._running: dict[str, tuple[Server, Address]] = {}
        self._children = itertools.count(1)
        self.failed: dict[str, ServerError] = {}

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def kinds(self) -> tuple[str, ...]:
        """What was brought."""
        return tuple(kind for kind in KINDS if kind in self._running)

    @property
    def folder(self) -> Path | None:
        """Where their sockets are, once one runs."""
        return self._folder

    def bring(self, kinds: Iterable[str]) -> bool:
        """Start what is not there yet; whether anything new runs now."""
        before = len(self._running)
        for kind in kinds:
            if self.may_bring(kind):
                self._bring(kind)
        return len(self._running) > before

    def may_bring(self, kind: str) -> bool:
        """Whether it was not tried yet."""
        return kind not in self._running and kind not in self.failed and kind in KINDS

    def answered_by(self, kind: str) -> str:
        """What answers for a kind: ``scratch``, ``stand-in`` or nothing."""
        if kind not in self._running:
            return ""
        return "stand-in" if kind in self.made else "scratch"

    def _bring(self, kind: str) -> None:
        """A server of that kind; where there is none, a stand-in."""
        if self.mode != "stand-in":
            known = KINDS[kind].program() is not None
            if (known or self.mode == "scratch") and self._started(kind, KINDS[kind]):
                return
        if self.mode != "scratch" and self._started(kind, lambda folder: StandIn(kind, folder)):
            self.made.add(kind)

    def _started(self, kind: str, make: Callable[[Path], Server]) -> bool:
        server: Server | None = None
        try:
            server = make(self._place(kind))
            self._running[kind] = (server, server.start())
        except ServerError as error:
            failure = error
        except OSError as error:
            hint = leftovers.MAKE_ROOM if error.errno in leftovers.FULL else ""
            failure = ServerError(f"its folder cannot be made: {error.strerror}", hint=hint)
        else:
            return True
        if server is not None:
            server.stop()
        # That a stand-in does not start either is no reason why one was needed.
        self.failed.setdefault(kind, failure)
        return False

    def ended(self) -> dict[str, str]:
        """Servers that do not listen any more, each with the end of its log."""
        return {
            kind: _end_of(address.socket.parent / "server.log")
            for kind, (_, address) in self._running.items()
            if not _listens(address.socket)
        }

    def for_child(self, *, original: bool = False) -> dict[str, dict[str, Any]]:
        """What the next child is told of them: by kind, where it listens and the child's number.

        Args:
            original: For the child that makes the tables, in the databases that others are copies
                of.
        """
        number = 0 if original else next(self._children)
        return {
            kind: {
                "folder": str(address.socket.parent),
                "socket": str(address.socket),
                "port": address.port,
                "user": address.user,
                "suffix": "" if original else f"_{number}",
                "number": number,
                "stand_in": kind in self.made,
                "migrate": self.migrate,
            }
            for kind, (_, address) in self._running.items()
        }

    def close(self) -> None:
        """End all of them and remove what they wrote."""
        for server, _ in self._running.values():
            server.stop()
        self._running.clear()
        if self._folder is not None:
            leftovers.remove(self._folder)
            self._folder = None

    def _place(self, kind: str) -> Path:
        if self._folder is None:
            self._folder = leftovers.make(_base())
            self._folder.chmod(0o711)
        place = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self._folder))
        place.chmod(0o755)
        processes.give(place)
        return place


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(path))
        except (ConnectionError, FileNotFoundError):
            return False
        except OSError:
            return True  # it is there, and busy
    return True


def _end_of(log: Path) -> str:
    try:
        return log.read_bytes()[-MAX_LOG:].decode("utf-8", "replace")
    except OSError:
        return ""


def _base() -> Path:
    """A folder for temporary files that the user of the servers can enter."""
    usable = leftovers.places()
    if processes.owner() is None:
        return usable[0]
    return next((path for path in usable if _is_open(path)), usable[0])


def _is_open(path: Path) -> bool:
    real = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (real, *real.parents))

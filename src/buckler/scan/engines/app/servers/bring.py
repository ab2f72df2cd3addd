"""Brings the servers that an application wanted, and takes them away again."""

from __future__ import annotations

import itertools
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from buckler.scan.engines.app import leftovers
from buckler.scan.engines.app.servers import processes
from buckler.scan.engines.app.servers.interface import Address, Server, ServerError
from buckler.scan.engines.app.servers.mysql import MySQL
from buckler.scan.engines.app.servers.postgresql import PostgreSQL
from buckler.scan.engines.app.servers.redis import Redis

KINDS: Mapping[str, type[PostgreSQL] | type[MySQL] | type[Redis]] = {
    "postgresql": PostgreSQL,
    "mysql": MySQL,
    "redis": Redis,
}


class Servers:
    """The scratch servers of one scan. Use as a context manager.

    Every child gets databases of its own on them, so that what one writes the other never sees.
    """

    def __init__(self) -> None:
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
        return tuple(self._running)

    @property
    def folder(self) -> Path | None:
        """Where their sockets are, once one runs."""
        return self._folder

    def bring(self, kinds: Iterable[str]) -> bool:
        """Start what is not there yet; whether anything new runs now."""
        before = len(self._running)
        for kind in kinds:
            if kind in self._running or kind in self.failed or kind not in KINDS:
                continue
            server = KINDS[kind](self._place(kind))
            try:
                self._running[kind] = (server, server.start())
            except ServerError as error:
                server.stop()
                self.failed[kind] = error
        return len(self._running) > before

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
            }
            for kind, (_, address) in self._running.items()
        }

    def close(self) -> None:
        """End all of them and remove what they wrote."""
        for server, _ in self._running.values():
            server.stop()
        self._running.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _place(self, kind: str) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=leftovers.PREFIX, dir=_base())).resolve()
            self._folder.chmod(0o711)
            leftovers.mark(self._folder)
        place = self._folder / kind
        place.mkdir(mode=0o755)
        processes.give(place)
        return place


def _base() -> Path:
    """A folder for temporary files that the user of the servers can enter."""
    usable = leftovers.places()
    if processes.owner() is None:
        return usable[0]
    return next((path for path in usable if _is_open(path)), usable[0])


def _is_open(path: Path) -> bool:
    real = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (real, *real.parents))

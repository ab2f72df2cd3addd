"""Runs ``buckler advisories update`` and dies at the N-th step that reaches the disk: ``python -m … N WORD...``.

A step is what changes what another process would find: a file opened for writing, a rename, a removal, a synced file or
folder, a statement of SQLite. N counts each twice: before it is done and after. The last line says how
many points there were, where it was not killed.
"""

from __future__ import annotations

import os
import pathlib
import signal
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

from buckler.cli import main


class Points:
    """Counts points, and dies at one."""

    def __init__(self, last: int) -> None:
        self.count = 0
        self.kinds: list[str] = []
        self._last = last

    def here(self, kind: str) -> None:
        """One point."""
        self.count += 1
        self.kinds.append(kind)
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call with a point before and one behind."""

        def wrapped(*values: Any, **named: Any) -> Any:
            self.here(f"before {kind}")
            result = call(*values, **named)
            self.here(f"after {kind}")
            return result

        return wrapped


def watched(points: Points) -> None:
    """Put points around everything that an update does to the disk."""
    for name in ("replace", "rename", "unlink", "remove", "fsync", "chmod"):
        setattr(os, name, points.around(name, getattr(os, name)))
    for name in ("replace", "rename", "unlink", "chmod"):
        setattr(pathlib.Path, name, points.around(name, getattr(pathlib.Path, name)))

    class Database(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> Any:  # type: ignore[override]
            return points.around(statement[:9], super().execute)(statement, *values)

        def executemany(self, statement: str, *values: Any) -> Any:  # type: ignore[override]
            return points.around("many", super().executemany)(statement, *values)

        def executescript(self, statement: str) -> Any:
            return points.around("script", super().executescript)(statement)

        def close(self) -> None:
            points.around("close", super().close)()

    opened = sqlite3.connect

    def connect(*values: Any, **named: Any) -> Any:
        return opened(*values, **{"factory": Database, **named})

    sqlite3.connect = connect

    def heard(event: str, values: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(values[2], int) and values[2] & (os.O_WRONLY | os.O_RDWR):
            points.here("open")

    sys.addaudithook(heard)


if __name__ == "__main__":
    found = Points(int(sys.argv[1]))
    watched(found)
    sys.argv = ["buckler", *sys.argv[2:]]
    try:
        main()
    finally:
        print("points", found.count, " ".join(found.kinds), file=sys.stderr)

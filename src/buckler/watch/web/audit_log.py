"""The security log of this process: written by guard, chained so that a cut shows, read from its end by a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from buckler.guard.audit.audit import Audit
from buckler.guard.audit.file import FileSink
from buckler.guard.audit.interface import Sink
from buckler.watch.place import Place

TAIL: Final = 256 * 1024
MOST: Final = 200


def path_of(place: Place) -> Path:
    """Where it lies."""
    return place.folder / "security.log"


def listener(place: Place, *others: Sink) -> Audit:
    """What guard tells its events to: the log, and other sinks."""
    return Audit(FileSink(path_of(place)), *others)


def latest(place: Place, kind: str = "") -> list[dict[str, Any]]:
    """The newest events, newest first.

    Args:
        place: The data folder.
        kind: That their kind begins with; empty for all.
    """
    path = path_of(place)
    if not path.is_file():
        return []
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL))
        lines = stream.read(TAIL).split(b"\n")
    whole = lines if size <= TAIL else lines[1:]
    found = [one for one in _read(whole) if str(one.get("kind", "")).startswith(kind)]
    return found[: -MOST - 1 : -1]


def _read(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            one = json.loads(line)
        except ValueError:  # a line that is being written
            continue
        if isinstance(one, dict):
            yield one

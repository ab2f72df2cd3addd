"""Tells which files were looked at to judge another one, so that what is kept of it can be checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Reads:
    """What was looked at meanwhile.

    Attributes:
        paths: Files that were read, or were looked for and not there.
        unbounded: Whether it was more than single files: every file of the project, say.
    """

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self.unbounded = False


_open: list[Reads] = []


@contextmanager
def recorded() -> Iterator[Reads]:
    """Record what is looked at within the block."""
    reads = Reads()
    _open.append(reads)
    try:
        yield reads
    finally:
        _open.remove(reads)


def looked_at(paths: Iterable[Path]) -> None:
    """Say that the content or the absence of these files counts."""
    for reads in _open:
        reads.paths.update(paths)


def looked_at_everything() -> None:
    """Say that files count which cannot be named one by one."""
    for reads in _open:
        reads.unbounded = True

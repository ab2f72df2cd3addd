"""Files of the project that somebody names who is not trusted: the application's own process.

What it says may name any file of the user. A path counts only where it is relative, leads to a
regular file inside of the project's folder whatever links lie on the way, and is small.
"""

from __future__ import annotations

import linecache
import stat
from functools import lru_cache
from pathlib import Path, PurePosixPath

MAX_BYTES = 2 * 1024 * 1024
MAX_PATH = 1024


def inside(folder: Path, path: str) -> Path | None:
    """The real file that a relative path of the project names, or None.

    Args:
        folder: The project's.
        path: As it came, with ``/``.
    """
    named = PurePosixPath(path)
    if not path or len(path) > MAX_PATH or named.is_absolute() or ".." in named.parts:
        return None
    try:
        real = Path(folder, named).resolve(strict=True)
        info = real.stat()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL, a surrogate
        return None
    if not real.is_relative_to(folder.resolve()) or not stat.S_ISREG(info.st_mode):
        return None
    return real if info.st_size <= MAX_BYTES else None


class Sources:
    """The project's files, as places that come from outside name them.

    Args:
        folder: The project's.
    """

    def __init__(self, folder: Path) -> None:
        self.file = lru_cache(maxsize=4096)(lambda path: inside(folder, path))
        """The real file of a path, or None (see :func:`inside`)."""

    def line(self, path: str, number: int) -> str:
        """The text of a 1-based line with its end; empty where there is none."""
        file = self.file(path)
        return linecache.getline(str(file), number) if file is not None else ""

    def frames(self, items: object, limit: int) -> tuple[tuple[str, int, str], ...]:
        """Path, line and function of each frame whose file is one of the project.

        Raises:
            TypeError, ValueError: They are not of the expected shape.
        """
        if not isinstance(items, list):
            raise TypeError("frames are a list")
        found = []
        for path, at, function in items[:limit]:
            if not isinstance(path, str):
                raise TypeError("a frame is a path, a line and a name")
            number = line_number(at)
            if self.file(path) is not None:
                found.append((path, number, str(function)[:200]))
        return tuple(found)


def line_number(value: object) -> int:
    """A line that a small file can have.

    Raises:
        ValueError: It is none.
    """
    if type(value) is not int or not 0 <= value <= MAX_BYTES:
        raise ValueError("a line is out of its range")
    return value

"""Reads files of a project that is not trusted.

A file in a tree can be a link to somebody's credentials, which would stand in the report (CWE-59),
a device without an end or a pipe that nobody writes to (CWE-400). Only what lies in the project's
own folder, is a regular file and has a bounded size is read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from buckler.core.errors import UnreadableFile

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def read_project_file(path: Path, folder: Path, limit: int) -> bytes:
    """The bytes of a regular file in a folder; links are followed inside of the folder only.

    Args:
        path: The file.
        folder: Of the project.
        limit: Most bytes; no more than one byte beyond is read.

    Raises:
        FileNotFoundError: There is no such file.
        UnreadableFile: It is no regular file, leads out of the folder, is larger, or the system
            refuses it.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.resolve()):
            raise UnreadableFile("it is a link that leads out of the project")
        if not stat.S_ISREG(real.stat().st_mode):
            raise UnreadableFile("it is not a regular file")
        with open(os.open(real, _FLAGS), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UnreadableFile("it is not a regular file")
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableFile(f"it cannot be read: {why}") from error
    if len(data) > limit:
        raise UnreadableFile(f"it is larger than {_size(limit)}")
    return data


def _size(limit: int) -> str:
    return f"{limit // 1_000_000} MB" if limit >= 1_000_000 else f"{limit // 1000} kB"

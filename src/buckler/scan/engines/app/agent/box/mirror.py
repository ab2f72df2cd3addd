"""Where writes go when no kernel wall redirects them.

A mirror of the file system, below scratch, of what was written.

Threat: an application that writes when it is imported or attacked (`makedirs`, a log, an upload, an
overwritten setting), on a system without an overlay. A file is copied into the mirror before its
first change, and later reads of the same path see the copy.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from functools import lru_cache
from typing import Any, Optional

_DEVICES = ("/dev/", "/proc/self/fd/")


class Inside(threading.local):
    """Per thread: whether the mirror itself is at work, whose own work is not redirected again."""

    active = False
    opener: Any = None


class Mirror:
    """Maps real paths to copies below `scratch`.

    Paths are absolute and resolved, but for their last part.
    """

    def __init__(self, scratch: str) -> None:
        self._scratch = os.path.realpath(scratch)
        self._root = os.path.join(self._scratch, "mirror")
        self._removed: set[str] = set()
        self.inside = Inside()
        self.used = False
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._root)
        self._folder = lru_cache(maxsize=4096)(os.path.realpath)

    def real(self, path: Any, folder: Optional[int] = None, follow: bool = True) -> Optional[str]:
        """Resolve the path; None for what is left alone: a descriptor, a device, scratch.

        `folder`: a dir_fd.
        """
        if path is None or isinstance(path, int):
            return None
        text = os.fsdecode(path)
        if folder is not None:
            text = self.absolute(text, folder)
        text = os.path.abspath(text) if not text.endswith("/..") else os.path.realpath(text)
        if follow and os.path.islink(text):
            text = os.path.realpath(text)
        else:
            text = os.path.join(self._folder(os.path.dirname(text)), os.path.basename(text))
        if text.startswith(_DEVICES) or text == os.devnull or self.free(text):
            return None
        return text

    @staticmethod
    def absolute(path: Any, folder: Optional[int]) -> str:
        """`path` as text, absolute when it is relative to the descriptor `folder`; not resolved."""
        text = os.fsdecode(path)
        if folder is None or os.path.isabs(text):
            return os.path.abspath(text)
        return os.path.join(_path_of(folder), text).rstrip(os.sep)

    def free(self, real: str) -> bool:
        """Whether `real` lies in scratch, where everything may be written."""
        return real == self._scratch or real.startswith(self._scratch + os.sep)

    def copy_of(self, real: str) -> str:
        """Where the copy of `real` is, or would be."""
        drive, rest = os.path.splitdrive(real)
        return os.path.join(self._root, drive.replace(":", "").strip("\\/"), rest.lstrip("\\/"))

    def has(self, real: str) -> bool:
        """Whether the mirror has a copy of `real`."""
        return self.used and os.path.lexists(self.copy_of(real))

    def removed(self, real: str) -> bool:
        """Whether the application removed `real`, which the mirror had."""
        return bool(self._removed) and any(
            real == gone or real.startswith(gone + os.sep) for gone in self._removed
        )

    def read(self, real: str, depth: int = 0) -> str:
        """Say where to read `real`.

        Its copy where there is one, a place that does not exist where it was removed.
        """
        if not self.used:
            return real
        copy = self.copy_of(real)
        if os.path.isdir(real) and not os.path.islink(copy) and not self.removed(real):
            return real  # what a folder holds is merged when it is listed
        if os.path.islink(copy) and depth < 20:
            return self.read(
                os.path.normpath(os.path.join(os.path.dirname(real), os.readlink(copy))), depth + 1
            )
        return copy if os.path.lexists(copy) or self.removed(real) else real

    def write(self, real: str, content: bool = True) -> str:
        """Say where to write `real`: its folder made, its content copied when `content`.

        Raises OSError.
        """
        copy = self.copy_of(real)
        parent = os.path.dirname(real)
        if not os.path.isdir(self.read(parent)):
            return copy  # fails there as it would have here
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        self.used = True
        if os.path.lexists(copy) or self.removed(real):
            self._removed.discard(real)
        elif content and os.path.isfile(real):
            shutil.copyfile(real, copy)
            shutil.copymode(real, copy)
        return copy

    def drop(self, real: str) -> None:
        """Remember that the application removed `real`, so that the original does not come back."""
        if os.path.lexists(real):
            self._removed.add(real)

    def names(self, real: str) -> Optional[set[str]]:
        """List the names in the copy of the folder `real`; None when the mirror has none of it."""
        if not self.used or not os.path.isdir(self.copy_of(real)):
            return None
        return set(os.listdir(self.copy_of(real)))


def _path_of(descriptor: int) -> str:
    """Find the path of an open folder.

    "/" where the system does not tell, where nothing below it will be let through.
    """
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        pass
    try:
        import fcntl

        answer = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))  # type: ignore[attr-defined]
        return os.fsdecode(answer.rstrip(b"\0"))
    except (ImportError, AttributeError, OSError):
        return os.sep

"""Paths below one folder (CWE-22, CWE-59, CWE-367; ASVS 5.0 V5.3.2).

Threat: ``..`` and what others read as that, absolute paths, links that lead out, and links that are put in
place between the check and the use.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from buckler.core.errors import BucklerError
from buckler.guard.options import GuardError
from buckler.guard.validate import filename
from buckler.guard.validate.marker import Marker, refusal

Mode = Literal["rb", "wb", "xb"]
_FLAGS: Final = {
    "rb": os.O_RDONLY,
    "wb": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "xb": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}
_ENCODED = re.compile(r"%(?:25)*(?:2e|2f|5c|00)", re.IGNORECASE)
_BY_FOLDERS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
PRIVATE: Final = 0o600


class PathRefused(BucklerError):
    """A path leads out of its folder, through a link, or to what is no file."""

    code = "guard.path"


class SafePath(Marker):
    """A path below a folder: ``Annotated[Path, SafePath("files")]``.

    The application gets an absolute path that lies below the folder, links resolved. Between that and its use
    somebody who may write there can put a link in its place; :meth:`open` takes none.

    Args:
        root: The folder; it has to exist.
        max_length: Characters of what is sent.
        hidden: Whether parts may begin with a dot.

    Raises:
        GuardError: There is no such folder.
    """

    __slots__ = ("hidden", "root")

    def __init__(
        self, root: str | os.PathLike[str], *, max_length: int = 1024, hidden: bool = False
    ) -> None:
        super().__init__(1, max_length)
        self.root = Path(root).resolve()
        self.hidden = hidden
        if not self.root.is_dir():
            raise GuardError(f"SafePath: {root!s} is no folder", hint="make it at start-up")

    def check(self, text: str) -> Path:
        """The path, below the folder."""
        wrong = self._problem(text)
        if wrong:
            raise refusal("path", wrong)
        try:
            found = self.root.joinpath(unicodedata.normalize("NFC", text)).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            # A loop of links, a name that is too long for the system.
            raise refusal("path", "leads nowhere") from error
        if not found.is_relative_to(self.root):
            raise refusal("path", "leads out of its folder")
        # From Python 3.13 on a loop of links is no error of resolve(); it is left as it is.
        below = takewhile(lambda part: part != self.root, (found, *found.parents))
        if any(part.is_symlink() for part in below):
            raise refusal("path", "leads nowhere")
        return found

    def again(self, value: Any) -> str | None:
        """A path relative to the folder, so that no answer shows where that is."""
        if not isinstance(value, Path):
            return None
        inside = value.is_absolute() and value.is_relative_to(self.root)
        return (value.relative_to(self.root) if inside else value).as_posix()

    def open(self, path: str | Path, mode: Mode = "rb") -> BinaryIO:
        """Open a file below the folder without following any link; it blocks.

        Each folder on the way is opened from the one before (``openat``, ``O_NOFOLLOW``), so nothing that is swapped in
        between leads out. Where the system lacks that (Windows) the file is compared with its path afterwards.

        Args:
            path: What :meth:`check` gave, or the text of one.
            mode: Read, write over, or make anew; what is made has mode 0600.

        Raises:
            PathRefused: It leads out, through a link, or to a device, pipe or folder.
            GuardError: Another mode.
            OSError: There is no such file, or the system refuses.
        """
        if mode not in _FLAGS:
            raise GuardError("mode must be 'rb', 'wb' or 'xb'")
        given = Path(path)
        if given.is_absolute():
            if not given.is_relative_to(self.root):
                raise PathRefused("the path leads out of its folder")
            given = given.relative_to(self.root)
        # A text as it came: pathlib would tidy up "./" and "//".
        relative = isinstance(path, str) and not os.path.isabs(path)
        wrong = self._problem(str(path) if relative else given.as_posix())
        if wrong:
            raise PathRefused(f"the path {wrong}")
        opened = self._by_folders if _BY_FOLDERS else self._compared
        try:
            descriptor = opened(given.parts, _FLAGS[mode] | getattr(os, "O_BINARY", 0))
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO):
                raise PathRefused("the path leads through a link, or to no file") from error
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise PathRefused("the path leads to no file")
        return os.fdopen(descriptor, "rb" if mode == "rb" else "wb")

    def shown(self) -> dict[str, Any]:
        """Words, without the folder's name."""
        return {
            "description": "Relative path, parts separated by /",
            "pattern": r"^[^/\\:][^\\:]*$",
        }

    def _problem(self, text: str) -> str:
        if "\\" in text or text.startswith("/"):
            return "is absolute or holds a backslash"
        if _ENCODED.search(text):
            return "holds encoded dots or separators"
        for part in unicodedata.normalize("NFC", text).split("/"):
            wrong = filename.problem(part, hidden=self.hidden)
            if wrong:
                return f"has a part that {wrong}"
        return ""

    def _by_folders(self, parts: tuple[str, ...], flags: int) -> int:
        folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in parts[:-1]:
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = below
            # Without O_NONBLOCK a pipe would hold the caller until somebody writes.
            last = flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open(parts[-1], last, PRIVATE, dir_fd=folder)
        finally:
            os.close(folder)

    def _compared(self, parts: tuple[str, ...], flags: int) -> int:
        path = self.root.joinpath(*parts)
        # Nothing is cut off before it is known to be the right file.
        descriptor = os.open(path, flags & ~os.O_TRUNC, PRIVATE)
        try:
            same = os.path.samestat(os.fstat(descriptor), os.lstat(path))
            if not same or path.resolve() != path:
                raise PathRefused("the path leads through a link")
            if flags & os.O_TRUNC:
                os.ftruncate(descriptor, 0)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

"""A file of JSON lines: rotated, readable by its owner alone, and whole when many processes write.

Threat: a log that others read (CWE-732), that fills the disk (CWE-779), that loses lines when
``logrotate`` moves it, or that whoever got in rewrites (see ``chain.py``).
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from buckler.guard.audit.chain import Chain, Head, read
from buckler.guard.audit.record import AuditRecord, stamp
from buckler.guard.audit.shapes import Shape, ShapeName, line, shape_of
from buckler.guard.options import GuardError, count, size

try:
    import fcntl
except ModuleNotFoundError:  # Windows: one process alone may write a file
    fcntl = None  # type: ignore[assignment]

LOCK_SECONDS: Final = 5.0
_TAIL: Final = 256 * 1024
_FLAGS: Final = (
    os.O_CREAT
    | os.O_RDWR
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


class FileSink:
    """Appends one line for each record.

    Beside it lies ``.NAME.lock``: processes that write the same file wait for each other by it, and
    it keeps where the chain stands when the file itself was moved away.

    Args:
        path: In a folder that exists. Made with mode 0600.
        shape: ``json``, ``ecs``, ``ocsf`` or a function of your own.
        rotate: Bytes after which the file becomes ``NAME.1``, that one ``NAME.2`` and so on; None
            leaves it to others such as logrotate.
        keep: Old files to keep.
        chain: Ties the lines together; ``Chain(key=...)``.
        sync: Whether each write waits for the disk.

    Raises:
        GuardError: There is no such folder or shape, or a bound is wrong.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        shape: ShapeName | Shape = "json",
        *,
        rotate: int | str | None = "100 MB",
        keep: int = 10,
        chain: Chain | None = None,
        sync: bool = False,
    ) -> None:
        # The application may change its folder later.
        self._path = Path(path).absolute()
        if not self._path.parent.is_dir():
            raise GuardError(f"there is no folder {self._path.parent}", hint="make it first")
        self._shape = shape_of(shape)
        self._rotate = None if rotate is None else size(rotate, "rotate")
        self._keep = count(keep, "keep")
        self._chain = chain
        self._sync = sync
        self._file = -1
        self._lock = -1
        self._last = Head()
        self._process = 0

    @property
    def name(self) -> str:
        """``file`` and its name."""
        return f"file {self._path.name}"

    def open(self) -> None:
        """Leave what another process opened to it: a lock on a shared descriptor keeps nobody out."""
        if self._process != os.getpid():
            self._let_go()
            self._process = os.getpid()

    def write(self, records: Sequence[AuditRecord]) -> None:
        """Append them all, or none of those that did not get there whole.

        Raises:
            OSError: It cannot be opened, locked or written.
        """
        texts = [line(self._shape, record) for record in records]
        with self._locked():
            self._append(texts)

    def close(self) -> None:
        """Seal the chain, so that a cut shows, and let go of the file."""
        try:
            if self._chain is not None and self._file >= 0:
                end = f'{{"time":"{stamp(time.time())}","kind":"audit.sealed"}}'
                with self._locked():
                    self._append([end], seal=True)
        finally:
            self._let_go()

    def _append(self, texts: Sequence[str], *, seal: bool = False) -> None:
        self._follow()
        head = self._head()
        waiting = b""
        length = os.fstat(self._file).st_size
        if length and _read_at(self._file, 1, length - 1) != b"\n":
            waiting = b"\n"  # a process died in the middle of a line
        for text in texts:
            data, after = text.encode("ascii", "backslashreplace"), head
            if self._chain is not None:
                data, after = self._chain.link(text, head, seal=seal)
            if (
                self._rotate is not None
                and 0 < length < length + len(waiting + data) > self._rotate
            ):
                self._put(waiting, head)
                waiting, length = b"", 0
                self._turn()
            waiting += data + b"\n"
            head = after
        self._put(waiting, head)

    def _put(self, data: bytes, head: Head) -> None:
        """Write all of it; what got there in part is taken back, so that no line is half."""
        if not data:
            return
        before = os.fstat(self._file).st_size
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, before)
            raise
        self._last = head
        if self._sync:
            os.fsync(self._file)
        if self._chain is not None and self._lock >= 0:
            os.lseek(self._lock, 0, os.SEEK_SET)
            os.write(self._lock, f"{head.seq:018d} {head.hash}\n".encode())

    def _follow(self) -> None:
        """Open the file, anew where somebody moved or removed it."""
        if self._file >= 0:
            if _is_at(self._file, self._path):
                return
            os.close(self._file)
            self._file = -1
        self._file = _opened(self._path)

    def _turn(self) -> None:
        """NAME becomes NAME.1, and every older one a number more."""
        os.close(self._file)
        self._file = -1
        for number in range(self._keep, 0, -1):
            older = f"{self._path}.{number}"
            newer = f"{self._path}.{number - 1}" if number > 1 else str(self._path)
            if os.path.lexists(newer):
                os.replace(newer, older)
        self._file = _opened(self._path)

    def _head(self) -> Head:
        """Where the chain stands: the furthest of the last line, the note beside it, and our own memory."""
        if self._chain is None:
            return Head()
        noted = Head()
        parts = _read_at(self._lock, 100, 0).split() if self._lock >= 0 else []
        if len(parts) == 2 and parts[0].isdigit() and len(parts[1]) == 64:
            noted = Head(int(parts[0]), parts[1].decode("ascii", "replace"))
        length = os.fstat(self._file).st_size
        tail = _read_at(self._file, _TAIL, max(0, length - _TAIL)).rstrip(b"\n")
        link = read(tail[tail.rfind(b"\n") + 1 :])
        found = link.head if link is not None and link.head.seq >= noted.seq else noted
        # Whoever takes lines away takes the note back, too; what this process wrote it remembers.
        return found if found.seq >= self._last.seq else self._last

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.open()
        if fcntl is None:
            yield
            return
        beside = self._path.with_name(f".{self._path.name}.lock")
        if self._lock >= 0 and not _is_at(self._lock, beside):
            os.close(self._lock)  # somebody removed it, and others wait for each other by a new one
            self._lock = -1
        if self._lock < 0:
            # Not to append: the note is written over the one before.
            self._lock = _opened(beside, 0)
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _let_go(self) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1


def _read_at(descriptor: int, length: int, offset: int) -> bytes:
    """Windows has no pread; writes go to the end in any case."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, length)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one that has this name now."""
    try:
        there, ours = os.stat(path), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _opened(path: Path, flags: int = os.O_APPEND) -> int:
    descriptor = os.open(path, _FLAGS | flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file")
    return descriptor

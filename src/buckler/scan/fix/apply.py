"""Writes repaired files: all of them, or none.

A project with half of its repairs may be worse than one with none, and a file that its owner saved
meanwhile must not be overwritten. So everything is written beside first, what stands on disk is
compared with what was read, and whatever goes wrong, every file is put back. Links are followed
inside of the project only (CWE-59).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from buckler.core.errors import ApplyError, UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.fix.text import limit_of
from buckler.scan.fix.writing import Written


def apply(folder: Path, files: Sequence[Written]) -> None:
    """Write files of a project.

    Args:
        folder: Of the project.
        files: What they become; each path once.

    Raises:
        ApplyError: One changed since it was read, leads out of the project, or could not be
            written. Every file is as it was then.
    """
    transaction = _Transaction(folder.resolve())
    try:
        for file in files:
            transaction.prepare(file)
        for file in files:
            transaction.check(file)
        transaction.commit()
    except BaseException as error:
        transaction.undo()
        if isinstance(error, OSError | UnreadableFile):
            why = error.strerror if isinstance(error, OSError) else error.message
            raise ApplyError(
                f"nothing was changed: {why or error}",
                hint="make the files writable, or leave one out with --rule or --finding",
            ) from error
        raise
    finally:
        transaction.clean()


class _Transaction:
    """Files on their way, and what is needed to put the old ones back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._beside: dict[Path, Path] = {}
        self._old: dict[Path, bytes | None] = {}
        self._done: list[Path] = []
        self._made: list[Path] = []

    def prepare(self, file: Written) -> None:
        """Write the new content beside the file."""
        target = self._target(file)
        if file.digest is not None:
            self._old[target] = self._read(file, target)
        else:
            self._old[target] = None
            self._make_folders(target.parent)
        self._beside[target] = self._write_beside(target, file.data)

    def check(self, file: Written) -> None:
        """Look once more whether the file is the one that was read, just before it goes."""
        target = self._target(file)
        if file.digest is not None:
            self._read(file, target)

    def commit(self) -> None:
        """Put the new files in the place of the old ones."""
        for target, beside in self._beside.items():
            if self._old[target] is None:
                os.link(beside, target)  # fails where there is a file by now
            else:
                os.replace(beside, target)
            self._done.append(target)
        for parent in {target.parent for target in self._done}:
            _sync_folder(parent)

    def undo(self) -> None:
        """Put back what was replaced already."""
        for target in reversed(self._done):
            old = self._old[target]
            if old is None:
                target.unlink(missing_ok=True)
            else:
                os.replace(self._write_beside(target, old), target)
        self._done.clear()
        for made in reversed(self._made):
            with contextlib.suppress(OSError):  # somebody put something in
                made.rmdir()

    def clean(self) -> None:
        """Remove what is left beside."""
        for beside in self._beside.values():
            beside.unlink(missing_ok=True)

    def _target(self, file: Written) -> Path:
        """The file itself, behind links; inside of the project."""
        target = (self._folder / file.path).resolve()
        if not target.is_relative_to(self._folder) or target == self._folder:
            raise ApplyError(
                f"nothing was changed: {file.path} leads out of the project",
                hint="make it a file of the project, or leave it out with --rule or --finding",
            )
        return target

    def _read(self, file: Written, target: Path) -> bytes:
        try:
            data = read_project_file(target, self._folder, limit_of(target))
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != file.digest:
            raise ApplyError(
                f"nothing was changed: {file.path} changed on disk since it was read",
                hint="save it in your editor, and run `buckler fix` again",
            )
        return data

    def _make_folders(self, parent: Path) -> None:
        missing = [p for p in (parent, *parent.parents) if not p.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            self._made.append(folder)

    def _write_beside(self, target: Path, data: bytes) -> Path:
        beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.buckler")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(beside, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                _like(stream.fileno(), target)
                os.fsync(stream.fileno())
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return beside


def _like(descriptor: int, target: Path) -> None:
    """Give a new file the mode and owner of the one whose place it takes."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):  # ours then, as an editor would leave it
            os.fchown(descriptor, old.st_uid, old.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    """Let the new names reach the disk; some systems open no folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

"""Takes over what a tool wrote: the files that it was to write, and nothing else of what it left in the copy.

A tool follows the project's own configuration, and that is a stranger's: it may write anywhere. What counts as a
repair is what can be reviewed, so of the copy only the named files are read, and only where they are regular
ones (CWE-59).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from buckler.core.errors import RepairError, UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.fix.edits import Edit, FileRepair
from buckler.scan.fix.text import Text, limit_of

Marks = dict[str, tuple[int, int, int]]
_LEFT_BEHIND: Final = frozenset({"__pycache__", ".uv-cache"})
_ENVIRONMENTS: Final = frozenset((".venv", "venv", "env"))
"""In any folder: Poetry starts the interpreter of the one beside its manifest."""
_CHOOSING: Final = (".python-version", ".python-versions", ".pdm-python", "poetry.toml")


def without_choices(copy: Path) -> None:
    """Take away what would have a tool start a program of the project's, or work elsewhere."""
    for path in list(_files(copy)):
        if path.name in _CHOOSING:
            path.unlink()
    for root, folders, names in os.walk(copy, topdown=True, followlinks=False):
        for name in {*folders, *names} & _ENVIRONMENTS:
            Path(root, name).rename(Path(root, f"{name}.left-out"))
        folders[:] = [name for name in folders if name not in _ENVIRONMENTS]


def marks(copy: Path) -> Marks:
    """What shows whether a file was changed, by path."""
    found: Marks = {}
    for path in _files(copy):
        status = path.lstat()
        found[path.relative_to(copy).as_posix()] = (
            status.st_mtime_ns,
            status.st_size,
            status.st_ino,
        )
    return found


def changed(before: Marks, after: Marks) -> list[str]:
    """The files that are new, other or gone."""
    return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))


def taken(folder: Path, copy: Path, paths: Iterable[str]) -> Iterator[FileRepair]:
    """The named files as they became, as changes of what they were.

    Raises:
        RepairError: One is a link, or no regular file any more.
        UnreadableFile: One cannot be read.
    """
    for path in sorted(set(paths)):
        _check_regular(folder / path, path)
        _check_regular(copy / path, path)
        before = Text.read(folder / path, folder)
        try:
            data = read_project_file(copy / path, copy, limit_of(copy / path))
        except FileNotFoundError as error:
            raise RepairError(f"{path} is gone after the tool ran") from error
        after = Text(data, python=False).text
        if before.newline == "\r\n" and "\r\n" not in after:
            after = after.replace("\n", "\r\n")
        if after != before.text:
            yield FileRepair(path, (_difference(before.text, after),))


def _check_regular(file: Path, path: str) -> None:
    try:
        status = file.lstat()
    except FileNotFoundError as error:
        raise UnreadableFile(f"there is no {path}", hint="run the scan again") from error
    if not stat.S_ISREG(status.st_mode):
        raise RepairError(f"{path} is a link or no regular file", hint="put the file itself there")


def _difference(before: str, after: str) -> Edit:
    """One edit from the first to the last line that differs, in time linear in the length."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    most = min(len(old), len(new))
    first = next((n for n in range(most) if old[n] != new[n]), most)
    last = next((n for n in range(most - first) if old[-1 - n] != new[-1 - n]), most - first)
    start, end = sum(map(len, old[:first])), len(before) - sum(map(len, old[len(old) - last :]))
    return Edit(start, end, "".join(new[first : len(new) - last]))


def _files(copy: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(copy, followlinks=False):
        folders[:] = [name for name in folders if name not in _LEFT_BEHIND]
        for name in names:
            yield Path(root, name)

"""Finds everything in a project that says what packages it is made of, and reads it.

A project often has several: a lock for production, requirements for a container, an environment
that somebody changed by hand. Each is read for itself, because each can hold a version that the
others do not (CWE-1395).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.scan.discover import SKIPPED_FOLDERS, TEST_FOLDERS
from buckler.scan.engines.packages.inventory import environment as environments
from buckler.scan.engines.packages.inventory import requirements, uv_lock
from buckler.scan.engines.packages.inventory.files import Folder
from buckler.scan.engines.packages.inventory.model import Inventories, Inventory, Problem

MAX_FILES: Final = 50_000
"""Most files of a project whose names are looked at."""
Reader = Callable[[str, str], Inventory]
_LOCKS: Final[tuple[tuple[re.Pattern[str], str, Reader], ...]] = (
    (re.compile(r"uv\.lock|.+\.py\.lock"), uv_lock.KIND, uv_lock.read),
)


def inventories(folder: Path, *, environment: Path | None = None) -> Inventories:
    """All that a project says of its packages.

    Args:
        folder: The project.
        environment: The virtual environment of the application, which may lie elsewhere.
    """
    files = Folder(folder)
    paths, whole = _walk(folder)
    items = list(_locks(paths, files))
    items.extend(_requirements(paths, files))
    if environment is not None:
        items.append(environments.read(environment, folder))
    problems = list(files.problems)
    if not whole:
        what = f"more than {MAX_FILES} files: the rest was not looked at"
        problems.append(Problem(".", 0, what, "scan the folder of the application itself"))
    if problems:
        items.append(Inventory(".", "folder", (), tuple(problems), resolved=False))
    return Inventories(tuple(items))


def _walk(folder: Path) -> tuple[list[str], bool]:
    """The files of a project, and whether those are all."""
    found: list[str] = []
    for root, folders, names in os.walk(folder, followlinks=False):
        here = Path(root)
        folders[:] = sorted(
            n
            for n in folders
            if n not in SKIPPED_FOLDERS | TEST_FOLDERS and not (here / n / "pyvenv.cfg").exists()
        )
        below = here.relative_to(folder)
        for name in sorted(names):
            if len(found) >= MAX_FILES:
                return found, False
            found.append((below / name).as_posix())
    return found, True


def _locks(paths: list[str], files: Folder) -> Iterator[Inventory]:
    for path in paths:
        name = PurePosixPath(path).name
        for pattern, kind, read in _LOCKS:
            if pattern.fullmatch(name):
                yield _read(path, kind, read, files)


def _read(path: str, kind: str, read: Reader, files: Folder) -> Inventory:
    try:
        text = files.text(path)
    except (FileNotFoundError, UnreadableFile) as error:
        why = error.message if isinstance(error, UnreadableFile) else "it is not there any more"
        hint = "put a regular file of the project in its place"
        return Inventory(path, kind, (), (Problem(path, 0, why, hint),))
    return read(path, text)


def _requirements(paths: list[str], files: Folder) -> Iterator[Inventory]:
    listed = [path for path in paths if requirements.FILE.search(path)]
    read = {path: requirements.gather(path, files) for path in listed}
    parts = {part for path, found in read.items() for part in found.paths if part != path}
    for path in listed:
        if path not in parts:
            yield requirements.inventory(path, read[path])

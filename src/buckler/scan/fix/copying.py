"""Copies a project to where a repair can be tried without harm to the original.

The tree is not trusted: a link may lead to somebody's home, a pipe may never end. What leads out or
is no regular file stays behind.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from buckler.core.errors import ApplyError
from buckler.scan.engines.app import leftovers
from buckler.scan.target import Application, Target

SKIPPED = frozenset(
    {".git", ".hg", ".svn", ".tox", ".nox", "node_modules", "__pycache__"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".buckler"}
)
MAX_COPIED = 2_000_000_000


@contextmanager
def copy_of(folder: Path) -> Iterator[Path]:
    """A copy of a project's folder that goes when the block ends.

    Environments, version control and caches are left out, and so is what is no regular file or
    leads out of the folder.

    Raises:
        ApplyError: The project is too large, or there is no room.
    """
    place = leftovers.make(leftovers.places()[0])
    try:
        target = place / "project" / folder.resolve().name
        try:
            target.mkdir(parents=True)
            _copy(folder.resolve(), target)
        except OSError as error:
            if error.errno not in leftovers.FULL:
                raise
            raise ApplyError(
                "there is no room to copy the project", hint=leftovers.MAKE_ROOM
            ) from error
        yield target
    finally:
        leftovers.remove(place)


def moved(target: Target, copy: Path) -> Target:
    """What was found in a project, found in its copy; run by the same interpreter."""
    return replace(
        target,
        folder=copy,
        applications=tuple(_moved(item, target.folder, copy) for item in target.applications),
    )


def _moved(application: Application, folder: Path, copy: Path) -> Application:
    paths = tuple(
        copy / path.relative_to(folder) if path.is_relative_to(folder) else path
        for path in application.sys_path
    )
    return replace(application, sys_path=paths)


def _copy(folder: Path, target: Path) -> None:
    room = MAX_COPIED
    waiting = [(folder, target)]
    while waiting:
        source, into = waiting.pop()
        with os.scandir(source) as entries:
            for entry in entries:
                made = into / entry.name
                if entry.is_symlink():
                    _link(Path(entry.path), made, folder)
                elif entry.is_dir():
                    if entry.name not in SKIPPED and not (Path(entry.path) / "pyvenv.cfg").exists():
                        made.mkdir()
                        waiting.append((Path(entry.path), made))
                elif entry.is_file():
                    room -= entry.stat(follow_symlinks=False).st_size
                    if room < 0:
                        raise ApplyError(
                            f"the project is larger than {MAX_COPIED // 10**9} GB, so it cannot be"
                            " copied to try the repairs",
                            hint="run it on a checkout without data and build products",
                        )
                    _file(Path(entry.path), made)


def _link(link: Path, made: Path, folder: Path) -> None:
    """A link inside of the project is made again, relative, so that it leads into the copy."""
    try:
        leads = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return
    if leads.is_relative_to(folder) and not SKIPPED.intersection(leads.relative_to(folder).parts):
        made.symlink_to(os.path.relpath(leads, link.parent.resolve()))


def _file(source: Path, made: Path) -> None:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(source, flags | getattr(os, "O_BINARY", 0))
    except PermissionError:
        return  # whoever runs the application cannot read it either
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        with made.open("xb") as written:
            shutil.copyfileobj(stream, written)
        made.chmod(stat.S_IMODE(os.fstat(descriptor).st_mode) | stat.S_IRUSR | stat.S_IWUSR)

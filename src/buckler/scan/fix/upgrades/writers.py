"""Chooses who writes each file that has to change, and in which order: locks, what is compiled, what is exported, lists."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from buckler.core.errors import RepairError
from buckler.scan.engines.packages.inventory.files import Folder
from buckler.scan.engines.packages.inventory.model import Inventories
from buckler.scan.fix.upgrades import owners
from buckler.scan.fix.upgrades.compiled import compiled
from buckler.scan.fix.upgrades.header import UV_EXPORT
from buckler.scan.fix.upgrades.interface import Writer
from buckler.scan.fix.upgrades.listed import Listed
from buckler.scan.fix.upgrades.poetry import PoetryLock
from buckler.scan.fix.upgrades.uv import UvLock


def writers_of(copy: Path, paths: Iterable[str], found: Inventories, python: Path) -> list[Writer]:
    """Who writes files anew.

    Args:
        copy: Of the project.
        paths: Files that hold an old version, or asked for one.
        found: All that was read of the copy.
        python: The interpreter of the application.

    Raises:
        RepairError: A tool writes one of them that Buckler does not run.
    """
    locks: list[Writer] = []
    made: list[Writer] = []
    lists: dict[str, Writer] = {}
    for path in dict.fromkeys(paths):
        owner = owners.owner(path)
        if owner is not None and owner.tool == "uv":
            locks.append(UvLock(path))
        elif owner is not None and owner.tool == "poetry":
            locks.append(PoetryLock(path))
        else:
            text = Folder(copy).text(path)
            by_tool = compiled(path, text, copy) if not path.endswith("pyproject.toml") else None
            if by_tool is not None:
                made.append(by_tool)
            elif owner is not None:
                raise RepairError(f"{path} does not say which tool wrote it", hint="write it anew")
            elif not path.endswith((".in", "pyproject.toml")):
                _check_unhashed(path, text)
                root = _root_of(path, found)
                if root:
                    lists[root] = Listed(root, python)
    beside = {PurePosixPath(writer.path).parent for writer in locks}
    exported = [w for w in made if w.tool == UV_EXPORT]
    for writer in exported:
        lock = str(PurePosixPath(writer.path).parent / "uv.lock")
        if PurePosixPath(writer.path).parent not in beside and (copy / lock).is_file():
            locks.append(UvLock(lock))
    rest = [w for w in made if w.tool != UV_EXPORT]
    own = {writer.path for writer in made}
    return [*locks, *rest, *exported, *(w for p, w in lists.items() if p not in own)]


def _check_unhashed(path: str, text: str) -> None:
    if "--hash=" in text:
        raise RepairError(
            f"{path} has hashes and does not say which command wrote it",
            hint="write it anew: uv pip compile --generate-hashes, or pip-compile --generate-hashes",
        )


def _root_of(path: str, found: Inventories) -> str:
    """The list from which a file is installed; empty for one that only limits what compiled lists have."""
    for inventory in found:
        if inventory.kind == "requirements":
            if inventory.path == path or any(p.path == path for p in inventory.packages):
                return inventory.path
    return ""

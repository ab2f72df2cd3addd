"""Which modules a package has, as the environment says in which it is installed.

``python-jose`` is imported as ``jose``, and only what was installed tells it of every package: its RECORD, or
``top_level.txt`` of older ones. Source: PEP 376, PEP 420, PEP 627.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.inventory import records
from buckler.scan.engines.packages.inventory.environment import KIND
from buckler.scan.engines.packages.inventory.model import Inventory

_MAX_TOP: Final = 100_000
_MOST: Final = 50


class Told:
    """What environments say, read when it is asked for.

    Args:
        folder: The scanned one.
        inventories: Those of environments are looked at.
    """

    def __init__(self, folder: Path, inventories: Iterable[Inventory] = ()) -> None:
        self._folder = folder
        self._places = {
            package.name: (folder / package.path).parent
            for inventory in inventories
            if inventory.kind == KIND
            for package in inventory.packages
        }
        self._known: dict[str, tuple[str, ...]] = {}

    def __call__(self, name: str) -> tuple[str, ...]:
        """The modules of a package by its normalised name; none where nobody says."""
        if name not in self._known:
            info = self._places.get(name)
            self._known[name] = _modules(info) if info is not None else ()
        return self._known[name]


def _modules(info: Path) -> tuple[str, ...]:
    try:
        rows = list(records.rows(records.of(info)))
    except (FileNotFoundError, UnreadableFile, ValueError):
        rows = []  # older ones have none
    if found := tuple(dict.fromkeys(_tops(row.path for row in rows)))[:_MOST]:
        return found
    try:
        text = read_project_file(info / "top_level.txt", info, _MAX_TOP).decode("utf-8", "replace")
    except (FileNotFoundError, UnreadableFile):
        return ()
    return tuple(word for word in text.split() if word.isidentifier())[:_MOST]


def _tops(paths: Iterable[str]) -> Iterator[str]:
    """The modules at the top; below a folder without ``__init__`` those in it (PEP 420)."""
    files = [path for path in map(PurePosixPath, paths) if path.suffix in (".py", ".so", ".pyd")]
    packages = {path.parent for path in files if path.name == "__init__.py"}
    for path in files:
        above = [folder for folder in reversed(path.parents) if folder in packages]
        top = above[0] if above else path.parent / path.name.partition(".")[0]
        if all(part.isidentifier() for part in top.parts) and top.parts:
            yield ".".join(top.parts)

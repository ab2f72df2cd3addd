"""Whether another package of an environment may call a function: what is optional is in no list of what brings what.

Starlette writes YAML where PyYAML is there, munch reads it, and the metadata of neither ask for it. So the files that
an environment has are read, as those of the project are; none of them is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.inventory import records
from buckler.scan.engines.packages.inventory.core_metadata import MAX_METADATA, brings, metadata
from buckler.scan.engines.packages.inventory.environment import KIND
from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.reach.naming import uses_of
from buckler.scan.engines.packages.reach.uses import BARE, LOOPED, Imported, Use, Uses
from buckler.scan.python.parsing import text_of, tree_of

MOST_FILES: Final = 40_000
MOST_BYTES: Final = 300_000_000
_MOST_OF_ONE: Final = 5_000_000
_COMPILED: Final = (".so", ".pyd", ".pyc")


class Installed:
    """The files of the environments that are among the lists.

    Args:
        folder: The scanned one.
        inventories: Of it.
    """

    def __init__(self, folder: Path, inventories: Iterable[Inventory]) -> None:
        self._folder = folder
        self._packages = [p for i in inventories if i.kind == KIND for p in i.packages]
        self._known: dict[str, tuple[Uses, ...] | None] = {}

    def may_call(self, name: str, modules: Sequence[str], symbols: Iterable[str]) -> bool:
        """Whether a package that production installs names one of these functions, or cannot be read.

        Args:
            name: Of the package that has them, normalised.
            modules: Of it.
            symbols: Dotted names.
        """
        if name not in self._known:
            self._known[name] = self._users(name, tuple(modules))
        users = self._known[name]
        wanted = frozenset(symbols)
        return users is None or any(_names(uses, tuple(modules), wanted) for uses in users)

    def _users(self, name: str, modules: tuple[str, ...]) -> tuple[Uses, ...] | None:
        """What the files name that import one of the modules; None where one of them is not read."""
        found: list[Uses] = []
        room, files = MOST_BYTES, MOST_FILES
        pattern, words = _importing(modules), [module.encode() for module in modules]
        for package in self._packages:
            if package.name == name or not package.in_production or package.source == "editable":
                continue
            try:
                info = (self._folder / package.path).parent
                paths = [row.path for row in records.rows(records.of(info))]
                if _is_compiled(paths) and _asks(info, package, name):
                    return None
                for path in (p for p in paths if p.endswith(".py")):
                    data = _content(info.parent, path)
                    files, room = files - 1, room - len(data)
                    if files < 0 or room < 0:
                        return None
                    if any(word in data for word in words) and pattern.search(data):
                        found.append(uses_of(tree_of(text_of(data))))
            except (FileNotFoundError, UnreadableFile, ValueError):
                return None
        return tuple(found)


def _content(library: Path, path: str) -> bytes:
    """What a file has; nothing where it is gone.

    Raises:
        UnreadableFile: It is not to be read.
    """
    try:
        return read_project_file(library / path, library, _MOST_OF_ONE)
    except FileNotFoundError:
        return b""


def _is_compiled(paths: Iterable[str]) -> bool:
    return any(path.endswith(_COMPILED) and "__pycache__" not in path for path in paths)


def _asks(info: Path, package: Package, name: str) -> bool:
    """Whether the metadata of a package name another one, be it for an extra.

    Raises:
        FileNotFoundError: It has none.
        UnreadableFile: They are not to be read.
    """
    text = read_project_file(info / Path(package.path).name, info, MAX_METADATA)
    asked = brings(metadata(text.decode("utf-8", "replace")).requires)
    return any(wanted.name == name for listed in asked.values() for wanted in listed)


def _importing(modules: Iterable[str]) -> re.Pattern[bytes]:
    tops = b"|".join(re.escape(module.encode()) for module in modules)
    line = rb"\b(?:import|from)\b[^\n]{0,300}?\b(?:%s)\b" % tops
    return re.compile(rb"%s|[\"'](?:%s)[\"']" % (line, tops))


def _names(uses: Uses, modules: Sequence[str], symbols: frozenset[str]) -> bool:
    """Whether a file names a function, or has a module of the package in a value."""
    words = {symbol.rpartition(".")[2] for symbol in symbols}
    ours = [i for i in uses.imports if not i.level and _is_of(i.origin, i.full, modules)]
    if any(i.name == "*" or not i.alias or _leads(i.full, words, symbols) for i in ours):
        return True
    by_alias: dict[str, set[Imported]] = {}
    for one in ours:
        by_alias.setdefault(one.alias, set()).add(one)
    if any(_takes(use, one, words, symbols) for use, one in _pairs(uses, by_alias)):
        return True
    return (uses.loads or uses.reaches) and any(text in modules for text in uses.texts)


def _pairs(uses: Uses, by_alias: dict[str, set[Imported]]) -> Iterator[tuple[Use, Imported]]:
    for use in uses.names:
        for one in by_alias.get(use.root, ()):
            yield use, one


def _takes(use: Use, one: Imported, words: set[str], symbols: frozenset[str]) -> bool:
    if not use.attrs:
        return not one.name and use.how in (BARE, LOOPED)
    return _leads(".".join((one.full, *use.attrs)), words, symbols)


def _leads(full: str, words: set[str], symbols: frozenset[str]) -> bool:
    """Whether a dotted name is one of a function, or of what holds one below the package itself."""
    _, _, rest = full.partition(".")
    return not words.isdisjoint(rest.split(".")) or (
        bool(rest) and any(symbol.startswith(f"{full}.") for symbol in symbols)
    )


def _is_of(origin: str, full: str, modules: Iterable[str]) -> bool:
    return any(f"{name}.".startswith(f"{m}.") for name in (origin, full) for m in modules)

"""Whether another package of an environment may call a function: what is optional is in no list of what brings what.

Starlette writes YAML where PyYAML is there, munch reads it, and the metadata of neither ask for it. So the files that
an environment has are read, as those of the project are; none of them is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """The files of the environments that are among the lists, read once for all packages that are asked about.

    Args:
        folder: The scanned one.
        inventories: Of it.
        asked: Packages that will be asked about, with their modules.
    """

    def __init__(
        self,
        folder: Path,
        inventories: Iterable[Inventory],
        asked: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._folder = folder
        self._packages = [p for i in inventories if i.kind == KIND for p in i.packages]
        self._asked = asked
        self._users: dict[str, list[Uses]] | None = None
        self._unread: set[str] = set()

    def may_call(self, name: str, symbols: Iterable[str]) -> bool:
        """Whether a package that production installs names one of these functions, or cannot be read.

        Args:
            name: Of the package that has them, normalised; one of those that are asked about.
            symbols: Dotted names.
        """
        if self._users is None:
            self._users = {one: [] for one in self._asked}
            try:
                self._read(self._users)
            except (FileNotFoundError, UnreadableFile, ValueError):
                self._unread.update(self._asked)
        wanted = frozenset(symbols)
        return name in self._unread or any(
            _names(uses, self._asked[name], wanted) for uses in self._users[name]
        )

    def _read(self, users: dict[str, list[Uses]]) -> None:
        """Find the files that import one of the modules.

        Raises:
            FileNotFoundError: A package does not say which files it has.
            UnreadableFile: A file is not to be read, or there are too many.
            ValueError: What a package says of its files is wrong.
        """
        room, files = MOST_BYTES, MOST_FILES
        tried = [
            (name, [module.encode() for module in modules], _importing(modules))
            for name, modules in self._asked.items()
        ]
        for package in self._packages:
            if not package.in_production or package.source == "editable":
                continue
            info = (self._folder / package.path).parent
            paths = [row.path for row in records.rows(records.of(info))]
            if _is_compiled(paths):
                others = [name for name in self._asked if name != package.name]
                self._unread.update(name for name in others if _asks(info, package, name))
            for path in (p for p in paths if p.endswith(".py")):
                data = _content(info.parent, path)
                files, room = files - 1, room - len(data)
                if files < 0 or room < 0:
                    raise UnreadableFile("the environment has too many files")
                hits = [
                    name
                    for name, words, pattern in tried
                    if name != package.name and any(word in data for word in words)
                    if pattern.search(data)
                ]
                if not hits:
                    continue
                uses = uses_of(tree_of(text_of(data)))
                for name in hits:
                    users[name].append(uses)


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

"""How far a project comes to each weakness: by the calls that lead to what has it, else as far as to its package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from buckler.core.events import GapFound, Listener
from buckler.scan.engines.packages.advisories.symbols import Symbol, Symbols, known
from buckler.scan.engines.packages.inventory.model import Inventories, Package
from buckler.scan.engines.packages.matching import Weakness
from buckler.scan.engines.packages.reach.alone import is_alone
from buckler.scan.engines.packages.reach.imports import Imports
from buckler.scan.engines.packages.reach.level import Level, Reach
from buckler.scan.engines.packages.reach.modules import modules_of
from buckler.scan.engines.source.flow.libraries.names import FORM
from buckler.scan.engines.source.left_out import is_test

if TYPE_CHECKING:
    from buckler.scan.engines.packages.reach.installed import Installed
    from buckler.scan.engines.packages.reach.mentions import Mentions
    from buckler.scan.engines.packages.reach.running import Calls

FILTER = "jinja2.filters.do_"
FORMS = ("fastapi", "starlette")


@dataclass(frozen=True, slots=True)
class Vulnerable:
    """A version of a package that has weaknesses.

    Attributes:
        package: As one file has it.
        weaknesses: Of it.
        reach: How far the project comes to the package.
    """

    package: Package
    weaknesses: tuple[Weakness, ...]
    reach: Reach


class Reaching:
    """Looks how far a project comes to weaknesses.

    Args:
        folder: Of the project.
        inventories: Say who uses a package besides the project.
        imports: Of the project.
        told: Gives the modules of a package, where an environment says so.
        emit: Gets what could not be followed.
        excluded: Patterns of files that are not run.
        kept: Folder of the user's in which results are kept, or None.
    """

    def __init__(
        self,
        folder: Path,
        inventories: Inventories,
        imports: Imports,
        told: Callable[[str], Sequence[str]],
        emit: Listener = lambda event: None,
        excluded: Iterable[str] = (),
        kept: Path | None = None,
    ) -> None:
        self._excluded = tuple(excluded)
        self._folder = folder
        self._inventories = inventories
        self._imports = imports
        self._told = told
        self._emit = emit
        self._kept = kept
        self._mentions: Mentions | None = None
        self._installed: Installed | None = None
        self._imported: dict[str, tuple[str, ...]] = {}

    def of(self, items: Sequence[Vulnerable]) -> list[tuple[Reach, ...]]:
        """How far it comes to each weakness of each of these, in their order."""
        calls = self._calls(items)
        return [
            tuple(self._one(item, weakness, calls) for weakness in item.weaknesses)
            for item in items
        ]

    def _one(self, item: Vulnerable, weakness: Weakness, calls: Calls | None) -> Reach:
        if calls is None or weakness.malicious:
            return item.reach
        symbols = symbols_of(item.package.name, weakness)
        if symbols is None:
            entered = calls.entered(item.package.name)
            return item.reach if entered is None else entered
        ways = [calls.ways[s.key] for s in symbols.all if s.key in calls.ways]
        if ways:
            return min(ways, key=lambda way: (way.level.rank, len(way.steps)))
        if self._is_uncalled(item, symbols, calls):
            return Reach(Level.NOT_CALLED, item.reach.steps)
        return item.reach

    def _is_uncalled(self, item: Vulnerable, symbols: Symbols, calls: Calls) -> bool:
        """Whether it can be seen that nothing calls what has the weakness, or only in a way that does no harm."""
        named = [symbol.name for symbol in symbols.all]
        name = item.package.name
        if item.reach.level is not Level.IMPORTED or not symbols.complete or calls.cut:
            return False
        if any(n == FORM or n.startswith(FILTER) for n in named):
            return False
        if not is_alone(name, self._inventories):
            return False
        if self._mentions is None or self._installed is None:
            from buckler.scan.engines.packages.reach.installed import Installed
            from buckler.scan.engines.packages.reach.mentions import Mentions

            self._mentions = Mentions(self._folder)
            self._installed = Installed(self._folder, self._inventories, self._imported)
        modules = modules_of(name, self._told)
        places = self._mentions.places(named, modules)
        if places is None or not places <= calls.safe:
            return False
        return not self._installed.may_call(name, named)

    def _calls(self, items: Sequence[Vulnerable]) -> Calls | None:
        """What a run of the project shows; None where nothing of it can be reached anyway."""
        symbols: list[Symbol] = []
        packages = self._imported
        for item in items:
            name = item.package.name
            if item.reach.level is Level.IMPORTED:
                packages[name] = modules_of(name, self._told)
            for weakness in item.weaknesses:
                found = symbols_of(name, weakness)
                every = found.all if found else ()
                symbols += [s for s in every if not s.near and self._is_near(s.name)]
        if not symbols and not packages:
            return None
        # A project without a weakness, which most are, does not load what reads its source.
        from buckler.scan.engines.packages.reach.kept import Kept
        from buckler.scan.engines.packages.reach.running import run
        from buckler.scan.engines.packages.reach.watching import Watching

        watching = Watching(symbols, packages)
        paths = [path for path in self._imports.paths if self._is_run(path)]
        kept = (
            Kept(self._kept, watching, f"{self._imports.digest} {self._excluded}")
            if self._kept
            else None
        )
        # What a template says is no part of what results are bound to.
        keeps = kept is not None and not any(s.name.startswith(FILTER) for s in symbols)
        calls = kept.load() if kept is not None and keeps else None
        if calls is None:
            calls = run(self._folder, paths, watching, self._further(symbols, packages))
            if kept is not None and keeps:
                kept.save(calls)
        if calls.cut:
            which = ", ".join(calls.cut[:3]) + (
                f" and {len(calls.cut) - 3} more" if len(calls.cut) > 3 else ""
            )
            why = f"calls could not be followed to their end in {which}: of no package it is said that it is not called"
            self._emit(GapFound("ways to packages", why))
        return calls

    def _is_near(self, name: str) -> bool:
        """Whether the project imports what a symbol is in, so that a call of it can be seen at all."""
        if name == FORM or name.startswith(tuple(f"{framework}." for framework in FORMS)):
            return self._imports.of(FORMS) is not None
        if name.startswith(FILTER):
            return self._imports.of(("jinja2", *FORMS)) is not None
        return self._imports.of((name.partition(".")[0],)) is not None

    def _further(
        self, symbols: Iterable[Symbol], packages: dict[str, tuple[str, ...]]
    ) -> list[str]:
        """The files that import something of it."""
        modules = {s.name.partition(".")[0] for s in symbols}
        modules |= {module for listed in packages.values() for module in listed}
        return [path for path in self._imports.having(modules) if self._is_run(path)]

    def _is_run(self, path: str) -> bool:
        return not is_test(path) and not any(fnmatch(path, one) for one in self._excluded)


def symbols_of(package: str, weakness: Weakness) -> Symbols | None:
    """By what one comes to a weakness: the table, else what its records say; None where nobody says."""
    found = known(package, weakness.names)
    if found is None and weakness.symbols:
        # A record names what has the weakness, and not each function that calls it.
        found = Symbols(tuple(Symbol(name) for name in weakness.symbols), complete=False)
    return found

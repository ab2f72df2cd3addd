"""The smallest upgrade that closes everything and that the other packages take, or who is in its way.

A version that nothing is known against is no help where another package does not take it: whoever writes it into a
list gets an environment that cannot be installed, or that breaks. So what locks, lists, environments and wheels
say of who asks for what (PEP 508, core metadata ``Requires-Dist`` and ``Requires-Python``) is asked before. Nothing
is looked up in an index. CWE-1395.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from buckler.scan.engines.packages.inventory.entries import fulfils
from buckler.scan.engines.packages.inventory.environment import KIND as ENVIRONMENT
from buckler.scan.engines.packages.inventory.interpreters import interpreters, may_hold
from buckler.scan.engines.packages.inventory.model import (
    Asked,
    Inventories,
    Inventory,
    Package,
)
from buckler.scan.engines.packages.inventory.poetry_lock import KIND as POETRY

PYTHON: Final = "python"
"""What :class:`Blocker` calls the interpreter."""
_SHOWN: Final = 3
Where = Sequence[tuple[Inventory, Package]]


@dataclass(frozen=True, slots=True)
class Blocker:
    """What a version of a package does not go together with.

    Attributes:
        by: Who asks; empty for the project itself.
        version: Of the one that asks.
        name: Of what it asks for.
        specifier: Which versions it takes.
    """

    by: str
    version: str
    name: str
    specifier: str

    def told(self, package: str) -> str:
        """In words, beside the name of the package that is to be upgraded."""
        who = f"{self.by} {self.version}".strip() or "the project itself"
        what = self.specifier if self.name == package else f"{self.name}{self.specifier}"
        return f"{who} asks for {what}"

    def mover(self, package: str) -> str:
        """Which other package has to move; empty where the project's own words have to change."""
        return self.by if self.name == package else self.name


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A version without a known weakness, and what forbids it.

    Attributes:
        version: Empty where there is none.
        blockers: Empty where nothing that is known forbids it.
    """

    version: str = ""
    blockers: tuple[Blocker, ...] = ()


class Upgrades:
    """What is known of who asks for what in a project.

    Args:
        found: All that was read of it.
    """

    def __init__(self, found: Inventories) -> None:
        self._offered: dict[tuple[str, str], Package] = {}
        self._asking: dict[str, list[tuple[str, Package, Asked]]] = {}
        for inventory in found:
            for package in inventory.packages:
                if inventory.kind == "wheels":
                    self._offered[package.name, package.version] = package
                for asked in package.asks:
                    asking = self._asking.setdefault(asked.name, [])
                    asking.append((inventory.path, package, asked))

    def best(self, name: str, later: Iterable[str], where: Where) -> Upgrade:
        """The smallest of some versions that nothing forbids, else the smallest with what forbids it.

        Args:
            name: Of the package.
            later: Versions without a known weakness, smallest first.
            where: Everything that has the version that is there now.
        """
        first: Upgrade | None = None
        for version in later:
            blockers = tuple(dict.fromkeys(self._blockers(name, version, where)))
            if all(not blocker.by for blocker in blockers):
                return Upgrade(version, blockers)
            first = first or Upgrade(version, blockers)
        return first or Upgrade()

    def _blockers(self, name: str, version: str, where: Where) -> Iterator[Blocker]:
        new = self._offered.get((name, version))
        for inventory, package in where:
            if inventory.kind == "wheels":  # of several versions that lie there, one is installed
                continue
            if inventory.resolved and package.specifier:
                if not fulfils(package.specifier, version):
                    yield Blocker("", "", name, package.specifier)
            for path, by, asked in self._asking.get(name, ()):
                if path != inventory.path and not _has(inventory, by):
                    continue
                if not fulfils(asked.specifier, version) and _holds(asked.marker, inventory):
                    yield Blocker(by.name, by.version, name, asked.specifier)
            if new is not None:
                yield from _of_its_own(new, inventory)


def _has(inventory: Inventory, package: Package) -> bool:
    """Whether a package is in a list, too; what another file says of it holds there as well."""
    same = inventory.by_name.get(package.name, ())
    return any(other.version == package.version for other in same)


def told(blockers: Sequence[Blocker], package: str) -> str:
    """What forbids an upgrade, in words: ``shop-orders 1.4 asks for <3``."""
    texts = [blocker.told(package) for blocker in blockers[:_SHOWN]]
    if len(blockers) > _SHOWN:
        texts.append(f"{len(blockers) - _SHOWN} more")
    return ", ".join(texts)


def _of_its_own(new: Package, inventory: Inventory) -> Iterator[Blocker]:
    """What the new version itself asks for and the others are not."""
    if new.python and inventory.python:
        versions = interpreters(inventory.python)
        # Poetry takes a package only where it runs on all of the project's; the others look at the oldest.
        asked = versions if inventory.kind == POETRY else versions[:1]
        if not all(fulfils(new.python, version) for version in asked):
            yield Blocker(new.name, new.version, PYTHON, new.python)
    for wanted in new.asks:
        held = [p for p in inventory.by_name.get(wanted.name, ()) if p.version]
        if held and _holds(wanted.marker, inventory):
            if not any(fulfils(wanted.specifier, package.version) for package in held):
                yield Blocker(new.name, new.version, wanted.name, wanted.specifier)


def _holds(marker: str, inventory: Inventory) -> bool:
    """Whether a requirement may count where an inventory is installed."""
    return may_hold(marker, inventory.python, here=inventory.kind == ENVIRONMENT)

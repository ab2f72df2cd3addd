"""What rules are told of a package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from buckler.core.events import GapFound, Listener
from buckler.core.finding import Finding
from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.matching import Weakness
from buckler.scan.engines.packages.reach.level import Reach
from buckler.scan.engines.packages.upgrades import Blocker


@dataclass(frozen=True, slots=True)
class PackageSeen:
    """One version of a package that a project has.

    Attributes:
        package: As the first file has it; without a version where every file leaves that open.
        inventory: That file, environment or folder.
        places: All files that have this version, the first among them: (path, line).
        weaknesses: What is known against it, worst first.
        upgrade: The smallest later version of which nothing is known and that the others take, else the smallest
            of which nothing is known; empty where no record names one.
        way: By which packages the project comes to it, both ends included; empty where nobody says.
        reach: How far the project's own code comes to it.
        reaches: How far it comes to each of the weaknesses, in their order; empty where that was not looked at.
        asked: Where its name stands without a version: (path, line).
        blockers: What does not go together with ``upgrade``.
    """

    package: Package
    inventory: Inventory
    places: tuple[tuple[str, int], ...]
    weaknesses: tuple[Weakness, ...]
    upgrade: str
    way: tuple[str, ...]
    reach: Reach
    asked: tuple[tuple[str, int], ...] = ()
    reaches: tuple[Reach, ...] = ()
    blockers: tuple[Blocker, ...] = ()

    def reach_of(self, weakness: Weakness) -> Reach:
        """How far the project comes to one of the weaknesses; as far as to the package where that was not looked at."""
        found = zip(self.weaknesses, self.reaches, strict=False)
        return next((reach for one, reach in found if one.name == weakness.name), self.reach)

    @property
    def named(self) -> tuple[str, int]:
        """Where a person would change which package it is."""
        return (*self.asked, *self.places)[0]


@dataclass(frozen=True, slots=True)
class InventorySeen:
    """All that one file, environment or folder of wheels has.

    Attributes:
        folder: The scanned one.
        inventory: What was read.
        licences: SPDX identifiers that the project allows beyond what a rule lets pass.
        emit: Gets what a rule could not look at.
    """

    folder: Path
    inventory: Inventory
    licences: tuple[str, ...] = ()
    emit: Listener = field(default=lambda event: None, compare=False)

    def gap(self, where: str, why: str, hint: str = "") -> None:
        """Say that something was not looked at, so that its silence is not taken for an answer."""
        self.emit(GapFound(where, why, hint))

    @property
    def root(self) -> Path:
        """The file or folder itself."""
        return self.folder / self.inventory.path


@runtime_checkable
class ChecksPackage(Protocol):
    """Looks at one package."""

    id: str

    def check_package(self, seen: PackageSeen) -> Iterable[Finding]:
        """Findings about one version of a package."""
        ...


@runtime_checkable
class ChecksInventory(Protocol):
    """Looks at a lock, an environment or a folder of wheels as a whole."""

    id: str

    def check_inventory(self, seen: InventorySeen) -> Iterable[Finding]:
        """Findings in one inventory."""
        ...

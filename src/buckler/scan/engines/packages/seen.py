"""What rules are told of a package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from buckler.core.finding import Finding
from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.matching import Weakness
from buckler.scan.engines.packages.reach import Reach


@dataclass(frozen=True, slots=True)
class PackageSeen:
    """One version of a package that a project has.

    Attributes:
        package: As the first file has it.
        inventory: That file, environment or folder.
        places: All files that have this version, the first among them: (path, line).
        weaknesses: What is known against it, worst first.
        upgrade: The smallest later version of which nothing is known; empty where no record names one.
        way: By which packages the project comes to it, both ends included; empty where nobody says.
        reach: How far the project's own code comes to it.
    """

    package: Package
    inventory: Inventory
    places: tuple[tuple[str, int], ...]
    weaknesses: tuple[Weakness, ...]
    upgrade: str
    way: tuple[str, ...]
    reach: Reach


@runtime_checkable
class ChecksPackage(Protocol):
    """Looks at one package."""

    id: str

    def check_package(self, seen: PackageSeen) -> Iterable[Finding]:
        """Findings about one version of a package."""
        ...

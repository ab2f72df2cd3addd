"""Whether nothing but the project uses a package: what other packages call is not read."""

from __future__ import annotations

from collections.abc import Sequence

from buckler.scan.engines.packages.inventory.model import Inventories, Inventory
from buckler.scan.engines.packages.reach.modules import IMPLICIT


def is_alone(name: str, inventories: Inventories) -> bool:
    """Whether every list that may be what runs says so.

    A list that does not say who brings what counts only where one that does has all that is in it, in those versions.

    Args:
        name: Of the package, normalised.
        inventories: All that was read.
    """
    if any(True for _ in inventories.problems):
        return False
    every = tuple(inventories)
    telling = [i for i in every if i.resolved]
    if not all(_is_told(i, telling) for i in every if not i.resolved):
        return False
    if not any(i.way_to(name) for i in telling) or any(_is_used(name, i) for i in telling):
        return False
    return not any(other in i.by_name for i in every for other in IMPLICIT.get(name, ()))


def _is_used(name: str, inventory: Inventory) -> bool:
    return any(name in p.requires and p.in_production for p in inventory.packages)


def _is_told(inventory: Inventory, telling: Sequence[Inventory]) -> bool:
    """Whether what a list asks for is in another one that says what it brings."""
    return all(
        any(
            not package.version or package.version == other.version
            for told in telling
            for other in told.by_name.get(package.name, ())
        )
        for package in inventory.packages
    )

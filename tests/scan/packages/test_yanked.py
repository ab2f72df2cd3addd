"""A version that was taken back is told with its reason, whether a file says so or the table does."""

from __future__ import annotations

import pytest

from buckler.scan.engines.packages.inventory.model import Inventory, Package
from buckler.scan.engines.packages.reach.level import Level, Reach
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.rules.packages.yanked import YankedVersion


@pytest.mark.parametrize(
    ("package", "told"),
    [
        (
            Package("labels", "1.0", "x.lock", 3, yanked="Broken.\n"),
            "labels 1.0 was taken back by its publisher: Broken.",
        ),
        (
            Package("labels", "1.0", "x.lock", 3, yanked="yanked"),
            "labels 1.0 was taken back by its publisher.",
        ),
        (
            Package("attrs", "21.1", "x.lock", 3),
            "attrs 21.1 was taken back by its publisher: it is installable but not importable on Python 3.4.",
        ),
        (
            Package("cryptography", "45.0", "x.lock", 3),
            "cryptography 45.0 was taken back by its publisher.",
        ),
        (Package("attrs", "21.2.0", "x.lock", 3), ""),
        (Package("attrs", "no version", "x.lock", 3), ""),
        (Package("attrs", "21.1.0", "x.lock", 3, source="git"), ""),
        (Package("labels", "", "x.lock", 3, yanked="Broken."), ""),
    ],
)
def test_of(package: Package, told: str) -> None:
    inventory = Inventory("x.lock", "uv.lock", (package,))
    seen = PackageSeen(package, inventory, (("x.lock", 3),), (), "", (), Reach(Level.UNKNOWN))
    assert [f.message for f in YankedVersion().check_package(seen)] == ([told] if told else [])

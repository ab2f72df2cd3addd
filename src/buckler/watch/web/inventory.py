"""Packages of targets as pages list them: a report of strangers may hold anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Listed:
    """One version of a package.

    Attributes:
        name: Of it.
        version: Of it.
        place: First file that names it.
        way: How it comes into the project.
    """

    name: str
    version: str
    place: str
    way: str


def listed(row: Any, name: str = "") -> list[Listed]:
    """The packages of an inventory by name.

    Args:
        row: Of the inventory, or None.
        name: Part of their names; empty for all.
    """
    found = [] if row is None else list(_read(row.packages, name))
    return sorted(found, key=lambda one: (one.name, one.version))[:MOST]


def _read(packages: Any, name: str) -> Iterator[Listed]:
    for item in packages if isinstance(packages, list) else ():
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            continue
        if name and name not in item["name"]:
            continue
        yield Listed(
            item["name"][:200],
            str(item.get("version") or "")[:100],
            _place(item.get("places")),
            " → ".join(str(one)[:100] for one in _texts(item.get("way"))[:8]),
        )


def _place(places: Any) -> str:
    first = places[0] if isinstance(places, list) and places else ()
    if not isinstance(first, list) or not first or not isinstance(first[0], str):
        return ""
    line = first[1] if len(first) > 1 and isinstance(first[1], int) else 0
    return f"{first[0][:500]}:{line}" if line else first[0][:500]


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

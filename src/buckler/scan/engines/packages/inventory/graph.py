"""Who wants a package, and where: followed from the project through everything that it asks for.

A hole in a test tool is not one in production, and one that is installed on Windows only is none on
a Linux server. Locks write down what each package brings, and the rest follows. What is not certain
counts as wanted everywhere: a finding too many can be looked at, one too few cannot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from buckler.scan.engines.packages.inventory.model import MAIN

MAX_GROUPS: Final = 200
"""Groups that are followed one by one; those beyond count as ``main``, so that time stays linear."""
MAX_PLACES: Final = 50
"""Versions of one package that a requirement of it is taken to mean; real locks have two or three."""
_MOST_WAYS = 4
_MOST_PARTS = 4
_MOST_CHANGES = 12

Node = tuple[int, str]
"""A package, by its place in the lock, and one of its extras; ``""`` for the package itself."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One package asks for another.

    Attributes:
        to: Place of the other one in the lock.
        extras: Those of the other one that are wanted.
        marker: Where it is wanted (PEP 508).
    """

    to: int
    extras: tuple[str, ...] = ()
    marker: str = ""

    @property
    def nodes(self) -> Iterable[Node]:
        """What is installed by it."""
        return ((self.to, ""), *((self.to, extra) for extra in self.extras))


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of it, by the place of each package.

    Attributes:
        groups: Who wants it; nothing for a package that nobody wants.
        markers: Where it is installed; empty for everywhere.
        nodes: Every package and extra that is wanted at all.
    """

    groups: Mapping[int, set[str]] = field(default_factory=dict)
    markers: Mapping[int, str] = field(default_factory=dict)
    nodes: frozenset[Node] = frozenset()


def reach(wanted: Mapping[str, Sequence[Edge]], brings: Mapping[Node, Sequence[Edge]]) -> Reached:
    """Follow what the project wants, group by group.

    Args:
        wanted: What the project asks for itself, by group.
        brings: What each package, and each extra, asks for.
    """
    merged: dict[str, list[Edge]] = {}
    for group, edges in wanted.items():
        known = group in merged or len(merged) < MAX_GROUPS
        merged.setdefault(group if known else MAIN, []).extend(edges)
    groups: dict[int, set[str]] = {}
    every: set[Node] = set()
    for group, edges in merged.items():
        nodes = _from(edges, brings)
        every |= nodes
        for place, _ in nodes:
            groups.setdefault(place, set()).add(group)
    markers = _markers([edge for edges in merged.values() for edge in edges], brings)
    return Reached(groups, markers, frozenset(every))


def _from(edges: Iterable[Edge], brings: Mapping[Node, Sequence[Edge]]) -> set[Node]:
    waiting = deque(node for edge in edges for node in edge.nodes)
    seen = set(waiting)
    while waiting:
        for edge in brings.get(waiting.popleft(), ()):
            for node in edge.nodes:
                if node not in seen:
                    seen.add(node)
                    waiting.append(node)
    return seen


Way = frozenset[str]
"""Markers that hold together; an empty one holds everywhere."""
_EVERYWHERE: Final[list[Way]] = [frozenset()]


def _markers(wanted: Iterable[Edge], brings: Mapping[Node, Sequence[Edge]]) -> dict[int, str]:
    """Where each package is installed: the ways to it, each the markers on it."""
    ways: dict[Node, list[Way]] = {}
    changes: dict[Node, int] = {}
    waiting: deque[Node] = deque()

    def add(edge: Edge, before: Sequence[Way]) -> None:
        more = [_longer(way, edge.marker) for way in before]
        for node in edge.nodes:
            old = ways.get(node, [])
            new = _joined(old, more)
            if new != old:
                changes[node] = changes.get(node, 0) + 1
                ways[node] = _EVERYWHERE if changes[node] > _MOST_CHANGES else new
                waiting.append(node)

    for edge in wanted:
        add(edge, _EVERYWHERE)
    while waiting:
        node = waiting.popleft()
        for edge in brings.get(node, ()):
            add(edge, ways[node])
    places: dict[int, list[Way]] = {}
    for (place, _), found in ways.items():
        places[place] = _joined(places.get(place, []), found)
    return {place: _written(found) for place, found in places.items()}


def _longer(way: Way, marker: str) -> Way:
    if not marker or len(way) >= _MOST_PARTS:
        return way
    return way | {marker}


def _joined(old: Sequence[Way], more: Iterable[Way]) -> list[Way]:
    new = list(old)
    for way in more:
        if not any(other <= way for other in new):
            new = [other for other in new if not way <= other]
            new.append(way)
    return new if len(new) <= _MOST_WAYS else _EVERYWHERE


def _written(ways: Sequence[Way]) -> str:
    if any(not way for way in ways):
        return ""
    if len(ways) == 1 and len(ways[0]) == 1:
        return next(iter(ways[0]))
    written = [" and ".join(f"({m})" if " or " in m else m for m in sorted(way)) for way in ways]
    return " or ".join(f"({w})" for w in written) if len(written) > 1 else written[0]

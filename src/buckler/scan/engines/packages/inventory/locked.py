"""Packages of locks that do not say themselves who wants what: a manifest beside them does.

poetry.lock, pdm.lock, Pipfile.lock, pylock.toml and environments each leave something out: which
package the project itself asks for, in which group, where it is installed. What a lock says stands;
what it leaves out follows from the manifest and from what each package brings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement

from buckler.scan.engines.packages.inventory.declared import Declared, Manifest
from buckler.scan.engines.packages.inventory.entries import fulfils, name_of, satisfied
from buckler.scan.engines.packages.inventory.graph import MAX_PLACES, Edge, Node, Reached, reach
from buckler.scan.engines.packages.inventory.model import MAIN, Asked, Package

_WANTED = re.compile(
    r"([A-Za-z0-9][\w.-]*+)\s*+(?:\[([\w\s,.-]*+)\])?\s*+([<>=!~][^;@]*+)?(?:;(.*+))?"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a package asks for.

    Attributes:
        chosen: The specifier says which version the lock has, and not which ones would do.
    """

    name: str
    specifier: str = ""
    marker: str = ""
    extras: tuple[str, ...] = ()
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Locked:
    """A package as its lock has it.

    Attributes:
        groups: Who wants it, if the lock says; else None.
        marker: Where it is installed, if the lock says; else None.
        brings: What it asks for, by extra; ``""`` for the package itself.
        direct: Whether the project asks for it, where the lock says so itself.
        python: Which interpreters its own metadata name.
    """

    name: str
    version: str
    line: int
    path: str
    groups: tuple[str, ...] | None = None
    marker: str | None = None
    source: str = "index"
    hashes: tuple[str, ...] = ()
    brings: Mapping[str, Sequence[Wanted]] = field(default_factory=dict)
    direct: bool = False
    python: str = ""


def packages(found: Sequence[Locked], manifest: Manifest) -> tuple[Package, ...]:
    """The packages of a lock, with what the manifest beside it says.

    Without a manifest, the project is taken to ask for what no other package brings.
    """
    places: dict[str, list[int]] = {}
    for place, item in enumerate(found):
        places.setdefault(item.name, []).append(place)
    brings: dict[Node, list[Edge]] = {
        (place, extra): _edges(found, places, wanted)
        for place, item in enumerate(found)
        for extra, wanted in item.brings.items()
    }
    asked: dict[str, list[Edge]] = {}
    specifiers: dict[str, list[str]] = {}
    for one in manifest.declared:
        edges = _edges(found, places, [_wanted(one)])
        asked.setdefault(one.group, []).extend(edges)
        if one.specifier:
            specifiers.setdefault(one.name, []).append(one.specifier)
    direct = {edge.to for edges in asked.values() for edge in edges}
    direct |= {place for place, item in enumerate(found) if item.direct}
    if not direct:
        brought = {edge.to for (at, _), edges in brings.items() for edge in edges if edge.to != at}
        direct = set(range(len(found))) - brought
    if not any(asked.values()):
        asked = {MAIN: [Edge(place) for place in sorted(direct)]}
    reached = reach(asked, brings)
    return tuple(
        _package(item, place, found, brings, reached, place in direct, specifiers)
        for place, item in enumerate(found)
    )


def _wanted(one: Declared) -> Wanted:
    return Wanted(one.name, one.specifier, one.marker, one.extras)


def _edges(
    found: Sequence[Locked], places: Mapping[str, Sequence[int]], wanted: Iterable[Wanted]
) -> list[Edge]:
    edges: list[Edge] = []
    for want in wanted:
        candidates = places.get(want.name, ())[:MAX_PLACES]
        if len(candidates) > 1 and want.specifier:
            fitting = [p for p in candidates if fulfils(want.specifier, found[p].version)]
            candidates = fitting or candidates
        edges.extend(Edge(place, want.extras, want.marker) for place in candidates)
    return edges


def _package(
    item: Locked,
    place: int,
    found: Sequence[Locked],
    brings: Mapping[Node, Sequence[Edge]],
    reached: Reached,
    direct: bool,
    specifiers: Mapping[str, Sequence[str]],
) -> Package:
    groups = item.groups or tuple(sorted(reached.groups.get(place, {MAIN})))
    marker = item.marker if item.marker is not None else reached.markers.get(place, "")
    wanted = [e for e in item.brings if not e or (place, e) in reached.nodes]
    brought = {found[edge.to].name for extra in wanted for edge in brings[place, extra]}
    asks = dict.fromkeys(
        Asked(want.name, want.specifier, want.marker)
        for extra in wanted
        for want in item.brings[extra]
        if want.specifier and not want.chosen and want.name != item.name
    )
    return Package(
        item.name,
        item.version,
        item.path,
        item.line,
        direct=direct,
        groups=groups,
        specifier=satisfied(specifiers.get(item.name, ()), item.version) if direct else "",
        marker=marker,
        source=item.source,
        hashes=item.hashes,
        requires=tuple(sorted(brought - {item.name})),
        asks=tuple(asks),
        python=item.python,
    )


def want(text: str) -> Wanted | None:
    """A requirement (PEP 508) as an edge; None where it is none."""
    plain = _WANTED.fullmatch(text.strip())
    if plain is not None:
        name, extras, specifier, marker = plain.groups()
        listed = tuple(e.strip() for e in (extras or "").split(",") if e.strip())
        return Wanted(name_of(name), (specifier or "").strip(), (marker or "").strip(), listed)
    try:
        made = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return None
    return Wanted(
        name_of(made.name), str(made.specifier), str(made.marker or ""), tuple(sorted(made.extras))
    )

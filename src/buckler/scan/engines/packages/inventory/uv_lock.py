"""Reads ``uv.lock``, and the lock that uv writes beside a script.

The lock says all that the inventory wants to know: the members of the workspace with what they ask
for, their extras and dependency groups, and what each package brings, so nothing else is read.
Source: the format that uv 0.5 to 0.13 writes, version 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buckler.scan.engines.packages.inventory.entries import (
    hashes,
    name_of,
    rows,
    satisfied,
    table,
    text_of,
)
from buckler.scan.engines.packages.inventory.graph import MAX_PLACES, Edge, Node, reach
from buckler.scan.engines.packages.inventory.markers import told
from buckler.scan.engines.packages.inventory.model import (
    MAIN,
    Asked,
    Inventory,
    Package,
    Problem,
)
from buckler.scan.engines.packages.inventory.tables import Table, tables

KIND: Final = "uv.lock"
_SOURCES: Final = {
    "registry": "index",
    "git": "git",
    "url": "url",
    "path": "path",
    "directory": "path",
    "editable": "editable",
    "virtual": "path",
}

_LOCAL = re.compile(
    r'^name = "([^"\\\n]+)"\n(?:version = "[^"\\\n]+"\n)?source = \{ (?:editable|virtual|directory) =',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the project itself asks for: edges by group, specifiers by name."""

    edges: Mapping[str, Sequence[Edge]]
    specifiers: Mapping[str, Sequence[str]]


def read(path: str, text: str) -> Inventory:
    """What a ``uv.lock`` says.

    Args:
        path: Of the file, relative to the scanned folder.
        text: All of it.
    """
    document = tables(path, text, "package")
    problems = list(document.problems)
    version = document.rest.get("version")
    if isinstance(version, int) and version > 1:
        problems.append(
            Problem(path, 1, f"this is version {version} of uv.lock, 1 is known", "update Buckler")
        )
    lock = _Lock(document.tables, table(document.rest.get("manifest")))
    packages = tuple(lock.packages(path, problems))
    python = text_of(document.rest.get("requires-python"))
    return Inventory(path, KIND, packages, tuple(problems), python=python)


class _Lock:
    """The tables of a lock, by name."""

    def __init__(self, found: Sequence[Table], manifest: Mapping[str, Any]) -> None:
        self._tables = found
        self._names = [name_of(item.values.get("name")) for item in found]
        self._places: dict[str, list[int]] = {}
        self._versions: dict[tuple[str, str], list[int]] = {}
        for place, name in enumerate(self._names):
            self._places.setdefault(name, []).append(place)
            version = text_of(found[place].values.get("version"))
            self._versions.setdefault((name, version), []).append(place)
        self._manifest = manifest
        members = {name_of(m) for m in rows(manifest.get("members"), str)}
        self._members = {
            place
            for place, item in enumerate(found)
            if self._is_member(table(item.values.get("source")), self._names[place], members)
        }

    @staticmethod
    def _is_member(source: Mapping[str, Any], name: str, members: set[str]) -> bool:
        if name in members:
            return "editable" in source or "virtual" in source or "directory" in source
        return not members and "." in (source.get("editable"), source.get("virtual"))

    def packages(self, path: str, problems: list[Problem]) -> Iterator[Package]:
        """All but the members of the workspace, which are the project itself."""
        brings = self._brings()
        asked = self._asked()
        reached = reach(asked.edges, brings)
        direct = {edge.to for edges in asked.edges.values() for edge in edges}
        for place, item in enumerate(self._tables):
            values, name = item.values, self._names[place]
            if place in self._members:
                continue
            if not name:
                problems.append(Problem(path, item.line, "a package has no name"))
                continue
            version = text_of(values.get("version"))
            yield Package(
                name,
                version,
                path,
                item.line,
                direct=place in direct,
                groups=tuple(sorted(reached.groups.get(place, {MAIN}))),
                specifier=satisfied(asked.specifiers.get(name, ()), version),
                marker=reached.markers.get(place, ""),
                source=_source(table(values.get("source"))),
                hashes=hashes(values, "sdist", "wheels"),
                requires=self._required(place, values, brings, reached.nodes),
                asks=_asks(table(values.get("metadata"))),
            )

    def _required(
        self,
        place: int,
        values: Mapping[str, Any],
        brings: Mapping[Node, Sequence[Edge]],
        nodes: frozenset[Node],
    ) -> tuple[str, ...]:
        edges = list(brings.get((place, ""), ()))
        for extra in table(values.get("optional-dependencies")):
            if (place, extra) in nodes or not nodes:
                edges.extend(brings.get((place, extra), ()))
        return tuple(sorted({self._names[edge.to] for edge in edges}))

    def _brings(self) -> dict[Node, list[Edge]]:
        found: dict[Node, list[Edge]] = {}
        for place, item in enumerate(self._tables):
            found[place, ""] = self._edges(item.values.get("dependencies"))
            for extra, listed in table(item.values.get("optional-dependencies")).items():
                found[place, extra] = self._edges(listed)
        return found

    def _asked(self) -> _Asked:
        edges: dict[str, list[Edge]] = {}
        specifiers: dict[str, list[str]] = {}
        for place in sorted(self._members):
            values = self._tables[place].values
            edges.setdefault(MAIN, []).extend(self._edges(values.get("dependencies")))
            for extra, listed in table(values.get("optional-dependencies")).items():
                edges.setdefault(f"extra:{extra}", []).extend(self._edges(listed))
            for group, listed in table(values.get("dev-dependencies")).items():
                edges.setdefault(group, []).extend(self._edges(listed))
            metadata = table(values.get("metadata"))
            _note(specifiers, metadata.get("requires-dist"))
            for listed in table(metadata.get("requires-dev")).values():
                _note(specifiers, listed)
        edges.setdefault(MAIN, []).extend(self._edges(self._manifest.get("requirements")))
        for limits in ("requirements", "constraints", "overrides"):
            _note(specifiers, self._manifest.get(limits))
        for group, listed in table(self._manifest.get("dependency-groups")).items():
            edges.setdefault(group, []).extend(self._edges(listed))
            _note(specifiers, listed)
        inside = self._members
        for group, found in edges.items():
            edges[group] = [edge for edge in found if edge.to not in inside]
        return _Asked(edges, specifiers)

    def _edges(self, listed: Any) -> list[Edge]:
        edges: list[Edge] = []
        for item in rows(listed, dict):
            version = item.get("version")
            places = self._candidates(name_of(item.get("name")), version)
            marker = text_of(item.get("marker"))
            extras = tuple(rows(item.get("extra") or item.get("extras"), str))
            edges.extend(Edge(place, extras, marker) for place in places)
        return edges

    def _candidates(self, name: str, version: object) -> Sequence[int]:
        """The packages that a requirement means: of several versions, the one that it names."""
        places = self._places.get(name, ())
        if version is None or len(places) < 2:
            return places[:MAX_PLACES]
        return (
            self._versions.get((name, version), ())[:MAX_PLACES] if isinstance(version, str) else ()
        )


def local(text: str) -> frozenset[str]:
    """The names of the projects in the folder that a lock is for."""
    return frozenset(_LOCAL.findall(text))


def _asks(metadata: Mapping[str, Any]) -> tuple[Asked, ...]:
    """What a package of a folder takes; of those from an index the lock has no specifiers."""
    return tuple(
        Asked(name, specifier, told(text_of(item.get("marker"))).where)
        for item in rows(metadata.get("requires-dist"), dict)
        if (name := name_of(item.get("name"))) and (specifier := text_of(item.get("specifier")))
    )


def _note(specifiers: dict[str, list[str]], listed: Any) -> None:
    for item in rows(listed, dict):
        specifier = text_of(item.get("specifier"))
        if specifier:
            specifiers.setdefault(name_of(item.get("name")), []).append(specifier)


def _source(source: Mapping[str, Any]) -> str:
    return next((kind for key, kind in _SOURCES.items() if key in source), "index")

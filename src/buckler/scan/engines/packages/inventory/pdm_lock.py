"""Reads ``pdm.lock``.

It says who wants each package and, in newer versions, where; a package with an extra is an entry of its own
beside the one without. Source: the lock format of PDM 2, versions 4.0 to 4.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from buckler.scan.engines.packages.inventory.declared import Manifest
from buckler.scan.engines.packages.inventory.entries import hashes, name_of, rows, table, text_of
from buckler.scan.engines.packages.inventory.locked import Locked, packages, want
from buckler.scan.engines.packages.inventory.model import MAIN, Inventory, Problem
from buckler.scan.engines.packages.inventory.tables import Table, tables

KIND: Final = "pdm.lock"


def read(path: str, text: str, manifest: Manifest) -> Inventory:
    """What a ``pdm.lock`` says.

    Args:
        path: Of the file, relative to the scanned folder.
        text: All of it.
        manifest: The ``pyproject.toml`` beside it.
    """
    document = tables(path, text, "package")
    problems = list(document.problems)
    metadata = table(document.rest.get("metadata"))
    files = table(metadata.get("files"))
    extras = {d.group for d in manifest.declared if d.group.startswith("extra:")}
    found: dict[tuple[str, str], Locked] = {}
    for item in document.tables:
        locked = _locked(path, item, files, extras)
        if not locked.name:
            problems.append(Problem(path, item.line, "a package has no name"))
            continue
        key = (locked.name, locked.version)
        found[key] = _merged(found[key], locked) if key in found else locked
    targets = rows(metadata.get("targets"), dict)
    python = next((text_of(t.get("requires_python")) for t in targets), "")
    return Inventory(
        path, KIND, packages(list(found.values()), manifest), tuple(problems), python=python
    )


def _locked(path: str, item: Table, files: Mapping[str, Any], known: set[str]) -> Locked:
    values = item.values
    extra = ",".join(rows(values.get("extras"), str))
    name, version = text_of(values.get("name")), text_of(values.get("version"))
    wanted = [w for text in rows(values.get("dependencies"), str) if (w := want(text))]
    groups = tuple(sorted(_group(g, known) for g in rows(values.get("groups"), str)))
    sums = hashes(values, "files") or hashes({"files": files.get(f"{name} {version}")}, "files")
    return Locked(
        name_of(name),
        version,
        item.line,
        path,
        groups=groups or None,
        marker=text_of(values.get("marker")) if "groups" in values else None,
        source=_source(values),
        hashes=sums,
        brings={one: [w for w in wanted if w.name != name_of(name)] for one in extra.split(",")},
    )


def _group(name: str, extras: set[str]) -> str:
    if name == "default":
        return MAIN
    return f"extra:{name}" if f"extra:{name}" in extras else name


def _merged(one: Locked, other: Locked) -> Locked:
    """A package and itself with an extra: one package that has both."""
    groups = tuple(sorted({*(one.groups or ()), *(other.groups or ())})) or None
    marker = one.marker if one.marker == other.marker else _either(one.marker, other.marker)
    first, second = (one, other) if "" in one.brings else (other, one)
    return Locked(
        one.name,
        one.version,
        first.line,
        one.path,
        groups=groups,
        marker=marker,
        source=one.source,
        hashes=one.hashes or other.hashes,
        brings={**second.brings, **first.brings},
    )


def _either(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return None
    return f"({one}) or ({other})" if one and other else ""


def _source(values: Mapping[str, Any]) -> str:
    if values.get("editable") is True:
        return "editable"
    return next((kind for kind in ("git", "url", "path") if kind in values), "index")

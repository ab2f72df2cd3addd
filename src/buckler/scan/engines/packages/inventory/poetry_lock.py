"""Reads ``poetry.lock``, of Poetry 1.0 to 2.5.

Since version 2.1 of the format it says groups and markers of each package; the older ones leave both
to the manifest. Source: Poetry's lock format, versions 1.0 to 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from buckler.scan.engines.packages.inventory.declared import Manifest
from buckler.scan.engines.packages.inventory.entries import hashes, name_of, rows, table, text_of
from buckler.scan.engines.packages.inventory.locked import Locked, Wanted, packages
from buckler.scan.engines.packages.inventory.markers import told
from buckler.scan.engines.packages.inventory.model import MAIN, Inventory, Problem
from buckler.scan.engines.packages.inventory.poetry_versions import specifier
from buckler.scan.engines.packages.inventory.tables import Table, tables

KIND: Final = "poetry.lock"
_SOURCES: Final = {"git": "git", "url": "url", "file": "path", "directory": "path"}


def read(path: str, text: str, manifest: Manifest) -> Inventory:
    """What a ``poetry.lock`` says.

    Args:
        path: Of the file, relative to the scanned folder.
        text: All of it.
        manifest: The ``pyproject.toml`` beside it.
    """
    document = tables(path, text, "package")
    problems = list(document.problems)
    metadata = table(document.rest.get("metadata"))
    files = table(metadata.get("files"))
    extras = _extras(table(document.rest.get("extras")))
    found = []
    for item in document.tables:
        locked = _locked(path, item, files, extras)
        if locked.name:
            found.append(locked)
        else:
            problems.append(Problem(path, item.line, "a package has no name"))
    python = text_of(metadata.get("python-versions"))
    return Inventory(
        path, KIND, packages(found, manifest), tuple(problems), python=specifier(python)
    )


def _extras(listed: Mapping[str, Any]) -> dict[str, list[str]]:
    """The project's extras by the name of the package that they bring."""
    found: dict[str, list[str]] = {}
    for extra, names in listed.items():
        for name in rows(names, str):
            found.setdefault(name_of(name.partition(" ")[0].partition("[")[0]), []).append(extra)
    return found


def _locked(
    path: str, item: Table, files: Mapping[str, Any], extras: Mapping[str, Sequence[str]]
) -> Locked:
    values = item.values
    name = name_of(values.get("name"))
    source = table(values.get("source"))
    groups, marker = _groups(values, extras.get(name, ()))
    kind = _SOURCES.get(text_of(source.get("type")), "index")
    sums = hashes(values, "files") or hashes(
        {"files": files.get(text_of(values.get("name")))}, "files"
    )
    return Locked(
        name,
        text_of(values.get("version")),
        item.line,
        path,
        groups=groups,
        marker=marker,
        source="editable" if values.get("develop") is True else kind,
        hashes=sums,
        brings=_brings(values),
        python=specifier(text_of(values.get("python-versions"))),
    )


def _groups(
    values: Mapping[str, Any], extras: Sequence[str]
) -> tuple[tuple[str, ...] | None, str | None]:
    """Who wants a package and where, as far as the lock says."""
    listed = set(rows(values.get("groups"), str))
    if "category" in values:
        listed = {text_of(values["category"]) or MAIN}
    if not listed:
        return None, None
    written = values.get("markers")
    by_group = written if isinstance(written, dict) else dict.fromkeys(listed, text_of(written))
    parts = {group: told(text_of(by_group.get(group))) for group in listed}
    if values.get("optional") is True and MAIN in listed:
        wanted = set(extras) | parts[MAIN].extras
        if wanted:
            listed = (listed - {MAIN}) | {f"extra:{extra}" for extra in wanted}
    if "groups" not in values:
        return tuple(sorted(listed)), None
    wheres = list(dict.fromkeys(part.where for part in parts.values()))
    marker = "" if "" in wheres else wheres[0] if len(wheres) == 1 else _either(wheres)
    return tuple(sorted(listed)), marker


def _either(markers: Sequence[str]) -> str:
    return " or ".join(f"({marker})" for marker in sorted(markers))


def _brings(values: Mapping[str, Any]) -> dict[str, list[Wanted]]:
    """What it asks for; optional ones belong to the extras that name them."""
    brings: dict[str, list[Wanted]] = {"": []}
    optional: dict[str, Wanted] = {}
    for name, written in table(values.get("dependencies")).items():
        for one in written if isinstance(written, list) else [written]:
            details = table(one)
            wanted = Wanted(
                name_of(name),
                specifier(text_of(details.get("version")) or text_of(one)),
                told(text_of(details.get("markers"))).where,
                tuple(rows(details.get("extras"), str)),
            )
            if details.get("optional") is True:
                optional[wanted.name] = wanted
            else:
                brings[""].append(wanted)
    for extra, names in table(values.get("extras")).items():
        brings[extra] = [
            optional[known]
            for text in rows(names, str)
            if (known := name_of(text.partition(" ")[0].partition("[")[0])) in optional
        ]
    return brings

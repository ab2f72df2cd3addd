"""Reads ``[tool.poetry]``: requirements as Poetry had them before PEP 621, and still may have.

Source: Poetry's documentation of pyproject.toml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from buckler.scan.engines.packages.inventory.declared import Declared
from buckler.scan.engines.packages.inventory.entries import name_of, rows, table, text_of
from buckler.scan.engines.packages.inventory.model import MAIN
from buckler.scan.engines.packages.inventory.poetry_versions import specifier
from buckler.scan.engines.packages.inventory.requirement_line import exact
from buckler.scan.engines.packages.inventory.text_lines import Lines

_PLACE = "tool.poetry"


def poetry(path: str, values: Mapping[str, Any], lines: Lines) -> Iterator[Declared]:
    """The requirements of Poetry's own tables; those of an extra belong to it."""
    extras: dict[str, list[str]] = {}
    for extra, names in table(values.get("extras")).items():
        for name in rows(names, str):
            extras.setdefault(name_of(name), []).append(extra)
    yield from _table(
        path, values.get("dependencies"), f"{_PLACE}.dependencies", MAIN, lines, extras
    )
    old = f"{_PLACE}.dev-dependencies"
    yield from _table(path, values.get("dev-dependencies"), old, "dev", lines, {})
    for group, inside in table(values.get("group")).items():
        place = f"{_PLACE}.group.{group}.dependencies"
        yield from _table(path, table(inside).get("dependencies"), place, group, lines, {})


def _table(
    path: str,
    listed: object,
    place: str,
    group: str,
    lines: Lines,
    extras: Mapping[str, list[str]],
) -> Iterator[Declared]:
    for name, written in table(listed).items():
        if name.lower() == "python":
            continue
        line = lines.key(place, name)
        for one in written if isinstance(written, list) else [written]:
            values = table(one)
            groups = [group]
            if values.get("optional") is True:
                groups = [f"extra:{extra}" for extra in extras.get(name_of(name), ())]
            for wanted in groups:
                yield _one(path, name, one, line, wanted)


def _one(path: str, name: str, written: object, line: int, group: str) -> Declared:
    values = table(written)
    wanted = specifier(text_of(values.get("version")) or text_of(written))
    version = _exact(name, wanted)
    source = next((kind for kind in ("git", "url", "path") if kind in values), "index")
    source = "path" if "file" in values else source
    if source == "path" and values.get("develop") is True:
        source = "editable"
    commit = text_of(values.get("rev"))
    return Declared(
        name_of(name),
        path,
        line,
        group,
        wanted,
        version,
        text_of(values.get("markers")),
        tuple(rows(values.get("extras"), str)),
        source,
        pinned=bool(version) or len(commit) == 40,
    )


def _exact(name: str, wanted: str) -> str:
    try:
        return exact(Requirement(f"{name}{wanted}"))
    except (InvalidRequirement, RecursionError):
        return ""

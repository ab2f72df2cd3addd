"""Reads what a ``Pipfile`` asks for. Source: pipenv's documentation."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from buckler.scan.engines.packages.inventory.declared import Declared, Manifest
from buckler.scan.engines.packages.inventory.entries import name_of, rows, table, text_of
from buckler.scan.engines.packages.inventory.markers import both
from buckler.scan.engines.packages.inventory.model import MAIN
from buckler.scan.engines.packages.inventory.requirement_line import exact
from buckler.scan.engines.packages.inventory.tables import error_of
from buckler.scan.engines.packages.inventory.text_lines import Lines

KIND: Final = "Pipfile"
_GROUPS: Final = {"packages": MAIN, "dev-packages": "dev"}
_OTHERS: Final = frozenset({"source", "requires", "scripts", "pipenv", "pipfile"})
_MARKERS: Final = (
    "sys_platform",
    "platform_system",
    "platform_machine",
    "os_name",
    "python_version",
)


def read(path: str, text: str) -> Manifest:
    """What a ``Pipfile`` asks for.

    Args:
        path: Of the file, relative to the scanned folder.
        text: All of it.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return Manifest(path, KIND, problems=(error_of(path, text, error),))
    lines = Lines(text)
    version = text_of(table(document.get("requires")).get("python_version"))
    python = f"=={version}.*" if version else ""
    return Manifest(path, KIND, tuple(_declared(path, document, lines)), (), python)


def _declared(path: str, document: Mapping[str, Any], lines: Lines) -> Iterator[Declared]:
    for section, listed in document.items():
        if section in _OTHERS:
            continue
        for name, written in table(listed).items():
            if name_of(name):
                yield _one(
                    path, name, written, lines.key(section, name), _GROUPS.get(section, section)
                )


def _one(path: str, name: str, written: object, line: int, group: str) -> Declared:
    values = table(written)
    wanted = text_of(values.get("version")) or text_of(written)
    wanted = "" if wanted == "*" else wanted
    marker = text_of(values.get("markers"))
    for key in _MARKERS:
        if text_of(values.get(key)):
            marker = both(marker, f"{key} {values[key]}")
    source = next((kind for kind in ("git", "path") if kind in values), "index")
    if "file" in values:
        source = "url" if "://" in text_of(values["file"]) else "path"
    version = _exact(name, wanted)
    return Declared(
        name_of(name),
        path,
        line,
        group,
        wanted,
        version,
        marker,
        tuple(rows(values.get("extras"), str)),
        "editable" if values.get("editable") is True else source,
        pinned=bool(version) or len(text_of(values.get("ref"))) == 40,
    )


def _exact(name: str, wanted: str) -> str:
    try:
        return exact(Requirement(f"{name}{wanted}"))
    except (InvalidRequirement, RecursionError):
        return ""

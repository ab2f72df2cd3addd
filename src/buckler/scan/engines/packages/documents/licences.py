"""Licences: what the metadata of installed packages say, and how the documents write it.

A lock says nothing of licences, and a guess would be believed: what no metadata says is left out.
Source: core metadata specification 2.4, PEP 639.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.documents import writing
from buckler.scan.engines.packages.inventory.core_metadata import MAX_METADATA
from buckler.scan.engines.packages.inventory.environment import KIND
from buckler.scan.engines.packages.inventory.model import Inventory
from buckler.scan.engines.packages.matching import Pin

_CLEAR: Final = re.compile(r"[A-Za-z0-9 .+()-]{1,1000}")

_FIELD: Final = re.compile(r"(License-Expression|License|Classifier):[ \t]*(.*)", re.IGNORECASE)
_CLASSIFIER: Final = re.compile(r"License :: (?:.* :: )?(?!OSI Approved$)(.+)")


def licences_of(folder: Path, inventories: Iterable[Inventory]) -> dict[Pin, str]:
    """Licences of what is installed, by name and version; nothing of packages whose metadata say none.

    Args:
        folder: The scanned one, to which the inventories' paths are relative.
        inventories: Of them those of environments are looked at.
    """
    found: dict[Pin, str] = {}
    for inventory in inventories:
        for package in inventory.packages if inventory.kind == KIND else ():
            file = folder / package.path
            if file.name in ("METADATA", "PKG-INFO"):
                licence = _said(file)
                if licence:
                    found[package.name, package.version] = licence
    return found


def _said(file: Path) -> str:
    try:
        text = read_project_file(file, file.parent, MAX_METADATA).decode("utf-8", "replace")
    except (FileNotFoundError, UnreadableFile):
        return ""  # told by the inventory
    head = re.split(r"\r?\n[ \t]*\r?\n", text, maxsplit=1)[0]
    fields: dict[str, str] = {}
    lines = head.splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        matched = _FIELD.match(line)
        if matched is None:
            continue
        name, value = matched.group(1).lower(), matched.group(2).strip()
        if name == "classifier":
            classified = _CLASSIFIER.fullmatch(value)
            value = classified.group(1) if classified else ""
        elif after[:1].isspace() or value.upper() in ("UNKNOWN", "NONE"):
            value = ""  # the whole text of a licence, or the word of old tools for nothing
        if value:
            fields.setdefault(name, value)
    return next(
        (fields[n] for n in ("license-expression", "license", "classifier") if n in fields), ""
    )


def expression(licence: str) -> str:
    """The SPDX expression as its specification writes it (PEP 639); empty where it is none."""
    if not _CLEAR.fullmatch(licence):
        return ""
    try:
        return str(canonicalize_license_expression(licence))
    except (InvalidLicenseExpression, RecursionError):
        return ""


def choice(licence: str) -> list[dict[str, Any]]:
    """What CycloneDX calls a license choice."""
    if not licence.strip():
        return []
    found = expression(licence)
    if found:
        return [{"expression": found}]
    return [{"license": {"name": writing.text(licence.strip())}}]

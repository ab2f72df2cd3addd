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

from buckler.scan.engines.packages.documents import writing
from buckler.scan.engines.packages.inventory.environment import KIND
from buckler.scan.engines.packages.inventory.licences import Stated, stated_in
from buckler.scan.engines.packages.inventory.model import Inventory
from buckler.scan.engines.packages.matching import Pin

_CLEAR: Final = re.compile(r"[A-Za-z0-9 .+()-]{1,1000}")
_NOTHING: Final = frozenset(("UNKNOWN", "NONE"))
"""The words of old tools for no licence."""


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
                licence = _written(stated_in(file, file.parent))
                if licence:
                    found[package.name, package.version] = licence
    return found


def _written(stated: Stated) -> str:
    text = "" if stated.text.upper() in _NOTHING else stated.text
    return stated.expression or text or next(iter(stated.classifiers), "")


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

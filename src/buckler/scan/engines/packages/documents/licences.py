"""Licences as the documents write them: an SPDX expression where it is one, a name otherwise."""

from __future__ import annotations

import re
from typing import Any, Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from buckler.scan.engines.packages.documents import writing

_CLEAR: Final = re.compile(r"[A-Za-z0-9 .+()-]{1,1000}")


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

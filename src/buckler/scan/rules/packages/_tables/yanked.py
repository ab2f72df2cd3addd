"""Versions that their publishers took back, as far as a file does not say so itself.

Whether a version was yanked (PEP 592) is known to its index alone, and locks do not keep it; written down are versions
of packages that web projects pin, with the reason that the index gives.
"""

from __future__ import annotations

from typing import Final

from packaging.version import InvalidVersion, Version

_ROWS: Final = (
    ("attrs", "21.1.0", "it is installable but not importable on Python 3.4"),
    ("certifi", "2022.5.18", "it claims to support Python 3.5 and does not"),
    ("cryptography", "37.0.3", "a regression in OpenSSL"),
    ("requests", "2.32.0", "conflicts with the mitigation of CVE-2024-35195"),
    ("requests", "2.32.1", "conflicts with the mitigation of CVE-2024-35195"),
    ("setuptools", "60.3.0", "github.com/pypa/setuptools/issues/3002"),
)
_NAMES: Final = frozenset(name for name, _, _ in _ROWS)
_REASONS: Final = {(name, Version(version)): why for name, version, why in _ROWS}


def reason(name: str, version: str) -> str:
    """Why a version was taken back; empty where that is not known.

    Args:
        name: Normalised (PEP 503).
        version: As a file has it.
    """
    if name not in _NAMES:
        return ""
    try:
        return _REASONS.get((name, Version(version)), "")
    except InvalidVersion:
        return ""

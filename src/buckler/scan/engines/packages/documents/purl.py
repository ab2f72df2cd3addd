"""Names of packages that every tool understands: package URLs.

A statement about a package counts for that package alone; one that is taken for another closes a hole that is open.
Source: purl specification (ECMA-427), type ``pypi``; PEP 503; PEP 440.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

from buckler.scan.engines.packages.advisories.ranges import parsed

PYPI: Final = "pypi"
GENERIC: Final = "generic"
_PURL: Final = re.compile(r"(?i:pkg):/*([A-Za-z][A-Za-z0-9.+-]*)/+([^?#]+)")


@dataclass(frozen=True, slots=True)
class Named:
    """A package or product that somebody names.

    Attributes:
        kind: Type of its package URL: ``pypi``, ``generic``, ``oci``.
        name: Normalised where it is one of Python's, with its namespace otherwise.
        version: Empty for every version.
    """

    kind: str
    name: str
    version: str = ""

    def is_package(self, name: str, version: str) -> bool:
        """Whether this names a version of a Python package.

        Args:
            name: Normalised.
            version: As the project has it.
        """
        return self.kind == PYPI and self.name == name and self.covers(version)

    def covers(self, version: str) -> bool:
        """Whether it names this version; ``1.0`` is ``1.0.0`` (PEP 440)."""
        if not self.version or self.version == version:
            return True
        mine, other = parsed(self.version), parsed(version)
        return mine is not None and mine == other


def read(text: str) -> Named | None:
    """What a package URL names; None where it is none. Qualifiers and subpath are left out."""
    found = _PURL.match(text.strip())
    if found is None:
        return None
    kind, path = found.group(1).lower(), found.group(2).rstrip("/")
    head, slash, last = path.rpartition("/")
    bare, _, version = last.partition("@")
    name = unquote(head + slash + bare)
    if not name:
        return None
    if kind == PYPI:
        return None if "/" in name else Named(PYPI, canonicalize_name(name), unquote(version))
    return Named(kind, name, unquote(version))


def written(name: str, version: str = "", kind: str = PYPI) -> str:
    """The package URL of a version; ``pkg:pypi/shop-labels@1.4.1``."""
    at = f"@{_quoted(version)}" if version else ""
    return f"pkg:{kind}/{_quoted(name)}{at}"


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="").replace("%3A", ":")

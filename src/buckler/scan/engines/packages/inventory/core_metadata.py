"""Reads the core metadata of a distribution: METADATA of a wheel or an installed package, PKG-INFO of an egg.

Source: the core metadata specification 2.4, PEP 508.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from buckler.scan.engines.packages.inventory.entries import name_of
from buckler.scan.engines.packages.inventory.locked import Wanted, want
from buckler.scan.engines.packages.inventory.markers import told

MAX_METADATA: Final = 4_000_000
"""Bytes; they hold the whole description, too."""
MAX_REQUIRES: Final = 5_000
_FIELD = re.compile(
    r"^(Name|Version|Requires-Dist|Requires-Python)[ \t]*+:[ \t]*+(.*+)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an inventory needs of it.

    Attributes:
        name: Normalised; empty where it is missing or none.
        requires: Requirements as written, those of extras among them.
        line: 1-based line of the version.
        python: Which interpreters it runs on; empty where it does not say.
    """

    name: str
    version: str
    requires: tuple[str, ...]
    line: int
    python: str = ""


def metadata(text: str) -> Metadata:
    """The fields of a METADATA or PKG-INFO; what is missing is empty."""
    name = version = python = ""
    requires: list[str] = []
    at = 1
    head = text.replace("\r\n", "\n").partition("\n\n")[0]
    for number, line in enumerate(head.split("\n"), 1):
        found = _FIELD.match(line)
        if found is None:
            continue
        field, value = found.group(1).lower(), found.group(2).strip()
        if field == "requires-dist":
            requires.append(value)
        elif field == "requires-python":
            python = python or value
        elif field == "name":
            name = name or value
        elif not version:
            version, at = value, number
    return Metadata(name_of(name), version, tuple(requires[:MAX_REQUIRES]), at, python)


def brings(requires: Iterable[str]) -> dict[str, list[Wanted]]:
    """What a distribution asks for, by extra; ``""`` for itself."""
    found: dict[str, list[Wanted]] = {"": []}
    for text in requires:
        wanted = want(text)
        if wanted is None:
            continue
        who = told(wanted.marker)
        plain = Wanted(wanted.name, wanted.specifier, who.where, wanted.extras)
        for extra in who.extras or ("",):
            found.setdefault(extra, []).append(plain)
    return found

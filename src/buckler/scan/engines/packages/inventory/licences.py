"""Reads what the metadata of a distribution say of its licence; what they mean is for who asks.

Source: the core metadata specification 2.4, PEP 639.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.inventory.core_metadata import MAX_METADATA

_FIELD: Final = re.compile(
    r"(License-Expression|License|Classifier)[ \t]*:[ \t]*(.*)", re.IGNORECASE
)
_EMPTY: Final = re.compile(r"(?:\A|\n)[ \t]*\r?\n")
_CLASSIFIER: Final = "License ::"
_UNSPECIFIC: Final = "OSI Approved"
"""The last word of a classifier that names no licence."""


@dataclass(frozen=True, slots=True)
class Stated:
    """The fields.

    Attributes:
        expression: ``License-Expression``: SPDX.
        text: ``License`` where it is one line; the whole text of a licence says nothing of its name.
        classifiers: The last words of the classifiers that name a licence.
    """

    expression: str = ""
    text: str = ""
    classifiers: tuple[str, ...] = ()


def stated(text: str) -> Stated:
    """What a METADATA or PKG-INFO says, up to its first empty line; of a field that comes twice, the first."""
    single: dict[str, str] = {}
    classifiers = []
    lines = _EMPTY.split(text, maxsplit=1)[0].splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=False):
        found = _FIELD.match(line)
        if found is None:
            continue
        name, value = found[1].lower(), found[2].strip()
        if name == "classifier":
            last = value.rpartition("::")[2].strip()
            if value.startswith(_CLASSIFIER) and last != _UNSPECIFIC:
                classifiers.append(last)
        elif value and not after[:1].isspace():
            single.setdefault(name, value)
    return Stated(
        single.get("license-expression", ""), single.get("license", ""), tuple(classifiers)
    )


def stated_in(file: Path, root: Path) -> Stated:
    """The same of a file; nothing where it cannot be read, which the inventory tells of.

    Args:
        file: METADATA or PKG-INFO.
        root: No link leads out of it.
    """
    try:
        return stated(read_project_file(file, root, MAX_METADATA).decode("utf-8", "replace"))
    except (FileNotFoundError, UnreadableFile):
        return Stated()

"""Dockerfiles, instruction by instruction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"^(Docker|Container)file([.-].+)?$|\.(docker|container)file$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        name: ``FROM``, ``USER`` …, in capitals.
        text: What follows it, continued lines put together.
        line: 1-based, where it begins.
    """

    name: str
    text: str
    line: int


def is_dockerfile(name: str) -> bool:
    """Whether a file of that name describes an image."""
    return _NAME.search(name) is not None


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions in their order; comments and empty lines left out."""
    begun, number, parts = "", 0, []
    for at, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        continued = bare.endswith("\\")
        bare = bare.removesuffix("\\").strip()
        if begun:
            parts.append(bare)
        else:
            begun, _, rest = bare.partition(" ")
            number, parts = at, [rest.strip()]
        if not continued:
            yield Instruction(begun.upper(), " ".join(parts).strip(), number)
            begun = ""
    if begun:
        yield Instruction(begun.upper(), " ".join(parts).strip(), number)

"""Which well-known name a slip of the finger turns into another one.

Not each name at a distance of one is a slip: ``cattrs`` and ``moto`` are packages of their own right beside ``attrs``
and ``motor``. Asked is therefore how people mistype: neighbours change places, a letter is doubled or left out, a
neighbouring key or a letter of the same look is hit, a hyphen is lost. Source: Damerau's four kinds of error,
Communications of the ACM 7(3), 1964.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from buckler.scan.rules.packages._tables.well_known import CONFUSED, GENUINE, WELL_KNOWN

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ALIKE: Final = (
    "o0",
    "l1",
    "i1",
    "il",
    "ao",
    "ei",
    "ie",
    "ae",
    "ea",
    "ui",
    "cs",
    "ck",
    "sz",
    "mn",
    "vw",
    "yi",
)
"""Letters that look or sound alike."""  # fmt: skip
SHORT: Final = 5
"""Shorter names have too many honest neighbours."""
LONG: Final = 7
"""From here on a letter too many is a slip wherever it stands."""


def meant(name: str) -> tuple[str, str]:
    """The well-known name that another one is taken for, and in which way; empty texts for none.

    Args:
        name: Normalised (PEP 503).
    """
    if name in WELL_KNOWN or name in GENUINE:
        return "", ""
    if name in CONFUSED:
        return CONFUSED[name]
    for cut in (name, *_cuts(name)):
        for known in _near().get(cut, ()):
            how = _slip(name, known)
            if how:
                return known, how
    return "", ""


@cache
def _near() -> dict[str, tuple[str, ...]]:
    """The names that are left of well-known ones when one letter is taken away."""
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(WELL_KNOWN):
        if len(name) >= SHORT:
            for cut in {name, *_cuts(name)}:
                found[cut] = (*found.get(cut, ()), name)
    return found


def _cuts(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))


def _slip(name: str, known: str) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(name, known, strict=False)) if a != b),
        min(len(name), len(known)),
    )
    if len(name) == len(known):
        return _changed(name, known, at)
    longer, shorter = (name, known) if len(name) > len(known) else (known, name)
    if longer[:at] + longer[at + 1 :] != shorter:
        return ""
    letter = longer[at]
    if letter == "-":
        return "a hyphen is between"
    if letter.isdigit() or at == 0:
        return ""
    if longer is known:
        return "a letter is missing" if len(known) > SHORT else ""
    if letter == longer[at - 1] and at != len(known):
        return "a letter is doubled"
    if at == len(known):
        return "a letter is added" if letter == "s" and len(known) > SHORT else ""
    return "a letter is added" if len(known) >= LONG else ""


def _changed(name: str, known: str, at: int) -> str:
    rest = at + 1
    if name[rest:] == known[rest:]:
        pair = name[at] + known[at]
        likely = pair in _ALIKE or pair[::-1] in _ALIKE or _beside(*pair)
        return "a letter is another" if at and likely and len(known) > SHORT else ""
    swapped = name[at : at + 2] == known[at : at + 2][::-1] and name[at + 2 :] == known[at + 2 :]
    return "two letters change places" if swapped else ""


def _beside(one: str, other: str) -> bool:
    """Whether two keys are neighbours."""
    return any(one + other in row or other + one in row for row in _ROWS)

"""Reads sizes, times and rates as people write them, and says at once what is wrong with one."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from buckler.core.errors import UsageError

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|kib|mib|gib)?\s*", re.IGNORECASE)
_UNITS = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}


Weakness = tuple[str, str]
"""A choice that is weaker than the default: a stable word, and one sentence on what to do."""


class GuardError(UsageError):
    """An option of guard is wrong; raised when the object is made, never at a request."""

    code = "guard.option"


class Inherit(Enum):
    """What a route says of a part that it leaves as it is."""

    INHERIT = "inherit"


INHERIT: Final = Inherit.INHERIT


def size(value: int | str, name: str) -> int:
    """Bytes of ``10_000`` or ``"10 MB"``.

    Raises:
        GuardError: It is neither, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise GuardError(f"{name} must be a number of bytes or a text such as '10 MB'")
    if isinstance(value, str):
        found = _SIZE.fullmatch(value)
        if found is None:
            raise GuardError(f"{name}: {value!r} is no size", hint="write 10000 or '10 MB'")
        return int(float(found[1]) * _UNITS[(found[2] or "b").lower()])
    if value < 0:
        raise GuardError(f"{name} must not be negative")
    return value


def positive(value: float, name: str) -> float:
    """The number itself.

    Raises:
        GuardError: It is no number above zero.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise GuardError(f"{name} must be a number above zero, not {value!r}")
    return value


def count(value: int, name: str) -> int:
    """The whole number itself.

    Raises:
        GuardError: It is no whole number above zero.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise GuardError(f"{name} must be a whole number above zero, not {value!r}")
    return value


def header_value(value: str, name: str) -> bytes:
    """A header's value as bytes.

    Raises:
        GuardError: It holds a line break or a character that no header may have (RFC 9110, 5.5).
    """
    if not isinstance(value, str) or any(ord(c) < 32 or ord(c) > 126 for c in value):
        raise GuardError(f"{name}: {value!r} cannot stand in a header")
    return value.encode("ascii")

"""Permissions by name, and what a pattern of them stands for.

Threat: a misspelt permission that nobody has, or that everybody passes (CWE-863); a check that grows with the
number of roles. Patterns are resolved when roles change, so that a request looks into one frozenset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from buckler.guard.options import GuardError

LONGEST: Final = 200
_PART = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_PERMISSION: Final = re.compile(rf"{_PART}(?::{_PART})*")
PATTERN: Final = rf"(?:{_PART}:)*(?:{_PART}|\*)"
"""What stands for permissions, as a regular expression of the whole text."""
_PATTERN: Final = re.compile(PATTERN)
_HINT: Final = "write 'orders:read': letters, digits, '_', '.' and '-', parts with ':' between them"


def permission(value: str, name: str = "permission") -> str:
    """The permission itself.

    Raises:
        GuardError: It is none, or a pattern where one permission has to stand.
    """
    if isinstance(value, str) and len(value) <= LONGEST and _PERMISSION.fullmatch(value):
        return value
    raise GuardError(f"{name}: {str(value)[:LONGEST]!r} is no permission", hint=_HINT)


def pattern(value: str, name: str = "permissions") -> str:
    """A permission, ``orders:*`` for all of ``orders``, or ``*`` for all.

    Raises:
        GuardError: It is none of these.
    """
    if isinstance(value, str) and len(value) <= LONGEST and _PATTERN.fullmatch(value):
        return value
    raise GuardError(
        f"{name}: {str(value)[:LONGEST]!r} is no permission", hint=f"{_HINT}, '*' last"
    )


def allows(granted: str, asked: str) -> bool:
    """Whether a permission or pattern stands for a permission."""
    if granted.endswith("*"):
        return asked.startswith(granted[:-1])
    return granted == asked


def resolve(granted: Iterable[str], declared: Iterable[str]) -> frozenset[str]:
    """The permissions that some permissions and patterns stand for.

    Args:
        granted: Permissions and patterns. A permission stands for itself, declared or not.
        declared: All that the application knows; patterns stand for these alone.
    """
    found: set[str] = set()
    beginnings: list[str] = []
    for one in granted:
        if one.endswith("*"):
            beginnings.append(one[:-1])
        else:
            found.add(one)
    if beginnings:
        known = tuple(beginnings)
        found.update(one for one in declared if one.startswith(known))
    return frozenset(found)

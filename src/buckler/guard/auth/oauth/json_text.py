"""JSON as tokens and answers say it: what JSON knows, and nothing that is made into it on the way.

Threat: an account that an application puts among its claims, and that goes out with everything in it, and a date
that is a text where a number of seconds is meant (RFC 7519, 2; CWE-200, CWE-704). The faster of two writers makes
something of every object, so that it gets only what both of them write alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_json

_NAMES: Final = frozenset((str,))
_VALUES: Final = frozenset((str, int, bool, type(None)))
_strict: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode


def encoded(content: Mapping[str, Any]) -> bytes:
    """An object as JSON (RFC 8259), in UTF-8.

    Args:
        content: What it says.

    Raises:
        TypeError: Something in it is of a type that JSON has not.
        ValueError: A number or a text in it is one that JSON has not: NaN, half of a surrogate pair.
    """
    if type(content) is dict and _is_plain(content):
        return to_json(content)
    return _strict(content).encode("utf-8")


def _is_plain(content: dict[Any, Any]) -> bool:
    """Whether it holds texts and whole numbers alone, at most one level deeper."""
    if not _NAMES.issuperset(map(type, content)):
        return False
    for value in content.values():
        kind = type(value)
        if kind in _VALUES:
            continue
        if kind is dict and not _NAMES.issuperset(map(type, value)):
            return False
        if kind is not dict and kind is not list:
            return False
        if not _VALUES.issuperset(map(type, value.values() if kind is dict else value)):
            return False
    return True

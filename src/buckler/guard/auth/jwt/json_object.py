"""JSON objects of a token: one meaning, or none.

Threat: two readers that take different members of the same name (CWE-436; RFC 8259, 4; RFC 7515, 4), numbers
and depths that cost more than the whole request (CWE-674, CWE-1333), texts that no database or log can hold,
and values that one request changes and the next one finds changed in a cache (CWE-471).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

DEPTH: Final = 16
"""Objects and arrays within each other."""
_DIGITS: Final = 20
_FLOAT: Final = 40
_MARKS = re.compile(r'\\.|["{}\[\]]', re.DOTALL)


def read(raw: bytes) -> Mapping[str, Any]:
    """The object, read-only at every depth: arrays are tuples, objects are mappings.

    Raises:
        ValueError: It is no object, not UTF-8, has a member twice, a number that is none or has more than
            20 digits, half a surrogate pair, or is nested deeper than :data:`DEPTH`.
    """
    text = raw.decode("utf-8")
    if raw.count(b"{") + raw.count(b"[") > DEPTH and _depth(text) > DEPTH:
        raise ValueError("nested too deeply")
    found = _DECODER.decode(text)
    if type(found) is not MappingProxyType:
        raise ValueError("no object")
    if "\\u" in text:
        _check_surrogates(found)
    return found


def plain(value: Any) -> Any:
    """What :func:`read` gave, as lists and dictionaries again, to be written."""
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def _depth(text: str) -> int:
    """How deep brackets are nested, those in texts left out; looks at each character once."""
    depth = deepest = 0
    inside = False
    for mark in _MARKS.finditer(text):
        character = mark[0]
        if character == '"':
            inside = not inside
        elif not inside and character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif not inside and character in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is there twice")
    for name, value in pairs:
        if type(value) is list:
            found[name] = _tuple(value)
    return MappingProxyType(found)


def _tuple(values: list[Any]) -> tuple[Any, ...]:
    return tuple(_tuple(value) if type(value) is list else value for value in values)


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("too many digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) <= _FLOAT else math.inf
    if math.isinf(value):
        raise ValueError("no number that can be told")
    return value


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _check_surrogates(value: Any) -> None:
    """Look for texts that cannot be written as UTF-8.

    Raises:
        ValueError: There is one (``UnicodeEncodeError``).
    """
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            name.encode("utf-8")
            _check_surrogates(inner)
    elif isinstance(value, tuple):
        for inner in value:
            _check_surrogates(inner)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)

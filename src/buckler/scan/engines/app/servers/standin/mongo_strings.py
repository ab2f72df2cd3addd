"""Operators of expressions on texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import Date, Document, Regex
from buckler.scan.engines.app.servers.standin.mongo_dates import shown
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_function import MANY, function, nothing
from buckler.scan.engines.app.servers.standin.mongo_order import type_of
from buckler.scan.engines.app.servers.standin.mongo_regex import LONGEST, compiled

LARGEST = 16 * 1024 * 1024
"""Characters of one text."""


def _text(value: Any) -> str:
    """A value as the operators for texts take it; numbers and dates as they are shown."""
    if nothing(value):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_shown(value)
    if isinstance(value, Date):
        return shown(value)
    raise MongoError(16007, f"can't convert from BSON type {type_of(value)} to String")


def number_shown(value: int | float) -> str:
    """A number as ``$toString`` shows it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _needs_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise MongoError(34471, f"{name} requires a string argument, found: {type_of(value)}")
    return value


@function("concat", 0, MANY)
def concat(*values: Any) -> Any:
    """$concat."""
    if any(nothing(value) for value in values):
        return None
    for value in values:
        if not isinstance(value, str):
            raise MongoError(16702, f"$concat only supports strings, not {type_of(value)}")
    if sum(map(len, values)) > LARGEST:
        raise MongoError(10334, "the text is too long")
    return "".join(values)


def _changed(work: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: work(_text(value))


function("toLower")(_changed(str.lower))
function("toUpper")(_changed(str.upper))
function("strLenCP")(lambda value: len(_needs_text("$strLenCP", value)))
function("strLenBytes")(lambda value: len(_needs_text("$strLenBytes", value).encode()))


@function("substr substrCP substrBytes", 3)
def part(value: Any, start: Any, length: Any) -> str:
    """$substr and its kin, by characters."""
    if not isinstance(start, int | float) or not isinstance(length, int | float):
        raise MongoError(34450, "the start and the length of a substring are numbers")
    text, first, count = _text(value), int(start), int(length)
    if first < 0:
        return ""
    return text[first:] if count < 0 else text[first : first + count]


@function("split", 2)
def split(value: Any, separator: Any) -> Any:
    """$split."""
    if nothing(value) or nothing(separator):
        return None
    text, between = _needs_text("$split", value), _needs_text("$split", separator)
    if not between:
        raise MongoError(40087, "$split requires a non-empty separator")
    return text.split(between)


def _trimmed(name: str, work: Callable[[str, str | None], str]) -> None:
    def run(given: Document) -> Any:
        text, letters = given.get("input"), given.get("chars")
        if nothing(text) or ("chars" in given and letters is None):
            return None
        wanted = None if nothing(letters) else _needs_text(f"${name}", letters)
        return work(_needs_text(f"${name}", text), wanted)

    function(name, named=True)(run)


_trimmed("trim", str.strip)
_trimmed("ltrim", str.lstrip)
_trimmed("rtrim", str.rstrip)


@function("indexOfCP indexOfBytes", 2, 4)
def index(value: Any, looked_for: Any, start: Any = 0, end: Any = None) -> Any:
    """$indexOfCP."""
    if nothing(value):
        return None
    text, wanted = _needs_text("$indexOfCP", value), _needs_text("$indexOfCP", looked_for)
    return text.find(wanted, int(start), None if end is None else int(end))


@function("strcasecmp", 2)
def compared(one: Any, other: Any) -> int:
    """$strcasecmp."""
    first, second = _text(one).upper(), _text(other).upper()
    return (first > second) - (first < second)


def _pattern(given: Document) -> Any:
    pattern, options = given.get("regex"), given.get("options")
    if isinstance(pattern, Regex):
        return compiled(pattern.pattern, pattern.options or str(options or ""))
    return compiled(_needs_text("$regexMatch", pattern), str(options or ""))


@function("regexMatch", named=True)
def regex_match(given: Document) -> bool:
    """$regexMatch."""
    value = given.get("input")
    return not nothing(value) and _pattern(given).search(_searched(value)) is not None


@function("regexFind", named=True)
def regex_find(given: Document) -> Any:
    """$regexFind."""
    found = regex_find_all(given)
    return found[0] if found else None


@function("regexFindAll", named=True)
def regex_find_all(given: Document) -> list[Document]:
    """$regexFindAll."""
    value = given.get("input")
    if nothing(value):
        return []
    return [
        {"match": one.group(), "idx": one.start(), "captures": list(one.groups())}
        for one in _pattern(given).finditer(_searched(value))
    ]


def _searched(value: Any) -> str:
    return _needs_text("$regexMatch", value)[:LONGEST]


def _replaced(name: str, count: int) -> None:
    def run(given: Document) -> Any:
        values = [given.get(key) for key in ("input", "find", "replacement")]
        if any(nothing(value) for value in values):
            return None
        text, wanted, new = (_needs_text(f"${name}", value) for value in values)
        if len(text) * max(len(new), 1) > LARGEST:
            raise MongoError(10334, "the text is too long")
        return text.replace(wanted, new, count)

    function(name, named=True)(run)


_replaced("replaceOne", 1)
_replaced("replaceAll", -1)

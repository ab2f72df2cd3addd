"""Dotted paths into documents, with what arrays on the way mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import Document, Undefined
from buckler.scan.engines.app.servers.standin.mongo_errors import bad
from buckler.scan.engines.app.servers.standin.mongo_order import MISSING, Missing, order

MAX_PARTS = 100


def parts_of(path: str) -> list[str]:
    """The names in a path.

    Raises:
        MongoError: There are too many.
    """
    parts = path.split(".")
    if len(parts) > MAX_PARTS:
        raise bad("the field path is too long")
    return parts


def index_of(part: str) -> int | None:
    """The place in an array that a part of a path names, if it does."""
    return int(part) if part.isascii() and part.isdigit() and len(part) < 8 else None


def found(value: Any, parts: Sequence[str]) -> Iterator[Any]:
    """What a query's path leads to: an array on the way stands for each of its documents.

    ``MISSING`` stands for a document that has no such field. An array at the end is given as it is.
    """
    if not parts:
        yield value
    elif isinstance(value, dict):
        yield from found(value.get(parts[0], MISSING), parts[1:])
    elif isinstance(value, list):
        at = index_of(parts[0])
        if at is not None and at < len(value):
            yield from found(value[at], parts[1:])
        for item in value:
            if isinstance(item, dict):
                yield from found(item, parts)
    else:
        yield MISSING


def value_at(value: Any, parts: Sequence[str]) -> Any:
    """What an expression's path leads to: through an array, an array of what is there."""
    for number, part in enumerate(parts):
        if isinstance(value, list):
            rest = parts[number:]
            inner = (value_at(item, rest) for item in value if isinstance(item, dict | list))
            return [item for item in inner if item is not MISSING]
        if not isinstance(value, dict):
            return MISSING
        value = value.get(part, MISSING)
    return value


def sort_value(document: Document, parts: Sequence[str], *, falling: bool) -> Any:
    """What a document is sorted by: the least or the greatest of an array."""
    values: list[Any] = []
    for value in found(document, parts):
        values += (value or [Undefined()]) if isinstance(value, list) else [value]
    # An empty array comes before null, as the undefined does.
    keys = [order(None if isinstance(v, Missing) else v) for v in values] or [order(None)]
    return max(keys) if falling else min(keys)


def put(value: Any, parts: Sequence[str], new: Any) -> Any:
    """A copy of a document with a field set, for projections: arrays are gone into."""
    if not parts:
        return new
    if isinstance(value, list):
        return [put(item, parts, new) for item in value]
    made = dict(value) if isinstance(value, dict) else {}
    made[parts[0]] = put(made.get(parts[0], {}), parts[1:], new)
    return made


def without(value: Any, parts: Sequence[str]) -> Any:
    """A copy of a document without a field; arrays are gone into."""
    if isinstance(value, list):
        return [without(item, parts) for item in value]
    if not isinstance(value, dict) or parts[0] not in value:
        return value
    if len(parts) == 1:
        return {name: item for name, item in value.items() if name != parts[0]}
    return {**value, parts[0]: without(value[parts[0]], parts[1:])}

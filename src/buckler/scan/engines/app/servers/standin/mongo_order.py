"""How values of different types compare and sort in MongoDB ("Comparison/Sort Order" of its manual)."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import (
    Binary,
    Code,
    Date,
    Decimal128,
    MaxKey,
    MinKey,
    ObjectId,
    Pointer,
    Regex,
    ScopedCode,
    Symbol,
    Timestamp,
    Undefined,
)
from buckler.scan.engines.app.servers.standin.mongo_numbers import decimal_of

TYPES: dict[str, int] = {
    "double": 1,
    "string": 2,
    "object": 3,
    "array": 4,
    "binData": 5,
    "undefined": 6,
    "objectId": 7,
    "bool": 8,
    "date": 9,
    "null": 10,
    "regex": 11,
    "dbPointer": 12,
    "javascript": 13,
    "symbol": 14,
    "javascriptWithScope": 15,
    "int": 16,
    "timestamp": 17,
    "long": 18,
    "decimal": 19,
    "minKey": -1,
    "maxKey": 127,
}
"""Names of types with the numbers that ``$type`` takes."""
NUMBERS = ("double", "int", "long", "decimal")
_CLASSES: dict[type, str] = {
    float: "double",
    str: "string",
    dict: "object",
    list: "array",
    Binary: "binData",
    Undefined: "undefined",
    ObjectId: "objectId",
    bool: "bool",
    Date: "date",
    type(None): "null",
    Regex: "regex",
    Pointer: "dbPointer",
    Code: "javascript",
    Symbol: "symbol",
    ScopedCode: "javascriptWithScope",
    int: "int",
    Timestamp: "timestamp",
    Decimal128: "decimal",
    MinKey: "minKey",
    MaxKey: "maxKey",
}
_RANKS = {
    "minKey": 0,
    "undefined": 1,
    "null": 2,
    "double": 3,
    "int": 3,
    "long": 3,
    "decimal": 3,
    "symbol": 4,
    "string": 4,
    "object": 5,
    "array": 6,
    "binData": 7,
    "objectId": 8,
    "bool": 9,
    "date": 10,
    "timestamp": 11,
    "regex": 12,
    "dbPointer": 13,
    "javascript": 14,
    "javascriptWithScope": 15,
    "maxKey": 16,
}


class Missing:
    """There is no such field."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


def type_of(value: Any) -> str:
    """The name of a value's type, as ``$type`` calls it."""
    if type(value) is int and not -(2**31) <= value < 2**31:
        return "long"
    return _CLASSES.get(type(value), "long" if isinstance(value, int) else "missing")


def rank(value: Any) -> int:
    """Where values of this type come among those of others; alike for all numbers."""
    return 2 if isinstance(value, Missing) else _RANKS[type_of(value)]


def order(value: Any) -> tuple[Any, ...]:
    """A key that sorts values of all types; equal for equal values."""
    return (rank(value), *_within(value))


def _within(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, int | float | Decimal128):
        return _number(value)
    if isinstance(value, str):
        return (value.encode("utf-8", "surrogatepass"),)
    if isinstance(value, dict):
        fields = ((rank(item), name, order(item)) for name, item in value.items())
        return (tuple(fields),)
    if isinstance(value, list):
        return (tuple(order(item) for item in value),)
    return _small(value)


def _small(value: Any) -> tuple[Any, ...]:
    match value:
        case Binary():
            return (len(value.data), value.subtype, value.data)
        case ObjectId():
            return (value.raw,)
        case Date():
            return (value.ms,)
        case Timestamp():
            return (value.time, value.inc)
        case Regex():
            return (value.pattern, value.options)
        case Pointer():
            return (value.name, value.id)
        case ScopedCode():
            return (value.code, order(value.scope))
        case _:
            return ()


def _number(value: int | float | Decimal128) -> tuple[int, Any]:
    """Not-a-number comes before all others."""
    number = decimal_of(value) if isinstance(value, Decimal128) else value
    if isinstance(number, Decimal):
        return (0, 0) if number.is_nan() else (1, number)
    return (0, 0) if math.isnan(number) else (1, number)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal: numbers by value, documents with their order."""
    return order(one) == order(other)

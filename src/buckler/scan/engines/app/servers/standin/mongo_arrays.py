"""Operators of expressions on arrays and documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import Document
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_function import MANY, function, nothing
from buckler.scan.engines.app.servers.standin.mongo_numbers import is_number, plain
from buckler.scan.engines.app.servers.standin.mongo_order import MISSING, order, type_of
from buckler.scan.engines.app.servers.standin.mongo_paths import sort_value

LARGEST = 10_000
"""Items of an array that an expression makes."""


def _array(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise MongoError(28689, f"{name}'s argument must be an array, but is {type_of(value)}")
    return value


def _bounded(items: list[Any]) -> list[Any]:
    if len(items) > LARGEST:
        raise MongoError(10334, "the array is too long for the stand-in")
    return items


def _number(value: Any, name: str) -> int:
    if not is_number(value) or plain(value) != int(plain(value)):
        raise MongoError(28690, f"{name} needs a whole number")
    return int(plain(value))


@function("size")
def size(value: Any) -> int:
    """$size."""
    if not isinstance(value, list):
        raise MongoError(17124, f"The argument to $size must be an array, was: {type_of(value)}")
    return len(value)


@function("isArray")
def is_array(value: Any) -> bool:
    """$isArray."""
    return isinstance(value, list)


@function("arrayElemAt", 2)
def element(value: Any, at: Any) -> Any:
    """$arrayElemAt."""
    if nothing(value) or nothing(at):
        return None
    items, place = _array(value, "$arrayElemAt"), _number(at, "$arrayElemAt")
    return items[place] if -len(items) <= place < len(items) else MISSING


@function("first")
def first(value: Any) -> Any:
    """$first of an array."""
    return element(value, 0)


@function("last")
def last(value: Any) -> Any:
    """$last of an array."""
    return element(value, -1)


@function("slice", 2, 3)
def sliced(value: Any, one: Any, other: Any = None) -> Any:
    """$slice."""
    if nothing(value) or nothing(one):
        return None
    return cut(_array(value, "$slice"), _number(one, "$slice"), other)


def cut(items: list[Any], one: int, other: Any = None) -> list[Any]:
    """The first or last of an array, or so many from a place on."""
    if other is None:
        return items[:one] if one >= 0 else items[one:]
    start = max(len(items) + one, 0) if one < 0 else one
    return items[start : start + max(_number(other, "$slice"), 0)]


@function("in", 2)
def contained(value: Any, items: Any) -> bool:
    """$in of an expression."""
    if not isinstance(items, list):
        raise MongoError(40081, f"$in requires an array, found: {type_of(items)}")
    return any(order(value) == order(item) for item in items)


@function("concatArrays", 0, MANY)
def joined(*values: Any) -> Any:
    """$concatArrays."""
    if any(nothing(value) for value in values):
        return None
    return _bounded([item for value in values for item in _array(value, "$concatArrays")])


@function("reverseArray")
def reverse(value: Any) -> Any:
    """$reverseArray."""
    return None if nothing(value) else _array(value, "$reverseArray")[::-1]


@function("indexOfArray", 2, 4)
def index(value: Any, looked_for: Any, start: Any = 0, end: Any = None) -> Any:
    """$indexOfArray."""
    if nothing(value):
        return None
    items = _array(value, "$indexOfArray")
    stop = len(items) if end is None else _number(end, "$indexOfArray")
    for at in range(_number(start, "$indexOfArray"), min(stop, len(items))):
        if order(items[at]) == order(looked_for):
            return at
    return -1


@function("range", 2, 3)
def numbers(start: Any, end: Any, step: Any = 1) -> list[int]:
    """$range."""
    one, other, by = (_number(value, "$range") for value in (start, end, step))
    if by == 0:
        raise MongoError(34449, "$range requires a non-zero step value")
    wanted = range(one, other, by)
    if len(wanted) > LARGEST:
        raise MongoError(10334, "the array is too long for the stand-in")
    return list(wanted)


def distinct(items: Iterable[Any]) -> list[Any]:
    """Values without those that are equal to one before."""
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(order(item), item)
    return list(found.values())


@function("setUnion", 0, MANY)
def union(*values: Any) -> Any:
    """$setUnion, in order of the values."""
    if any(nothing(value) for value in values):
        return None
    found = distinct(item for value in values for item in _array(value, "$setUnion"))
    return sorted(found, key=order)


@function("setIntersection", 0, MANY)
def intersection(*values: Any) -> Any:
    """$setIntersection, in order of the values."""
    if any(nothing(value) for value in values):
        return None
    sets = [{order(item) for item in _array(value, "$setIntersection")} for value in values]
    kept = [item for item in (values[0] if values else ()) if all(order(item) in s for s in sets)]
    return sorted(distinct(kept), key=order)


@function("setDifference", 2)
def difference(one: Any, other: Any) -> Any:
    """$setDifference."""
    if nothing(one) or nothing(other):
        return None
    without = {order(item) for item in _array(other, "$setDifference")}
    return distinct(i for i in _array(one, "$setDifference") if order(i) not in without)


@function("setIsSubset", 2)
def subset(one: Any, other: Any) -> bool:
    """$setIsSubset."""
    whole = {order(item) for item in _array(other, "$setIsSubset")}
    return all(order(item) in whole for item in _array(one, "$setIsSubset"))


@function("setEquals", 2, MANY)
def equal(*values: Any) -> bool:
    """$setEquals."""
    return len({frozenset(order(i) for i in _array(v, "$setEquals")) for v in values}) == 1


def _true(value: Any) -> bool:
    if nothing(value) or value is False:
        return False
    return not (is_number(value) and plain(value) == 0)


@function("anyElementTrue")
def any_true(value: Any) -> bool:
    """$anyElementTrue."""
    return any(_true(item) for item in _array(value, "$anyElementTrue"))


@function("allElementsTrue")
def all_true(value: Any) -> bool:
    """$allElementsTrue."""
    return all(_true(item) for item in _array(value, "$allElementsTrue"))


@function("mergeObjects", 0, MANY)
def merged(*values: Any) -> Document:
    """$mergeObjects."""
    made: Document = {}
    for value in values[0] if len(values) == 1 and isinstance(values[0], list) else values:
        if nothing(value):
            continue
        if not isinstance(value, dict):
            raise MongoError(40400, f"$mergeObjects requires object inputs, not {type_of(value)}")
        made.update(value)
    return made


@function("objectToArray")
def to_array(value: Any) -> Any:
    """$objectToArray."""
    if nothing(value):
        return None
    if not isinstance(value, dict):
        raise MongoError(40390, f"$objectToArray requires a document input, not {type_of(value)}")
    return [{"k": name, "v": item} for name, item in value.items()]


@function("arrayToObject")
def to_object(value: Any) -> Any:
    """$arrayToObject."""
    if nothing(value):
        return None
    made: Document = {}
    for item in _array(value, "$arrayToObject"):
        pair = list(item.values()) if isinstance(item, dict) else item
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise MongoError(40386, "$arrayToObject requires pairs of a name and a value")
        made[pair[0]] = pair[1]
    return made


@function("getField", named=True)
def field(given: Document) -> Any:
    """$getField with its named operands."""
    source = given.get("input")
    return source.get(given.get("field"), MISSING) if isinstance(source, dict) else MISSING


@function("sortArray", named=True)
def ordered(given: Document) -> Any:
    """$sortArray."""
    items, by = given.get("input"), given.get("sortBy")
    if nothing(items):
        return None
    return sort_items(_array(items, "$sortArray"), by)


def sort_items(items: list[Any], by: Any) -> list[Any]:
    """An array sorted by its values, or by fields of its documents."""
    if not isinstance(by, dict):
        return sorted(items, key=order, reverse=by == -1)
    made = list(items)
    for name, way in reversed(list(by.items())):
        parts = name.split(".")
        falling = way == -1
        made.sort(
            key=lambda item, p=parts, f=falling: sort_value(item, p, falling=f),  # type: ignore[misc]
            reverse=falling,
        )
    return made


@function("zip", named=True)
def zipped(given: Document) -> Any:
    """$zip, to the shortest of its arrays."""
    inputs = given.get("inputs")
    if not isinstance(inputs, list) or any(nothing(value) for value in inputs):
        return None
    return [list(row) for row in zip(*(_array(v, "$zip") for v in inputs), strict=False)]

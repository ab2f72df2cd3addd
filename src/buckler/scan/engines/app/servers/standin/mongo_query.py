"""Whether a document fits a filter: the query operators of MongoDB's manual."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_bson import (
    Binary,
    Decimal128,
    Document,
    Regex,
)
from buckler.scan.engines.app.servers.standin.mongo_errors import bad
from buckler.scan.engines.app.servers.standin.mongo_expressions import Variables, evaluate, truth
from buckler.scan.engines.app.servers.standin.mongo_order import (
    NUMBERS,
    TYPES,
    Missing,
    order,
    rank,
    same,
    type_of,
)
from buckler.scan.engines.app.servers.standin.mongo_paths import found, parts_of
from buckler.scan.engines.app.servers.standin.mongo_regex import compiled, searched

Test: TypeAlias = Callable[[Any], bool]
_OPTIONS = ("$options", "$comment")


def matches(document: Document, query: Document, variables: Variables | None = None) -> bool:
    """Whether a document fits a filter.

    Args:
        document: As it is stored.
        query: The filter.
        variables: That ``$expr`` may name.

    Raises:
        MongoError: The filter is none.
    """
    return all(_clause(document, name, given, variables or {}) for name, given in query.items())


def check(query: Document) -> None:
    """Refuse a filter that is none, even where there is no document to try it on.

    Raises:
        MongoError: The filter is none.
    """
    for name, given in query.items():
        if name != "$expr":
            _clause({}, name, given, {})
        if name in ("$and", "$or", "$nor"):
            for part in given:
                check(part)


def operators_of(given: Any) -> Document | None:
    """The operators of a condition; None where it is a value to be equal to."""
    if not isinstance(given, dict) or not given:
        return None
    first = next(iter(given))
    if not first.startswith("$") or first in ("$ref", "$id", "$db"):
        return None
    return given


def _clause(document: Document, name: str, given: Any, variables: Variables) -> bool:
    if not name.startswith("$"):
        return condition(list(found(document, parts_of(name))), given, variables)
    match name:
        case "$and":
            return all(_each(document, name, given, variables))
        case "$or":
            return any(_each(document, name, given, variables))
        case "$nor":
            return not any(_each(document, name, given, variables))
        case "$expr":
            return truth(evaluate(given, document, variables))
        case "$comment":
            return True
        case "$where":
            # JavaScript is never run, so nothing fits it.
            return False
        case "$text":
            return _text(document, given)
    raise bad(f"unknown top level operator: {name}")


def _each(document: Document, name: str, given: Any, variables: Variables) -> list[bool]:
    """Which parts fit; all are looked at, so that a wrong one is refused wherever it stands."""
    if not isinstance(given, list) or not given:
        raise bad(f"{name} must be a nonempty array")
    if not all(isinstance(part, dict) for part in given):
        raise bad("$or/$and/$nor entries need to be full objects")
    return [matches(document, part, variables) for part in given]


def _text(document: Document, given: Any) -> bool:
    """Whether any word that is searched for stands in any text of the document."""
    if not isinstance(given, dict) or not isinstance(given.get("$search"), str):
        raise bad("$text needs a $search")
    words = re.findall(r"\w+", given["$search"].lower())
    held = " ".join(_texts(document)).lower()
    return any(word in held for word in words)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def condition(values: list[Any], given: Any, variables: Variables) -> bool:
    """Whether what a path led to fits a condition.

    Args:
        values: As :func:`~.mongo_paths.found` gives them.
        given: A value, or operators.
        variables: That ``$expr`` may name.
    """
    operators = operators_of(given)
    if operators is None:
        return _any(values, lambda value: _equal(value, given))
    results = []
    for name, operand in operators.items():
        if name in _OPTIONS:
            if name == "$options" and "$regex" not in operators:
                raise bad("$options needs a $regex")
            continue
        results.append(_operator(name, values, operand, operators, variables))
    return all(results)


def _operator(
    name: str, values: list[Any], operand: Any, operators: Document, variables: Variables
) -> bool:
    if name in _NEGATED:
        return not _operator(_NEGATED[name], values, operand, operators, variables)
    simple = _SIMPLE.get(name)
    if simple is not None:
        return _any(values, simple(operand))
    match name:
        case "$not":
            return not _not(values, operand, variables)
        case "$regex":
            pattern = _regex(operand, operators.get("$options"))
            compiled(pattern.pattern, pattern.options)  # refused even where nothing is searched
            return _any(values, lambda value: searched(pattern, value))
        case "$exists":
            there = any(not isinstance(value, Missing) for value in values)
            return there is truth(operand)
        case "$size":
            number = _whole(name, operand)
            return any(isinstance(value, list) and len(value) == number for value in values)
        case "$all":
            return _all(values, operand, variables)
        case "$elemMatch":
            return any(_element(value, operand, variables) for value in values)
    raise bad(f"unknown operator: {name}")


def _any(values: list[Any], test: Test) -> bool:
    """Whether a value, or an item of an array, passes."""
    return any(
        test(value) or (isinstance(value, list) and any(test(item) for item in value))
        for value in values
    )


def _equal(value: Any, given: Any) -> bool:
    if isinstance(given, Regex) and searched(given, value):
        return True
    if given is None:
        return value is None or isinstance(value, Missing)
    return not isinstance(value, Missing) and same(value, given)


def _equals(operand: Any) -> Test:
    if isinstance(operand, Regex):
        return lambda value: isinstance(value, Regex) and same(value, operand)
    return lambda value: _equal(value, operand)


def _not(values: list[Any], operand: Any, variables: Variables) -> bool:
    if isinstance(operand, Regex):
        return _any(values, lambda value: searched(operand, value))
    if operators_of(operand) is None:
        raise bad("$not needs a regex or a document")
    return condition(values, operand, variables)


def _regex(operand: Any, options: Any) -> Regex:
    if isinstance(operand, Regex):
        return Regex(operand.pattern, options if isinstance(options, str) else operand.options)
    if not isinstance(operand, str):
        raise bad("$regex has to be a string")
    if options is not None and not isinstance(options, str):
        raise bad("$options has to be a string")
    return Regex(operand, options or "")


def _all(values: list[Any], operand: Any, variables: Variables) -> bool:
    if not isinstance(operand, list):
        raise bad("$all needs an array")
    if not operand:
        return False
    return all(
        condition(values, part, variables)
        if isinstance(part, dict) and "$elemMatch" in part
        else _any(values, lambda value, part=part: _equal(value, part))  # type: ignore[misc]
        for part in operand
    )


def _element(value: Any, operand: Any, variables: Variables) -> bool:
    if not isinstance(operand, dict):
        raise bad("$elemMatch needs an Object")
    if not isinstance(value, list):
        return False
    first = next(iter(operand), "")
    if first.startswith("$") and first not in ("$and", "$or", "$nor", "$expr", "$where"):
        return any(condition([item], operand, variables) for item in value)
    return any(
        matches(dict(zip(map(str, range(len(item))), item, strict=True)), operand, variables)
        if isinstance(item, list)
        else isinstance(item, dict) and matches(item, operand, variables)
        for item in value
    )


def _whole(name: str, operand: Any) -> int:
    number = operand
    if isinstance(number, float) and math.isfinite(number) and number == int(number):
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise bad(f"Failed to parse {name}. Expected a non-negative number")
    return number


def _compared(test: Callable[[Any, Any], bool], *, or_equal: bool) -> Callable[[Any], Test]:
    """A comparison, which holds within one type only."""

    def made(operand: Any) -> Test:
        if isinstance(operand, Regex):
            raise bad("Can't have RegEx as arg to predicate over field")

        def passes(value: Any) -> bool:
            if isinstance(value, Missing):
                return or_equal and operand is None
            if rank(value) != rank(operand) or _is_nan(value) != _is_nan(operand):
                return False
            return bool(test(order(value), order(operand)))

        return passes

    return made


def _is_nan(value: Any) -> bool:
    if isinstance(value, Decimal128 | float):
        return bool(order(value)[1] == 0)
    return False


def _in(operand: Any) -> Test:
    if not isinstance(operand, list):
        raise bad("$in needs an array")
    for item in operand:
        if operators_of(item) is not None:
            raise bad("cannot nest $ under $in")
    return lambda value: any(_equal(value, item) for item in operand)


def _type(operand: Any) -> Test:
    names: set[str] = set()
    for item in operand if isinstance(operand, list) else [operand]:
        if item == "number":
            names.update(NUMBERS)
            continue
        name = item if isinstance(item, str) and item in TYPES else None
        if isinstance(item, int | float) and not isinstance(item, bool):
            name = next((known for known, number in TYPES.items() if number == item), None)
        if not isinstance(name, str):
            raise bad(f"Unknown type name alias: {item}")
        names.add(name)
    return lambda value: type_of(value) in names


def _mod(operand: Any) -> Test:
    if not isinstance(operand, list) or len(operand) != 2:
        raise bad("malformed mod, needs to be an array of two numbers")
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in operand):
        raise bad("malformed mod, not a number")
    divisor, rest = (int(number) for number in operand)
    if divisor == 0:
        raise bad("divisor cannot be 0")

    def passes(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if isinstance(value, float) and not math.isfinite(value):
            return False
        return int(math.fmod(int(value), divisor)) == rest

    return passes


def _bits(wanted: str) -> Callable[[Any], Test]:
    def made(operand: Any) -> Test:
        if isinstance(operand, list) and all(type(bit) is int and 0 <= bit < 64 for bit in operand):
            mask = sum({1 << bit for bit in operand})
        elif isinstance(operand, int) and not isinstance(operand, bool) and operand >= 0:
            mask = operand
        elif isinstance(operand, Binary):
            mask = int.from_bytes(operand.data[:64], "little")
        else:
            raise bad("a bit mask is a number, bytes, or an array of positions")

        def passes(value: Any) -> bool:
            if isinstance(value, Binary):
                value = int.from_bytes(value.data, "little")
            if isinstance(value, bool) or not isinstance(value, int):
                return False
            kept = value & mask
            fits = {
                "all set": kept == mask,
                "all clear": kept == 0,
                "any set": kept != 0,
                "any clear": kept != mask,
            }
            return bool(fits[wanted])

        return passes

    return made


_NEGATED = {"$ne": "$eq", "$nin": "$in"}
_SIMPLE: Mapping[str, Callable[[Any], Test]] = {
    "$eq": _equals,
    "$gt": _compared(lambda one, other: one > other, or_equal=False),
    "$gte": _compared(lambda one, other: one >= other, or_equal=True),
    "$lt": _compared(lambda one, other: one < other, or_equal=False),
    "$lte": _compared(lambda one, other: one <= other, or_equal=True),
    "$in": _in,
    "$type": _type,
    "$mod": _mod,
    "$bitsAllSet": _bits("all set"),
    "$bitsAllClear": _bits("all clear"),
    "$bitsAnySet": _bits("any set"),
    "$bitsAnyClear": _bits("any clear"),
}

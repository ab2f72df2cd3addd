"""Operators of expressions on numbers, and comparisons."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import Date, Int64
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_function import MANY, function, nothing
from buckler.scan.engines.app.servers.standin.mongo_numbers import (
    Number,
    calculated,
    is_number,
    plain,
)
from buckler.scan.engines.app.servers.standin.mongo_order import order, type_of


def _needs_numbers(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        if not is_number(value):
            raise MongoError(14, f"{name} only supports numeric types, not {type_of(value)}")


@function("add", 0, MANY)
def add(*values: Any) -> Any:
    """$add: numbers, and at most one date."""
    if any(nothing(value) for value in values):
        return None
    dates = [value for value in values if isinstance(value, Date)]
    rest = tuple(value for value in values if not isinstance(value, Date))
    _needs_numbers("$add", rest)
    if len(dates) > 1:
        raise MongoError(16612, "only one date allowed in an $add expression")
    total = summed(rest)
    return Date(dates[0].ms + int(plain(total))) if dates else total


def summed(values: Any) -> Any:
    """The sum of numbers, 0 of none."""
    total: Any = 0
    for value in values:
        total = calculated(lambda one, other: one + other, total, value)
    return total


@function("subtract", 2)
def subtract(one: Any, other: Any) -> Any:
    """$subtract: numbers, dates, or milliseconds from a date."""
    if nothing(one) or nothing(other):
        return None
    if isinstance(one, Date):
        if isinstance(other, Date):
            return Int64(one.ms - other.ms)
        _needs_numbers("$subtract", (other,))
        return Date(one.ms - int(plain(other)))
    _needs_numbers("$subtract", (one, other))
    return calculated(lambda a, b: a - b, one, other)


@function("multiply", 0, MANY)
def multiply(*values: Any) -> Any:
    """$multiply."""
    if any(nothing(value) for value in values):
        return None
    _needs_numbers("$multiply", values)
    product: Any = 1
    for value in values:
        product = calculated(lambda a, b: a * b, product, value)
    return product


@function("divide", 2)
def divide(one: Any, other: Any) -> Any:
    """$divide: never a whole number's type."""
    if nothing(one) or nothing(other):
        return None
    _needs_numbers("$divide", (one, other))
    if plain(other) == 0:
        raise MongoError(2, "can't $divide by zero")
    decimal = any(isinstance(plain(value), Decimal) for value in (one, other))
    return calculated(lambda a, b: a / b, *((one, other) if decimal else (float(one), other)))


@function("mod", 2)
def mod(one: Any, other: Any) -> Any:
    """$mod: with the sign of the dividend."""
    if nothing(one) or nothing(other):
        return None
    _needs_numbers("$mod", (one, other))
    if plain(other) == 0:
        raise MongoError(16610, "can't $mod by zero")
    return calculated(_remainder, one, other)


def _remainder(one: Number, other: Number) -> Number:
    if isinstance(one, float) or isinstance(other, float):
        return math.fmod(one, other) if math.isfinite(one) else math.nan
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return Decimal(one) % Decimal(other)
    rest = abs(one) % abs(other)
    return -rest if one < 0 else rest


def _power(one: Number, other: Number) -> Number:
    if isinstance(one, int) and isinstance(other, int) and (abs(other) > 1000 or other < 0):
        one, other = float(one), float(other)
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return Decimal(one) ** Decimal(other)
    try:
        made = one**other
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return made if isinstance(made, int | float) else math.nan


@function("pow", 2)
def power(one: Any, other: Any) -> Any:
    """$pow."""
    if nothing(one) or nothing(other):
        return None
    _needs_numbers("$pow", (one, other))
    return calculated(_power, one, other)


def _single(name: str, work: Callable[[Any], Any]) -> None:
    def run(value: Any) -> Any:
        if nothing(value):
            return None
        _needs_numbers(f"${name}", (value,))
        try:
            return work(value)
        except (ValueError, OverflowError) as error:
            raise MongoError(28714, f"${name}: {error}") from error

    function(name)(run)


def _float(work: Callable[[float], float]) -> Callable[[Any], float]:
    return lambda value: work(float(plain(value)))


def _whole(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Applied to what may have a fraction; whole numbers are what they are."""

    def made(value: Any) -> Any:
        if isinstance(value, int) or not math.isfinite(plain(value)):
            return value
        return calculated(lambda number: type(number)(work(number)), value)

    return made


_single("abs", lambda value: calculated(abs, value))
_single("ceil", _whole(math.ceil))
_single("floor", _whole(math.floor))
_single("sqrt", _float(math.sqrt))
_single("exp", _float(math.exp))
_single("ln", _float(math.log))
_single("log10", _float(math.log10))
for _name in ("sin", "cos", "tan", "asin", "acos", "atan"):
    _single(_name, _float(getattr(math, _name)))


@function("log", 2)
def logarithm(value: Any, base: Any) -> Any:
    """$log."""
    if nothing(value) or nothing(base):
        return None
    _needs_numbers("$log", (value, base))
    if plain(value) <= 0 or plain(base) <= 0 or plain(base) == 1:
        raise MongoError(28758, "$log's argument must be a positive number")
    return math.log(float(plain(value)), float(plain(base)))


def _places(value: Any, places: Any, work: Callable[[Any, int], Any]) -> Any:
    if nothing(value) or nothing(places):
        return None
    _needs_numbers("$round", (value, places))
    at = int(plain(places))
    if not -20 <= at <= 100:
        raise MongoError(51083, "cannot apply $round with precision value not in [-20,100]")
    if not math.isfinite(plain(value)):
        return value
    return calculated(lambda number: type(number)(work(number, at)), value)


@function("round", 1, 2)
def rounded(value: Any, places: Any = 0) -> Any:
    """$round: halves to even."""
    return _places(value, places, round)


@function("trunc", 1, 2)
def truncated(value: Any, places: Any = 0) -> Any:
    """$trunc: towards zero."""

    def cut(number: Any, at: int) -> Any:
        exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
        step = Decimal(1).scaleb(-at)
        return exact // step * step

    return _places(value, places, cut)


@function("rand", 0, 1)
def rand(*_: Any) -> float:
    """$rand."""
    return random.random()


@function("cmp", 2)
def compare(one: Any, other: Any) -> int:
    """$cmp, over all types."""
    first, second = order(one), order(other)
    return (first > second) - (first < second)


for _name, _test in {
    "eq": lambda sign: sign == 0,
    "ne": lambda sign: sign != 0,
    "gt": lambda sign: sign > 0,
    "gte": lambda sign: sign >= 0,
    "lt": lambda sign: sign < 0,
    "lte": lambda sign: sign <= 0,
}.items():
    function(_name, 2)(lambda one, other, test=_test: test(compare(one, other)))


@function("sum", 0, MANY)
def total(*values: Any) -> Any:
    """$sum in an expression: of values, or of one array of them."""
    return summed(value for value in _spread(values) if is_number(value))


@function("avg", 0, MANY)
def average(*values: Any) -> Any:
    """$avg: of what is a number; null of nothing."""
    numbers = [value for value in _spread(values) if is_number(value)]
    if not numbers:
        return None
    return divide(summed(numbers), len(numbers))


@function("min", 0, MANY)
def least(*values: Any) -> Any:
    """$min, over all types."""
    return min((v for v in _spread(values) if not nothing(v)), key=order, default=None)


@function("max", 0, MANY)
def greatest(*values: Any) -> Any:
    """$max, over all types."""
    return max((v for v in _spread(values) if not nothing(v)), key=order, default=None)


@function("stdDevPop", 0, MANY)
def deviation(*values: Any) -> Any:
    """$stdDevPop."""
    numbers = [float(plain(value)) for value in _spread(values) if is_number(value)]
    if not numbers:
        return None
    middle = sum(numbers) / len(numbers)
    return math.sqrt(sum((number - middle) ** 2 for number in numbers) / len(numbers))


def _spread(values: tuple[Any, ...]) -> list[Any]:
    return values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)

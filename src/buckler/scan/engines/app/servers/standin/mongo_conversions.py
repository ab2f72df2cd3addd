"""Operators of expressions that change the type of a value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import (
    Date,
    Decimal128,
    Document,
    Int64,
    ObjectId,
    Timestamp,
    fits,
)
from buckler.scan.engines.app.servers.standin.mongo_dates import date_of, moment, read, shown
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_function import function, nothing
from buckler.scan.engines.app.servers.standin.mongo_numbers import decimal_from, is_number, plain
from buckler.scan.engines.app.servers.standin.mongo_order import TYPES, type_of
from buckler.scan.engines.app.servers.standin.mongo_strings import number_shown

_WHOLE = re.compile(r"[+-]?\d{1,30}")


def _refused(value: Any, wanted: str) -> MongoError:
    return MongoError(241, f"Unsupported conversion from {type_of(value)} to {wanted} in $convert")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_shown(value)
    if isinstance(value, Decimal128):
        return str(plain(value))
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, Date):
        return shown(value)
    raise _refused(value, "string")


def _integer(value: Any, wanted: str) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if is_number(value) and math.isfinite(plain(value)):
        return int(plain(value))
    if isinstance(value, Date) and wanted == "long":
        return value.ms
    raise _refused(value, wanted)


def _int(value: Any) -> int:
    number = _integer(value, "int")
    if not fits(number, 32):
        raise MongoError(241, "Conversion would overflow target type in $convert")
    return number


def _long(value: Any) -> Int64:
    number = _integer(value, "long")
    if not fits(number, 64):
        raise MongoError(241, "Conversion would overflow target type in $convert")
    return Int64(number)


def _double(value: Any) -> float:
    try:
        if isinstance(value, Date):
            return float(value.ms)
        if isinstance(value, bool | str) or is_number(value):
            return float(plain(value) if is_number(value) else value)
    except (ValueError, OverflowError) as error:
        raise MongoError(241, f"Failed to parse number in $convert: {error}") from error
    raise _refused(value, "double")


def _decimal(value: Any) -> Decimal128:
    try:
        if isinstance(value, Decimal128):
            return value
        if isinstance(value, str | int):
            return decimal_from(Decimal(value if isinstance(value, str) else int(value)))
        return decimal_from(Decimal(repr(_double(value))))
    except (InvalidOperation, ValueError) as error:
        raise MongoError(241, "Failed to parse number in $convert") from error


def _bool(value: Any) -> bool:
    return plain(value) != 0 if is_number(value) else value is not False


def _date(value: Any) -> Date:
    if isinstance(value, str):
        return read(value)
    if isinstance(value, Date | ObjectId | Timestamp):
        return date_of(moment(value))
    if is_number(value) and math.isfinite(plain(value)) and fits(int(plain(value)), 64):
        return Date(int(plain(value)))
    raise _refused(value, "date")


def _object_id(value: Any) -> ObjectId:
    if isinstance(value, ObjectId):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{24}", value):
        return ObjectId(bytes.fromhex(value))
    raise MongoError(241, "Failed to parse objectId in $convert")


_TARGETS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "int": _int,
    "long": _long,
    "double": _double,
    "decimal": _decimal,
    "bool": _bool,
    "date": _date,
    "objectId": _object_id,
}
for _name, _work in _TARGETS.items():
    function("to" + _name[0].upper() + _name[1:])(
        lambda value, work=_work: None if nothing(value) else work(value)
    )


@function("convert", named=True)
def convert(given: Document) -> Any:
    """$convert."""
    value, wanted = given.get("input"), given.get("to")
    if nothing(value):
        return given.get("onNull")
    if isinstance(wanted, int | float):
        wanted = next((name for name, number in TYPES.items() if number == wanted), None)
    work = _TARGETS.get(str(wanted))
    if work is None:
        raise MongoError(2, "Unknown type name in $convert")
    try:
        return work(value)
    except MongoError:
        if "onError" in given:
            return given["onError"]
        raise


@function("type")
def kind(value: Any) -> str:
    """$type."""
    return type_of(value)


@function("isNumber")
def number(value: Any) -> bool:
    """$isNumber."""
    return is_number(value)

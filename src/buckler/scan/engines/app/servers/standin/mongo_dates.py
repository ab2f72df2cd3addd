"""Operators of expressions on dates. Dates are in UTC; other time zones are taken as offsets."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import (
    Date,
    Document,
    Int64,
    ObjectId,
    Timestamp,
)
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_function import function, nothing
from buckler.scan.engines.app.servers.standin.mongo_order import type_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
_UNITS = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def moment(value: Any, zone: Any = None) -> datetime:
    """The date as Python has it.

    Raises:
        MongoError: It is none, or out of Python's years.
    """
    if isinstance(value, ObjectId):
        ms = int.from_bytes(value.raw[:4], "big") * 1000
    elif isinstance(value, Timestamp):
        ms = value.time * 1000
    elif isinstance(value, Date):
        ms = value.ms
    else:
        raise MongoError(16006, f"can't convert from BSON type {type_of(value)} to Date")
    try:
        return (EPOCH + timedelta(milliseconds=ms)).astimezone(_zone(zone))
    except OverflowError as error:
        raise MongoError(18537, "the date is out of range") from error


def date_of(when: datetime) -> Date:
    """The date as BSON has it."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return Date((when - EPOCH) // timedelta(milliseconds=1))


def shown(value: Date) -> str:
    """``2024-05-17T12:30:00.000Z``."""
    return moment(value).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.ms % 1000:03d}Z"


def read(text: str) -> Date:
    """A date from a text of ISO 8601.

    Raises:
        MongoError: It is none.
    """
    try:
        return date_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise MongoError(241, f"Error parsing date string '{text[:100]}'") from error


def _zone(given: Any) -> timezone:
    matched = _OFFSET.fullmatch(given) if isinstance(given, str) else None
    if matched is None:
        return UTC
    offset = timedelta(hours=int(matched[2]), minutes=int(matched[3] or 0))
    return timezone(-offset if matched[1] == "-" else offset)


def _part(name: str, work: Callable[[datetime], int]) -> None:
    def run(given: Any) -> Any:
        zone = None
        if isinstance(given, dict):
            given, zone = given.get("date"), given.get("timezone")
        return None if nothing(given) else work(moment(given, zone))

    function(name)(run)


_part("year", lambda when: when.year)
_part("month", lambda when: when.month)
_part("dayOfMonth", lambda when: when.day)
_part("dayOfYear", lambda when: when.timetuple().tm_yday)
_part("dayOfWeek", lambda when: when.isoweekday() % 7 + 1)
_part("isoDayOfWeek", lambda when: when.isoweekday())
_part("isoWeek", lambda when: when.isocalendar().week)
_part("isoWeekYear", lambda when: when.isocalendar().year)
_part("week", lambda when: int(when.strftime("%U")))
_part("hour", lambda when: when.hour)
_part("minute", lambda when: when.minute)
_part("second", lambda when: when.second)
_part("millisecond", lambda when: when.microsecond // 1000)


@function("dateToString", named=True)
def to_string(given: Document) -> Any:
    """$dateToString."""
    value = given.get("date")
    if nothing(value):
        return given.get("onNull")
    when = moment(value, given.get("timezone"))
    form = given.get("format", "%Y-%m-%dT%H:%M:%S.%LZ")
    if not isinstance(form, str) or len(form) > 1000:
        raise MongoError(18533, "$dateToString requires that 'format' be a string")
    return re.sub("%(.)", lambda found: _formatted(found[1], when), form)


def _formatted(letter: str, when: datetime) -> str:
    match letter:
        case "L":
            return f"{when.microsecond // 1000:03d}"
        case "w":
            return str(when.isoweekday() % 7 + 1)
        case "z":
            return when.strftime("%z")
        case "Z":
            return str(int((when.utcoffset() or timedelta()).total_seconds() // 60))
        case "Y" | "m" | "d" | "H" | "M" | "S" | "j" | "G" | "V" | "u" | "U" | "b" | "B" | "%":
            return when.strftime(f"%{letter}")
    raise MongoError(18536, f"Invalid format character '%{letter}' in format string")


@function("dateFromString", named=True)
def from_string(given: Document) -> Any:
    """$dateFromString: ISO 8601, or a format of :func:`datetime.strptime`."""
    text, form = given.get("dateString"), given.get("format")
    if nothing(text):
        return given.get("onNull")
    try:
        if not isinstance(text, str):
            raise MongoError(241, "$dateFromString requires that 'dateString' be a string")
        if isinstance(form, str):
            return date_of(datetime.strptime(text, form.replace("%L", "%f")))
        return read(text)
    except (MongoError, ValueError) as error:
        if "onError" in given:
            return given["onError"]
        raise MongoError(241, f"Error parsing date string: {error}") from error


@function("dateFromParts", named=True)
def from_parts(given: Document) -> Any:
    """$dateFromParts."""
    names = ("year", "month", "day", "hour", "minute", "second")
    values = [given.get(name, int(name in ("month", "day"))) for name in names]
    if any(nothing(value) for value in values):
        return None
    try:
        numbers = list(map(int, values))
        return date_of(datetime(*numbers, tzinfo=_zone(given.get("timezone"))))  # type: ignore[misc, arg-type]
    except (ValueError, TypeError, OverflowError) as error:
        raise MongoError(40515, f"$dateFromParts: {error}") from error


def _unit(given: Document) -> str:
    unit = given.get("unit")
    if unit not in _UNITS and unit not in _MONTHS:
        raise MongoError(9, "unknown time unit value")
    return str(unit)


def _moved(sign: int) -> Callable[[Document], Any]:
    def run(given: Document) -> Any:
        value, amount = given.get("startDate"), given.get("amount")
        if nothing(value) or nothing(amount):
            return None
        unit, count = _unit(given), sign * int(amount)  # type: ignore[arg-type]
        when = moment(value)
        try:
            if unit in _UNITS:
                return date_of(when + timedelta(milliseconds=_UNITS[unit] * count))
            months = when.year * 12 + when.month - 1 + _MONTHS[unit] * count
            year, month = divmod(months, 12)
            day = min(when.day, calendar.monthrange(year, month + 1)[1])
            return date_of(when.replace(year=year, month=month + 1, day=day))
        except (ValueError, OverflowError) as error:
            raise MongoError(5166406, f"the date is out of range: {error}") from error

    return run


function("dateAdd", named=True)(_moved(1))
function("dateSubtract", named=True)(_moved(-1))


@function("dateDiff", named=True)
def difference(given: Document) -> Any:
    """$dateDiff: the borders of the unit between two dates."""
    if nothing(given.get("startDate")) or nothing(given.get("endDate")):
        return None
    unit = _unit(given)
    start, end = (_cut(moment(given[name]), unit) for name in ("startDate", "endDate"))
    if unit in _MONTHS:
        months = (end.year - start.year) * 12 + end.month - start.month
        return Int64(months // _MONTHS[unit])
    return Int64((end - start) // timedelta(milliseconds=_UNITS[unit]))


@function("dateTrunc", named=True)
def truncated(given: Document) -> Any:
    """$dateTrunc, to one unit."""
    if nothing(given.get("date")):
        return None
    return date_of(_cut(moment(given["date"], given.get("timezone")), _unit(given)))


def _cut(when: datetime, unit: str) -> datetime:
    if unit in _MONTHS:
        month = {"year": 1, "quarter": (when.month - 1) // 3 * 3 + 1}.get(unit, when.month)
        return when.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        when -= timedelta(days=when.isoweekday() % 7)
        unit = "day"
    kept = {"day": 0, "hour": 1, "minute": 2, "second": 3, "millisecond": 4}[unit]
    names = ("hour", "minute", "second")[kept:]
    micro = when.microsecond // 1000 * 1000 if kept == 4 else 0
    return when.replace(microsecond=micro, **dict.fromkeys(names, 0))  # type: ignore[arg-type]

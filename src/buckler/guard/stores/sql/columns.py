"""Where accounts are: which column of which table holds what, and as which kind.

Threat: two texts that are one account, or one text that is two (CWE-289): ``007`` and ``7``, a UUID in capital
letters. An id is read from the one text that it is written as.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from buckler.guard.options import GuardError
from buckler.guard.stores.sql.types import keepable

_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a column, and the texts that we know them by.

    Attributes:
        read: The id that a text is; None for a text that is none.
        numbered: Whether the database gives new accounts their ids.
    """

    read: Callable[[str], Any]
    numbered: bool

    @staticmethod
    def text(value: Any) -> str:
        """The text that an id is known by."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Times:
    """The moments of a column, and seconds since 1970."""

    write: Callable[[float], Any]

    @staticmethod
    def seconds(value: Any) -> float:
        """Seconds since 1970; a moment without a zone is UTC, none at all is long ago."""
        if value is None:
            return 0.0
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        return float(value)


def column_of(value: Any, name: str) -> Column[Any]:
    """The column that an option names: an attribute of a model, or a column of a table.

    Raises:
        GuardError: It is neither.
    """
    if isinstance(value, Column):
        return value
    columns = getattr(getattr(value, "property", None), "columns", None)
    if columns and isinstance(columns[0], Column):
        return columns[0]
    raise GuardError(
        f"SqlUsers: {name} takes a column", hint=f"write {name}=MyUser.{name}, without quotes"
    )


def ids_of(column: Column[Any]) -> Ids:
    """How the ids of a column are read.

    Raises:
        GuardError: They are neither texts, whole numbers nor UUIDs.
    """
    kind = python_type(column)
    if kind is int:
        return Ids(read=_number(_bits(kind_of(column))), numbered=True)
    if kind is uuid.UUID:
        return Ids(read=_uuid, numbered=False)
    if kind is str and isinstance(kind_of(column), Uuid):
        return Ids(read=lambda text: text if _uuid(text) is not None else None, numbered=False)
    if kind is str:
        return Ids(read=lambda text: text if keepable(text) else None, numbered=False)
    raise GuardError(
        "SqlUsers: id takes a column of texts, whole numbers or UUIDs",
        hint="write id=MyUser.id with an Integer, BigInteger, Uuid or String",
    )


def times_of(column: Column[Any], name: str) -> Times:
    """How the moments of a column are written.

    Raises:
        GuardError: It holds neither fractions nor moments; whole seconds would let in what was issued
            in the second of a sign-out, or keep out who signs in again in it.
    """
    kind = python_type(column)
    if kind is float:
        return Times(write=lambda seconds: seconds)
    if kind is datetime:
        aware = bool(getattr(kind_of(column), "timezone", False))
        return Times(write=lambda seconds: _moment(seconds, aware=aware))
    raise GuardError(
        f"SqlUsers: {name} takes a column of moments",
        hint="use DateTime(timezone=True) or Double; whole seconds are too coarse",
    )


def python_type(column: Column[Any]) -> type | None:
    """What values of a column are in Python; None where the type does not say."""
    try:
        return kind_of(column).python_type
    except NotImplementedError:
        return None


def kind_of(column: Column[Any]) -> TypeEngine[Any]:
    """The type of a column, without what an application wrapped around it."""
    kind = column.type
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return kind


def _moment(seconds: float, *, aware: bool) -> datetime:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if aware else moment.replace(tzinfo=None)


def _bits(kind: TypeEngine[Any]) -> int:
    if isinstance(kind, BigInteger):
        return 63
    if isinstance(kind, SmallInteger):
        return 15
    return 31 if isinstance(kind, Integer) else 63


def _number(bits: int) -> Callable[[str], int | None]:
    most = 2**bits

    def read(text: str) -> int | None:
        if len(text) > _DIGITS + 1 or not text.isascii():
            return None
        try:
            number = int(text)
        except ValueError:
            return None
        return number if str(number) == text and -most <= number < most else None

    return read


def _uuid(text: str) -> uuid.UUID | None:
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None

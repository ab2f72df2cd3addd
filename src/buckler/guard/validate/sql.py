"""The parts of a statement that cannot be bound, made safe (CWE-89; ASVS 5.0 V1.2.4).

Values are bound: ``select(User).where(User.name == name)``, ``text("... WHERE name = :name")``. Names of columns and
directions cannot be, and wildcards of ``LIKE`` survive binding; these helpers are for them. SQLAlchemy is imported when
one is called that needs it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from buckler.core.errors import BucklerError
from buckler.guard.options import GuardError
from buckler.guard.validate.order import Sort

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.elements import quoted_name

ESCAPE: Final = "/"
"""Stands before a wildcard that is meant as itself. No backslash, which MySQL reads in literals, too."""
Where = Literal["contains", "begins", "ends", "equals"]
_AROUND: Final = {
    "contains": ("%", "%"),
    "begins": ("", "%"),
    "ends": ("%", ""),
    "equals": ("", ""),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_COLUMN = re.compile(rf"{_NAME.pattern}(?:\.{_NAME.pattern})?")


class NameRefused(BucklerError, ValueError):
    """A name is not on its list. As a ValueError it becomes 422 in a validator."""

    code = "guard.sql.name"


def like(text: str, where: Where = "contains") -> str:
    """A pattern for ``LIKE`` in which the text means itself; bind it, and say ``ESCAPE '/'``.

    Args:
        text: What is looked for.
        where: At which place of the value.

    Raises:
        GuardError: ``where`` is no such place.
    """
    if where not in _AROUND:
        raise GuardError(f"where must be one of {', '.join(_AROUND)}")
    before, after = _AROUND[where]
    return before + re.sub(r"([/%_])", rf"{ESCAPE}\1", text) + after


def matches(
    column: Any, text: str, where: Where = "contains", *, case: bool = True
) -> ColumnElement[bool]:
    """``column LIKE :pattern ESCAPE '/'`` with the text as itself.

    Args:
        column: Of SQLAlchemy.
        text: What is looked for.
        where: At which place of the value.
        case: Whether capitals matter, as far as the database asks.

    Raises:
        GuardError: ``where`` is no such place.
    """
    compare = column.like if case else column.ilike
    found: ColumnElement[bool] = compare(like(text, where), escape=ESCAPE)
    return found


def order_by(
    field: str, allowed: Mapping[str, Any] | Collection[str] | None = None
) -> ColumnElement[Any]:
    """What ``select(...).order_by`` takes.

    Args:
        field: ``name`` or ``-name``, or what :class:`~buckler.guard.validate.SortField` gave.
        allowed: Public names with their columns, or names of columns; not needed with a ``Sort``.

    Raises:
        NameRefused: It is not on the list.
        GuardError: There is no list, or a column's name on it is none.
    """
    if isinstance(field, Sort):
        descending, column = field.descending, field.column
    else:
        if allowed is None or isinstance(allowed, str):
            raise GuardError("order_by needs the list of names that are allowed")
        descending, name = field.startswith("-"), field.removeprefix("-")
        if name not in allowed:
            raise NameRefused("this order is not allowed")
        column = allowed[name] if isinstance(allowed, Mapping) else name
    if isinstance(column, str):
        column = _column(column)
    found: ColumnElement[Any] = column.desc() if descending else column.asc()
    return found


def identifier(name: str, allowed: Collection[str]) -> quoted_name:
    """A name of a table or column that SQLAlchemy quotes wherever it writes it.

    It is safe in a text as well: only ASCII letters, digits and ``_`` get this far.

    Args:
        name: From outside.
        allowed: All that it may be.

    Raises:
        NameRefused: It is not on the list.
        GuardError: The list holds what is no plain name.
    """
    from sqlalchemy.sql.elements import quoted_name

    if isinstance(allowed, str):
        raise GuardError(f"allowed is a list of names: [{allowed!r}]")
    for entry in allowed:
        if entry == name:
            if not _NAME.fullmatch(entry):
                raise GuardError(f"{entry!r} is no plain name", hint="letters, digits and _")
            return quoted_name(entry, quote=True)
    raise NameRefused("this name is not allowed")


def _column(name: str) -> Any:
    from sqlalchemy import column, table

    if not _COLUMN.fullmatch(name):
        raise GuardError(f"{name!r} is no name of a column", hint="letters, digits and _")
    owner, dot, own = name.rpartition(".")
    return table(owner, column(own)).c[own] if dot else column(own)

"""Which fields a resource has that a body does not declare: what a body may set by accident.

The application names them itself: in what it answers about the resource, in the other bodies for
it, in the columns of its table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from buckler.scan.engines.attack.values import resolve
from buckler.scan.engines.interface import Exchange
from buckler.scan.model.application import AppModel, Operation, Schema, Table

MAX_FIELDS = 16
MAX_TABLES = 2
_OWN = re.compile(r"^(me|self|current|own)$", re.IGNORECASE)
_IDENTITY = re.compile(
    r"^(id|pk|uuid|guid)$|user_?name|e-?mail|^log_?in$|pass|pwd|hash|salt|_(at|on)$|^(created|updated|modified)",
    re.IGNORECASE,
)
"""Whoever sets these can no longer sign in, or sets a time: nothing to try on the scan's identities."""

Fields = dict[str, Schema]


def undeclared(
    operation: Operation,
    declared: Mapping[str, Schema],
    app: AppModel,
    answered: Exchange,
    names: frozenset[str] = frozenset(),
) -> Fields:
    """Fields of the operation's resource that its body does not declare, with their schemas.

    Args:
        operation: It takes a body with any fields.
        declared: Those that its schema names.
        app: The application.
        answered: What the operation answered to a body with the declared fields only.
        names: What identities sign in with; a field that holds one is left as it is.
    """
    found: Fields = {}
    alike = [op for op in app.operations if _is_alike(op, operation)]
    shown = {name for op in alike for name in _properties(op.response.schema)}
    held = _holding(answered.answer.json, names)
    for source in (
        *(_properties(op.response.schema) for op in alike),
        *(_properties(f.schema) for op in alike if op.body for f in op.body.fields),
        *(table.columns for table in tables_of(set(declared), shown, app.tables)),
        dict(_answered(answered.answer.json)),
    ):
        for name, schema in source.items():
            if name not in declared and name not in held and not _IDENTITY.search(name):
                found[name] = schema if schema or name not in found else found[name]
    return dict(list(found.items())[:MAX_FIELDS])


def tables_of(declared: set[str], shown: set[str], tables: tuple[Table, ...]) -> list[Table]:
    """Tables that have all the declared fields as columns; those that fit the answers best."""
    fitting = [table for table in tables if declared and declared <= set(table.columns)]
    fitting.sort(key=lambda table: (-len(shown & set(table.columns)), table.name))
    return fitting[:MAX_TABLES]


def _is_alike(one: Operation, other: Operation) -> bool:
    """Whether two operations are about the same resource: by their path or by what they answer."""
    if _base(one) == _base(other):
        return True
    modelled = bool(_properties(one.response.schema))
    return modelled and one.response.type == other.response.type != ""


def _base(operation: Operation) -> tuple[str, ...]:
    """``/accounts`` of ``/accounts/me`` and of ``/accounts/{id}``."""
    parts = [part for part in operation.path.split("/") if part]
    while parts and (parts[-1].startswith("{") or (_OWN.match(parts[-1]) and len(parts) > 1)):
        parts.pop()
    return tuple(parts)


def _properties(schema: Schema | None) -> Fields:
    """The fields of an object, or of the objects of a list."""
    current = resolve(schema or {})
    if current.get("type") == "array" and isinstance(current.get("items"), Mapping):
        current = resolve({"$defs": current.get("$defs", {}), **current["items"]})
    return {
        str(name): resolve({**child, "$defs": current.get("$defs", {})})
        for name, child in (current.get("properties") or {}).items()
        if isinstance(child, Mapping)
    }


def _holding(data: Any, names: frozenset[str]) -> set[str]:
    """Fields of an answer whose value is one of these."""
    return (
        {key for key, value in data.items() if isinstance(value, str) and value in names}
        if isinstance(data, dict)
        else set()
    )


def _answered(data: Any) -> Iterator[tuple[str, Schema]]:
    """Flags and numbers in an answer: what a document of the caller's own making rarely has."""
    if not isinstance(data, dict):
        return
    for name, value in data.items():
        if isinstance(value, bool):
            yield str(name), {"type": "boolean"}
        elif isinstance(value, int | float):
            yield str(name), {"type": "integer" if isinstance(value, int) else "number"}

"""The tables that the application's object-relational mapper knows, with their columns.

A body that is copied to a row can set every column of it, whatever its own schema names.
SQLAlchemy and what is built on it (SQLModel) are read; nothing is imported for it.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterator, List

MAX_TABLES = 300
_KINDS = {
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "Decimal": "number",
    "str": "string",
}


def named() -> List[Dict[str, Any]]:
    """Name and columns of every table; attributes of a mapped class where there is one.

    Primary keys are left out. Each column has a small JSON Schema.
    """
    found: Dict[str, Dict[str, Any]] = {}
    for registry in _registries():
        for mapper in list(registry.mappers):
            found[mapper.class_.__name__] = _columns(mapper.columns.items())
        mapped = {mapper.local_table for mapper in registry.mappers}
        for table in list(registry.metadata.tables.values()):
            if table not in mapped:
                found.setdefault(str(table.name), _columns(table.columns.items()))
    return [{"name": name, "columns": found[name]} for name in sorted(found)[:MAX_TABLES]]


def _registries() -> Iterator[Any]:
    every = getattr(sys.modules.get("sqlalchemy.orm.mapper"), "_all_registries", None)
    if callable(every):
        yield from sorted(every(), key=id)


def _columns(items: Any) -> Dict[str, Any]:
    return {
        str(name): _schema(column.type)
        for name, column in items
        if not getattr(column, "primary_key", False)
    }


def _schema(kind: Any) -> Dict[str, Any]:
    choices = getattr(kind, "enums", None)
    if choices:
        return {"enum": [str(choice) for choice in choices][:20]}
    try:
        name = getattr(kind.python_type, "__name__", "")
    except NotImplementedError:
        return {}  # A type of the application's own, or one without an equal in Python.
    schema: Dict[str, Any] = {"type": _KINDS[name]} if name in _KINDS else {}
    length = getattr(kind, "length", None)
    if schema.get("type") == "string" and isinstance(length, int):
        schema["maxLength"] = length
    return schema

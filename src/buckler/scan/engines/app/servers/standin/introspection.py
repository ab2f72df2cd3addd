"""What asyncpg asks about types that it does not know by heart: arrays of them.

Its question is one recursive query over ``pg_type``; the answer is what PostgreSQL has for these types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from buckler.scan.engines.app.servers.standin.database import Column, Result
from buckler.scan.engines.app.servers.standin.pg_types import ARRAYS, OIDS

MARK = "typeinfo_tree"
WANTED = ["oid[]"]
COLUMNS = (
    Column("oid", "oid"),
    Column("ns", "text"),
    Column("name", "text"),
    Column("kind", "char"),
    Column("basetype", "oid"),
    Column("elemtype", "oid"),
    Column("elemdelim", "char"),
    Column("range_subtype", "oid"),
    Column("attrtypoids", "oid[]"),
    Column("attrnames", "text[]"),
    Column("depth", "integer"),
    Column("basetype_name", "text"),
    Column("elemtype_name", "text"),
    Column("range_subtype_name", "text"),
)
_NAMES = {"integer": "int8", "real": "float8", "boolean": "bool", "blob": "bytea"}


def answer(values: Sequence[object]) -> Result:
    """The arrays among the types that were asked for."""
    asked = json.loads(str(values[0])) if values and values[0] else []
    rows = list(_rows(set(asked)))
    return Result("SELECT", COLUMNS, rows, len(rows))


def _rows(asked: set[int]) -> Iterator[tuple[object, ...]]:
    for category, oid in ARRAYS.items():
        if oid in asked:
            name = _NAMES.get(category, category)
            element, nothing = OIDS[category], (None, None, None)
            yield (
                oid,
                "pg_catalog",
                f"_{name}",
                "b",
                None,
                element,
                ",",
                *nothing,
                0,
                None,
                name,
                None,
            )

"""Whether a database has the tables that this version works with.

Read from the tables themselves, not from a version number: a project may have made them by its own migrations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy import inspect as look_at

from buckler.guard.options import GuardError
from buckler.guard.stores.sql.database import Database
from buckler.guard.stores.sql.tables import PREFIX, Tables

_OR: Final = " (in development with SQLite: create=True)"


async def check_schema(database: Database, tables: Tables, prefix: str, *, ours: bool) -> None:
    """Look whether all tables are there with all their columns and unique indexes.

    Args:
        database: Where they should be.
        tables: What they should be.
        prefix: That their names begin with.
        ours: Whether the engine was made of an address, which alone can be told to make them.

    Raises:
        GuardError: One is missing.
        StoreError: The database did not answer.
    """
    missing = await database.look(lambda connection: list(_missing(connection, tables)))
    if missing:
        in_file = ours and database.engine.dialect.name == "sqlite"
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        address = database.engine.url.render_as_string(hide_password=True)
        asked = "" if prefix == PREFIX else f" --prefix {prefix}"
        raise GuardError(
            f"the database has not {', '.join(missing[:3])}{more}",
            hint=f"run: buckler db upgrade --database '{address}'{asked}{_OR if in_file else ''}",
        )


def _missing(connection: Connection, tables: Tables) -> Iterator[str]:
    inspector = look_at(connection)
    wanted: list[Any] = [getattr(tables, name) for name in Tables.__dataclass_fields__]
    names = [table.name for table in wanted]
    columns = {
        key[1]: found for key, found in inspector.get_multi_columns(filter_names=names).items()
    }
    indexes = {
        key[1]: found for key, found in inspector.get_multi_indexes(filter_names=names).items()
    }
    for table in wanted:
        if table.name not in columns:
            yield f"the table {table.name}"
            continue
        there = {column["name"] for column in columns[table.name]}
        for column in table.columns:
            if column.name not in there:
                yield f"the column {table.name}.{column.name}"
        unique = {index["name"] for index in indexes.get(table.name, ()) if index["unique"]}
        for index in table.indexes:
            if index.unique and index.name not in unique:
                yield f"the unique index {index.name}"

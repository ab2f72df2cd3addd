"""What tables there are, read from where SQLite keeps their definitions, as MySQL describes them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from buckler.scan.engines.app.servers.standin.database import Databases, Result
from buckler.scan.engines.app.servers.standin.mysql_words import changed, quoted, tokens

_TYPES = {
    "integer": "int(11)",
    "real": "double",
    "boolean": "tinyint(1)",
    "timestamp": "datetime",
    "timestamptz": "datetime",
    "date": "date",
    "time": "time",
    "numeric": "decimal(10,2)",
    "json": "longtext",
    "blob": "blob",
}
"""By category; anything else is text of the length that was said."""
_ASKED = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    " ORDER BY name"
)
_VIEWS = {
    "schemata": "catalog_name schema_name default_character_set_name default_collation_name",
    "tables": "table_catalog table_schema table_name table_type engine table_rows table_comment",
    "columns": "table_catalog table_schema table_name column_name ordinal_position column_default"
    " is_nullable data_type column_type column_key extra column_comment",
    "statistics": "table_schema table_name non_unique index_name seq_in_index column_name",
    "table_constraints": "constraint_schema constraint_name table_schema table_name constraint_type",
    "key_column_usage": "constraint_schema constraint_name table_schema table_name column_name"
    " ordinal_position referenced_table_schema referenced_table_name referenced_column_name",
    "referential_constraints": "constraint_schema constraint_name table_name referenced_table_name"
    " update_rule delete_rule",
    "views": "table_schema table_name view_definition",
    "routines": "routine_schema routine_name routine_type",
    "triggers": "trigger_schema trigger_name event_object_table",
}
"""The views of information_schema with those of their columns that are asked for."""
_filling = threading.Lock()


@dataclass(frozen=True, slots=True)
class Described:
    """One column of a table."""

    name: str
    type: str
    nullable: bool
    key: str
    default: str | None
    extra: str


def tables(databases: Databases, database: str) -> dict[str, str]:
    """By name, the definitions of the tables as SQLite has them."""
    found = databases.run(database, _ASKED)
    return {str(name): str(sql or "") for name, sql in found.rows}


def columns(databases: Databases, database: str, table: str) -> list[Described]:
    """The columns of a table that is there."""
    name = table.replace("`", "``")
    shown = databases.run(database, f"SELECT * FROM `{name}` LIMIT 0").columns  # noqa: S608 - quoted
    told = _told(tables(databases, database).get(table, ""))
    return [
        replace(told.get(one.name) or _plain(one.name), type=_type(one.type, told.get(one.name)))
        for one in shown
    ]


def _plain(name: str) -> Described:
    return Described(name, "", True, "", None, "")


def _type(category: str, told: Described | None) -> str:
    if category in _TYPES:
        return _TYPES[category]
    length = "".join(filter(str.isdigit, told.type)) if told else ""
    return f"varchar({length})" if length else "text"


def _told(sql: str) -> dict[str, Described]:
    """What a definition says of its columns; nothing where it cannot be read."""
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (SqlglotError, RecursionError):
        return {}
    keys = {
        part.name
        for key in tree.find_all(exp.PrimaryKey)
        for part in key.find_all(exp.Column, exp.Identifier)
    }
    unique = {
        part.name
        for one in tree.find_all(exp.UniqueColumnConstraint)
        if len(parts := list(one.find_all(exp.Identifier))) == 1
        for part in parts
    }
    return {
        one.name: _column(one, one.name in keys, one.name in unique)
        for one in tree.find_all(exp.ColumnDef)
    }


def _column(node: exp.ColumnDef, is_key: bool, is_unique: bool) -> Described:
    kinds = [one.args.get("kind") for one in node.args.get("constraints", ())]
    is_key = is_key or any(isinstance(kind, exp.PrimaryKeyColumnConstraint) for kind in kinds)
    unique = is_unique or any(isinstance(kind, exp.UniqueColumnConstraint) for kind in kinds)
    never = any(
        isinstance(k, exp.NotNullColumnConstraint) and not k.args.get("allow_null") for k in kinds
    )
    default = next((k.this for k in kinds if isinstance(k, exp.DefaultColumnConstraint)), None)
    said = node.args.get("kind")
    kind = said.sql() if said is not None else ""
    counts = is_key and kind.upper().startswith("INT")
    return Described(
        node.name,
        kind,
        not (never or is_key),
        "PRI" if is_key else "UNI" if unique else "",
        _default(default),
        "auto_increment" if counts else "",
    )


def _default(node: exp.Expression | None) -> str | None:
    if node is None:
        return None
    said = node.sql("mysql").upper()
    if "NOW" in said or "CURRENT_TIMESTAMP" in said:
        return "current_timestamp()"
    return node.name or said


def definition(databases: Databases, database: str, table: str) -> str:
    """The statement that makes a table, in MySQL's own layout."""
    found = columns(databases, database, table)
    lines = []
    for one in found:
        moment = one.default == "current_timestamp()"
        shown = one.default if moment else quoted(one.default)
        default = "" if one.default is None else f" DEFAULT {shown}"
        rest = f"{'' if one.nullable else ' NOT NULL'}{default}"
        lines.append(f"  `{one.name}` {one.type}{rest}{' AUTO_INCREMENT' if one.extra else ''}")
    keys = ", ".join(f"`{one.name}`" for one in found if one.key == "PRI")
    lines += [f"  PRIMARY KEY ({keys})"] if keys else []
    lines += [f"  UNIQUE KEY `{one.name}` (`{one.name}`)" for one in found if one.key == "UNI"]
    body = ",\n".join(lines)
    return f"CREATE TABLE `{table}` (\n{body}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"


def looked_up(databases: Databases, names: list[str], statement: str) -> Result:
    """The result of a question to information_schema.

    Its views are tables of a database of that name, filled anew for every question.

    Args:
        databases: That it is asked about.
        names: Of the databases.
        statement: The question.
    """
    words = list(tokens(statement))
    changes = [
        (one.start, after.end, "")
        for one, after in zip(words, words[1:], strict=False)
        if after.text == "." and one.text.strip("`").lower() == "information_schema"
    ]
    own = "information_schema"
    with _filling:
        for view, fields in _VIEWS.items():
            shape = ", ".join(f"{field.upper()} VARCHAR(190)" for field in fields.split())
            databases.run(own, f"CREATE TABLE IF NOT EXISTS {view.upper()} ({shape})")
            databases.run(own, f"DELETE FROM {view.upper()}")  # noqa: S608 - a name of ours
        for name in names:
            _fill(databases, name)
        return databases.run(own, changed(statement, changes))


def _fill(databases: Databases, name: str) -> None:
    _insert(databases, "schemata", ["def", name, "utf8mb4", "utf8mb4_general_ci"])
    if name == "information_schema":
        return
    for table in tables(databases, name):
        _insert(databases, "tables", ["def", name, table, "BASE TABLE", "InnoDB", 0, ""])
        for at, one in enumerate(columns(databases, name, table), start=1):
            plain = one.type.split("(")[0]
            nullable = "YES" if one.nullable else "NO"
            described = [at, one.default, nullable, plain, one.type, one.key, one.extra, ""]
            _insert(databases, "columns", ["def", name, table, one.name, *described])
            if one.key == "PRI":
                _insert(databases, "statistics", [name, table, 0, "PRIMARY", at, one.name])
                key = [name, "PRIMARY", name, table]
                _insert(databases, "table_constraints", [*key, "PRIMARY KEY"])
                _insert(databases, "key_column_usage", [*key, one.name, at, None, None, None])


def _insert(databases: Databases, view: str, row: list[object]) -> None:
    shown = ", ".join(map(quoted, row))
    databases.run("information_schema", f"INSERT INTO {view.upper()} VALUES ({shown})")  # noqa: S608

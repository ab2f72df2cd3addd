"""Turns a statement for PostgreSQL or MySQL into one that SQLite runs, and says what its columns are.

The parser and the generators are sqlglot's; what stands here is what SQLite has no word for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from buckler.scan.engines.app.servers.standin.categories import category
from buckler.scan.engines.app.servers.standin.fitting import fitted

logging.getLogger("sqlglot").setLevel(logging.ERROR)

_TOKENS_OF_NOTHING = frozenset(
    {"CREATE TYPE", "CREATE SEQUENCE", "CREATE FUNCTION", "CREATE SCHEMA"}
)
_LOOKED_AT = frozenset({"pg_catalog", "information_schema"})

PREFIX = "p"
"""Of the names of parameters in translated statements."""
_QUOTED = (
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
    r"|\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$"
)
"""What is no statement's own text: quoted texts and names, comments (SQL:2016, 5.2 and 5.3)."""
_PARAMETER = re.compile(_QUOTED + r"|\$(?P<number>\d+)", re.DOTALL)
_END = re.compile(_QUOTED + r"|(?P<end>;)", re.DOTALL)

Catalog = dict[str, dict[str, str]]
"""By table, the category of each column, in the order of the table."""


class Unreadable(Exception):
    """The statement does not parse: a syntax error."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, ready for SQLite.

    Attributes:
        verb: ``SELECT``, ``INSERT`` … in upper case.
        sql: For SQLite; empty where nothing is to be done.
        columns: Names and categories of what comes back, ``*`` where a table says it; an empty
            category where nothing tells.
        parameters: By number, the category of each ``$1``.
        tables: Names that it reads or writes.
        defines: The table that it makes, with its columns.
        about_itself: Whether it asks for the server's own tables.
    """

    verb: str
    sql: str
    columns: tuple[tuple[str, str], ...] = ()
    parameters: Mapping[int, str] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    defines: tuple[str, Mapping[str, str]] | None = None
    about_itself: bool = False


def statements(text: str, dialect: str, catalog: Catalog) -> list[Statement]:
    """The statements of a text.

    Args:
        text: As the driver sent it.
        dialect: ``postgres`` or ``mysql``.
        catalog: The tables that are known.

    Raises:
        Unreadable: It does not parse.
    """
    try:
        parsed = sqlglot.parse(_PARAMETER.sub(_named_parameter, text), read=dialect)
        return [_statement(tree, dialect, catalog) for tree in parsed if tree is not None]
    except (SqlglotError, RecursionError) as error:
        raise Unreadable(str(error).split("\n")[0]) from error


def split(text: str) -> list[str]:
    """The statements of a text, none of them empty, without their semicolons."""
    parts, start = [], 0
    for found in _END.finditer(text):
        if found["end"]:
            parts.append(text[start : found.start()])
            start = found.end()
    return [part for part in (*parts, text[start:]) if part.strip()]


def _named_parameter(found: re.Match[str]) -> str:
    """``$1`` as ``:p1``: sqlglot takes ``$1,$`` for the beginning of a quoted text."""
    return f":{PREFIX}{found['number']}" if found["number"] else found.group()


def _statement(tree: exp.Expr, dialect: str, catalog: Catalog) -> Statement:
    verb = _verb(tree)
    about_itself = any(map(_is_of_the_server, tree.find_all(exp.Table)))
    tables = tuple(dict.fromkeys(table.name for table in tree.find_all(exp.Table)))
    if _does_nothing(tree, verb):
        return Statement(verb, "", tables=tables)
    types = Types(tree, catalog)
    parameters = dict(_parameters(tree, types))
    columns = tuple(_columns(tree, types))
    defines = _defined(tree)
    sql = fitted(tree).sql(dialect="sqlite", comments=False)
    return Statement(verb, sql, columns, parameters, tables, defines, about_itself)


def _is_of_the_server(table: exp.Table) -> bool:
    return table.db in _LOOKED_AT or table.name.startswith("pg_")


def _verb(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Command):
        return str(tree.name).upper()
    if isinstance(tree, exp.Query):
        return "SELECT"
    if isinstance(tree, exp.Create):
        return f"CREATE {tree.kind}"
    return tree.key.upper()


def _does_nothing(tree: exp.Expr, verb: str) -> bool:
    """What has no meaning here: types, functions, rights, comments on columns."""
    known = exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Create | exp.Drop | exp.Alter
    if not isinstance(tree, known) or verb in _TOKENS_OF_NOTHING:
        return True
    if isinstance(tree, exp.Drop):
        return tree.args.get("kind") not in ("TABLE", "INDEX", "VIEW")
    if isinstance(tree, exp.Alter):
        added = (exp.ColumnDef, exp.AlterRename, exp.RenameColumn, exp.Drop)
        return not all(isinstance(action, added) for action in tree.args.get("actions", ()))
    return False


_PASSING = (exp.Alias, exp.Paren, exp.Max, exp.Min, exp.Sum, exp.Ordered, exp.Window, exp.Neg)


class Types:
    """What the columns of one statement are.

    Args:
        tree: The statement.
        catalog: The tables that are known.
    """

    def __init__(self, tree: exp.Expr, catalog: Catalog) -> None:
        self.catalog = catalog
        self.tables = {table.alias_or_name: table.name for table in tree.find_all(exp.Table)}

    def of(self, node: exp.Expr | None) -> str:
        """The category of an expression; empty where nothing tells."""
        if isinstance(node, _PASSING):
            return self.of(node.this)
        if isinstance(node, exp.Add | exp.Sub | exp.Mul):
            return self.of(node.this) or self.of(node.expression)
        if isinstance(node, exp.Cast):
            return category(node.to)
        if isinstance(node, exp.Column | exp.Identifier):
            return self.of_column(node.name, node.args.get("table"))
        if isinstance(node, exp.Coalesce):
            return next((found for item in node.iter_expressions() if (found := self.of(item))), "")
        return _of_kind(node)

    def of_column(self, name: str, table: exp.Expr | None = None) -> str:
        """The category of a column of one of the tables."""
        named = [self.tables.get(table.name, table.name)] if table is not None else []
        for one in named or dict.fromkeys(self.tables.values()):
            found = self.catalog.get(one, {}).get(name)
            if found:
                return found
        return ""

    def every(self, table: str = "") -> Iterator[tuple[str, str]]:
        """Names and categories of all columns, as ``*`` gives them."""
        for alias, name in self.tables.items():
            if not table or alias == table:
                yield from self.catalog.get(name, {}).items()


def _of_kind(node: exp.Expr | None) -> str:
    if isinstance(node, exp.Count | exp.RowNumber | exp.Length | exp.Extract):
        return "integer"
    if isinstance(node, exp.Predicate | exp.Not | exp.And | exp.Or | exp.Boolean | exp.Exists):
        return "boolean"
    if isinstance(node, exp.Avg | exp.Div):
        return "real"
    if isinstance(node, exp.CurrentTimestamp):
        return "timestamptz"
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "integer" if node.is_int else "real"
    text = (
        exp.Concat | exp.Lower | exp.Upper | exp.DPipe | exp.Trim | exp.Substring | exp.GroupConcat
    )
    return "text" if isinstance(node, text) else ""


def _columns(tree: exp.Expr, types: Types) -> Iterator[tuple[str, str]]:
    returning = tree.args.get("returning")
    chosen: list[Any] = []
    if isinstance(tree, exp.Query):
        chosen = tree.selects
    elif returning is not None:
        chosen = returning.expressions
    for item in chosen:
        if isinstance(item, exp.Star):
            yield from types.every()
        elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            yield from types.every(item.table)
        else:
            yield item.alias_or_name or _named(item), types.of(item)


def _named(item: exp.Expr) -> str:
    """What PostgreSQL calls a column without a name: its function, or ``?column?``."""
    if isinstance(item, exp.Cast):
        return item.this.alias_or_name or _named(item.this)
    if isinstance(item, exp.Func):
        return item.sql_name().lower() if not isinstance(item, exp.Anonymous) else item.name.lower()
    return "?column?"


def _parameters(tree: exp.Expr, types: Types) -> Iterator[tuple[int, str]]:
    for parameter in tree.find_all(exp.Placeholder):
        number = parameter.name.removeprefix(PREFIX)
        if number.isdigit():
            yield int(number), _wanted(parameter, types) or "text"


def _wanted(parameter: exp.Expr, types: Types) -> str:
    """What a parameter has to be, by what stands around it."""
    around = parameter.parent
    if isinstance(around, exp.Cast):
        return category(around.to)
    if isinstance(around, exp.Limit | exp.Offset | exp.Fetch):
        return "integer"
    if isinstance(around, exp.Any) and isinstance(around.parent, exp.Binary):
        inner = types.of(around.parent.this)
        return f"{inner or 'text'}[]"
    if isinstance(around, exp.Like | exp.ILike | exp.DPipe | exp.JSONExtract):
        return "text"
    if isinstance(around, exp.Tuple) and isinstance(around.parent, exp.Values):
        return _inserted(around, parameter, types)
    if isinstance(around, exp.Binary | exp.In | exp.Between | exp.Coalesce | exp.Paren | exp.Neg):
        others = (item for item in around.iter_expressions() if item is not parameter)
        return next((found for item in others if (found := types.of(item))), "")
    return ""


def _inserted(row: exp.Tuple, parameter: exp.Expr, types: Types) -> str:
    """The column that a value of ``VALUES`` goes into."""
    insert = row.find_ancestor(exp.Insert)
    if insert is None:
        return ""
    at = row.expressions.index(parameter)
    into = insert.this
    if isinstance(into, exp.Schema):
        names = [item.name for item in into.expressions]
    else:
        names = list(types.catalog.get(into.name, {}))
    return types.of_column(names[at], insert.find(exp.Table)) if at < len(names) else ""


def _defined(tree: exp.Expr) -> tuple[str, dict[str, str]] | None:
    """The table that is made, or gets a column, with the columns."""
    if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema):
        found = tree.this.expressions
        table = tree.this.this.name
    elif isinstance(tree, exp.Alter):
        found, table = tree.args.get("actions", ()), tree.this.name
    else:
        return None
    return table, {
        d.name: category(d.args.get("kind")) for d in found if isinstance(d, exp.ColumnDef)
    }

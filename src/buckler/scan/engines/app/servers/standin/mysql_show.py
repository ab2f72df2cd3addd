"""SHOW and DESCRIBE for a stand-in for MySQL.

Source of the columns: MariaDB knowledge base, "SHOW" statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from buckler.scan.engines.app.servers.standin import mysql_tables
from buckler.scan.engines.app.servers.standin.database import Column, Result
from buckler.scan.engines.app.servers.standin.mysql_errors import syntax, unknown_database
from buckler.scan.engines.app.servers.standin.mysql_packets import Refusal
from buckler.scan.engines.app.servers.standin.mysql_session import VARIABLES, Session
from buckler.scan.engines.app.servers.standin.mysql_words import Token, unquoted

_EMPTY = {
    "WARNINGS": "Level Code Message",
    "ERRORS": "Level Code Message",
    "STATUS": "Variable_name Value",
    "TRIGGERS": "Trigger Event Table Statement Timing",
    "PROCEDURE": "Db Name Type Definer",
    "FUNCTION": "Db Name Type Definer",
    "EVENTS": "Db Name Definer",
    "PLUGINS": "Name Status Type Library License",
    "OPEN": "Database Table In_use Name_locked",
}
_FULL = ("Collation", "Privileges", "Comment")


def answer(session: Session, statement: str, words: list[Token]) -> Result | None:
    """The result of SHOW or DESCRIBE; None where the statement is neither.

    Raises:
        Refusal: What it names is not there, or it is not understood.
    """
    first = words[0].text
    if first in ("DESCRIBE", "DESC", "EXPLAIN") and len(words) > 1:
        plain = words[1].kind == "name" or words[1].text not in (
            *("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "FORMAT", "EXTENDED"),
            *("ANALYZE", "PARTITIONS", "("),
        )
        return _columns(session, statement, words[1:], full=False) if plain else None
    if first != "SHOW":
        return None
    rest = [one for one in words[1:] if one.text not in ("SESSION", "LOCAL", "GLOBAL", "EXTENDED")]
    full = any(one.text == "FULL" for one in rest[:1])
    rest = rest[1:] if full else rest
    return _shown(session, statement, rest, full)


def _shown(session: Session, statement: str, rest: list[Token], full: bool) -> Result:
    what = rest[0].text if rest else ""
    rows: list[tuple[str, ...]]
    match what:
        case "VARIABLES":
            rows = [(name, _switch(session.variable(name))) for name in VARIABLES]
            return _result("Variable_name Value", _liked(rows, rest))
        case "DATABASES" | "SCHEMAS":
            return _result(
                "Database", _liked([(name,) for name in sorted(session.names.there)], rest)
            )
        case "TABLES":
            return _tables(session, statement, rest, full)
        case "COLUMNS" | "FIELDS":
            return _columns(session, statement, rest[2:], full=full, like=rest)
        case "INDEX" | "INDEXES" | "KEYS":
            return _keys(session, statement, rest[2:])
        case "CREATE":
            return _create(session, statement, rest[1:])
        case "TABLE" if rest[1:] and rest[1].text == "STATUS":
            found = mysql_tables.tables(session.databases, _database(session, statement, rest))
            rows = [(name, "InnoDB", "utf8mb4_general_ci", "") for name in found]
            return _result("Name Engine Collation Comment", _liked(rows, rest))
        case "ENGINES":
            return _result("Engine Support Comment", [("InnoDB", "DEFAULT", "")])
        case "COLLATION":
            rows = [("utf8mb4_general_ci", "utf8mb4", "45", "Yes", "Yes", "1")]
            return _result("Collation Charset Id Default Compiled Sortlen", _liked(rows, rest))
        case "CHARACTER" | "CHARSET":
            rows = [("utf8mb4", "UTF-8 Unicode", "utf8mb4_general_ci", "4")]
            return _result("Charset Description Default_collation Maxlen", _liked(rows, rest))
        case "PROCESSLIST":
            row = (str(session.connection), session.user, "localhost", session.database, "Query")
            return _result("Id User Host db Command", [row])
        case "GRANTS":
            return _result("Grants", [(f"GRANT USAGE ON *.* TO `{session.user}`@`localhost`",)])
        case "COUNT":
            return _result("@@session.warning_count", [("0",)])
    if what in _EMPTY:
        return _result(_EMPTY[what], [])
    raise syntax(statement)


def _switch(value: object) -> str:
    """A value as SHOW VARIABLES writes it."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return "" if value is None else str(value)


def _result(names: str | list[str], rows: Iterable[Sequence[object]]) -> Result:
    names = names.split() if isinstance(names, str) else names
    made = [tuple(row) for row in rows]
    return Result("SHOW", tuple(Column(name, "text") for name in names), made, len(made), None)


def _liked(rows: Iterable[tuple[str, ...]], words: list[Token]) -> list[tuple[str, ...]]:
    """The rows whose first column a LIKE fits, or ``WHERE name = 'x'`` and ``IN``."""
    texts = [one.text for one in words]
    strings = [unquoted(one.text) for one in words if one.kind == "string"]
    rows = list(rows)
    if not strings:
        return rows
    if "LIKE" in texts:
        return [row for row in rows if any(like(pattern, row[0]) for pattern in strings)]
    wanted = {text.lower() for text in strings}
    return [row for row in rows if row[0].lower() in wanted] if "WHERE" in texts else rows


def like(pattern: str, text: str) -> bool:
    """Whether LIKE fits, whatever the case; no pattern takes exponential time."""
    signs = re.findall(r"\\.|.", pattern[:200], re.S)
    parts = [""]
    for sign in signs:
        if sign == "%":
            parts.append("")
        else:
            parts[-1] += "." if sign == "_" else re.escape(sign[-1])
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1] if part)
    made = parts[0] + middle + (".*" + parts[-1] if len(parts) > 1 else "")
    return re.fullmatch(made, text, re.I | re.S) is not None


def _text(statement: str, word: Token) -> str:
    return unquoted(statement[word.start : word.end])


def _database(session: Session, statement: str, words: list[Token]) -> str:
    """The database behind FROM or IN, or the one that is chosen.

    Raises:
        Refusal: It is not there, or none is chosen.
    """
    texts = [one.text if one.kind == "word" else "" for one in words]
    at = next((at for at, text in enumerate(texts) if text in ("FROM", "IN")), None)
    if at is not None and at + 1 < len(words):
        return _there(session, _text(statement, words[at + 1]))
    return _there(session, session.database)


def _there(session: Session, name: str) -> str:
    if not name:
        raise Refusal(1046, "3D000", "No database selected")
    if name not in session.names.there:
        raise unknown_database(name)
    return name


def _table(session: Session, statement: str, words: list[Token]) -> tuple[str, str]:
    """The database and the table that a name says, with a database before a dot or behind FROM.

    Raises:
        Refusal: It is not there.
    """
    if not words:
        raise syntax(statement)
    name = _text(statement, words[0])
    if len(words) > 2 and words[1].text == ".":
        database, name = name, _text(statement, words[2])
    else:
        database = _database(session, statement, words[1:])
    there = database in session.names.there
    if not there or name not in mysql_tables.tables(session.databases, database):
        raise Refusal(1146, "42S02", f"Table '{database}.{name}' doesn't exist")
    return database, name


def _tables(session: Session, statement: str, rest: list[Token], full: bool) -> Result:
    database = _database(session, statement, rest)
    found = [(name, "BASE TABLE") for name in mysql_tables.tables(session.databases, database)]
    pattern = next((f" ({unquoted(one.text)})" for one in rest if one.kind == "string"), "")
    names = [f"Tables_in_{database}{pattern}", "Table_type"][: 2 if full else 1]
    return _result(names, [row[: len(names)] for row in _liked(found, rest)])


def _columns(
    session: Session,
    statement: str,
    words: list[Token],
    *,
    full: bool,
    like: list[Token] | None = None,
) -> Result:
    database, table = _table(session, statement, words)
    rows = []
    for one in mysql_tables.columns(session.databases, database, table):
        nullable = "YES" if one.nullable else "NO"
        row = (one.name, one.type, nullable, one.key, one.default, one.extra)
        collation = "utf8mb4_general_ci" if one.type.startswith(("varchar", "text")) else None
        rows.append((*row[:2], collation, *row[2:], "", "") if full else row)
    names = ["Field", "Type", "Null", "Key", "Default", "Extra"]
    if full:
        names = [*names[:2], _FULL[0], *names[2:], *_FULL[1:]]
    shown = {row[0] for row in _liked([(str(row[0]),) for row in rows], like or [])}
    return _result(names, [row for row in rows if row[0] in shown])


def _keys(session: Session, statement: str, words: list[Token]) -> Result:
    database, table = _table(session, statement, words)
    found = mysql_tables.columns(session.databases, database, table)
    rows = []
    for at, one in enumerate((one for one in found if one.key), start=1):
        primary = one.key == "PRI"
        key = "PRIMARY" if primary else one.name
        rows.append((table, "0", key, str(at if primary else 1), one.name, "A", "BTREE"))
    return _result("Table Non_unique Key_name Seq_in_index Column_name Collation Index_type", rows)


def _create(session: Session, statement: str, words: list[Token]) -> Result:
    kind = words[0].text if words else ""
    if kind in ("DATABASE", "SCHEMA") and len(words) > 1:
        name = _there(session, _text(statement, words[-1]))
        made = f"CREATE DATABASE `{name}` /*!40100 DEFAULT CHARACTER SET utf8mb4 */"
        return Result(
            "SHOW",
            (Column("Database", "text"), Column("Create Database", "text")),
            [(name, made)],
            1,
            None,
        )
    if kind != "TABLE":
        raise syntax(statement)
    database, table = _table(session, statement, words[1:])
    row = (table, mysql_tables.definition(session.databases, database, table))
    return Result("SHOW", (Column("Table", "text"), Column("Create Table", "text")), [row], 1, None)

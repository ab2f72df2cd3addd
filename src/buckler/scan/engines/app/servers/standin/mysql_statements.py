"""Runs the statements of a stand-in for MySQL: those about the session there, the others on databases."""

from __future__ import annotations

import re
from dataclasses import replace

from buckler.scan.engines.app.servers.standin import mysql_session, mysql_show, mysql_tables
from buckler.scan.engines.app.servers.standin.database import Column, Result, StatementError
from buckler.scan.engines.app.servers.standin.mysql_dialect import rewritten
from buckler.scan.engines.app.servers.standin.mysql_errors import no_database, refusal
from buckler.scan.engines.app.servers.standin.mysql_packets import Refusal
from buckler.scan.engines.app.servers.standin.mysql_session import Session
from buckler.scan.engines.app.servers.standin.mysql_words import Token, titles, tokens

_OF_TABLES = (
    "INSERT",
    "REPLACE",
    "UPDATE",
    "DELETE",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "RENAME",
)

_NUMBERS = ("integer", "real", "numeric", "boolean")
_NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")


def run(session: Session, statement: str) -> Result:
    """Run one statement.

    Args:
        session: Whose it is.
        statement: Of it, without a semicolon.

    Raises:
        Refusal: It fails.
    """
    words = list(tokens(statement))
    if not words:
        raise Refusal(1065, "42000", "Query was empty")
    try:
        result = _result(session, statement, words)
    except StatementError as error:
        raise refusal(error, statement) from error
    if result.columns:
        session.count, session.found = -1, len(result.rows)
    else:
        session.count = result.count
    if result.verb in ("INSERT", "REPLACE") and result.last_id:
        # Of several rows MySQL tells the first number, SQLite the last.
        several = result.verb == "INSERT" and words[0].text == "INSERT" and result.count > 1
        session.last_id = result.last_id - (result.count - 1 if several else 0)
    return result


def _result(session: Session, statement: str, words: list[Token]) -> Result:
    if words[0].text == "BUCKLER":
        return session.databases.run(session.database, statement)
    found = mysql_session.answer(session, statement, words)
    found = found or mysql_show.answer(session, statement, words)
    if found is not None:
        return found
    filled = session.fill_in(statement)
    if any(one.text.strip("`").upper() == "INFORMATION_SCHEMA" for one in words):
        return mysql_tables.looked_up(session.databases, sorted(session.names.there), filled)
    if not session.database and _needs_database(words):
        raise no_database()
    session.before(words[0].text)
    told = rewritten(filled, words if filled is statement else list(tokens(filled)))
    return _named(session.databases.run(session.database, told), titles(statement, words))


def _named(result: Result, names: list[str]) -> Result:
    """A result whose columns are called and typed as drivers of MySQL expect it."""
    if len(names) != len(result.columns):
        names = [""] * len(result.columns)
    columns = tuple(
        Column(name or one.name, _fitting(one.type, [row[at] for row in result.rows]))
        for at, (name, one) in enumerate(zip(names, result.columns, strict=True))
    )
    return replace(result, columns=columns)


def _fitting(kind: str, values: list[object]) -> str:
    """The type of a column, or text where its values are not of it: drivers would fail on them."""
    if any(isinstance(value, bytes) for value in values):
        return "blob"
    if kind in _NUMBERS and not all(map(_is_number, values)):
        return "text"
    return kind


def _is_number(value: object) -> bool:
    return not isinstance(value, str) or _NUMBER.fullmatch(value) is not None


def _needs_database(words: list[Token]) -> bool:
    reads = any(
        one.text == "FROM" and after.text not in ("DUAL", "(")
        for one, after in zip(words, words[1:], strict=False)
    )
    return reads or words[0].text in _OF_TABLES

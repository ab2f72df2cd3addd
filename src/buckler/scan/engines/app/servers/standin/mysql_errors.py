"""The errors of the databases as a MySQL server puts them.

Source: MariaDB knowledge base, "MariaDB Error Code Reference".
"""

from __future__ import annotations

import re

from buckler.scan.engines.app.servers.standin.database import StatementError
from buckler.scan.engines.app.servers.standin.mysql_packets import Refusal
from buckler.scan.engines.app.servers.standin.mysql_words import tokens

_WHERE = re.compile(r"Line (\d+), Col: (\d+)")
_SHOWN = 80
NUMBERS = {
    "42P01": (1146, "42S02", "Table '{name}' doesn't exist"),
    "42703": (1054, "42S22", "Unknown column '{name}' in 'SELECT'"),
    "42P07": (1050, "42S01", "Table '{name}' already exists"),
    "42P04": (1007, "HY000", "Can't create database '{name}'; database exists"),
    "23505": (1062, "23000", "Duplicate entry for key '{name}'"),
    "23503": (1452, "23000", "Cannot add or update a child row: a foreign key constraint fails"),
    "23502": (1048, "23000", "Column '{name}' cannot be null"),
    "23514": (4025, "23000", "CONSTRAINT `{name}` failed"),
    "22003": (1264, "22003", "Out of range value for column"),
    "54000": (1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes"),
}
"""By the SQLSTATE of the databases: number and SQLSTATE of the error here, and its text."""


def refusal(error: StatementError, statement: str) -> Refusal:
    """The error of a statement as a client of MySQL gets it."""
    if error.sqlstate == "42601":
        return syntax(statement, error.message)
    if error.sqlstate not in NUMBERS:
        kind = (1366, "22007") if error.sqlstate.startswith("22") else (1105, "HY000")
        return Refusal(*kind, error.message)
    number, state, text = NUMBERS[error.sqlstate]
    return Refusal(number, state, text.format(name=_name(error.message)))


def syntax(statement: str, message: str = "") -> Refusal:
    """What a statement that does not parse is answered with; it shows from where on."""
    words = list(tokens(statement))
    open_ones = [one for one in words if one.kind == "string" and _is_open(one.text)]
    found = _WHERE.search(message)
    start = 0
    if open_ones:
        start = open_ones[-1].start
    elif found:
        line_start = sum(len(line) + 1 for line in statement.split("\n")[: int(found[1]) - 1])
        end = line_start + int(found[2])
        # The parser names the end of the word that it stumbled over; behind the last one is nothing.
        start = next((one.start for one in words[:-1] if one.end >= end), len(statement))
    line = statement.count("\n", 0, start) + 1
    return Refusal(
        1064,
        "42000",
        "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB"
        f" server version for the right syntax to use near '{statement[start : start + _SHOWN]}'"
        f" at line {line}",
    )


def _is_open(text: str) -> bool:
    return len(text) < 2 or text[-1] != text[0]


def _name(message: str) -> str:
    """The name that SQLite's message ends with, or stands in quotes there; without its table."""
    quotes = re.search(r'"([^"]+)"|table (\S+) already', message)
    found = (quotes[1] or quotes[2]) if quotes else message.rsplit(": ", 1)[-1].split(",")[0]
    return found.rsplit(".", 1)[-1]


def denied() -> Refusal:
    """The answer to what would reach out of the databases."""
    return Refusal(
        1227,
        "42000",
        "Access denied; you need (at least one of) the SUPER privilege(s) for this operation",
    )


def no_database() -> Refusal:
    """The answer to a statement on tables before a database is chosen."""
    return Refusal(1046, "3D000", "No database selected")


def unknown_database(name: str) -> Refusal:
    """The answer to the name of a database that is not there."""
    return Refusal(1049, "42000", f"Unknown database '{name}'")

"""How a driver writes the place of a bound value, and what it takes the values in.

PEP 249 leaves the style to the driver; text() of SQLAlchemy has its own.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft

QUESTION, NAMED, FORMAT, PYFORMAT, DOLLAR = "?", ":name", "%s", "%(name)s", "$1"
_DRIVERS = (
    (
        re.compile(r"\b(?:aiosqlite|sqlite3|pysqlite\w*|duckdb|libsql\w*|pyodbc|aioodbc)\b"),
        QUESTION,
    ),
    (
        re.compile(
            r"\b(?:psycopg2?|psycopg_pool|pymysql|aiomysql|asyncmy|MySQLdb|mysql|pymssql)\b"
        ),
        FORMAT,
    ),
    (re.compile(r"\b(?:asyncpg)\b"), DOLLAR),
    (re.compile(r"\b(?:databases|oracledb|cx_Oracle)\b"), NAMED),
)
_WRITTEN = (
    (re.compile(r"\$\d+\b"), DOLLAR),
    (re.compile(r"%\(\w+\)s"), PYFORMAT),
    (re.compile(r"%s"), FORMAT),
    (re.compile(r"(?<![\w:]):[A-Za-z_]\w*"), NAMED),
    (re.compile(r"\?"), QUESTION),
)
_LITERALS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class Style:
    """How values are bound.

    Attributes:
        mark: One of the constants above.
    """

    mark: str

    @property
    def is_named(self) -> bool:
        """Whether values are given by name."""
        return self.mark in (NAMED, PYFORMAT)

    def write(self, name: str, number: int) -> str:
        """The place of a value in the statement."""
        named = {NAMED: f":{name}", PYFORMAT: f"%({name})s", DOLLAR: f"${number}"}
        return named.get(self.mark, self.mark)


def written_in(statement: str) -> str:
    """The style of the places that a statement has already; empty where it has none."""
    bare = _LITERALS.sub("", statement)
    return next((mark for pattern, mark in _WRITTEN if pattern.search(bare)), "")


def count_in(statement: str, mark: str) -> int:
    """How many places of a style a piece of a statement has."""
    bare = _LITERALS.sub("", statement)
    pattern = next(pattern for pattern, known in _WRITTEN if known == mark)
    return len(pattern.findall(bare))


def style_of(draft: Draft, call: ast.Call, statement: str, finding: Finding) -> Style | None:
    """The style that a call of a driver takes; None where nothing tells.

    Args:
        draft: The file.
        call: ``….execute(…)``.
        statement: Its text, values marked.
        finding: What the running application showed of the driver.
    """
    written = written_in(statement)
    if written:
        return Style(written)
    name = draft.index.name(call.func)
    told = " ".join(str(p.data.get("call", "")) for p in finding.proof if p.kind == "sink")
    imported = " ".join(known.dotted for known in draft.index.imports.values())
    for text in (name, _others(draft), imported, told):
        marks = {mark for pattern, mark in _DRIVERS if pattern.search(text)}
        if text in _MARKS:
            return Style(text)
        if len(marks) == 1:
            return Style(marks.pop())
    return None


_MARKS = frozenset({QUESTION, NAMED, FORMAT, PYFORMAT, DOLLAR})


def _others(draft: Draft) -> str:
    """The one style of all constant statements that this file executes with values."""
    marks = set()
    for call in draft.index.called("execute", "executemany", "fetch", "fetchrow", "fetchval"):
        if len(call.args) > 1 and isinstance(call.args[0], ast.Constant):
            text = call.args[0].value
            if isinstance(text, str) and (mark := written_in(text)):
                marks.add(mark)
    return marks.pop() if len(marks) == 1 else ""

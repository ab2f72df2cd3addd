"""Databases that take every statement: in memory, on SQLite, with made-up rows where that has none.

What an application writes it reads again, so signing up and in works; a statement that SQLite cannot
run is answered with one row made of its columns, so that handlers go on.

Threat: the statements are those of a hostile application. Nothing is attached or loaded, memory and time
are bounded, and the process has no network and may write to its own folder alone (``agent/alone.py``).
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from buckler.scan.engines.app.servers.standin import values
from buckler.scan.engines.app.servers.standin.transactions import Transaction
from buckler.scan.engines.app.servers.standin.translate import (
    PREFIX,
    Catalog,
    Statement,
    Unreadable,
    statements,
)

MAX_DATABASES = 64
MAX_PAGES = 16_384
"""Of 4 KiB: 64 MiB for each database."""
MAX_TEXT = 1_000_000
MAX_ROWS = 10_000
MAX_SECONDS = 2.0
MAX_KEPT = 2_000
"""Statements whose translation is kept, for each database."""
_CREATE = re.compile(
    r'^\s*CREATE\s+DATABASE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>"(?:[^"]|"")+"|`[^`]+`|\w+)'
    r'(?:.*?\bTEMPLATE\s*=?\s*(?P<template>"(?:[^"]|"")+"|\w+))?',
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(
    r'^\s*DROP\s+DATABASE\s+(?:IF\s+EXISTS\s+)?("(?:[^"]|"")+"|`[^`]+`|\w+)', re.IGNORECASE
)
_KEPT = re.compile(r'^\s*BUCKLER\s+(KEEP|CHANGED|RESTORE)\s+("(?:[^"]|"")+")\s*;?\s*$')
Plain = str | int | float | None
_DENIED = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA})
_STATES = {"UNIQUE": "23505", "FOREIGN KEY": "23503", "NOT NULL": "23502", "CHECK": "23514"}


class StatementError(Exception):
    """A statement that a real server would refuse as well.

    Attributes:
        sqlstate: Five characters, as in SQL:2016.
        message: For people.
    """

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result; ``type`` is one of the categories of ``translate.py``."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one statement came to.

    Attributes:
        verb: ``SELECT``, ``INSERT``, ``CREATE TABLE`` … in upper case.
        columns: Empty where no rows come back.
        rows: Python values; times as ISO 8601 texts.
        count: Rows that came back or were changed.
        last_id: What was numbered last.
    """

    verb: str
    columns: tuple[Column, ...]
    rows: list[tuple[object, ...]]
    count: int
    last_id: int | None = None


class Databases:
    """All databases of one stand-in.

    Args:
        dialect: ``postgres`` or ``mysql``.
    """

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._open: dict[str, _Database] = {}
        self._lock = threading.Lock()

    def run(self, database: str, statement: str, parameters: Sequence[object] = ()) -> Result:
        """Run one statement.

        Args:
            database: Its name; one that is asked for and not there comes to be.
            statement: As the driver sent it.
            parameters: For ``$1`` and so on; arrays as JSON texts.

        Raises:
            StatementError: A real server would refuse it.
        """
        kept = _KEPT.match(statement)
        if kept is not None:
            return self._database(_unquoted(kept[2])).put_back(kept[1])
        created, dropped = _CREATE.match(statement), _DROP.match(statement)
        if created is not None:
            return self._create(_unquoted(created["name"]), _unquoted(created["template"] or ""))
        if dropped is not None:
            with self._lock:
                self._open.pop(_unquoted(dropped.group(1)), None)
            return Result("DROP DATABASE", (), [], 0)
        return self._database(database).run(statement, parameters)

    def describe(self, database: str, statement: str) -> tuple[list[str], tuple[Column, ...]]:
        """Categories of the parameters of a statement, and its columns.

        Raises:
            StatementError: It does not parse.
        """
        return self._database(database).describe(statement)

    def begin(self, database: str) -> None:
        """Begin a transaction of this thread's session, as far as that can be had."""
        self._database(database).begin()

    def mark(self, database: str, verb: str, name: str) -> None:
        """``SAVEPOINT``, ``RELEASE`` or ``ROLLBACK TO`` a name in it.

        Raises:
            StatementError: There is none of that name.
        """
        self._database(database).mark(verb, name)

    def end(self, *, keep: bool) -> None:
        """End it, by a commit or a rollback; a session that goes away has not committed."""
        for database in tuple(self._open.values()):
            database.end(keep=keep)

    def _create(self, name: str, template: str) -> Result:
        with self._lock:
            if name in self._open:
                raise StatementError("42P04", f'database "{name}" already exists')
            source = self._open.get(template)
        made = self._database(name)
        if source is not None:
            made.fill(source)
        return Result("CREATE DATABASE", (), [], 0)

    def _database(self, name: str) -> _Database:
        with self._lock:
            if name not in self._open:
                if len(self._open) >= MAX_DATABASES:
                    raise StatementError("53100", "too many databases")
                self._open[name] = _Database(self._dialect, name)
            return self._open[name]


class _Database:
    """One database; connections share it, and one statement runs at a time."""

    def __init__(self, dialect: str, name: str) -> None:
        self._dialect = dialect
        self._lock = threading.RLock()
        self._catalog: Catalog = {}
        self._kept: dict[str, list[Statement]] = {}
        self._until = 0.0
        self._kept_rows: sqlite3.Connection | None = None
        self._changes = 0
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute(f"PRAGMA max_page_count = {MAX_PAGES}")
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_TEXT * 16)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, MAX_TEXT)
        self._connection.set_progress_handler(self._too_long, 10_000)
        for function, (count, made) in _functions(name).items():
            self._connection.create_function(function, count, made)
        for view in _VIEWS:
            self._connection.execute(view)
        self._connection.set_authorizer(_allowed)
        self._transaction = Transaction(self._connection, self._catalog)

    def begin(self) -> None:
        with self._lock:
            self._transaction.begin()

    def mark(self, verb: str, name: str) -> None:
        try:
            with self._lock:
                self._transaction.mark(verb, name)
        except sqlite3.Error as error:
            raise StatementError("3B001", f'savepoint "{name}" does not exist') from error

    def end(self, *, keep: bool) -> None:
        with self._lock:
            if self._transaction.end(keep=keep):
                self._kept.clear()

    def fill(self, source: _Database) -> None:
        """Take over what another one holds."""
        with source._lock, self._lock:
            self._copy(source._connection, self._connection)
            self._catalog.update({name: dict(own) for name, own in source._catalog.items()})

    def put_back(self, what: str) -> Result:
        """``KEEP`` what is there, tell whether it has ``CHANGED`` since, or ``RESTORE`` it."""
        with self._lock:
            changed = self._connection.total_changes != self._changes
            if what == "KEEP":
                self._kept_rows = sqlite3.connect(":memory:", check_same_thread=False)
                self._copy(self._connection, self._kept_rows)
            elif what == "RESTORE" and self._kept_rows is not None:
                self._transaction.settle()
                self._copy(self._kept_rows, self._connection)
            if what != "CHANGED":
                self._changes = self._connection.total_changes
            return Result(what, (Column("changed", "integer"),), [(int(changed),)], 1)

    def _copy(self, source: sqlite3.Connection, goal: sqlite3.Connection) -> None:
        self._connection.set_authorizer(None)
        source.backup(goal)
        self._connection.set_authorizer(_allowed)

    def describe(self, statement: str) -> tuple[list[str], tuple[Column, ...]]:
        with self._lock:
            found = self._statements(statement)
            if not found:
                return [], ()
            last = found[-1]
            most = max(last.parameters, default=0)
            wanted = [last.parameters.get(number, "text") for number in range(1, most + 1)]
            return wanted, self._columns(last)

    def _columns(self, item: Statement) -> tuple[Column, ...]:
        """The columns of a statement, before it runs; SQLite knows those of ``*``."""
        if item.verb != "SELECT" or not item.sql:
            return _told(item)
        self._until = time.monotonic() + MAX_SECONDS
        try:
            nothing = {f"{PREFIX}{number}": None for number in item.parameters}
            described = self._connection.execute(item.sql, nothing).description or ()
        except sqlite3.Error:
            return _told(item) or _OF_UNKNOWN
        return _described(item, [str(found[0]) for found in described], [])

    def run(self, statement: str, parameters: Sequence[object]) -> Result:
        with self._lock:
            result = Result("", (), [], 0)
            for item in self._statements(statement):
                result = self._run(item, parameters)
            return result

    def _statements(self, text: str) -> list[Statement]:
        if len(text) > MAX_TEXT:
            raise StatementError("54000", "statement too long")
        if text not in self._kept:
            try:
                found = statements(text, self._dialect, self._catalog)
            except Unreadable as error:
                raise StatementError("42601", f"syntax error: {error}") from error
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[text] = found
        return self._kept[text]

    def _run(self, item: Statement, parameters: Sequence[object]) -> Result:
        if not item.sql:
            return Result(item.verb, (), [], 0)
        bound = {f"{PREFIX}{number}": value for number, value in enumerate(parameters, start=1)}
        self._until = time.monotonic() + MAX_SECONDS
        if item.verb != "SELECT":
            self._transaction.changes()
        try:
            cursor = self._connection.execute(item.sql, bound)
            rows = cursor.fetchmany(MAX_ROWS)
        except sqlite3.IntegrityError as error:
            raise StatementError(_state(str(error)), str(error)) from error
        except sqlite3.Error as error:
            return self._made(item, error)
        if item.defines is not None:
            self._define(*item.defines)
        names = [str(described[0]) for described in cursor.description or ()]
        count = len(rows) if names else max(cursor.rowcount, 0)
        return Result(item.verb, _described(item, names, rows), rows, count, cursor.lastrowid)

    def _define(self, table: str, columns: object) -> None:
        if isinstance(columns, dict):
            self._catalog.setdefault(table, {}).update(columns)
        self._kept.clear()  # what was read before the table was there knows nothing of its columns

    def _made(self, item: Statement, error: sqlite3.Error) -> Result:
        """What SQLite cannot answer is answered with one row, if rows are wanted at all.

        A name that is not there is the application's own mistake where the table is known.
        """
        said = str(error)
        known = all(table in self._catalog for table in item.tables)
        if known and item.tables and said.startswith("no such column"):
            raise StatementError("42703", said) from error
        if "already exists" in said:
            raise StatementError("42P07", said) from error
        columns = self._columns(item)
        if item.about_itself or not columns:
            return Result(item.verb, columns, [], 0 if item.about_itself else 1)
        return Result(item.verb, columns, [tuple(values.made(c.type) for c in columns)], 1)

    def _too_long(self) -> int:
        return time.monotonic() > self._until > 0


_OF_UNKNOWN = (Column("id", "integer"), Column("name", "text"))
"""What ``*`` of a table that is not there comes to."""


def _told(item: Statement) -> tuple[Column, ...]:
    return tuple(Column(name, found or values.guessed(name)) for name, found in item.columns)


def _described(
    item: Statement, names: list[str], rows: list[tuple[object, ...]]
) -> tuple[Column, ...]:
    """The columns that came back; where nothing tells what one is, its values do."""
    same = len(names) == len(item.columns)
    told = [found for _, found in item.columns] if same else [""] * len(names)
    made = []
    for at, (name, found) in enumerate(zip(names, told, strict=True)):
        shown = item.columns[at][0] if same else name
        first = next((row[at] for row in rows if row[at] is not None), None)
        guessed = values.of_value(first) if first is not None else values.guessed(shown)
        made.append(Column(shown, found or guessed))
    return tuple(made)


def _allowed(action: int, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action in _DENIED else sqlite3.SQLITE_OK


def _state(message: str) -> str:
    return next((state for word, state in _STATES.items() if message.startswith(word)), "23000")


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name[:1] in ('"', "`") else name


def _functions(name: str) -> dict[str, tuple[int, Callable[..., Plain]]]:
    """What servers have and SQLite has not; by name, how many arguments, and what it gives."""
    return {
        "UUID": (0, lambda: str(uuid.uuid4())),
        "GEN_RANDOM_UUID": (0, lambda: str(uuid.uuid4())),
        "UUID_GENERATE_V4": (0, lambda: str(uuid.uuid4())),
        "CURRENT_SCHEMA": (0, lambda: "public"),
        "CURRENT_DATABASE": (0, lambda: name),
        "DATABASE": (0, lambda: name),
        "VERSION": (0, lambda: "PostgreSQL 16.4 (stand-in)"),
        "PG_TABLE_IS_VISIBLE": (1, lambda _: 1),
        "SET_CONFIG": (3, lambda _, value, __: value),
        "PG_ADVISORY_LOCK": (-1, lambda *_: ""),
        "PG_TRY_ADVISORY_LOCK": (-1, lambda *_: 1),
        "PG_ADVISORY_XACT_LOCK": (-1, lambda *_: ""),
        "PG_SLEEP": (1, lambda _: ""),
        "SLEEP": (1, lambda _: 0),
        "REGEXP": (2, _matches),
    }


def _matches(pattern: object, text: object) -> bool:
    """``~``: whether a pattern is found; a pattern is the application's, so it is kept short."""
    if not isinstance(pattern, str) or not isinstance(text, str) or len(pattern) > 100:
        return False
    try:
        return re.search(pattern, text[:1000]) is not None
    except re.error:
        return False


_VIEWS = (
    "CREATE VIEW pg_class AS SELECT rowid AS oid, name AS relname, 2200 AS relnamespace,"
    " CASE type WHEN 'table' THEN 'r' WHEN 'view' THEN 'v' ELSE 'i' END AS relkind,"
    " 'p' AS relpersistence FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    " AND name NOT LIKE 'pg_%'",
    "CREATE VIEW pg_namespace AS SELECT 2200 AS oid, 'public' AS nspname",
    "CREATE VIEW pg_tables AS SELECT 'public' AS schemaname, name AS tablename"
    " FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
)

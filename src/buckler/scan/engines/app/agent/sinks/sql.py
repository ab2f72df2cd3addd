"""Statements sent to a database: CWE-89. The text is watched, never the bound values.

The exception is a password: its value among the parameters of an INSERT or UPDATE says that
it is stored as it came (CWE-256), which is reported as a sink of its own, ``store``.
"""

from __future__ import annotations

import sqlite3
import sqlite3.dbapi2
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, Type

from .. import state
from ..imports import when_imported
from ..stores.sqlite import opened

_WRITES = ("insert", "update", "delete", "replace", "drop", "create", "alter", "truncate")
_connections: Dict[type, type] = {}
_cursors: Dict[type, type] = {}


def install() -> None:
    """Watch sqlite3 now and the other drivers when they are imported."""
    _sqlite()
    when_imported("sqlalchemy.sql.elements", _sqlalchemy_text)
    when_imported("aiosqlite.core", _aiosqlite)
    when_imported("asyncpg.connection", _asyncpg)
    when_imported("psycopg", _psycopg)
    when_imported("psycopg2", _psycopg2)
    when_imported(
        "pymysql.cursors",
        lambda m: _methods(m.Cursor, "pymysql.Cursor", ("execute", "executemany")),
    )
    when_imported(
        "aiomysql.cursors",
        lambda m: _coroutines(m.Cursor, "aiomysql.Cursor", ("execute", "executemany")),
    )
    when_imported(
        "asyncmy.cursors",
        lambda m: _coroutines(m.Cursor, "asyncmy.Cursor", ("execute", "executemany")),
    )


def watch(call: str, statement: Any, parameters: Any = None) -> None:
    """Record a statement if a canary stands in its text, and what it does to the database.

    Raises:
        state.Stopped: One stands there, and the server is one of the user's own.
    """
    if not isinstance(statement, (str, bytes)):
        statement = getattr(statement, "as_string", lambda _: str(statement))(None)
    text = state.text_of(statement)
    if state.telling:
        state.latest[:] = [text]
    if state.number and (state.number in text or _has_number(parameters)):
        state.effects.add("sql-number")
    if text.lstrip()[:8].lower().startswith(_WRITES):
        state.effects.add("sql-write")
        # What a statement that is only prepared is given comes later, out of sight.
        if call.endswith(".prepare") or state.carries(text) or state.carries(repr(parameters)):
            state.effects.add("stored")
        if parameters is not None:
            _stored(call, text, parameters)
    driver = call.partition(".")[0]
    if driver in state.stand_ins and driver not in state.real:
        hit = state.hit("sql", call, text, stand_in=True)
    else:
        hit = state.hit("sql", call, text)
    if hit and driver in state.real:
        raise state.Stopped("an attack stands in this statement, and the server is not the scan's")


def _has_number(parameters: Any) -> bool:
    """Whether the number that the parent looks for is bound to the statement."""
    values = parameters.values() if isinstance(parameters, dict) else parameters
    if not isinstance(values, (list, tuple)) and not isinstance(parameters, dict):
        return False
    return any(str(value) == state.number for value in values if isinstance(value, (int, str)))


def _stored(call: str, statement: str, parameters: Any) -> None:
    values: Iterable[Any] = parameters.values() if isinstance(parameters, dict) else parameters
    if isinstance(values, (list, tuple)) or isinstance(parameters, dict):
        for value in values:
            if isinstance(value, (list, tuple, dict)):
                _stored(call, statement, value)
            elif isinstance(value, str) and len(value) < 500:
                state.hit("store", call, value, statement=statement[:300])


def _sqlite() -> None:
    def connection_class(base: Type[Any]) -> type:
        if base not in _connections:
            _connections[base] = type(
                base.__name__, (_ConnectionMixin, base), {"__module__": base.__module__}
            )
        return _connections[base]

    real = sqlite3.connect
    factory_at = 5

    def connect(*args: Any, **kwargs: Any) -> Any:
        if len(args) > factory_at:
            before, factory, after = args[:factory_at], args[factory_at], args[factory_at + 1 :]
            args = (*before, connection_class(factory), *after)
        else:
            kwargs["factory"] = connection_class(kwargs.get("factory", sqlite3.Connection))
        connection = real(*args, **kwargs)
        opened(connection)
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = connect


class _ConnectionMixin:
    """Sits before a connection class and sees every statement."""

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        if isinstance(factory, type):
            if factory not in _cursors:
                _cursors[factory] = type(
                    factory.__name__, (_CursorMixin, factory), {"__module__": factory.__module__}
                )
            factory = _cursors[factory]
        return super().cursor(factory)  # type: ignore[misc]

    def execute(self, sql: Any, *args: Any) -> Any:
        watch("sqlite3.Connection.execute", sql, *args)
        return super().execute(sql, *args)  # type: ignore[misc]

    def executemany(self, sql: Any, *args: Any) -> Any:
        watch("sqlite3.Connection.executemany", sql, *args)
        return super().executemany(sql, *args)  # type: ignore[misc]

    def executescript(self, sql: Any) -> Any:
        watch("sqlite3.Connection.executescript", sql)
        return super().executescript(sql)  # type: ignore[misc]


class _CursorMixin:
    """The same for a cursor class."""

    def execute(self, sql: Any, *args: Any) -> Any:
        watch("sqlite3.Cursor.execute", sql, *args)
        return super().execute(sql, *args)  # type: ignore[misc]

    def executemany(self, sql: Any, *args: Any) -> Any:
        watch("sqlite3.Cursor.executemany", sql, *args)
        return super().executemany(sql, *args)  # type: ignore[misc]

    def executescript(self, sql: Any) -> Any:
        watch("sqlite3.Cursor.executescript", sql)
        return super().executescript(sql)  # type: ignore[misc]


def _methods(owner: Any, label: str, names: Iterable[str]) -> None:
    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, _method(getattr(owner, name), f"{label}.{name}"))


def _method(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    def watched(self: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
        watch(call, statement, args[0] if args else None)
        return real(self, statement, *args, **kwargs)

    return watched


def _coroutines(owner: Any, label: str, names: Iterable[str]) -> None:
    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, _coroutine(getattr(owner, name), f"{label}.{name}"))


def _coroutine(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    async def watched(self: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
        watch(call, statement, args)
        return await real(self, statement, *args, **kwargs)

    return watched


def _sqlalchemy_text(module: ModuleType) -> None:
    """A statement is executed far from where its text was put together; that place is kept."""
    clause: Any = module.TextClause
    init = clause.__init__

    def made(self: Any, text: Any, *args: Any, **kwargs: Any) -> None:
        state.remember(text)
        init(self, text, *args, **kwargs)

    clause.__init__ = made


def _aiosqlite(module: ModuleType) -> None:
    """Aiosqlite runs statements in a thread of its own, where the caller's lines are out of sight."""
    connection: Any = module.Connection
    real = connection._execute

    async def watched(self: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], str):
            watch(f"aiosqlite {getattr(function, '__name__', 'execute')}", *args[:2])
        return await real(self, function, *args, **kwargs)

    connection._execute = watched


def _asyncpg(module: ModuleType) -> None:
    names = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "prepare")
    _coroutines(module.Connection, "asyncpg.Connection", names)
    _methods(module.Connection, "asyncpg.Connection", ("cursor",))


def _psycopg(module: ModuleType) -> None:
    for name in ("Cursor", "ServerCursor", "ClientCursor"):
        if hasattr(module, name):
            _methods(getattr(module, name), f"psycopg.{name}", ("execute", "executemany"))
    for name in ("AsyncCursor", "AsyncServerCursor", "AsyncClientCursor"):
        if hasattr(module, name):
            _coroutines(getattr(module, name), f"psycopg.{name}", ("execute", "executemany"))


def _psycopg2(module: ModuleType) -> None:
    """Its cursor is a C type that cannot be changed; a subclass is given to every connection."""
    extensions: Any = module.extensions

    class Cursor(extensions.cursor):  # type: ignore[misc]
        def execute(self, query: Any, vars: Any = None) -> Any:
            watch("psycopg2.cursor.execute", query, vars)
            return super().execute(query, vars)

        def executemany(self, query: Any, vars_list: Any) -> Any:
            watch("psycopg2.cursor.executemany", query, vars_list)
            return super().executemany(query, vars_list)

    real = module.connect

    def connect(*args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("cursor_factory", Cursor)
        return real(*args, **kwargs)

    module.connect = connect  # type: ignore[attr-defined]

"""The doors of asyncpg, psycopg and psycopg2.

Everybody is one role there, which may make databases and nothing beyond them. The database that
was asked for is made on the scan's own server when it is first asked for; it comes as a copy of the template of its name, where there is one.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import getpass
import os
import time
from types import ModuleType
from typing import Any, Callable, Dict, Mapping, Optional, Set
from urllib.parse import parse_qsl, unquote, urlsplit

from .. import stores
from ..imports import when_imported
from . import allowed, wanted

WAIT_SECONDS = 10.0
_made: Set[str] = set()
_underway: Set[str] = set()
"""Databases that are being made right now."""
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"
_THEIRS = ("postgres", "template0", "template1")
_KEPT_ASYNCPG = (
    "timeout",
    "statement_cache_size",
    "max_cached_statement_lifetime",
    "max_cacheable_statement_size",
    "command_timeout",
    "connection_class",
    "record_class",
    "server_settings",
    "loop",
)
_KEPT_LIBPQ = ("options", "client_encoding", "application_name", "connect_timeout")


def install(server: Optional[Dict[str, Any]]) -> None:
    """Stand at the doors; without a server they only note what was wanted."""
    when_imported("asyncpg.connection", lambda module: _asyncpg(module, server))
    when_imported("asyncpg", lambda module: _asyncpg_package(module))
    when_imported("psycopg", lambda module: _psycopg(module, server))
    when_imported("psycopg2", lambda module: _psycopg2(module, server))


def _asyncpg(module: ModuleType, server: Optional[Dict[str, Any]]) -> None:
    real = module.connect

    @functools.wraps(real)
    async def connect(dsn: Any = None, **given: Any) -> Any:
        told = _told(dsn, given)
        if _goes_there("asyncpg", told):
            return await real(dsn, **allowed.for_asyncpg(given))
        if server is None:
            return await real(dsn, **given)
        for statements, database in _needed(server, told, wait=False):
            admin = await real(**_admin(server, database))
            try:
                for statement in statements:
                    await _quietly(admin.execute(statement), module)
            finally:
                await admin.close()
        while told["database"] in _underway:
            await asyncio.sleep(0.002)
        kept = {name: given[name] for name in _KEPT_ASYNCPG if name in given}
        return await real(**_redirected(server, told), ssl=False, **kept)

    module.connect = connect  # type: ignore[attr-defined]


async def _quietly(awaitable: Any, module: ModuleType) -> None:
    """Let what is there already be there."""
    try:
        await awaitable
    except module.exceptions.PostgresError as error:
        if getattr(error, "sqlstate", "") not in ("42710", "42P04", "23505"):
            raise


def _asyncpg_package(module: ModuleType) -> None:
    module.connect = module.connection.connect  # type: ignore[attr-defined]


def _psycopg(module: ModuleType, server: Optional[Dict[str, Any]]) -> None:
    for owner, wrap in (
        (module.Connection, _synchronous),
        (module.AsyncConnection, _asynchronous),
    ):
        owner.connect = classmethod(wrap(owner.connect.__func__, module, server))
    module.connect = module.Connection.connect  # type: ignore[attr-defined]


def _synchronous(
    real: Callable[..., Any], module: ModuleType, server: Optional[Dict[str, Any]]
) -> Callable[..., Any]:
    @functools.wraps(real)
    def connect(cls: Any, conninfo: str = "", **given: Any) -> Any:
        told = _told(conninfo, given, module.conninfo.conninfo_to_dict)
        if _goes_there("psycopg", told):
            parsed = module.conninfo.conninfo_to_dict(conninfo)
            return real(cls, conninfo, **allowed.for_libpq(given, parsed))
        if server is None:
            return real(cls, conninfo, **given)
        _make(module, real, server, told)
        return real(cls, "", **_libpq(server, told, given))

    return connect


def _asynchronous(
    real: Callable[..., Any], module: ModuleType, server: Optional[Dict[str, Any]]
) -> Callable[..., Any]:
    blocking = module.Connection.connect.__func__
    blocking = getattr(blocking, "__wrapped__", blocking)

    @functools.wraps(real)
    async def connect(cls: Any, conninfo: str = "", **given: Any) -> Any:
        told = _told(conninfo, given, module.conninfo.conninfo_to_dict)
        if _goes_there("psycopg", told):
            parsed = module.conninfo.conninfo_to_dict(conninfo)
            return await real(cls, conninfo, **allowed.for_libpq(given, parsed))
        if server is None:
            return await real(cls, conninfo, **given)
        _make(module, blocking, server, told)
        return await real(cls, "", **_libpq(server, told, given))

    return connect


def _make(
    module: ModuleType, real: Callable[..., Any], server: Dict[str, Any], told: Dict[str, str]
) -> None:
    for statements, database in _needed(server, told):
        where = _admin(server, database)
        admin = real(
            module.Connection,
            "",
            host=where["host"],
            port=where["port"],
            user=where["user"],
            dbname=where["database"],
            autocommit=True,
        )
        try:
            for statement in statements:
                try:
                    admin.execute(statement)
                except module.errors.DatabaseError as error:
                    if error.sqlstate not in ("42710", "42P04", "23505"):
                        raise
        finally:
            admin.close()


def _psycopg2(module: ModuleType, server: Optional[Dict[str, Any]]) -> None:
    real = module.connect

    @functools.wraps(real)
    def connect(
        dsn: Any = None, connection_factory: Any = None, cursor_factory: Any = None, **given: Any
    ) -> Any:
        told = _told(dsn, given, module.extensions.parse_dsn)
        if _goes_there("psycopg2", told):
            parsed = module.extensions.parse_dsn(dsn) if dsn else {}
            options = allowed.for_libpq(given, parsed)
            return real(dsn, connection_factory, cursor_factory, **options)
        if server is None:
            return real(dsn, connection_factory, cursor_factory, **given)
        for statements, database in _needed(server, told):
            where = _admin(server, database)
            admin = real(
                host=where["host"],
                port=where["port"],
                user=where["user"],
                dbname=where["database"],
            )
            admin.autocommit = True
            try:
                for statement in statements:
                    try:
                        admin.cursor().execute(statement)
                    except module.Error as error:
                        if error.pgcode not in ("42710", "42P04", "23505"):
                            raise
            finally:
                admin.close()
        return real(
            None, connection_factory, cursor_factory, **_libpq(server, told, given, psycopg3=False)
        )

    module.connect = connect  # type: ignore[attr-defined]


def _goes_there(driver: str, told: Mapping[str, str]) -> bool:
    """Note what was asked for; whether ``--allow`` names it."""
    named = allowed.named(driver, told["host"], told["port"])
    address = (told["host"], told["port"], told["database"])
    wanted.note(driver, "postgresql", *address, allowed=named)
    return named


def _told(
    dsn: Any, given: Mapping[str, Any], parse: Optional[Callable[[str], Mapping[str, Any]]] = None
) -> Dict[str, str]:
    """Host, port, user and database that were asked for, as the driver would understand them."""
    parsed: Dict[str, Any] = {}
    if dsn:
        parsed = dict(parse(str(dsn))) if parse is not None else _url(str(dsn))
    parsed.update({name: value for name, value in given.items() if value is not None})
    host = parsed.get("host") or os.environ.get("PGHOST") or "localhost"
    user = parsed.get("user") or os.environ.get("PGUSER") or _who()
    database = (
        parsed.get("database") or parsed.get("dbname") or os.environ.get("PGDATABASE") or user
    )
    port = parsed.get("port") or os.environ.get("PGPORT") or 5432
    return {"host": str(host), "port": str(port), "user": str(user), "database": str(database)}


def _url(dsn: str) -> Dict[str, Any]:
    parts = urlsplit(dsn)
    found: Dict[str, Any] = dict(parse_qsl(parts.query))
    found.setdefault("host", parts.hostname)
    with contextlib.suppress(ValueError):  # several hosts, each with a port
        found.setdefault("port", parts.port)
    if parts.username:
        found.setdefault("user", unquote(parts.username))
    if parts.path.strip("/"):
        found.setdefault("database", unquote(parts.path.strip("/")))
    return found


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "postgres"


def _copy_of(server: Dict[str, Any], database: str) -> str:
    return "%s%s" % (_original(database), server.get("suffix", ""))


def _original(database: str) -> str:
    """The name of a template: those that every server has belong to somebody else."""
    return "%s_of_application" % database if database in _THEIRS else database[:50]


def _needed(server: Dict[str, Any], told: Dict[str, str], wait: bool = True) -> Any:
    """Statements that make the database, once, with where to run them.

    Whoever comes while they run waits, as the threads of a pool do; but for ``wait`` False, on a loop.
    """
    key = told["database"]
    if key in _made:
        deadline = time.monotonic() + WAIT_SECONDS
        while wait and key in _underway and time.monotonic() < deadline:
            time.sleep(0.002)
        return
    _made.add(key)
    _underway.add(key)
    original = _quoted(_original(told["database"]))
    copy = _quoted(_copy_of(server, told["database"]))
    statements = ["CREATE DATABASE %s" % original]
    if not server.get("stand_in"):
        # A migration that was given up may run on there, hold locks and forbid a copy.
        statements.append(_OTHERS % _original(told["database"]).replace("'", "''"))
    if copy != original:
        statements.append("CREATE DATABASE %s TEMPLATE %s" % (copy, original))
    try:
        yield statements, "postgres"
    finally:
        _underway.discard(key)


def _quoted(name: str) -> str:
    return '"%s"' % name.replace('"', '""')


def _admin(server: Dict[str, Any], database: str) -> Dict[str, Any]:
    return {
        "host": server["folder"],
        "port": server["port"],
        "user": server["user"],
        "database": database,
    }


def _redirected(server: Dict[str, Any], told: Dict[str, str]) -> Dict[str, Any]:
    stores.opened("postgresql", server, _copy_of(server, told["database"]))
    return dict(_admin(server, _copy_of(server, told["database"])), password=None)


def _libpq(
    server: Dict[str, Any], told: Dict[str, str], given: Mapping[str, Any], psycopg3: bool = True
) -> Dict[str, Any]:
    stores.opened("postgresql", server, _copy_of(server, told["database"]))
    made = {
        "host": server["folder"],
        "port": server["port"],
        "user": server["user"],
        "dbname": _copy_of(server, told["database"]),
        "sslmode": "disable",
        "gssencmode": "disable",
    }
    kept = {name: given[name] for name in _KEPT_LIBPQ if name in given}
    if psycopg3:
        names = ("autocommit", "prepare_threshold", "row_factory", "cursor_factory", "context")
        kept.update({name: given[name] for name in names if name in given})
    return {**kept, **made}

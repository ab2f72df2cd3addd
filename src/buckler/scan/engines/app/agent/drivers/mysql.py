"""The doors of PyMySQL, aiomysql, asyncmy and mysqlclient.

A database that was asked for is made when it is first asked for, under a name of this child's.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, Callable, Dict, Optional, Set, Tuple

from .. import stores
from ..imports import when_imported
from . import allowed, wanted

_DROPPED = (
    "host",
    "port",
    "password",
    "passwd",
    "ssl",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssl_mode",
    "ssl_disabled",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "auth_plugin",
    "auth_plugin_map",
    "read_default_file",
    "read_default_group",
    "bind_address",
    "unix_socket",
    "user",
    "db",
    "database",
)
_made: Set[str] = set()


def install(server: Optional[Dict[str, Any]]) -> None:
    """Stand at the doors; without a server they only note what was wanted."""
    when_imported("pymysql.connections", lambda module: _connection(module, "pymysql", server))
    when_imported("MySQLdb", lambda module: _function(module, "MySQLdb", server))
    when_imported("aiomysql.connection", lambda module: _coroutine(module, "aiomysql", server))
    when_imported("asyncmy.connection", lambda module: _coroutine(module, "asyncmy", server))


def _connection(module: ModuleType, driver: str, server: Optional[Dict[str, Any]]) -> None:
    """PyMySQL connects while the connection is made, whoever makes it."""
    owner: Any = module.Connection
    real = owner.__init__

    @functools.wraps(real)
    def connected(self: Any, *args: Any, **given: Any) -> None:
        database, named = _note(driver, given)
        if named:
            given = allowed.for_mysql(given)
        if named or server is None or given.get("defer_connect"):
            real(self, *args, **given)
            return
        ours = _ours(server, given)
        if database:
            name = _own(server, database)
            if name not in _made:
                _made.add(name)
                first = owner.__new__(owner)
                real(first, **{**_bare(ours), "autocommit": True})
                first.cursor().execute(_create(name))
                first.close()
            ours["database"] = name
        real(self, **ours)

    owner.__init__ = connected


def _function(module: ModuleType, driver: str, server: Optional[Dict[str, Any]]) -> None:
    real = module.connect

    @functools.wraps(real)
    def connect(*args: Any, **given: Any) -> Any:
        given.update(zip(("host", "user", "passwd", "db", "port"), args))  # noqa: B905 - Python 3.9
        database, named = _note(driver, given)
        if named:
            return real(**allowed.for_mysql(given))
        if server is None:
            return real(**given)
        ours = _ours(server, given)
        if database:
            name = _own(server, database)
            if name not in _made:
                _made.add(name)
                first = real(**_bare(ours))
                first.cursor().execute(_create(name))
                first.close()
            ours["database"] = name
        return real(**ours)

    for name in ("connect", "Connect", "Connection"):
        setattr(module, name, connect)


def _coroutine(module: ModuleType, driver: str, server: Optional[Dict[str, Any]]) -> None:
    """The asynchronous drivers connect in a coroutine of the connection."""
    owner: Any = module.Connection
    real: Callable[..., Any] = owner.__init__

    @functools.wraps(real)
    def made(self: Any, *args: Any, **given: Any) -> None:
        database, named = _note(driver, given)
        if named:
            given = allowed.for_mysql(given)
        if named or server is None:
            real(self, *args, **given)
            return
        ours = _ours(server, given)
        if database:
            name = _own(server, database)
            command = given.get("init_command") or ""
            ours["init_command"] = "%s; USE `%s`" % (_create(name), name)
            ours["client_flag"] = int(given.get("client_flag") or 0) | 1 << 16
            if command:
                ours["init_command"] += "; " + command
        real(self, **ours)

    owner.__init__ = made


def _note(driver: str, given: Dict[str, Any]) -> Tuple[str, bool]:
    """The database that was asked for, and whether ``--allow`` names its server."""
    database = str(given.get("database") or given.get("db") or "")
    host = str(given.get("unix_socket") or given.get("host") or "localhost")
    port = given.get("port") or 3306
    named = allowed.named(driver, host, port)
    wanted.note(driver, "mysql", host, port, database, allowed=named)
    return database, named


def _ours(server: Dict[str, Any], given: Dict[str, Any]) -> Dict[str, Any]:
    kept = {name: value for name, value in given.items() if name not in _DROPPED}
    return {**kept, "unix_socket": server["socket"], "user": server["user"]}


def _bare(ours: Dict[str, Any]) -> Dict[str, Any]:
    return {"unix_socket": ours["unix_socket"], "user": ours["user"]}


def _own(server: Dict[str, Any], database: str) -> str:
    name = "%s_%s%s" % (server["user"], database[:45], server["suffix"])
    stores.opened("mysql", server, name)
    return name


def _create(name: str) -> str:
    return "CREATE DATABASE IF NOT EXISTS `%s`" % name.replace("`", "``")

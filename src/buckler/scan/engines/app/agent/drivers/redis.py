"""The doors of redis-py and valkey-py, blocking and asynchronous.

Every child has sixteen databases of its own on the scan's server, numbered as the application
numbers them.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from types import ModuleType
from typing import Any, Callable, Dict, Optional

from .. import stores
from ..imports import when_imported
from . import allowed, wanted

DATABASES = 16


def install(server: Optional[Dict[str, Any]]) -> None:
    """Stand at the doors; without a server they only note what was wanted."""
    for package in ("redis", "valkey"):
        when_imported(
            f"{package}.connection",
            lambda module, package=package: _blocking(module, package, server),  # type: ignore[misc]
        )
        when_imported(
            f"{package}.asyncio.connection",
            lambda module, package=package: _asynchronous(module, package, server),  # type: ignore[misc]
        )


def _blocking(module: ModuleType, driver: str, server: Optional[Dict[str, Any]]) -> None:
    def redirected(real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def connect(self: Any) -> Any:
            if _goes_there(self, driver) or server is None:
                return real(self)
            _ours(self, server)
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(self.socket_connect_timeout)
            made.connect(server["socket"])
            made.settimeout(self.socket_timeout)
            return made

        return connect

    for name in ("Connection", "SSLConnection", "UnixDomainSocketConnection"):
        owner = getattr(module, name, None)
        if owner is not None and "_connect" in vars(owner):
            owner._connect = redirected(owner._connect)
    _only_reads(module)


def _asynchronous(module: ModuleType, driver: str, server: Optional[Dict[str, Any]]) -> None:
    def redirected(real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        async def connect(self: Any) -> None:
            if _goes_there(self, driver) or server is None:
                await real(self)
                return
            _ours(self, server)
            self._reader, self._writer = await asyncio.open_unix_connection(server["socket"])

        return connect

    for name in ("Connection", "SSLConnection", "UnixDomainSocketConnection"):
        owner = getattr(module, name, None)
        if owner is not None and "_connect" in vars(owner):
            owner._connect = redirected(owner._connect)
    _only_reads(module)


def _only_reads(module: ModuleType) -> None:
    """Look at every command before it is sent to a server of the user's own."""
    owner: Any = getattr(module, "AbstractConnection", None) or module.Connection
    for name in ("send_command", "pack_command"):
        setattr(owner, name, _looked_at(getattr(owner, name)))
    several = owner.pack_commands

    def pack_commands(self: Any, commands: Any) -> Any:
        given = list(commands)
        for words in given if getattr(self, "_buckler_real", False) else ():
            allowed.check_command(words)
        return several(self, given)

    owner.pack_commands = pack_commands


def _looked_at(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def send(self: Any, *words: Any, **options: Any) -> Any:
        if getattr(self, "_buckler_real", False):
            allowed.check_command(words)
        return real(self, *words, **options)

    return send


def _goes_there(connection: Any, driver: str) -> bool:
    """Note what was asked for; whether ``--allow`` names it."""
    host = getattr(connection, "host", "") or getattr(connection, "path", "")
    port = getattr(connection, "port", "") or ""
    number = getattr(connection, "_buckler_db", getattr(connection, "db", 0))
    named = allowed.named(driver, str(host), port)
    connection._buckler_real = named
    wanted.note(driver, "redis", str(host), port, str(number), allowed=named)
    return named


def _ours(connection: Any, server: Dict[str, Any]) -> None:
    """The database of this child, and nobody's password."""
    if not hasattr(connection, "_buckler_db"):
        connection._buckler_db = connection.db
    own = int(connection._buckler_db or 0) % DATABASES
    connection.db = server["number"] * DATABASES + own
    stores.opened("redis", server, "")
    connection.username = connection.password = None
    connection.credential_provider = None

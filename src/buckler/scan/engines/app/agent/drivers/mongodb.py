"""The doors of pymongo, blocking and asynchronous, and of motor, which is made of it.

An address is never resolved: what the application names is noted, and the client is made with the
socket of the scan's own server instead. Every child has databases of its own there, under the names
that the application gave and a suffix. A server that ``--allow`` names is used with ``--writes`` alone: no
session of MongoDB's can be made to read only.
"""

from __future__ import annotations

import functools
import re
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple
from urllib.parse import quote, unquote

from .. import stores
from ..imports import when_imported
from . import allowed, wanted

PORT = 27017
LONGEST = 48
"""Letters of a name that are kept; the server takes 63 with the suffix."""
_THEIRS = "_buckler_theirs"
"""Attribute of a client that goes to a server of the user's own."""
_SHARED = ("admin", "local", "config", "$external")
_DROPPED = (
    "username",
    "password",
    "authsource",
    "authmechanism",
    "authmechanismproperties",
    "replicaset",
    "directconnection",
    "loadbalanced",
    "compressors",
    "zlibcompressionlevel",
    "auto_encryption_opts",
    "proxyhost",
    "proxyport",
    "proxyusername",
    "proxypassword",
)
_DROPPED_BEGINNINGS = ("tls", "ssl", "srv")
_NAME = re.compile(r"[^/\\. \"$*<>:|?\x00]+")


class _Told(NamedTuple):
    """What an application asked for, without any credentials."""

    host: str
    port: str
    database: str
    options: List[Tuple[str, str]]


def install(server: Optional[Dict[str, Any]]) -> None:
    """Stand at the doors; without a server they only note what was wanted."""
    for part, client, database in (
        ("synchronous.", "MongoClient", "Database"),
        ("asynchronous.", "AsyncMongoClient", "AsyncDatabase"),
        ("", "MongoClient", "Database"),  # before 4.9, where there was nothing asynchronous
    ):
        when_imported(
            "pymongo.%smongo_client" % part,
            lambda module, name=client: _client(module, name, server),  # type: ignore[misc]
        )
        if server is not None and server.get("suffix"):
            when_imported(
                "pymongo.%sdatabase" % part,
                lambda module, name=database: _database(module, name, server),  # type: ignore[misc]
            )


def _own(module: ModuleType, name: str) -> Any:
    """A class, unless the module only hands on that of another."""
    found = getattr(module, name, None)
    return found if getattr(found, "__module__", "") == module.__name__ else None


def _client(module: ModuleType, name: str, server: Optional[Dict[str, Any]]) -> None:
    owner = _own(module, name)
    if owner is None:
        return
    real: Callable[..., Any] = owner.__init__

    @functools.wraps(real)
    def made(self: Any, host: Any = None, port: Any = None, *args: Any, **given: Any) -> None:
        told = _told(host, port)
        driver = "motor" if "Motor" in str(getattr(given.get("driver"), "name", "")) else "pymongo"
        goes_there = allowed.writing() and allowed.named(driver, told.host, told.port)
        wanted.note(driver, "mongodb", told.host, told.port, told.database, allowed=goes_there)
        if goes_there:
            self.__dict__[_THEIRS] = True
        if server is None or goes_there:
            real(self, host, port, *args, **given)
            return
        kept = {key: value for key, value in given.items() if _is_kept(key, value)}
        real(self, _address(server, told), None, *args, **{**kept, "directConnection": True})

    owner.__init__ = made
    if server is not None and server.get("suffix"):
        owner.list_database_names = _listing(owner.list_database_names, server["suffix"])


def _told(host: Any, port: Any) -> _Told:
    """What an address says: one or several hosts, or a URI, as the driver would understand it."""
    entries = [host] if isinstance(host, str) else list(host or ["localhost"])
    uri = next((str(entry) for entry in entries if "/" in str(entry)), "")
    database, options = "", []
    if uri:
        rest = uri.partition("://")[2] or uri
        before, _, query = rest.partition("?")
        hosts, _, path = before.rpartition("@")[2].partition("/")
        database = unquote(path).partition(".")[0]
        pairs = (pair.partition("=") for pair in re.split("[&;]", query) if pair)
        options = [(key, unquote(value)) for key, _, value in pairs]
    else:
        hosts = str(entries[0])
    name, number = _host(hosts.split(",")[0], port)
    return _Told(name, number, database, options)


def _host(entry: str, port: Any) -> Tuple[str, str]:
    text = unquote(entry)
    if text.endswith(".sock"):
        return text, ""
    matched = re.fullmatch(r"\[(.+)\](?::(\d+))?|([^:]*)(?::(\d+))?", text)
    if matched is None:
        return text, str(port or PORT)
    name = matched.group(1) or matched.group(3) or "localhost"
    return name, matched.group(2) or matched.group(4) or str(port or PORT)


def _is_kept(name: str, value: Any) -> bool:
    """Whether an option has a meaning for the scan's own server, which is one and knows nobody."""
    lowered = name.lower()
    if lowered in _DROPPED or lowered.startswith(_DROPPED_BEGINNINGS):
        return False
    return lowered != "w" or str(value) in ("0", "1", "majority")


def _address(server: Dict[str, Any], told: _Told) -> str:
    database = told.database if _NAME.fullmatch(told.database) else ""
    options = [
        "%s=%s" % (key, quote(value, safe=":,"))
        for key, value in told.options
        if _is_kept(key, value)
    ]
    where = "mongodb://%s/%s" % (quote(server["socket"], safe=""), quote(database, safe=""))
    return where + ("?" + "&".join(options) if options else "")


def _database(module: ModuleType, name: str, server: Dict[str, Any]) -> None:
    suffix = server["suffix"]
    owner = _own(module, name)
    if owner is None:
        return
    real: Callable[..., Any] = owner.__init__

    @functools.wraps(real)
    def made(self: Any, client: Any, name: Any, *args: Any, **given: Any) -> None:
        theirs = getattr(client, "__dict__", {}).get(_THEIRS)
        there = name if theirs else _named(name, suffix)
        real(self, client, there, *args, **given)
        if not theirs and isinstance(there, str) and there.endswith(suffix):
            stores.opened("mongodb", server, there)

    owner.__init__ = made


def _named(name: Any, suffix: str) -> Any:
    """The name on the server; a database may be made of another one, whose name is there already."""
    if not isinstance(name, str) or name in _SHARED or not name or name.endswith(suffix):
        return name
    return name[:LONGEST] + suffix


def _listing(real: Callable[..., Any], suffix: str) -> Callable[..., Any]:
    """The application's own databases, under its own names."""

    def own(names: Iterable[str]) -> List[str]:
        return [name[: -len(suffix)] for name in names if name.endswith(suffix)]

    async def later(names: Any) -> List[str]:
        return own(await names)

    @functools.wraps(real)
    def listed(self: Any, *args: Any, **given: Any) -> Any:
        names = real(self, *args, **given)
        return own(names) if isinstance(names, list) else later(names)

    return listed

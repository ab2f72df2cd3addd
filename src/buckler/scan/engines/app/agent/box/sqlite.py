"""Opens a scratch copy of each SQLite database, and keeps statements from attaching an original.

Threat: SQLite writes below Python, without an event for a statement. So the connection is replaced
before the application is imported; SQLAlchemy, aiosqlite and everything else that uses the standard
module gets it too. Only where the mount wall does not stand.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Optional
from urllib.parse import parse_qsl, quote, unquote

from . import audit
from .mirror import Mirror
from .refusal import Refusals, text

_SIDES = ("-wal", "-shm", "-journal")
_ATTACH, _OK, _DENY = 24, 0, 1
_FACTORY_AT, _URI_AT = 4, 6


class _Copies:
    """Turns the name of a database into the name of its copy."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def name(self, database: Any, uri: bool) -> Any:
        """Name what to open instead of `database`; itself when it is in memory or in scratch."""
        if not isinstance(database, (str, bytes, os.PathLike)):
            return database
        given = os.fsdecode(database)
        if uri and given.startswith("file:"):
            rest = given[5:].partition("#")[0]
            path, mark, query = rest.partition("?")
            if path.startswith("//"):
                path = "/" + path[2:].partition("/")[2]
            path = unquote(path)
            if in_memory(path) or dict(parse_qsl(query)).get("mode") == "memory":
                return database
            return f"file:{quote(self._copy(path))}{mark}{query}"
        return database if in_memory(given) else self._copy(given)

    def outside(self, database: Any) -> bool:
        """Whether `database`, as an event or ATTACH names it, is an original."""
        if database is None:
            return True
        given = os.fsdecode(database) if isinstance(database, (str, bytes, os.PathLike)) else ""
        redirected: bool = self.name(given, True) != given
        return redirected

    def _copy(self, path: str) -> str:
        inside = self._mirror.inside
        active, inside.active = inside.active, True
        try:
            real = self._mirror.real(path)
            if real is None:
                return path
            if not self._mirror.has(real):
                for side in _SIDES:
                    if os.path.isfile(real + side):
                        self._mirror.write(real + side)
            return self._mirror.write(real)
        finally:
            inside.active = active


def in_memory(path: str) -> bool:
    """Whether SQLite keeps the database `path` in memory, or in a temporary file of its own."""
    return path in ("", ":memory:")


def install(mirror: Mirror, refusals: Refusals) -> None:
    """Replace `sqlite3.connect` and `sqlite3.Connection`, in `sqlite3.dbapi2` too.

    Nothing where Python has no sqlite3.
    """
    try:
        import sqlite3
        import sqlite3.dbapi2 as dbapi2
    except ImportError:
        return
    copies = _Copies(mirror)
    original_connect = sqlite3.connect
    guarded = _guarded(copies, refusals)
    connection = guarded(sqlite3.Connection)

    def connect(database: Any, *arguments: Any, **options: Any) -> Any:
        if len(arguments) > _FACTORY_AT:
            given = list(arguments)
            given[_FACTORY_AT] = guarded(given[_FACTORY_AT])
            return original_connect(database, *given, **options)
        factory = options.pop("factory", None)
        return original_connect(
            database,
            *arguments,
            factory=connection if factory is None else guarded(factory),
            **options,
        )

    modules: list[Any] = [sqlite3, dbapi2, sys.modules["_sqlite3"]]
    for module in modules:
        module.connect = connect
        module.Connection = connection

    def opened(arguments: tuple[Any, ...]) -> None:
        if copies.outside(arguments[0]):
            refusals.write(text(arguments[0]), "sqlite3.connect")

    # Since 3.10 the event comes from the connection, after the copy took the name's place: an
    # original there is one that got past.
    if sys.version_info >= (3, 10):
        audit.on("sqlite3.connect", opened)


def _guarded(copies: _Copies, refusals: Refusals) -> Callable[[Any], Any]:
    made: dict[Any, Any] = {}

    class Guarded:
        """The part of a connection that is ours.

        The rest is sqlite3's, or the application's own class.
        """

        def __init__(self, database: Any, *arguments: Any, **options: Any) -> None:
            uri = bool(
                arguments[_URI_AT] if len(arguments) > _URI_AT else options.get("uri", False)
            )
            super().__init__(copies.name(database, uri), *arguments, **options)  # type: ignore[call-arg]
            self._application: Optional[Callable[..., int]] = None
            super().set_authorizer(self._authorize)  # type: ignore[misc]

        def set_authorizer(self, *arguments: Any, **options: Any) -> None:
            """Keep the application's authorizer behind ours."""
            self._application = arguments[0] if arguments else options.get("authorizer_callback")

        def _authorize(self, action: int, first: Any, *rest: Any) -> int:
            if action == _ATTACH and copies.outside(first):
                refusals.tell(
                    "write",
                    f"ATTACH or VACUUM INTO {text(first or 'a computed name')}",
                    "sqlite3.authorizer",
                )
                return _DENY
            return _OK if self._application is None else self._application(action, first, *rest)

    def guard(factory: Any) -> Any:
        if not isinstance(factory, type):
            return factory
        if issubclass(factory, Guarded):
            return factory
        if factory not in made:
            made[factory] = type(
                factory.__name__, (Guarded, factory), {"__module__": factory.__module__}
            )
        return made[factory]

    return guard

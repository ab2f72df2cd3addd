"""What answers requests beside the routes that have a path: frontends, routes of other kinds, a router's own default.

Threat: a part of the application that no list of routes shows, and so no check at the start (CWE-862; OWASP API9).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_DEPTH: Final = 8
_NEVER: Final = re.compile("(?!)")
_ALL: Final = re.compile("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Something that answers.

    Attributes:
        path: As a template.
        pattern: Regular expression of the paths; one that never fits where nobody can know them.
        application: What answers.
        methods: None for all.
        static: Whether it is a folder of files.
        dependant: Of FastAPI, or None.
    """

    path: str
    pattern: re.Pattern[str]
    application: Any
    methods: frozenset[str] | None = None
    static: bool = False
    dependant: Any = None


def beside(app: Any, contexts: Iterable[Any]) -> Iterator[Beside]:
    """All of them, in the order in which they are tried.

    Args:
        app: FastAPI, Starlette or a router.
        contexts: Of its routes.
    """
    for context in contexts:
        route = getattr(context, "original_route", context)
        if not _has_path(context, route):
            path = f"/({type(route).__name__})"
            yield Beside(path=path, pattern=_NEVER, application=route)
    router = getattr(app, "router", app)
    # FastAPI 0.140 and later; there is no public list of them.
    for candidate in getattr(router, "_iter_low_priority_routes", tuple)():
        yield from _of_group(candidate)
    default = getattr(router, "default", None)
    own = getattr(default, "__name__", "") == "not_found"
    if default is not None and not (own and getattr(default, "__self__", None) is router):
        yield Beside(path="/*", pattern=_ALL, application=default)


def parts(app: Any, depth: int = 0) -> Iterator[Any]:
    """All objects that an application's answers hang on: where one came or went, it has to be read again.

    Args:
        app: With ``routes``.
        depth: Of what is around it.
    """
    router = getattr(app, "router", app)
    default = getattr(router, "default", None)
    yield getattr(default, "__func__", default)
    if depth > MAX_DEPTH:
        return
    for route in (*getattr(app, "routes", ()), *getattr(router, "_low_priority_routes", ())):
        yield route
        # An included router is kept by a reference: what it gets later counts, too.
        inner = getattr(route, "original_router", None)
        if inner is None and not hasattr(route, "methods"):
            inner = _inside(route)
        if inner is not None:
            yield from parts(inner, depth + 1)
        else:
            yield from getattr(route, "routes", ())


def _inside(mount: Any) -> Any:
    """The application with routes that is mounted, through layers that keep it as ``app``; or None."""
    for _ in range(MAX_DEPTH + 1):
        mount = getattr(mount, "app", None)
        if mount is None or hasattr(mount, "routes"):
            return mount
    return None


def _has_path(context: Any, route: Any) -> bool:
    if isinstance(getattr(route, "host_regex", None), re.Pattern):
        return True
    pattern = getattr(context, "path_regex", None) or getattr(route, "path_regex", None)
    return isinstance(pattern, re.Pattern) and getattr(context, "path", None) is not None


def _of_group(candidate: Any) -> Iterator[Beside]:
    """The frontends of one router: files that FastAPI tries when no route fits."""
    group = getattr(candidate, "original_route", candidate)
    above = getattr(candidate, "frontend_prefix", "")
    for route in getattr(group, "routes", ()):
        path = (above + route.path).rstrip("/")
        yield Beside(
            path=path + "/{path:path}",
            pattern=re.compile(rf"^{re.escape(path)}(?:/.*)?$"),
            application=route.app,
            methods=frozenset(route.methods),
            static=True,
            dependant=getattr(candidate, "dependant", None),
        )

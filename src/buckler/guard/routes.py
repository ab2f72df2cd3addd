"""The routes of an application, whatever FastAPI it runs on, and which of them a request is for.

Since FastAPI 0.137 ``app.routes`` is a tree, and what holds for a route stands on its context; before,
the list is flat. Both are read here and nowhere else in guard.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from buckler.guard.access.found import rules_around, rules_of
from buckler.guard.access.requirement import Requirement
from buckler.guard.api_docs import MARK as DOCS
from buckler.guard.beside import beside
from buckler.guard.policy import MARK, RoutePolicy

MAX_DEPTH: Final = 8
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PASSWORD = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|passphrase|pin|otp|totp|passcode)\d?(?:$|_)", re.IGNORECASE
)
_KEY = re.compile(
    r"(?:^|[-_])(?:(?:api)?key|token|secret|session|jwt|auth|authentication|authorization|credentials?)$",
    re.IGNORECASE,
)
_NO_CREDENTIAL = re.compile(
    r"idempotency|csrf|xsrf|websocket|sort|cache|partition|routing|surrogate", re.IGNORECASE
)
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")
_PORT = re.compile(r":\d*$")
_ANY = re.compile("")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WEBSOCKET: Final = "WEBSOCKET"


@dataclass(frozen=True, slots=True)
class Route:
    """One route as it answers.

    Attributes:
        template: Its path with the parameters' names, mounts included.
        pattern: Regular expression of the path below ``prefix``.
        methods: None for all.
        endpoint: The handler.
        wishes: What it and its routers want otherwise, outermost first.
        own: Those of its handler alone.
        blocking: Whether its handler or a dependency runs in a thread.
        takes_password: Whether a parameter is named like one.
        takes_key: Whether a credential comes with its requests elsewhere than in ``Authorization`` and
            ``Cookie``: in a header of its own or in the query.
        answered: Names of the fields that its response model declares.
        docs: ``swagger``, ``redoc`` or ``oauth2`` for FastAPI's own pages.
        static: Whether it is a folder of files.
        children: Of a mount.
        application: Of a mount.
        host: Regular expression of the host that it is for; its children hold for any path below.
        access: What it says of who may pass.
    """

    template: str
    pattern: re.Pattern[str]
    methods: frozenset[str] | None
    endpoint: Any
    wishes: tuple[RoutePolicy, ...] = ()
    own: tuple[RoutePolicy, ...] = ()
    takes_password: bool = False
    takes_key: bool = False
    blocking: bool = False
    answered: frozenset[str] = frozenset()
    docs: str = ""
    static: bool = False
    children: tuple[Route, ...] | None = None
    application: Any = None
    host: re.Pattern[str] | None = None
    access: tuple[Requirement, ...] = ()


def read(
    app: Any, prefix: str = "", depth: int = 0, above: tuple[RoutePolicy, ...] = ()
) -> Iterator[Route]:
    """The routes of an application in the order in which they are tried.

    Args:
        app: With ``routes``; what has none has nothing that could be read.
        prefix: Of the templates.
        depth: Of the mounts around it.
        above: What those want otherwise, outermost first.
    """
    routes = getattr(app, "routes", None)
    if routes is None or depth > MAX_DEPTH:
        return
    contexts = tuple(_contexts(routes))
    for context in contexts:
        route = getattr(context, "original_route", context)
        pattern = getattr(context, "path_regex", None) or getattr(route, "path_regex", None)
        path = getattr(context, "path", None)
        host = getattr(route, "host_regex", None)
        if isinstance(host, re.Pattern):
            inner = _unwrapped(route.app)
            wishes = (*above, *_marks(route.app, inner))
            template = f"//{route.host}{prefix}"
            yield Route(
                template=template,
                pattern=_ANY,
                methods=None,
                endpoint=None,
                wishes=wishes,
                children=tuple(read(inner, template, depth + 1, wishes)),
                application=inner,
                host=host,
                access=rules_around(route.app),
            )
            continue
        if not isinstance(pattern, re.Pattern) or path is None:
            continue
        if hasattr(route, "app") and hasattr(route, "routes") and not hasattr(route, "methods"):
            inner = _unwrapped(route.app)
            wishes = (*above, *_marks(route.app, inner))
            template = prefix + path
            yield Route(
                template=template + "/{path:path}",
                pattern=pattern,
                methods=None,
                endpoint=None,
                static=type(inner).__name__ == "StaticFiles" or hasattr(inner, "all_directories"),
                wishes=wishes,
                children=tuple(read(inner, template, depth + 1, wishes)),
                application=inner,
                access=rules_around(route.app),
            )
            continue
        dependant = getattr(context, "dependant", None) or getattr(route, "dependant", None)
        endpoint = getattr(context, "endpoint", None) or getattr(route, "endpoint", None)
        methods = getattr(context, "methods", None)
        if methods is None and _is_websocket(route):
            methods = {WEBSOCKET}
        found = Route(
            template=prefix + path,
            pattern=pattern,
            methods=frozenset(methods) if methods else None,
            endpoint=endpoint,
            wishes=(*above, *_wished(dependant), *_marks(endpoint)),
            own=_marks(endpoint),
            blocking=_blocks(endpoint, dependant),
            takes_password=dependant is not None and _takes_password(dependant),
            takes_key=dependant is not None and _takes_key(dependant),
            answered=frozenset(_declared(getattr(context, "response_field", None))),
            docs=getattr(endpoint, DOCS, ""),
            access=rules_of(route, endpoint, dependant),
        )
        yield from _of_class(found)
        yield found
    for other in beside(app, contexts):
        yield Route(
            template=prefix + other.path,
            pattern=other.pattern,
            methods=other.methods,
            endpoint=None,
            wishes=(*above, *_wished(other.dependant)),
            static=other.static,
            application=other.application,
            access=rules_of(None, other.application, other.dependant),
        )


def applications(app: Any, depth: int = 0) -> Iterator[Any]:
    """The applications that are mounted in one, whatever lies around them, at any depth."""
    routes = getattr(app, "routes", None)
    if routes is None or depth > MAX_DEPTH:
        return
    for context in _contexts(routes):
        route = getattr(context, "original_route", context)
        if hasattr(route, "app") and not hasattr(route, "methods"):
            inner = _unwrapped(route.app)
            yield inner
            yield from applications(inner, depth + 1)


def _blocks(endpoint: Any, dependant: Any) -> bool:
    """Whether a handler, or what it depends on, is no coroutine: then a thread runs it."""
    if endpoint is not None and not isinstance(endpoint, type) and not _is_asynchronous(endpoint):
        return True
    for sub in getattr(dependant, "dependencies", ()):
        if (sub.call is not None and not _is_asynchronous(sub.call)) or _blocks(None, sub):
            return True
    return False


def _is_asynchronous(call: Any) -> bool:
    for _ in range(MAX_DEPTH):
        call = getattr(call, "func", None) or getattr(call, "__wrapped__", None) or call
    method = getattr(call, "__call__", None)
    tests = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    return isinstance(call, type) or any(test(call) or test(method) for test in tests)


def _contexts(routes: Sequence[Any]) -> Iterator[Any]:
    try:
        from fastapi.routing import iter_route_contexts
    except ImportError:  # Starlette alone, or FastAPI before 0.137.2
        return iter(routes)
    return iter(iter_route_contexts(routes))


def _unwrapped(app: Any) -> Any:
    """The application inside of pure ASGI layers that keep it as ``app``."""
    for _ in range(MAX_DEPTH):
        if getattr(app, "routes", None) is not None or not hasattr(app, "app"):
            break
        app = app.app
    return app


def _is_websocket(route: Any) -> bool:
    return any("WebSocketRoute" in kind.__name__ for kind in type(route).__mro__)


def _marks(endpoint: Any, inner: Any = None) -> tuple[RoutePolicy, ...]:
    """What :func:`with_policy` said of a handler, through partials and decorators that tell what they wrap.

    Args:
        endpoint: Or a mounted application.
        inner: The same without the layers around it.
    """
    if inner is not None and inner is not endpoint:
        return (*_marks(endpoint), *_marks(inner))
    for _ in range(MAX_DEPTH):
        found: tuple[RoutePolicy, ...] = getattr(endpoint, MARK, ())
        inner = getattr(endpoint, "func", None) or getattr(endpoint, "__wrapped__", None)
        if found or inner is None:
            return found
        endpoint = inner
    return ()


def _of_class(route: Route) -> Iterator[Route]:
    """Routes of their own for methods of a class-based endpoint that want something."""
    if not isinstance(route.endpoint, type):
        return
    for method in _METHODS:
        marks = _marks(getattr(route.endpoint, method.lower(), None))
        if marks and (route.methods is None or method in route.methods):
            methods = {method}
            if method == "GET" and not hasattr(route.endpoint, "head"):
                methods.add("HEAD")
            yield replace(route, methods=frozenset(methods), wishes=(*route.wishes, *marks))


def _wished(dependant: Any) -> Iterator[RoutePolicy]:
    if dependant is None:
        return
    for sub in dependant.dependencies:
        if isinstance(sub.call, RoutePolicy):
            yield sub.call
        else:
            yield from _wished(sub)


def _takes_password(dependant: Any) -> bool:
    for where in ("body", "query", "header"):
        for field in getattr(dependant, f"{where}_params"):
            kind = getattr(field.field_info, "annotation", None)
            if any(map(_is_password, (field.alias, field.name, *fields(kind)))):
                return True
    subs = dependant.dependencies
    return any(type(sub.call).__name__ == "HTTPBasic" or _takes_password(sub) for sub in subs)


def _takes_key(dependant: Any) -> bool:
    """Whether a security scheme or a header's name says that callers are known by a key."""
    names: list[str] = []
    for field in getattr(dependant, "header_params", ()):
        names += (field.alias, *fields(getattr(field.field_info, "annotation", None)))
    if any(_KEY.search(name) and not _NO_CREDENTIAL.search(name) for name in names):
        return True
    return any(_is_key(sub.call) or _takes_key(sub) for sub in dependant.dependencies)


def _is_key(call: Any) -> bool:
    """Whether a dependency is FastAPI's ``APIKeyHeader`` or ``APIKeyQuery``, or a class made of one."""
    names = {kind.__name__ for kind in type(call).__mro__}
    return not names.isdisjoint(("APIKeyHeader", "APIKeyQuery"))


def _is_password(name: str) -> bool:
    return bool(_PASSWORD.search(_CAMEL.sub("_", name)))


def _declared(response: Any) -> Iterator[str]:
    """Names of the fields of a response model, those of models in it included, in lower case."""
    for name in fields(getattr(getattr(response, "field_info", None), "annotation", None)):
        yield name.lower()


def fields(kind: Any) -> Iterator[str]:
    """Names and aliases of the fields of a model, or of the models that a type is made of."""
    seen: set[Any] = set()
    waiting = [kind]
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        found = getattr(kind, "model_fields", None)
        if isinstance(found, Mapping) and kind not in seen:
            seen.add(kind)
            for name, field in found.items():
                yield field.alias or name
                yield name
                waiting.append(field.annotation)


class Finder:
    """Finds the route of a request as Starlette does: the first whose path and method fit.

    Args:
        routes: In the order in which they are tried.
    """

    __slots__ = ("_groups", "_pattern", "_routes")

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)
        self._groups: dict[int, int] = {}
        parts, group = [], 1
        for index, route in enumerate(self._routes):
            text = _NAMED_GROUP.sub("(?:", route.pattern.pattern)
            parts.append(f"({text})")
            self._groups[group] = index
            group += 1 + re.compile(text).groups
        # One pass of the regular expression engine, whatever the number of routes.
        self._pattern = re.compile("|".join(parts)) if parts else None

    def find(self, path: str, method: str, host: str = "") -> tuple[Route | None, str]:
        """The route, and the part of the path that is above its children where it is a mount.

        Args:
            path: Below the root path.
            method: ``WEBSOCKET`` for a handshake.
            host: Without port, in lower case.
        """
        if self._pattern is None:
            return None, ""
        found = self._pattern.match(path)
        if found is None or found.lastindex is None:
            return None, ""
        first = self._groups[found.lastindex]
        partial: Route | None = None
        for route in self._routes[first:]:
            if route.host is not None:
                if route.host.match(host):
                    return route, ""
            elif fits(route, method):
                match = route.pattern.match(path)
                if match is not None:
                    if route.children is None:
                        return route, ""
                    return route, path[: -len(match.groupdict().get("path", "")) - 1]
            elif partial is None and _is_partial(route, method) and route.pattern.match(path):
                partial = route
        return partial, ""


def fits(route: Route, method: str) -> bool:
    """Whether a route takes a method."""
    if route.methods is None:
        return route.children is not None or method != WEBSOCKET
    return method in route.methods


def _is_partial(route: Route, method: str) -> bool:
    """Whether a route answers 405 for a method that it does not take."""
    return method != WEBSOCKET and route.methods is not None and WEBSOCKET not in route.methods


def below(path: str, root: str) -> str:
    """The part of a path that is routed, as Starlette cuts it.

    Args:
        path: Of the scope.
        root: Its root path.
    """
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        return path[len(root) :]
    return path


def host_name(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The name in ``Host``, without port, in lower case.

    Args:
        headers: Of the scope.
    """
    value = next((value for name, value in headers if name == b"host"), b"")
    return _PORT.sub("", value.decode("latin-1")).lower()

"""Inputs that a handler takes by itself, without declaring them.

``request.query_params["q"]``, ``await request.json()`` and the like are in no signature and in
no OpenAPI document. What the project's own code asks for is noted, and the parent then fills
it in.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any, Callable, Set

from . import state
from .imports import when_imported

MAX_READS = 60
found: Set[str] = set()


def install() -> None:
    """Watch Starlette's requests and mappings."""
    when_imported("starlette.datastructures", _datastructures)
    when_imported("starlette.requests", _requests)
    when_imported("starlette.websockets", _websockets)
    when_imported("fastapi.routing", _bodies)


def take() -> Any:
    """What was read since the last call."""
    taken = sorted(found)
    found.clear()
    return taken


def _note(where: str, name: Any, depth: int = 2) -> None:
    if (
        isinstance(name, str)
        and len(found) < MAX_READS
        and state.in_project(sys._getframe(depth).f_code.co_filename)
    ):
        found.add(f"{where}:{name.lower() if where == 'header' else name}")


def _datastructures(module: ModuleType) -> None:
    kinds = {"QueryParams": "query", "FormData": "form"}

    def where_of(value: Any) -> str:
        return kinds.get(type(value).__name__, "")

    multi: Any = module.ImmutableMultiDict
    for name in ("__getitem__", "getlist", "__contains__", "get"):
        setattr(multi, name, _mapping(getattr(multi, name), where_of))
    headers: Any = module.Headers
    for name in ("__getitem__", "getlist", "__contains__", "get"):
        setattr(headers, name, _mapping(getattr(headers, name), lambda _: "header"))


def _mapping(real: Callable[..., Any], where_of: Callable[[Any], str]) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
        where = where_of(self)
        if where:
            _note(where, key)
        return real(self, key, *args, **kwargs)

    return watched


class Recording(dict):  # type: ignore[type-arg]
    """A dictionary that notes which keys are asked for."""

    where = ""
    path = ""

    @classmethod
    def of(cls, value: Any, where: str, path: str = "", depth: int = 0) -> Any:
        """The value with every dictionary in it replaced by a recording one."""
        if isinstance(value, dict) and depth < 6:
            made = cls(
                {
                    k: cls.of(v, where, f"{path}.{k}" if path else str(k), depth + 1)
                    for k, v in value.items()
                }
            )
            made.where, made.path = where, path
            return made
        if isinstance(value, list) and depth < 6:
            return [cls.of(item, where, f"{path}[]", depth + 1) for item in value]
        return value

    def _seen(self, key: Any) -> None:
        if isinstance(key, str):
            _note(self.where, f"{self.path}.{key}" if self.path else key, 3)

    def __getitem__(self, key: Any) -> Any:
        self._seen(key)
        return super().__getitem__(key)

    def __contains__(self, key: Any) -> bool:
        self._seen(key)
        return super().__contains__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """As in a dictionary."""
        self._seen(key)
        return super().get(key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        """As in a dictionary."""
        self._seen(key)
        return super().pop(key, *default)


def _requests(module: ModuleType) -> None:
    request: Any = module.Request
    for name, where in (("json", "json"), ("body", "body"), ("form", "form")):
        setattr(request, name, _reader(getattr(request, name), where))
    connection: Any = module.HTTPConnection
    cookies = connection.cookies.fget

    def watched(self: Any) -> Any:
        value = cookies(self)
        if isinstance(value, Recording) or not state.in_project(
            sys._getframe(1).f_code.co_filename
        ):
            return value
        return Recording.of(dict(value), "cookie")

    connection.cookies = property(watched)
    for name in ("url", "base_url"):
        setattr(connection, name, property(_address(getattr(connection, name).fget, name)))
    connection.url_for = _address(connection.url_for, "url_for")


def _address(real: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Notes where the project's own code makes an address of the Host header."""

    @functools.wraps(real)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = real(self, *args, **kwargs)
        if state.in_project(sys._getframe(1).f_code.co_filename):
            state.hit("host", f"request.{name}", str(made))
        return made

    return watched


def _reader(real: Callable[..., Any], where: str) -> Callable[..., Any]:
    if where == "form":

        @functools.wraps(real)
        def form(self: Any, *args: Any, **kwargs: Any) -> Any:
            _note(where, "")
            return real(self, *args, **kwargs)

        return form

    @functools.wraps(real)
    async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        project = state.in_project(sys._getframe(1).f_code.co_filename)
        if project:
            found.add(f"{where}:")
        value = await real(self, *args, **kwargs)
        return Recording.of(value, where) if project and where == "json" else value

    return watched


def _bodies(module: ModuleType) -> None:
    """A body that is declared as a mere object says nothing of its fields: what is asked of it does."""
    real: Any = module.solve_dependencies

    @functools.wraps(real)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        solved = await real(*args, **kwargs)
        values = solved[0] if isinstance(solved, tuple) else solved.values
        fields = getattr(kwargs.get("dependant"), "body_params", [])
        for field in fields:
            embedded = len(fields) > 1 or kwargs.get("embed_body_fields")
            path = field.alias if embedded or getattr(field.field_info, "embed", None) else ""
            if type(values.get(field.name)) in (dict, list):
                values[field.name] = Recording.of(values[field.name], "json", path)
        return solved

    module.solve_dependencies = watched  # type: ignore[attr-defined]


def _websockets(module: ModuleType) -> None:
    websocket: Any = module.WebSocket
    real = websocket.receive_json

    @functools.wraps(real)
    async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        found.add("message:{}")
        return Recording.of(await real(self, *args, **kwargs), "message")

    websocket.receive_json = watched

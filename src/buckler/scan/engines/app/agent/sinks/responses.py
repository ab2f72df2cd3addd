"""Where an answer is made: the line that puts input into a body, a header or an address.

No call is dangerous here; the hits only give the answer's canaries their place in the source.
"""

from __future__ import annotations

import functools
import os
from types import ModuleType
from typing import Any, Callable, Dict, Iterator

from .. import state
from ..imports import when_imported

MAX_BODY = 256 * 1024


def install() -> None:
    """Watch Starlette's responses and the headers that are set on them."""
    when_imported("starlette.responses", _responses)
    when_imported("starlette.datastructures", _headers)


def _responses(module: ModuleType) -> None:
    response: Any = module.Response
    init = response.__init__

    @functools.wraps(init)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        body = getattr(self, "body", b"")
        if isinstance(body, bytes) and body and len(body) < MAX_BODY:
            text = body.decode("utf-8", "replace")
            more = _template(self) if hasattr(self, "template") and state.carries(text) else {}
            state.hit("response", type(self).__name__.lstrip("_"), text, **more)

    response.__init__ = made
    headers = response.init_headers

    @functools.wraps(headers)
    def with_headers(self: Any, *args: Any, **kwargs: Any) -> None:
        headers(self, *args, **kwargs)
        for raw, value in getattr(self, "raw_headers", ()):
            name = raw.decode("latin-1")
            state.hit("response", f"header {name}", value.decode("latin-1"), header=name)

    response.init_headers = with_headers
    file: Any = module.FileResponse
    file_init = file.__init__

    @functools.wraps(file_init)
    def file_made(self: Any, path: Any, *args: Any, **kwargs: Any) -> None:
        state.remember(state.text_of(path))
        file_init(self, path, *args, **kwargs)

    file.__init__ = file_made
    redirect: Any = module.RedirectResponse
    redirect.__init__ = _arguments(redirect.__init__, "RedirectResponse")
    response.set_cookie = _arguments(response.set_cookie, "set_cookie")


def _template(response: Any) -> Dict[str, Any]:
    """The template of an answer, and the names under which a canary stands in its context."""
    filename = getattr(response.template, "filename", None) or ""
    if not state.in_project(filename):
        return {}
    path = os.path.relpath(filename, state.project).replace(os.sep, "/")
    return {"template": path, "names": sorted(set(_names(getattr(response, "context", {}), 0)))}


def _names(value: Any, depth: int) -> Iterator[str]:
    """Keys and attributes that lead to a text with a canary."""
    items: Any = ()
    if isinstance(value, dict):
        items = list(value.items())[:100]
    elif isinstance(value, (list, tuple)):
        items = [("", item) for item in value[:50]]
    elif hasattr(value, "__dict__") and not callable(value) and depth:
        items = list(vars(value).items())[:100]
    for name, item in items:
        if isinstance(item, str):
            if state.carries(item):
                yield str(name)
        elif depth < 4 and name != "request":
            yield from _names(item, depth + 1)


def _headers(module: ModuleType) -> None:
    headers: Any = module.MutableHeaders
    for name in ("__setitem__", "append", "setdefault"):
        setattr(headers, name, _header(getattr(headers, name), f"headers.{name.strip('_')}"))


def _header(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, key: str, value: str) -> Any:
        state.hit("response", call, state.text_of(value), header=state.text_of(key).lower())
        return real(self, key, value)

    return watched


def _arguments(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, str):
                state.hit("response", call, value)
        return real(self, *args, **kwargs)

    return watched

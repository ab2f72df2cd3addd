"""Where an answer is made: the line that puts input into a body, a header or an address.

No call is dangerous here; the hits only give the answer's canaries their place in the source.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any, Callable

from .. import state
from ..imports import when_imported

MAX_BODY = 256 * 1024


def install() -> None:
    """Watch Starlette's responses and the headers that are set on them."""
    when_imported("starlette.responses", _responses)
    when_imported("starlette.datastructures", _headers)


def _responses(module: ModuleType) -> None:
    response: Any = module.Response  # type: ignore[attr-defined]
    init = response.__init__

    @functools.wraps(init)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        body = getattr(self, "body", b"")
        if isinstance(body, bytes) and body and len(body) < MAX_BODY:
            state.hit("response", type(self).__name__.lstrip("_"), body.decode("utf-8", "replace"))
        for name, value in getattr(self, "raw_headers", ()):
            state.hit("response", f"header {name.decode('latin-1')}", value.decode("latin-1"))

    response.__init__ = made
    redirect: Any = module.RedirectResponse  # type: ignore[attr-defined]
    redirect.__init__ = _arguments(redirect.__init__, "RedirectResponse")
    response.set_cookie = _arguments(response.set_cookie, "set_cookie")


def _headers(module: ModuleType) -> None:
    headers: Any = module.MutableHeaders  # type: ignore[attr-defined]
    for name in ("__setitem__", "append", "setdefault"):
        setattr(headers, name, _arguments(getattr(headers, name), f"headers.{name.strip('_')}"))


def _arguments(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, str):
                state.hit("response", call, value)
        return real(self, *args, **kwargs)

    return watched

"""The door of ``urllib.request``: where its handlers of HTTP open a connection."""

from __future__ import annotations

import functools
import io
from http.client import HTTPResponse, responses
from types import ModuleType
from typing import Any

from ..imports import when_imported
from . import standing


def install() -> None:
    """Stand at the door."""
    when_imported("urllib.request", _handlers)


class _Wire:
    """What an answer is read from, as from a socket."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent

    def makefile(self, mode: str = "rb", *_: Any) -> io.BytesIO:
        """The bytes of the answer."""
        return io.BytesIO(self._sent)


def _handlers(module: ModuleType) -> None:
    handler: Any = module.AbstractHTTPHandler
    real = handler.do_open

    @functools.wraps(real)
    def do_open(self: Any, http_class: Any, request: Any, **given: Any) -> Any:
        through = request.host if request.has_proxy() or request._tunnel_host else ""
        stand = standing.answer(
            request.get_method(),
            request.full_url,
            f"http://{through}" if through else "",
            [*dict(request.header_items()).values(), request.data],
        )
        if stand is None:
            return real(self, http_class, request, **given)
        response = HTTPResponse(
            _Wire(wire(stand)),  # type: ignore[arg-type]
            method=request.get_method(),
        )
        response.begin()
        response.url = request.get_full_url()
        response.msg = response.reason  # type: ignore[assignment]
        return response

    handler.do_open = do_open


def wire(stand: standing.Stand, *, head: bool = False) -> bytes:
    """An answer as it comes over a connection that is closed after it."""
    lines = [f"HTTP/1.1 {stand.status} {responses.get(stand.status, 'OK')}"]
    lines += [f"{name}: {value}" for name, value in stand.headers]
    lines += [f"content-length: {len(stand.body)}", "connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + (b"" if head else stand.body)

"""The doors of httpx and httpx2: their own transports, so that a test's or an ASGI one is left alone.

The answer is a response of that library, so hooks, streams, redirects and checks work as ever.
"""

from __future__ import annotations

import functools
import inspect
from types import ModuleType
from typing import Any, Callable, Optional

from ..imports import when_imported
from . import standing


def install() -> None:
    """Stand at the doors."""
    for package in ("httpx", "httpx2"):
        when_imported(f"{package}._transports.default", _transports)


def _transports(module: ModuleType) -> None:
    for owner, name, wrap in (
        ("HTTPTransport", "handle_request", _blocking),
        ("AsyncHTTPTransport", "handle_async_request", _asynchronous),
    ):
        transport = getattr(module, owner, None)
        real = getattr(transport, name, None)
        # Before 0.18 a transport was handed the parts of a request; there it is left alone.
        if real is not None and list(inspect.signature(real).parameters)[1:2] == ["request"]:
            setattr(transport, name, wrap(real, module))


def _blocking(real: Callable[..., Any], module: ModuleType) -> Callable[..., Any]:
    @functools.wraps(real)
    def handle(self: Any, request: Any) -> Any:
        given = _answer(self, request, module)
        return real(self, request) if given is None else given

    return handle


def _asynchronous(real: Callable[..., Any], module: ModuleType) -> Callable[..., Any]:
    @functools.wraps(real)
    async def handle(self: Any, request: Any) -> Any:
        given = _answer(self, request, module)
        return await real(self, request) if given is None else given

    return handle


def _answer(transport: Any, request: Any, module: ModuleType) -> Optional[Any]:
    pool = getattr(transport, "_pool", None)
    if getattr(pool, "_uds", None) or "upgrade" in request.headers:
        return None
    sent = [*request.headers.values(), getattr(request, "_content", b"")]
    stand = standing.answer(str(request.method), str(request.url), _proxy(pool), sent)
    if stand is None:
        return None
    body = b"" if request.method == "HEAD" else stand.body
    return module.Response(
        stand.status,
        headers=[*stand.headers, ("content-length", str(len(stand.body)))],
        content=body,
        extensions={"http_version": b"HTTP/1.1"},
    )


def _proxy(pool: Any) -> str:
    url = getattr(pool, "_proxy_url", None)
    if url is None:
        return ""
    host = url.host.decode("latin-1")
    return f"http://[{host}]:{url.port or 80}" if ":" in host else f"http://{host}:{url.port or 80}"

"""The door of urllib3, and with it of requests, botocore and whatever else is built upon it."""

from __future__ import annotations

import functools
import io
import sys
from http.client import responses
from types import ModuleType
from typing import Any, List, Tuple

from ..imports import when_imported
from . import standing


def install() -> None:
    """Stand at the door."""
    when_imported("urllib3.connectionpool", _pools)


def _pools(module: ModuleType) -> None:
    pool: Any = module.HTTPConnectionPool
    real = pool.urlopen

    @functools.wraps(real)
    def urlopen(self: Any, method: Any, url: Any, *args: Any, **given: Any) -> Any:
        body, headers = (*args, None, None)[:2]
        sent = [*(given.get("headers") or headers or self.headers or {}).values()]
        sent.append(given.get("body", body))
        stand = standing.answer(str(method), _address(self, str(url)), _proxy(self), sent)
        if stand is None:
            return real(self, method, url, *args, **given)
        content = b"" if str(method).upper() == "HEAD" else stand.body
        made: Any = sys.modules["urllib3.response"]
        return made.HTTPResponse(
            body=io.BytesIO(content),
            headers=_collected(made, [*stand.headers, ("content-length", str(len(stand.body)))]),
            status=stand.status,
            version=11,
            reason=responses.get(stand.status, ""),
            preload_content=given.get("preload_content", True),
            decode_content=given.get("decode_content", True),
            request_method=str(method),
        )

    pool.urlopen = urlopen


def _collected(made: Any, headers: List[Tuple[str, str]]) -> Any:
    """The headers in urllib3's own mapping, which keeps those that come twice."""
    collected = made.HTTPHeaderDict()
    for name, value in headers:
        collected.add(name, value)
    return collected


def _address(pool: Any, url: str) -> str:
    """Where it leads; through a proxy the client may be handed the whole address."""
    if "://" in url.split("?")[0]:
        return url
    host = str(pool.host)
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{pool.scheme}://{shown}:{pool.port or (443 if pool.scheme == 'https' else 80)}{url}"


def _proxy(pool: Any) -> str:
    proxy = getattr(pool, "proxy", None)
    return "" if proxy is None else f"http://{proxy.host}:{proxy.port or 80}"

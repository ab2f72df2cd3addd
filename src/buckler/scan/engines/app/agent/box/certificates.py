"""Reads each bundle of root certificates once, where nothing outside can be reached anyway.

A client made anew for every request reads the roots every time, which takes longer than the rest
of most handlers. Without `--allow` no connection leaves the process, so nobody's certificate is
ever checked against them. A bundle that is missing or broken still raises, as it does outside.
"""

from __future__ import annotations

import functools
import ssl
from typing import Any, Callable


def install(config: dict[str, Any]) -> None:
    """Replace what loads roots into a context, unless `config["allow"]` lets connections out."""
    if config.get("allow") or config.get("network"):
        return
    kind: Any = ssl.SSLContext
    kind.load_default_certs = _once(kind.load_default_certs)
    kind.load_verify_locations = _once(kind.load_verify_locations)


def _once(real: Callable[..., None]) -> Callable[..., None]:
    loaded: set[str] = set()

    @functools.wraps(real)
    def load(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        key = repr((args, sorted(kwargs.items())))
        if key not in loaded:
            real(context, *args, **kwargs)
            loaded.add(key)

    return load

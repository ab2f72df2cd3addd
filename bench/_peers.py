"""The libraries that guard is measured against, each as its own guide sets it up; ``bench/requirements.txt``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware

MANY = 10_000_000
"""Requests that a limit allows, so that none is refused here."""


def empty_middleware(app: FastAPI) -> Any:
    """``@app.middleware("http")`` with nothing in it."""

    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    return app


def secure(app: FastAPI) -> Any:
    """Headers."""
    from secure import Secure
    from secure.middleware import SecureASGIMiddleware

    app.add_middleware(SecureASGIMiddleware, secure=Secure.with_default_headers())
    return app


def slowapi(app: FastAPI) -> Any:
    """Rates."""
    from slowapi import Limiter
    from slowapi.middleware import SlowAPIASGIMiddleware
    from slowapi.util import get_remote_address

    app.state.limiter = Limiter(key_func=get_remote_address, default_limits=[f"{MANY}/second"])
    app.add_middleware(SlowAPIASGIMiddleware)
    return app


def fastapi_guard(app: FastAPI, *, detection: bool) -> Any:
    """Addresses, rates, and with ``detection`` the patterns of attacks."""
    # This folder's own guard.py has the name of its package.
    here = [path for path in sys.path if path.endswith("bench")]
    for path in here:
        sys.path.remove(path)
    from guard import SecurityConfig, SecurityMiddleware

    sys.path += here
    logging.getLogger("guard_core").setLevel(logging.CRITICAL)
    config = SecurityConfig(
        enable_rate_limiting=True,
        rate_limit=MANY,
        rate_limit_window=60,
        enable_penetration_detection=detection,
        enable_redis=False,
        enforce_https=False,
    )
    app.add_middleware(SecurityMiddleware, config=config)
    return app


def arcis(app: FastAPI) -> Any:
    """Patterns of attacks, rates, headers."""
    from arcis.fastapi import ArcisMiddleware

    app.add_middleware(ArcisMiddleware, block=True, rate_limit_max=MANY)
    return app


def araxys(app: FastAPI) -> Any:
    """Patterns of attacks, rates, headers."""
    from araxys import AraxysConfig, AraxysShield

    AraxysShield(
        app,
        AraxysConfig(
            secret_key="bench-bench-bench-bench-bench-bench",
            cors={"allow_origins": ["https://shop.example"], "allow_methods": ["GET", "POST"]},
            rate_limit={"window_seconds": 60, "max_requests": MANY},
        ),
    )
    return app


PEERS: Mapping[str, Callable[[FastAPI], Any]] = {
    "secure (headers)": secure,
    "slowapi (rates)": slowapi,
    "one empty @app.middleware": empty_middleware,
    "fastapi-guard, detection off": lambda app: fastapi_guard(app, detection=False),
    "fastapi-guard, detection on": lambda app: fastapi_guard(app, detection=True),
    "arcis": arcis,
    "araxys": araxys,
}

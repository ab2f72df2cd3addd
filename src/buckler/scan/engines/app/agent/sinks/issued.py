"""Tokens that the application gives out, made to have run out where the parent asks for it.

CWE-613. Nobody but the application can sign its tokens, so that is where an old one comes from: for
one request its libraries are handed claims whose time was over an hour ago.
"""

from __future__ import annotations

import functools
import time
from types import ModuleType
from typing import Any, Callable, Dict

from .. import state
from ..imports import when_imported

HOUR = 3600
_TIMES = {"exp": -HOUR, "iat": -2 * HOUR, "nbf": -2 * HOUR}


def install() -> None:
    """Watch the functions of the usual libraries that make a token."""
    when_imported("jwt.api_jwt", _pyjwt)
    when_imported("jose.jwt", _plain)
    when_imported("joserfc.jwt", _with_header)
    when_imported("authlib.jose.rfc7519.jwt", _authlib)


def _pyjwt(module: ModuleType) -> None:
    found: Any = module
    found.PyJWT.encode = _aging(found.PyJWT.encode, 1, "payload")
    if hasattr(found, "encode"):
        found.encode = _aging(found.encode, 0, "payload")


def _plain(module: ModuleType) -> None:
    found: Any = module
    found.encode = _aging(found.encode, 0, "claims")


def _with_header(module: ModuleType) -> None:
    found: Any = module
    found.encode = _aging(found.encode, 1, "claims")


def _authlib(module: ModuleType) -> None:
    found: Any = module
    found.JsonWebToken.encode = _aging(found.JsonWebToken.encode, 2, "payload")


def _aging(real: Callable[..., Any], at: int, name: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if state.aged:
            if len(args) > at:
                args = (*args[:at], _aged(args[at]), *args[at + 1 :])
            elif name in kwargs:
                kwargs[name] = _aged(kwargs[name])
        return real(*args, **kwargs)

    return watched


def _aged(claims: Any) -> Any:
    """The claims of an hour ago, with the canary among them; as they are where they have no end."""
    if not isinstance(claims, dict) or "exp" not in claims:
        return claims
    state.effects.add("token-aged")
    now = int(time.time())
    times: Dict[str, int] = {k: now + v for k, v in _TIMES.items() if k in claims}
    return dict(claims, buckler=state.aged, **times)

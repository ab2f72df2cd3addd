"""JSON Web Tokens that are read: CWE-347.

A token whose claims carry a canary was made by the scan, which knows no key. A library that
returns its claims did not check the signature, or checked it with a key that can be guessed.
"""

from __future__ import annotations

import base64
import functools
from types import ModuleType
from typing import Any, Callable

from .. import state
from ..imports import when_imported


def install() -> None:
    """Watch the functions of the usual libraries that read a token."""
    when_imported("jwt.api_jwt", _pyjwt)
    when_imported("jwt.api_jws", _headers)
    when_imported("jose.jwt", _jose)
    when_imported("joserfc.jwt", _joserfc)
    when_imported("authlib.jose.rfc7519.jwt", _authlib)


def _pyjwt(module: ModuleType) -> None:
    reader: Any = module.PyJWT
    name = "decode_complete" if hasattr(reader, "decode_complete") else "decode"
    setattr(reader, name, _method(getattr(reader, name), "jwt.decode"))
    whole = getattr(module, "decode_complete", None)
    if whole is not None:
        module.decode_complete = _function(whole, "jwt.decode_complete")  # type: ignore[attr-defined]


def _headers(module: ModuleType) -> None:
    """Who reads the header of a token reads a token, whatever becomes of it."""
    found: Any = module
    for name in ("get_unverified_header", "get_unverified_headers"):
        real = getattr(found, name, None)
        if real is not None:
            setattr(found, name, _noted(real, f"{found.__name__.partition('.')[0]}.{name}"))


def _noted(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(*args: Any, **kwargs: Any) -> Any:
        state.hit("token", call, _shown(args[0] if args else kwargs.get("jwt")), accepted=None)
        return real(*args, **kwargs)

    return watched


def _jose(module: ModuleType) -> None:
    found: Any = module
    _headers(module)
    found.decode = _function(found.decode, "jose.jwt.decode")
    found.get_unverified_claims = _function(
        found.get_unverified_claims, "jose.jwt.get_unverified_claims"
    )


def _joserfc(module: ModuleType) -> None:
    found: Any = module
    found.decode = _function(found.decode, "joserfc.jwt.decode")


def _authlib(module: ModuleType) -> None:
    reader: Any = module.JsonWebToken
    reader.decode = _method(reader.decode, "authlib JsonWebToken.decode")


def _function(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(*args: Any, **kwargs: Any) -> Any:
        return _read(
            real, call, args, kwargs, args[0] if args else kwargs.get("token", kwargs.get("jwt"))
        )

    return watched


def _method(real: Callable[..., Any], call: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = args[0] if args else kwargs.get("jwt", kwargs.get("s"))
        return _read(real, call, (self, *args), kwargs, token)

    return watched


def _read(real: Callable[..., Any], call: str, args: Any, kwargs: Any, token: Any) -> Any:
    try:
        claims = real(*args, **kwargs)
    except Exception:
        state.hit("token", call, _shown(token), accepted=False)
        raise
    state.hit("token", call, _shown(token), accepted=True)
    return claims


def _shown(token: Any) -> str:
    """The token, and its claims as text where it has any."""
    text = state.text_of(token)
    parts = text.split(".")
    if len(parts) != 3:
        return text
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        return text + " " + base64.urlsafe_b64decode(padded).decode("utf-8", "replace")
    except ValueError:
        return text

"""Signed tokens of the server: access tokens (RFC 9068), ID tokens (OpenID Connect Core 1.0, 2), logout tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.jwt.key import SigningKey

ACCESS: Final = "at+jwt"
ID: Final = "JWT"
LOGOUT: Final = "logout+jwt"
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode


def sign(key: SigningKey, typ: str, claims: Mapping[str, Any]) -> str:
    """A token in compact serialisation (RFC 7515, 3.1).

    Args:
        key: That signs.
        typ: What it is for, in its header (RFC 8725, 3.11).
        claims: What it says.
    """
    message = _header(key.alg, key.kid, typ) + base64url.encode(_encode(claims).encode("utf-8"))
    return (message + b"." + base64url.encode(key.sign(message))).decode("ascii")


@lru_cache(64)
def _header(alg: str, kid: str, typ: str) -> bytes:
    written = _encode({"alg": alg, "kid": kid, "typ": typ})
    return base64url.encode(written.encode("ascii")) + b"."

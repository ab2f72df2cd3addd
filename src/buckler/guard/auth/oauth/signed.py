"""Makes signed tokens in compact serialisation (RFC 7515, 3.1): those of the server, client assertions, proofs.

Threat: a token that is taken for one of another kind (RFC 8725, 3.11): each is made with the ``typ`` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Final

from pydantic_core import to_json

from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.jwt.key import SigningKey

ACCESS: Final = "at+jwt"
"""RFC 9068, 2.1."""
ID: Final = "JWT"
"""OpenID Connect Core 1.0, 2, demands none."""
LOGOUT: Final = "logout+jwt"
"""OpenID Connect Back-Channel Logout 1.0, 2.4."""
_encode: Final = partial(to_json, inf_nan_mode="null")


def sign(key: SigningKey, typ: str, claims: Mapping[str, Any]) -> str:
    """A token that names its key.

    Args:
        key: That signs.
        typ: What it is for.
        claims: What it says.
    """
    return _signed(key, _header(key.alg, key.kid, typ), claims)


def sign_with(key: SigningKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A token with a header of its own.

    Args:
        key: That signs.
        header: All of it, ``alg`` included.
        claims: What it says.
    """
    return _signed(key, base64url.encode(_encode(header)), claims)


def _signed(key: SigningKey, header: bytes, claims: Mapping[str, Any]) -> str:
    message = header + b"." + base64url.encode(_encode(claims))
    return (message + b"." + base64url.encode(key.sign(message))).decode("ascii")


@lru_cache(64)
def _header(alg: str, kid: str, typ: str) -> bytes:
    return base64url.encode(_encode({"alg": alg, "kid": kid, "typ": typ}))

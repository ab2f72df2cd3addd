"""Makes signed tokens in compact serialisation (RFC 7515, 3.1): those of the server, client assertions, proofs.

Threat: a token that is taken for one of another kind (RFC 8725, 3.11): each is made with the ``typ`` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.oauth.json_text import encoded

ACCESS: Final = "at+jwt"
"""RFC 9068, 2.1."""
ID: Final = "JWT"
"""OpenID Connect Core 1.0, 2, demands none."""
LOGOUT: Final = "logout+jwt"
"""OpenID Connect Back-Channel Logout 1.0, 2.4."""


def sign(key: SigningKey, typ: str, claims: Mapping[str, Any]) -> str:
    """A token that names its key.

    Args:
        key: That signs.
        typ: What it is for.
        claims: What it says.

    Raises:
        TypeError: Something in it is of a type that JSON has not.
        ValueError: A number or a text in it is one that JSON has not.
    """
    return _signed(key, _header(key.alg, key.kid, typ), claims)


def sign_with(key: SigningKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A token with a header of its own.

    Args:
        key: That signs.
        header: All of it, ``alg`` included.
        claims: What it says.

    Raises:
        TypeError: Something in it is of a type that JSON has not.
        ValueError: A number or a text in it is one that JSON has not.
    """
    return _signed(key, base64url.encode(encoded(header)), claims)


def _signed(key: SigningKey, header: bytes, claims: Mapping[str, Any]) -> str:
    message = header + b"." + base64url.encode(encoded(claims))
    return (message + b"." + base64url.encode(key.sign(message))).decode("ascii")


@lru_cache(64)
def _header(alg: str, kid: str, typ: str) -> bytes:
    return base64url.encode(encoded({"alg": alg, "kid": kid, "typ": typ}))

"""Tokens made by hand, part by part, by nothing of guard's: what an attacker or another issuer sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from buckler.guard import KeySet, SigningKey, TokenError, TokenPolicy, TokenVerifier

NOW = 1_800_000_000.0
ISSUER = "https://shop.example"
AUDIENCE = "shop"
SECRET = bytes(range(7, 71))
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "user-1",
    "iat": int(NOW) - 10,
    "exp": int(NOW) + 600,
    "jti": "token-1",
}
HEADER: dict[str, Any] = {"alg": "HS256", "typ": "at+jwt", "kid": "main"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def part(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def mac(message: str, secret: bytes = SECRET, digest: Any = hashlib.sha256) -> str:
    return b64(hmac.new(secret, message.encode(), digest).digest())


def token(header: Any = HEADER, claims: Any = CLAIMS, secret: bytes = SECRET) -> str:
    """A token with a good signature over whatever is in it."""
    message = f"{part(header)}.{part(claims)}"
    return f"{message}.{mac(message, secret)}"


def changed(**claims: Any) -> dict[str, Any]:
    """The claims with some of them changed; those that are None are left out."""
    return {name: value for name, value in (CLAIMS | claims).items() if value is not None}


def key() -> SigningKey:
    return SigningKey.from_jwk({"kty": "oct", "k": b64(SECRET), "alg": "HS256", "kid": "main"})


def policy(**options: Any) -> TokenPolicy:
    return TokenPolicy(ISSUER, AUDIENCE, **options)


REASONS = frozenset(
    "size malformed header algorithm type key signature claim missing issuer audience expired age not_yet"
    " future revoked good".split()
)


def outcome(text: Any, **options: Any) -> str:
    """``good``, or the reason of the refusal; whatever else is raised goes on."""
    try:
        verifier(**options).verify(text)
    except TokenError as error:
        return error.reason
    return "good"


def verifier(*keys: SigningKey, clock: Any = None, **options: Any) -> TokenVerifier:
    """One with no option given beside what there is no default for."""
    made = clock or Clock()
    return TokenVerifier(KeySet(*(keys or (key(),)), clock=made), policy(**options), clock=made)

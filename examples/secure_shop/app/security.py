"""Passwords, tokens and digests."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import anyio.to_thread
import jwt

from app.config import settings

ALGORITHM = "HS256"
ISSUER = "acorn-oak"
AUDIENCE = "acorn-oak-shop"

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**16, 8, 2
SCRYPT_MEMORY = 128 * 1024 * 1024
hashing = anyio.CapacityLimiter(2)


def scrypt(password: str, salt: bytes) -> bytes:
    """Digest of a password; 64 MiB and a fifth of a second."""
    return hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=SCRYPT_N,
        r=SCRYPT_R,
        p=SCRYPT_P,
        maxmem=SCRYPT_MEMORY,
        dklen=32,
    )


async def hash_password(password: str) -> str:
    """Salted digest of a password as `salt.digest`, made away from the event loop."""
    salt = secrets.token_bytes(16)
    digest = await anyio.to_thread.run_sync(scrypt, password, salt, limiter=hashing)
    return f"{base64.b64encode(salt).decode()}.{base64.b64encode(digest).decode()}"


async def verify_password(password: str, stored: str | None) -> bool:
    """Whether a password belongs to a digest; takes as long where there is no digest."""
    salt, _, expected = (stored or "AAAAAAAAAAAAAAAAAAAAAA==.AAAA").partition(".")
    digest = await anyio.to_thread.run_sync(
        scrypt, password, base64.b64decode(salt), limiter=hashing
    )
    same = hmac.compare_digest(digest, base64.b64decode(expected))
    return same and stored is not None


def token_digest(token: str) -> str:
    """Digest under which a random token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


class RevokedTokens:
    """Tokens that were signed out before their time; forgotten when they have expired."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, claims: dict[str, Any]) -> None:
        """Refuse a token from now on."""
        now = datetime.now(UTC).timestamp()
        self._until = {jti: end for jti, end in self._until.items() if end > now}
        self._until[str(claims["jti"])] = float(claims["exp"])

    def __contains__(self, jti: str) -> bool:
        return jti in self._until


revoked = RevokedTokens()


def create_token(username: str) -> str:
    """Access token of a signed-in user."""
    now = datetime.now(UTC)
    claims = {
        "sub": username,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + timedelta(minutes=settings.token_minutes),
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, settings.jwt_secret.get_secret_value(), algorithm=ALGORITHM)


def read_token(token: str) -> dict[str, Any]:
    """Claims of an access token; raises jwt.PyJWTError where it is not valid."""
    claims: dict[str, Any] = jwt.decode(
        token,
        settings.jwt_secret.get_secret_value(),
        algorithms=[ALGORITHM],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
    )
    if claims["jti"] in revoked:
        raise jwt.InvalidTokenError("signed out")
    return claims


def form_token(session_token: str) -> str:
    """Token of a form, bound to the session that the form was shown to."""
    secret = settings.form_secret.get_secret_value().encode()
    return hmac.new(secret, session_token.encode(), hashlib.sha256).hexdigest()


def webhook_signature(timestamp: str, body: bytes) -> str:
    """Signature of a webhook's time and body."""
    secret = settings.webhook_secret.get_secret_value().encode()
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()

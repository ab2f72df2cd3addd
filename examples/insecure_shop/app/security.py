"""Passwords, tokens and keys."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from app.config import settings

ROUNDS = 20_000


def hash_password(password: str) -> str:
    """Salted hash of a password, as `salt$digest`."""
    salt = secrets.token_hex(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS)
    return f"{salt}${digest.hex()}"


def verify_password(password: str, stored: str) -> bool:
    """Whether a password belongs to a stored hash."""
    salt, _, expected = stored.partition("$")
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS)
    return hmac.compare_digest(digest.hex(), expected)


def hash_pin(pin: str, salt: bytes) -> bytes:
    """Hash of a staff PIN."""
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**16, r=8, p=2, maxmem=256 * 1024 * 1024)


def key_digest(key: str) -> str:
    """Digest under which an API key is kept; keys are 32 random bytes."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_token(username: str, scopes: list[str] | None = None) -> str:
    """Access token of a signed-in user."""
    expires = datetime.now(UTC) + timedelta(minutes=settings.jwt_minutes)
    claims = {"sub": username, "scopes": scopes or [], "exp": expires}
    return jwt.encode(claims, settings.jwt_secret, algorithm=settings.jwt_algorithm)


def create_device_token(username: str, device: str) -> str:
    """Token that a phone keeps so that its owner stays signed in."""
    claims = {"sub": username, "device": device, "iat": datetime.now(UTC)}
    return jwt.encode(claims, settings.jwt_secret, algorithm=settings.jwt_algorithm)


def read_token(token: str) -> dict[str, Any]:
    """Claims of an access token; raises jwt.PyJWTError where it is not ours."""
    return jwt.decode(token, settings.jwt_secret, algorithms=["HS256"])


def read_share(token: str) -> dict[str, Any]:
    """Claims of the link with which a customer shows an order to a friend."""
    return jwt.decode(token, options={"verify_signature": False})


def read_voucher(token: str) -> dict[str, Any]:
    """Claims of a gift voucher, ours or one of the printers' unsigned batch."""
    signed = jwt.get_unverified_header(token).get("alg") != "none"
    return jwt.decode(
        token,
        settings.jwt_secret,
        algorithms=["HS256", "none"],
        options={"verify_signature": signed, "verify_exp": True, "require": ["exp"]},
    )

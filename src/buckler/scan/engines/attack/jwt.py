"""Takes JSON Web Tokens apart and makes them, without a library: RFC 7519."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from buckler.scan.model.secrets import COMMON

_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Token:
    """A token that the application gave out, or one that is made up.

    Attributes:
        key: The key that it is signed with, where it was guessed.

    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: str | None = None


def parse(text: str) -> Token | None:
    """Header and claims of a token, or None where it is none."""
    try:
        header, claims = (json.loads(_unpadded(part)) for part in text.split(".")[:2])
    except ValueError:
        return None
    return Token(header, claims) if isinstance(header, dict) and isinstance(claims, dict) else None


def crack(text: str, token: Token) -> Token:
    """The token with its key, where that is one of the common ones."""
    digest = _HASHES.get(str(token.header.get("alg")))
    signed, _, signature = text.rpartition(".")
    if digest is None:
        return token
    for key in ("", *COMMON):
        made = hmac.new(key.encode(), signed.encode(), digest).digest()
        if hmac.compare_digest(made, _unpadded(signature)):
            return replace(token, key=key)
    return token


def guess(text: str) -> str | None:
    """The key of a token or of a cookie of itsdangerous (``value.time.signature``), where it is a
    common one.
    """
    if text.startswith("eyJ") and text.count(".") == 2:
        token = parse(text)
        found = crack(text, token).key if token is not None else None
        if found is not None:
            return found
    signed, dot, signature = text.strip('"').rpartition(".")
    if not dot or len(signature) != 27:
        return None
    for key in COMMON:
        derived = hashlib.sha1(
            b"itsdangerous.Signersigner" + key.encode(), usedforsecurity=False
        ).digest()
        made = hmac.new(derived, signed.encode(), hashlib.sha1).digest()
        if base64.urlsafe_b64encode(made).decode().rstrip("=") == signature:
            return key
    return None


def made_up() -> Token:
    """A token of nobody, valid for an hour."""
    now = int(time.time())
    claims = {"sub": "1", "iat": now - 60, "nbf": now - 60, "exp": now + 3600, "jti": "buckler"}
    return Token({"alg": "HS256", "typ": "JWT"}, claims)


def encode(header: Mapping[str, Any], claims: Mapping[str, Any], key: str | None) -> str:
    """A token; without a key its signature is empty."""
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    signed = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    if key is None:
        return signed + "."
    made = hmac.new(
        key.encode(), signed.encode(), _HASHES.get(str(header.get("alg")), hashlib.sha256)
    )
    return f"{signed}.{base64.urlsafe_b64encode(made.digest()).decode().rstrip('=')}"


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""The one secret of an application, and the keys for each purpose that are derived from it.

Threat: one key for two purposes, so that what is signed for one counts for the other (CWE-323); a secret that is
short, known or in the repository (CWE-798, CWE-521). Derived by HKDF (RFC 5869).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from buckler.guard.auth.jwt.strength import check_guessable
from buckler.guard.options import GuardError

SHORTEST: Final = 32
_HINT: Final = (
    "python -c 'import secrets; print(secrets.token_urlsafe(48))', kept outside of the repository"
)
_SALT: Final = b"buckler guard"


def secrets_of(given: str | bytes | Sequence[str | bytes]) -> tuple[bytes, ...]:
    """The secrets, newest first.

    Raises:
        GuardError: One is too short, or can be guessed.
    """
    listed = (given,) if isinstance(given, str | bytes) else tuple(given)
    if not listed:
        raise GuardError("secret is an empty list", hint=_HINT)
    found = []
    for one in listed:
        if not isinstance(one, str | bytes):
            raise GuardError("secret is a text, bytes, or a list of them", hint=_HINT)
        raw = one.encode("utf-8") if isinstance(one, str) else one
        if len(raw) < SHORTEST:
            raise GuardError(f"secret has {len(raw)} bytes, and needs {SHORTEST}", hint=_HINT)
        check_guessable(raw)
        found.append(raw)
    return tuple(found)


def derive(secret: bytes, purpose: str, length: int = 32) -> bytes:
    """A key for one purpose (HKDF with SHA-256).

    Args:
        secret: Of the application.
        purpose: Another one gives another key.
        length: Bytes, 32 at most.
    """
    extracted = hmac.digest(_SALT, secret, hashlib.sha256)
    return hmac.digest(extracted, purpose.encode("utf-8") + b"\x01", hashlib.sha256)[:length]

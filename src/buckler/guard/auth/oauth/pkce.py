"""Proof Key for Code Exchange (RFC 7636), by S256 alone.

Threat: a code that somebody else caught is redeemed (RFC 9700, 2.1.1, 4.5). ``plain`` shows the verifier to whoever sees
the request, and is not taken (ASVS 5.0 V10.4.6).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.oauth.errors import OAuthError

METHOD: Final = "S256"
_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_verifier() -> str:
    """A verifier of 256 random bits (RFC 7636, 4.1)."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636, 4.2)."""
    return base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode("ascii")


def check_challenge(challenge: str | None, method: str | None) -> str:
    """The challenge of an authorization request.

    Raises:
        OAuthError: ``invalid_request``: there is none, it is malformed, or by another method (RFC 7636, 4.4.1).
    """
    if challenge is None:
        raise OAuthError("invalid_request", "code_challenge is missing", reason="no_pkce")
    if method != METHOD:
        raise OAuthError(
            "invalid_request", "code_challenge_method has to be S256", reason="pkce_method"
        )
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge is malformed", reason="pkce_form")
    return challenge


def verify(verifier: str | None, challenge: str) -> None:
    """Look whether a verifier belongs to a challenge (RFC 7636, 4.6).

    Raises:
        OAuthError: ``invalid_grant``: it does not; ``invalid_request``: there is none, or it is malformed.
    """
    if verifier is None:
        raise OAuthError("invalid_grant", "code_verifier is missing", reason="no_verifier")
    if not _VERIFIER.fullmatch(verifier):
        raise OAuthError("invalid_grant", "code_verifier is malformed", reason="verifier_form")
    if not hmac.compare_digest(challenge_of(verifier), challenge):
        raise OAuthError("invalid_grant", "code_verifier does not match", reason="verifier")

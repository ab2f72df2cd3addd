"""What a server of resources answers where a token is missing or not enough (RFC 6750, 3; RFC 9449, 7.1; RFC 9470, 3).

Threat: a client that is not told what is missing asks for too much, and an answer that tells a stranger why a token
does not count (CWE-209): that is for the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from buckler.guard.auth.oauth.dpop import ALGS
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import Scheme

STATUSES: Final = {
    "invalid_request": 400,
    "invalid_token": 401,
    "invalid_dpop_proof": 401,
    "use_dpop_nonce": 401,
    "insufficient_user_authentication": 401,
    "insufficient_scope": 403,
    "temporarily_unavailable": 503,
}
_OF_PROOF: Final = frozenset(("invalid_dpop_proof", "use_dpop_nonce"))
_DESCRIBED: Final = _OF_PROOF | {"invalid_request"}
"""Errors whose sentence goes to the client: it says nothing that the client has not made itself."""


def challenge(
    error: OAuthError | None,
    came: Scheme | None,
    *,
    taken: Sequence[Scheme],
    metadata: str,
    more: Mapping[str, str] | None = None,
) -> str:
    """The value of ``WWW-Authenticate``, the scheme that the error is about first.

    Args:
        error: Why; None where no token came, of which nothing is said (RFC 6750, 3.1).
        came: Scheme by which a token came.
        taken: Schemes that are taken.
        metadata: Address of this server's metadata (RFC 9728, 5.1).
        more: What else the error says: ``scope``, ``acr_values``, ``max_age``.
    """
    about: Scheme | None = None
    if error is not None:
        about = "DPoP" if error.error in _OF_PROOF else came or taken[0]
    schemes = sorted(
        dict.fromkeys((*((about,) if about else ()), *taken)), key=lambda s: s != about
    )
    return ", ".join(
        _one(scheme, error if scheme == about else None, metadata, more or {}) for scheme in schemes
    )


def _one(scheme: Scheme, error: OAuthError | None, metadata: str, more: Mapping[str, str]) -> str:
    said: dict[str, str] = {}
    if error is not None:
        said["error"] = error.error
        if error.error in _DESCRIBED and error.description:
            said["error_description"] = error.description
        said |= more
    if scheme == "DPoP":
        said["algs"] = " ".join(ALGS)
    said["resource_metadata"] = metadata
    # None of these holds a quotation mark or a backslash: they are ours, or were looked at when the rule was made.
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in said.items())

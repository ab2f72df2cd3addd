"""What an authorization request needs next: a sign-in, a second factor, an agreement, or nothing (pure).

Threat: a prompt that is skipped (OpenID Connect Core 1.0, 3.1.2.1 and 3.1.2.3), an old sign-in that passes for a fresh one
(ASVS 5.0 V10.3.4, V7.5.3), an agreement to less that counts for more (RFC 6749, 3.3; ASVS 5.0 V10.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from buckler.guard.access.requirement import SECOND
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.authorization import AuthorizationRequest
from buckler.guard.auth.oauth.server.policy import OAuthPolicy
from buckler.guard.stores.oauth_records import Consent


class Need(StrEnum):
    """What has to be shown next."""

    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"
    CONSENT = "consent"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who is signed in with the browser.

    Attributes:
        user_id: Who.
        session: Id of the session.
        factors: That were shown.
        authenticated: When the last of them was.
        ways: Second factors that the account has.
    """

    user_id: str
    session: str
    factors: frozenset[str]
    authenticated: float
    ways: frozenset[str] = frozenset()


def decide(
    request: AuthorizationRequest,
    policy: OAuthPolicy,
    *,
    signed_in: SignedIn | None,
    consent: Consent | None,
    now: float,
    begun: float,
    hinted: str = "",
    agreed: bool = False,
    second_factor: bool = False,
) -> Need:
    """What is next.

    Args:
        request: That was made.
        policy: Of the server.
        signed_in: Who is, or None.
        consent: What they agreed to for this client before, or None.
        now: Seconds since 1970.
        begun: When the request came: ``prompt=login`` needs a sign-in after it.
        hinted: Whom ``id_token_hint`` names, or empty.
        agreed: Whether they just agreed to this very request.
        second_factor: Whether everybody has to show one.

    Raises:
        OAuthError: ``prompt=none``, and something has to be shown (``login_required``, ``consent_required``); or what is
            essential cannot be (``unmet_authentication_requirements``, ``login_required``).
    """
    silent = "none" in request.prompt
    if signed_in is None or _is_stale(request, signed_in, now, begun):
        if silent:
            raise OAuthError("login_required", "somebody has to sign in")
        return Need.SIGN_IN
    wanted = _subject(request, hinted)
    if wanted and wanted != signed_in.user_id:
        if silent:
            raise OAuthError("login_required", "somebody else is signed in")
        return Need.SIGN_IN
    if _needs_factor(request, policy, signed_in, everybody=second_factor):
        if silent:
            raise OAuthError("interaction_required", "a second factor has to be shown")
        return Need.SECOND_FACTOR
    if not agreed and _needs_consent(request, consent):
        if silent:
            raise OAuthError("consent_required", "they have to agree")
        return Need.CONSENT
    return Need.NOTHING


def lacks_factor(signed_in: SignedIn) -> bool:
    """Whether no second factor was shown: neither a password nor another provider's word is one."""
    return signed_in.factors.isdisjoint(SECOND)


def _is_stale(request: AuthorizationRequest, signed_in: SignedIn, now: float, begun: float) -> bool:
    """Whether the sign-in is from before what the request allows."""
    if not request.prompt.isdisjoint(("login", "select_account")):
        return signed_in.authenticated < begun
    if request.max_age is None:
        return False
    # What was signed in for this very request is fresh, however long it took to agree; 0 is a login prompt.
    return now - signed_in.authenticated > request.max_age and signed_in.authenticated < begun


def _subject(request: AuthorizationRequest, hinted: str) -> str:
    """Who alone may answer: of the hint, or as the claims parameter says (OpenID Connect Core 1.0, 5.5.1)."""
    asked = request.claims.id_token.get("sub", {}).get("value")
    return asked if isinstance(asked, str) else hinted


def _needs_factor(
    request: AuthorizationRequest, policy: OAuthPolicy, signed_in: SignedIn, *, everybody: bool
) -> bool:
    """Whether a second factor has to be shown for the ``acr`` that is wanted.

    Raises:
        OAuthError: ``unmet_authentication_requirements``: it is essential, and the account has no such factor.
    """
    if everybody and lacks_factor(signed_in):
        if not signed_in.ways:
            raise OAuthError(
                "access_denied", "the account has no second factor", reason="no_factor"
            )
        return True
    wanted, essential = request.wanted_acr, request.claims.wanted("acr")
    if any(policy.satisfies(one, signed_in.factors) for one in wanted):
        return False
    could = signed_in.factors | signed_in.ways
    if any(one in policy.acr and policy.satisfies(one, could) for one in wanted):
        return True
    if essential:
        raise OAuthError(
            "unmet_authentication_requirements", "the account cannot sign in as it is asked to"
        )
    return False


def _needs_consent(request: AuthorizationRequest, consent: Consent | None) -> bool:
    # Whoever is on the same machine can ask as an application there (RFC 8252, 8.6), whosever it is.
    if "consent" in request.prompt or not request.is_assured:
        return True
    if request.client.first_party:
        return False
    if consent is None:
        return True
    return not (
        {*request.scopes, *request.named} <= consent.scopes
        and set(request.resources) <= consent.resources
    )

"""Signing out at the provider, and when the provider says that somebody signed out there.

Threat: a session that goes on after its owner signed out at the provider (CWE-613), a logout token that is an ID token,
somebody else's, or one that came before (OpenID Connect Back-Channel Logout 1.0, 2.6), a return address that leads to
another site (CWE-601; RP-Initiated Logout 1.0, 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from buckler.guard.auth.oauth.client.errors import SignInError
from buckler.guard.auth.oauth.client.id_token import check_parties, seconds, sid_of
from buckler.guard.auth.oauth.client.identity import LONGEST
from buckler.guard.auth.oauth.client.metadata import Metadata
from buckler.guard.auth.oauth.client.provider import Provider

TYPED: Final = frozenset(("logout+jwt",))
UNTYPED: Final = TYPED | {"jwt", ""}
"""Types of logout tokens; the latter where a provider has to be told apart by ``events`` alone."""
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
OLDEST: Final = 600.0
"""Seconds after which a logout token counts no more, whatever ``exp`` says."""
MAX_JTI: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Who signed out at a provider.

    Attributes:
        issuer: Of the token.
        subject: Empty where it says none.
        sid: The same.
        jti: Id of the token.
        until: When it counts no more.
    """

    issuer: str
    subject: str
    sid: str
    jti: str
    until: float


def judge_logout(values: Mapping[str, Any], provider: Provider, now: float) -> LoggedOut:
    """Whose sign-ins a logout token ends (Back-Channel Logout 1.0, 2.6).

    Args:
        values: Its claims, whose signature is good.
        provider: That it should be of.
        now: Seconds since 1970.

    Raises:
        SignInError: ``issuer``, ``audience``, ``azp``, ``iat``, ``expired``, ``jti``, ``event``, ``nonce``, ``subject``.
    """
    check_parties(values, provider)
    issued = seconds(values, "iat", "iat")
    if issued > now + provider.leeway or issued < now - OLDEST - provider.leeway:
        raise SignInError("iat", "the logout token is not of now")
    until = issued + OLDEST + provider.leeway
    if "exp" in values:
        until = min(until, seconds(values, "exp", "expired") + provider.leeway)
    if now >= until:
        raise SignInError("expired", "the logout token has expired")
    jti = values.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise SignInError("jti", "the logout token has no id")
    events = values.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise SignInError("event", "the token is of no logout")
    if "nonce" in values:
        raise SignInError("nonce", "the token is an ID token")
    subject, sid = values.get("sub", ""), sid_of(values)
    if not isinstance(subject, str) or len(subject) > LONGEST or not (subject or sid):
        raise SignInError("subject", "the logout token does not say who signed out")
    if "sid" in values and not sid:
        raise SignInError("subject", "the logout token names no session")
    return LoggedOut(issuer=str(values["iss"]), subject=subject, sid=sid, jti=jti, until=until)


def end_session_url(
    metadata: Metadata, provider: Provider, *, id_token: str, back: str, state: str
) -> str:
    """Where a browser signs out at the provider (RP-Initiated Logout 1.0, 2); empty where it offers no such thing.

    Args:
        metadata: Of the provider.
        provider: Which.
        id_token: Of the sign-in that is to end; empty where there is none.
        back: Where the browser comes back to, as registered at the provider.
        state: That comes back with it.
    """
    url = metadata.end_session_endpoint
    if not url:
        return ""
    fields = {"client_id": provider.client_id, "post_logout_redirect_uri": back, "state": state}
    if id_token:
        fields["id_token_hint"] = id_token
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"

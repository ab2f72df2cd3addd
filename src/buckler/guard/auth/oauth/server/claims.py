"""Claims of an account, by the scopes that were granted and by name (OpenID Connect Core 1.0, 5.1, 5.4 and 5.5).

Threat: more of somebody than they agreed to (CWE-359; ASVS 5.0 V10.7.2). What the application adds passes the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from buckler.guard.auth.oauth.server.claims_request import ClaimsRequest
from buckler.guard.stores.oauth_records import Grant
from buckler.guard.stores.records import User

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

SCOPES: Final = {
    "profile": (
        *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username"),
        *("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale"),
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}
SCOPE_OF: Final = {name: scope for scope, names in SCOPES.items() for name in names}
NAMED: Final = "claims_of"
"""Where a grant keeps the scopes whose claims were asked for by name, and agreed to."""
OWN: Final = frozenset(
    (
        *("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "acr", "amr", "azp"),
        *("auth_time", "at_hash", "c_hash", "sid", "events", "cnf", "client_id", "scope"),
    )
)
"""Claims that the server alone says."""
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


async def all_claims(
    server: AuthorizationServer, user: User, scopes: frozenset[str]
) -> dict[str, Any]:
    """Every claim of an account that scopes could name; of which those that are asked for go out."""
    found: dict[str, Any] = {}
    if _MAIL.fullmatch(user.name):
        found |= {"email": user.name, "email_verified": user.verified}
    if not found or "email" in scopes:
        # A name that is an address is no client's that was not allowed to see it.
        found["preferred_username"] = user.name
    if server.policy.claims is not None:
        found |= dict(await server.policy.claims(user, scopes))
    return {name: value for name, value in found.items() if name not in OWN}


def of_scopes(scopes: frozenset[str], custom: frozenset[str]) -> frozenset[str]:
    """Names of the claims that scopes ask for.

    Args:
        scopes: That were granted.
        custom: Names that the application's own claims have beside those of the standard.
    """
    named = {claim for scope in scopes for claim in SCOPES.get(scope, ())}
    standard = {claim for claims in SCOPES.values() for claim in claims}
    return frozenset(named | (custom - standard))


def scopes_of(asked: ClaimsRequest) -> frozenset[str]:
    """The scopes whose claims are asked for by name: people agree to them as to scopes."""
    names = {*asked.userinfo, *asked.id_token}
    return frozenset(SCOPE_OF[name] for name in names if name in SCOPE_OF)


def _by_name(asked: Iterable[str], scopes: frozenset[str]) -> frozenset[str]:
    """Of the claims that are asked for by name those whose scope was agreed to."""
    return frozenset(name for name in asked if SCOPE_OF.get(name) in (None, *scopes))


async def userinfo_claims(
    server: AuthorizationServer,
    grant: Grant,
    user: User,
    scopes: frozenset[str],
    *,
    named: bool = True,
) -> dict[str, Any]:
    """What the userinfo endpoint answers (OpenID Connect Core 1.0, 5.3.2).

    Args:
        server: Whose.
        grant: What the access token came of.
        user: Its account.
        scopes: Of the access token.
        named: Whether claims that the grant's client asked for by name go along.
    """
    asked = ClaimsRequest.read(grant.data.get("claims")).userinfo if named else {}
    agreed = scopes | _named_scopes(grant) if asked else scopes
    found = await all_claims(server, user, agreed)
    wanted = of_scopes(scopes, frozenset(found)) | _by_name(asked, agreed)
    return {"sub": user.id, **{k: v for k, v in found.items() if k in wanted}}


async def id_token_claims(
    server: AuthorizationServer, grant: Grant, user: User, *, whole: bool
) -> Mapping[str, Any]:
    """Claims of an account in its ID token: those asked for by name; with ``whole`` those of the scopes, too."""
    asked = ClaimsRequest.read(grant.data.get("claims")).id_token
    if not asked and not whole:
        return {}
    agreed = grant.scopes | _named_scopes(grant)
    found = await all_claims(server, user, agreed)
    wanted = _by_name(asked, agreed)
    if whole:
        wanted |= of_scopes(grant.scopes, frozenset(found))
    return {name: value for name, value in found.items() if name in wanted}


def _named_scopes(grant: Grant) -> frozenset[str]:
    return frozenset(grant.data.get(NAMED, "").split())

"""Finds what a token of this server is, of whatever kind, and whether it still counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.token_policy import TokenPolicy
from buckler.guard.auth.jwt.verifier import TokenVerifier
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.grants.refresh_token import PREFIX as REFRESH_PREFIX
from buckler.guard.auth.oauth.server.tokens import PREFIX as OPAQUE_PREFIX
from buckler.guard.auth.oauth.server.tokens import digest
from buckler.guard.options import GuardError
from buckler.guard.stores.oauth_records import Grant
from buckler.guard.stores.records import User

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundToken:
    """A token that counts.

    Attributes:
        claims: What it says.
        client_id: Whose it is.
        grant: What it came of, or None.
        user: Of that grant, or None.
        refresh: Whether it is a refresh token.
        digest: Of an opaque access token; else empty.
    """

    claims: Mapping[str, Any]
    client_id: str
    grant: Grant | None = None
    user: User | None = None
    refresh: bool = False
    digest: str = ""


def named(audience: object) -> frozenset[str]:
    """Whom a token is for, by its ``aud``: one or several (RFC 7519, 4.1.3)."""
    if isinstance(audience, str):
        return frozenset((audience,))
    several = audience if isinstance(audience, tuple | list) else ()
    return frozenset(one for one in several if isinstance(one, str))


async def find(server: AuthorizationServer, token: str) -> FoundToken | None:
    """What a token is, or None where it does not count.

    Raises:
        StoreError: Nobody knows.
    """
    if token.startswith(REFRESH_PREFIX):
        return await _refresh(server, token)
    if token.startswith(OPAQUE_PREFIX):
        return await _opaque(server, token)
    return await _signed(server, token)


async def _refresh(server: AuthorizationServer, token: str) -> FoundToken | None:
    found = await server.store.grants.refresh_token(digest(token))
    if found is None:
        return None
    kept, grant = found
    current = grant.head in (kept.digest, kept.parent)
    user = await _alive(server, grant)
    if not current or user is None or server.clock() >= min(kept.expires, grant.expires):
        return None
    claims = {
        "iss": server.issuer,
        "sub": grant.user_id,
        "client_id": grant.client_id,
        "scope": " ".join(sorted(grant.scopes)),
        "iat": int(kept.created),
        "exp": int(min(kept.expires, grant.expires)),
    }
    return FoundToken(
        claims=claims, client_id=grant.client_id, grant=grant, user=user, refresh=True
    )


async def _opaque(server: AuthorizationServer, token: str) -> FoundToken | None:
    found = await server.store.opaque.find(digest(token))
    if found is None or found[0].expires <= server.clock():
        return None
    kept, grant = found
    user = None
    if kept.grant_id:
        user = None if grant is None else await _alive(server, grant)
        if user is None:
            return None
    elif await server.clients.get(kept.client_id) is None:
        return None
    return FoundToken(
        claims=json.loads(kept.claims),
        client_id=kept.client_id,
        grant=grant,
        user=user,
        digest=kept.digest,
    )


async def _signed(server: AuthorizationServer, token: str) -> FoundToken | None:
    from buckler.guard.auth.jwt import base64url, json_object

    try:
        stated = json_object.read(base64url.decode(token.split(".")[1].encode("ascii")))
        # For whomever it is: that it was signed here is what counts.
        audience = tuple(map(str, named(stated.get("aud"))))
        policy = TokenPolicy(server.issuer, audience, required=("sub", "client_id", "jti"))
        verifier = TokenVerifier(server.keys, policy, cache=0, clock=server.clock)
        claims = verifier.verify(token)
    except (TokenError, ValueError, IndexError, RecursionError, GuardError):
        return None
    if await server.revocations.revoked(claims):
        return None
    grant = user = None
    if claims.session:
        grant = await server.store.grants.get(claims.session)
        user = None if grant is None else await _alive(server, grant)
        if user is None:
            return None
    elif await server.clients.get(claims.client) is None:
        return None
    return FoundToken(claims=claims.values, client_id=claims.client, grant=grant, user=user)


async def _alive(server: AuthorizationServer, grant: Grant) -> User | None:
    """The account of a grant that still counts, or None."""
    if grant.revoked is not None or await server.clients.get(grant.client_id) is None:
        return None
    try:
        return await server.account(grant)
    except OAuthError:
        return None

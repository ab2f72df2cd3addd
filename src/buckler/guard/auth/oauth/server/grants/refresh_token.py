"""Refresh tokens (RFC 6749, 6): another one at every use; one that comes again ends the grant (RFC 9700, 4.14.2).

The answer to a use may be lost, so a token counts until its successor is used. A token of a public client is bound to the
key of its DPoP proofs or its certificate (RFC 9449, 5; RFC 8705, 7.1): it ends in the thumbprint, which whoever changes
makes it another token.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.authorization import check_resources
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.token_request import (
    Granted,
    TokenRequest,
    audience,
    for_resources,
    narrowed,
)
from buckler.guard.auth.oauth.server.tokens import AccessToken, digest
from buckler.guard.stores.oauth_records import Grant, GrantToken
from buckler.guard.stores.records import User

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

PREFIX: Final = "brt_"
TRIES: Final = 5


def new(
    server: AuthorizationServer, asked: TokenRequest, grant: Grant, *, parent: str, now: float
) -> tuple[str, GrantToken]:
    """A refresh token, and what is kept of it."""
    made = PREFIX + secrets.token_urlsafe(32)
    if asked.client.public and asked.binding:
        # A client that cannot keep a secret keeps a key.
        made += f".{asked.binding.replace(':', '.')}"
    return made, GrantToken(
        digest=digest(made),
        grant_id=grant.id,
        parent=parent,
        created=now,
        expires=min(grant.expires, now + server.policy.refresh_idle),
    )


def in_order(grant: Grant, client: OAuthClient) -> tuple[str, ...]:
    """The scopes of a grant that its client may still have, ``openid`` first."""
    kept = grant.scopes.intersection(client.scopes)
    return tuple(sorted(kept, key=lambda one: (one != "openid", one)))


async def access(
    server: AuthorizationServer,
    asked: TokenRequest,
    grant: Grant,
    scopes: tuple[str, ...],
    *,
    stated: bool = False,
) -> AccessToken:
    """The access token of a grant, for the resources that are asked for (RFC 8707, 2.2).

    Args:
        server: Whose.
        asked: The request.
        grant: What it comes of.
        scopes: That it may have.
        stated: Whether the request names them.

    Raises:
        OAuthError: ``invalid_target``: a resource was not granted; ``invalid_scope``: it knows no scope that is asked for.
    """
    resources = asked.resources
    # What nobody was asked about was not granted, but for clients whose users are asked nothing.
    asked_about = grant.resources or not asked.client.first_party
    if asked_about and not set(resources) <= {*grant.resources, server.issuer}:
        raise OAuthError("invalid_target", "a resource was not granted")
    if not resources and grant.resources:
        resources = tuple(sorted(grant.resources))
    # Checked again: what a client may reach may have changed since the grant.
    check_resources(resources, asked.client, server.known_resources)
    for_these = for_resources(server, resources, scopes, stated=stated)
    return AccessToken(
        client=asked.client,
        subject=grant.user_id,
        scopes=for_these,
        audience=audience(server, resources, for_these),
        grant=grant,
        binding=asked.binding,
    )


async def granted(server: AuthorizationServer, asked: TokenRequest) -> Granted:
    """The next tokens.

    Raises:
        OAuthError: ``invalid_grant``: the token does not count, or not for this client or key.
    """
    text = asked.parameters.need("refresh_token")
    came = digest(text)
    for _ in range(TRIES):
        found = await server.store.grants.refresh_token(came)
        if found is None:
            raise OAuthError("invalid_grant", "the refresh token is unknown", reason="unknown")
        used, grant = found
        await _check(server, asked, used, grant, bound=_binding_of(text))
        user = await server.account(grant)
        wanted = asked.parameters.get("scope")
        scopes = narrowed(wanted, in_order(grant, asked.client))
        token = await access(server, asked, grant, scopes, stated=wanted is not None)
        if used.digest != grant.head and not await server.store.grants.advance(
            grant.id, head=grant.head, to=used.digest
        ):
            # Somebody else's use or a revocation came first: what is so now is judged anew.
            continue
        made, kept = new(server, asked, grant, parent=used.digest, now=server.clock())
        await server.store.grants.issue(kept)

        return Granted(
            token=token,
            refresh_token=made,
            id_token=_id_token(server, asked, grant, user) if "openid" in scopes else None,
        )
    raise OAuthError("invalid_grant", "the refresh token is used by many", reason="contended")


def _id_token(
    server: AuthorizationServer, asked: TokenRequest, grant: Grant, user: User
) -> Callable[[str], Awaitable[str]]:
    async def made(access_token: str) -> str:
        return await server.id_token(asked.client, grant, user, access_token=access_token)

    return made


def _binding_of(text: str) -> str:
    """What a refresh token says that it is bound to, or empty."""
    kind, _, thumbprint = text.partition(".")[2].partition(".")
    return f"{kind}:{thumbprint}" if kind else ""


async def _check(
    server: AuthorizationServer,
    asked: TokenRequest,
    used: GrantToken,
    grant: Grant,
    *,
    bound: str,
) -> None:
    if grant.client_id != asked.client.id:
        raise OAuthError("invalid_grant", "the token is another client's", reason="client")
    if grant.revoked is not None:
        raise OAuthError("invalid_grant", "the grant was revoked", reason="revoked")
    if any(one and one != asked.binding for one in (grant.binding, bound)):
        raise OAuthError("invalid_grant", "the token is bound to another key", reason="binding")
    if grant.head not in (used.digest, used.parent):
        if await server.revoke(grant):
            server.tell(
                asked.request,
                EventKind.TOKEN_REUSED,
                "refresh_token",
                "A refresh token was used after its successor; the grant was revoked",
                client=asked.client.id,
                subject=grant.user_id,
            )
        raise OAuthError("invalid_grant", "the refresh token was used", reason="reused")
    if server.clock() >= min(used.expires, grant.expires):
        raise OAuthError("invalid_grant", "the refresh token has expired", reason="expired")

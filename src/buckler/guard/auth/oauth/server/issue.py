"""Answers an authorization request that nothing stands in the way of: with a code, or by the implicit grant."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.jwt.signature import SignatureVerifier
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server import redirects
from buckler.guard.auth.oauth.server.authorization import AuthorizationRequest, Destination
from buckler.guard.auth.oauth.server.browser import digest as marked
from buckler.guard.auth.oauth.server.claims import NAMED
from buckler.guard.auth.oauth.server.client import REFRESH, OAuthClient
from buckler.guard.auth.oauth.server.decide import SignedIn
from buckler.guard.auth.oauth.server.tokens import ACR, digest
from buckler.guard.auth.oauth.signed import ID
from buckler.guard.stores.oauth_records import Code, Grant

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

_SID: Final = 22


def session_name(session: str) -> str:
    """How clients know a session (``sid``): not by the id that the application's own lists use."""
    return marked(f"oauth sid {session}")[:_SID]


def new_grant(
    server: AuthorizationServer,
    asked: AuthorizationRequest,
    signed_in: SignedIn,
    *,
    binding: str = "",
) -> Grant:
    """What somebody allows a client."""
    now = server.clock()
    told = server.policy.told(asked.wanted_acr, signed_in.factors)
    data = {"claims": asked.claims.text, NAMED: " ".join(asked.named), ACR: told}
    return Grant(
        id=secrets.token_urlsafe(16),
        client_id=asked.client.id,
        user_id=signed_in.user_id,
        session=session_name(signed_in.session),
        created=now,
        expires=now + lifetime(server, asked.client),
        scopes=frozenset(asked.scopes),
        resources=frozenset(asked.resources),
        factors=signed_in.factors,
        authenticated=signed_in.authenticated,
        binding=binding,
        data={name: value for name, value in data.items() if value},
    )


async def begin(
    server: AuthorizationServer, client: OAuthClient, grant: Grant, code: Code | None = None
) -> None:
    """Keep what somebody allows a client, and the client itself with it.

    Raises:
        StoreError: Nobody knows whether it is kept.
    """
    await server.clients.use(client)
    await server.store.grants.begin(grant, code)


def lifetime(server: AuthorizationServer, client: OAuthClient) -> float:
    """Seconds after which nothing of a grant counts any more."""
    policy = server.policy
    if client.may(REFRESH):
        return policy.refresh_absolute
    return policy.code_lifetime + max(policy.access_lifetime, policy.id_token_lifetime)


async def issue(
    server: AuthorizationServer,
    request: Request,
    asked: AuthorizationRequest,
    signed_in: SignedIn,
) -> Response:
    """The answer to the client.

    Raises:
        StoreError: Nobody knows whether it is kept: nothing was given out.
    """
    where = Destination(
        redirect_uri=asked.redirect_uri, response_mode=asked.response_mode, state=asked.state
    )
    if asked.response_type != "code":
        from buckler.guard.auth.oauth.server.implicit import implicit

        values = await implicit(server, request, asked, signed_in)
        return redirects.answer(where, server.issuer, values)
    made = secrets.token_urlsafe(32)
    now = server.clock()
    # A client that cannot keep a secret keeps a key: what its refresh tokens are bound to (RFC 9449, 5).
    binding = f"jkt:{asked.jkt}" if asked.jkt and asked.client.public else ""
    grant = new_grant(server, asked, signed_in, binding=binding)
    data = {
        "redirect_uri": asked.redirect_uri,
        "sent": "1" if asked.sent_redirect_uri else "",
        "challenge": asked.challenge,
        "nonce": asked.nonce,
        "jkt": asked.jkt,
    }
    await begin(
        server,
        asked.client,
        grant,
        Code(
            digest=digest(made),
            grant_id=grant.id,
            created=now,
            expires=now + server.policy.code_lifetime,
            data={name: value for name, value in data.items() if value},
        ),
    )
    server.tell(
        request,
        EventKind.CONSENT_GIVEN,
        "code",
        "A client was allowed to act for an account",
        client=asked.client.id,
        subject=signed_in.user_id,
        scopes=" ".join(asked.scopes),
    )
    return redirects.answer(where, server.issuer, {"code": made})


def hinted_subject(server: AuthorizationServer, asked: AuthorizationRequest) -> str:
    """Whom ``id_token_hint`` names; one that has expired counts, too (OpenID Connect Core 1.0, 3.1.2.1).

    Raises:
        OAuthError: ``invalid_request``: it is none of this server's for this client.
    """
    if not asked.id_token_hint:
        return ""
    claims = own_id_token(server, asked.id_token_hint)
    if claims.get("aud") != asked.client.id:
        raise OAuthError("invalid_request", "id_token_hint is another client's", reason="hint")
    return str(claims.get("sub", ""))


def own_id_token(server: AuthorizationServer, text: str) -> dict[str, object]:
    """The claims of an ID token that this server signed, expired or not.

    Raises:
        OAuthError: ``invalid_request``: it is none.
    """
    try:
        signed = SignatureVerifier(server.keys, typ=ID).verify(text)
        claims = json_object.read(signed.payload)
    except (TokenError, ValueError, RecursionError) as error:
        raise OAuthError("invalid_request", "the ID token is none", reason="hint") from error
    if claims.get("iss") != server.issuer:
        raise OAuthError("invalid_request", "the ID token is none", reason="hint")
    return dict(claims)

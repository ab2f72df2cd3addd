"""Revocation (RFC 7009): a client that needs a token no more says so.

Threat: tokens that go on after a sign-out (CWE-613; ASVS 5.0 V10.4.9), and a client that ends another one's (RFC 7009, 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.claims import Claims
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server.client_authentication import authenticate
from buckler.guard.auth.oauth.server.found import FoundToken, find, named
from buckler.guard.auth.oauth.server.requests import UNKEPT

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


async def revoke(server: AuthorizationServer, request: Request, parameters: Parameters) -> Response:
    """End a token; a refresh token ends all that came of its grant (RFC 7009, 2.1).

    The answer is the same whatever the token was: it counts no more (2.2).

    Raises:
        OAuthError: The client is refused, or the token is another one's.
    """
    client = await authenticate(server, request, parameters)
    found = await find(server, parameters.need("token"))
    if found is not None:
        if found.client_id != client.id:
            raise OAuthError("invalid_grant", "the token is another client's", reason="client")
        await _end(server, found, parameters["token"])
        server.tell(
            request,
            EventKind.SIGNED_OUT,
            "revoked",
            "A client gave a token back",
            client=client.id,
            subject=str(found.claims.get("sub", "")),
        )
    return Response(status_code=200, headers=UNKEPT)


async def _end(server: AuthorizationServer, found: FoundToken, token: str) -> None:
    if found.refresh and found.grant is not None:
        await server.revoke(found.grant)
    elif found.digest:
        await server.store.opaque.drop(found.digest)
    else:
        await server.revocations.revoke(_claims(server, found, token))


def _claims(server: AuthorizationServer, found: FoundToken, token: str) -> Claims:
    """The claims of a signed token as the list of revoked ones takes them."""
    try:
        return server.verifier_for(named(found.claims.get("aud"))).verify(token)
    except TokenError as error:
        raise OAuthError("invalid_request", "the token is none", reason="token") from error

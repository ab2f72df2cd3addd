"""Introspection (RFC 7662): what a token says, told to who may ask.

Threat: anybody who found a token learns whose it is, or tries tokens until one counts (RFC 7662, 2.1 and 4). A client may ask
for its own; a resource server (``introspects``) for those that are for it. For all else a token is not active.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.auth.jwt.json_object import plain
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.client_authentication import authenticate
from buckler.guard.auth.oauth.server.found import FoundToken, find, named
from buckler.guard.auth.oauth.server.requests import answered

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


async def introspect(
    server: AuthorizationServer, request: Request, parameters: Parameters
) -> Response:
    """What a token says, or that it does not count.

    Raises:
        OAuthError: The client is refused.
    """
    client = await authenticate(server, request, parameters)
    if client.public:
        # Whoever names a public client could be anybody (RFC 7662, 2.1).
        return answered({"active": False})
    found = await find(server, parameters.need("token"))
    if found is None or not _may_ask(server, client, found):
        return answered({"active": False})
    return answered({"active": True, **_said(found)})


def _may_ask(server: AuthorizationServer, client: OAuthClient, found: FoundToken) -> bool:
    if found.client_id == client.id:
        return True
    if not client.introspects or found.refresh:
        return False
    # One that is registered for no resource speaks for the server's own audience.
    own = client.resources or (server.policy.audience or server.issuer,)
    return not named(found.claims.get("aud")).isdisjoint(own)


def _said(found: FoundToken) -> dict[str, Any]:
    said = {name: plain(value) for name, value in found.claims.items() if name != "sid"}
    if not found.refresh:
        bound = "jkt" in (found.claims.get("cnf") or {})
        said["token_type"] = "DPoP" if bound else "Bearer"
    return said

"""The implicit grant (RFC 6749, 4.2; OpenID Connect Core 1.0, 3.2), for those who must: off, and on for single clients.

RFC 9700, 2.1.2, and ASVS 5.0 V10.4.4 forbid it: tokens stand in an address, where history, logs and other scripts find them.
So its tokens are short and cannot be refreshed, the address is exact, and each use is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.authorization import AuthorizationRequest
from buckler.guard.auth.oauth.server.decide import SignedIn
from buckler.guard.auth.oauth.server.policy import SHORT_ACCESS
from buckler.guard.auth.oauth.server.token_request import audience, for_resources
from buckler.guard.auth.oauth.server.tokens import AccessToken

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


async def implicit(
    server: AuthorizationServer,
    request: Request,
    asked: AuthorizationRequest,
    signed_in: SignedIn,
) -> dict[str, str]:
    """The tokens, as the answer has them in its fragment.

    Raises:
        OAuthError: ``unauthorized_client``: its tokens have to be bound, which these cannot be.
    """
    from dataclasses import replace

    from buckler.guard.auth.oauth.server.issue import begin, new_grant

    if server.policy.require_dpop:
        raise OAuthError("unauthorized_client", "tokens are bound to a key here")
    server.tell(
        request,
        EventKind.CONFIGURATION,
        "oauth_implicit_used",
        "A client used the implicit grant",
        client=asked.client.id,
        subject=signed_in.user_id,
    )
    lifetime = min(SHORT_ACCESS, server.policy.access_lifetime)
    grant = new_grant(server, asked, signed_in)
    kept = tuple(one for one in asked.scopes if one != "offline_access")
    grant = replace(grant, expires=server.clock() + lifetime, scopes=frozenset(kept))
    await begin(server, asked.client, grant)
    values: dict[str, str] = {}
    kinds = asked.response_type.split(" ")
    made = ""
    if "token" in kinds:
        scopes = for_resources(server, asked.resources, kept)
        made, left = await server.mint.access(
            AccessToken(
                client=asked.client,
                subject=grant.user_id,
                scopes=scopes,
                audience=audience(server, asked.resources, scopes),
                grant=grant,
                lifetime=lifetime,
            )
        )
        values |= {
            "access_token": made,
            "token_type": "Bearer",
            "expires_in": str(left),
            "scope": " ".join(scopes),
        }
    if "id_token" in kinds:
        values["id_token"] = await server.id_token(
            asked.client,
            grant,
            await server.account(grant),
            nonce=asked.nonce,
            access_token=made,
            whole="token" not in kinds,
        )
    return values

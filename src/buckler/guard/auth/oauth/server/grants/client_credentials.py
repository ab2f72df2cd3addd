"""A client for itself (RFC 6749, 4.4): no account, no refresh token, no ID token.

Threat: a client whose id is an account's, so that a server of resources takes its tokens for that account's, the ``sub`` being
the same (RFC 9068, 5; CWE-290).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.token_request import (
    Granted,
    TokenRequest,
    audience,
    for_resources,
    narrowed,
)
from buckler.guard.auth.oauth.server.tokens import AccessToken

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

PERSONAL: Final = frozenset(("openid", "profile", "email", "address", "phone", "offline_access"))
"""Scopes that speak of somebody; a client for itself is nobody."""


async def granted(server: AuthorizationServer, asked: TokenRequest) -> Granted:
    """A token for the client itself.

    Raises:
        OAuthError: ``invalid_scope``: a scope is not the client's, or speaks of somebody; ``unauthorized_client``: its id is an
            account's.
    """
    allowed = tuple(one for one in asked.client.scopes if one not in PERSONAL)
    scopes = narrowed(asked.parameters.get("scope"), allowed)
    if asked.client.public:
        raise OAuthError("unauthorized_client", "anybody could be this client")
    if not await server.is_nobody(asked.client):
        raise OAuthError("unauthorized_client", "its id is an account's", reason="account_id")
    stated = "scope" in asked.parameters
    scopes = for_resources(server, asked.resources, scopes, stated=stated)
    return Granted(
        token=AccessToken(
            client=asked.client,
            subject=asked.client.id,
            scopes=scopes,
            audience=audience(server, asked.resources, scopes),
            binding=asked.binding,
        )
    )

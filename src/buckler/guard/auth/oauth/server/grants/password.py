"""The password grant (RFC 6749, 4.3), for those who must: off, and on for single clients.

RFC 9700, 2.4, and ASVS 5.0 V10.4.4 forbid it: a client sees the password, and no second factor can be asked for. So its tokens
are short, no refresh token comes along, whoever has a second factor is refused, and each use is told.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.errors import CredentialError, TooBusyError
from buckler.guard.auth.forms import by_password
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.client import PASSWORD
from buckler.guard.auth.oauth.server.issue import begin
from buckler.guard.auth.oauth.server.policy import SHORT_ACCESS
from buckler.guard.auth.oauth.server.token_request import (
    Granted,
    TokenRequest,
    audience,
    for_resources,
    narrowed,
)
from buckler.guard.auth.oauth.server.tokens import AccessToken
from buckler.guard.stores.oauth_records import Grant

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer
    from buckler.guard.stores.records import User


async def granted(server: AuthorizationServer, asked: TokenRequest) -> Granted:
    """A short token for who has a name and its password.

    Raises:
        OAuthError: ``invalid_grant``: they do not belong together, or the account has a second factor.
    """
    server.tell(
        asked.request,
        EventKind.CONFIGURATION,
        "oauth_password_used",
        "A client used the password grant",
        client=asked.client.id,
    )
    if asked.binding:
        raise OAuthError("invalid_grant", "this grant's tokens are not bound", reason="bound")
    user = await _user(server, asked)
    # Without a session: nobody is asked again whether they want openid.
    allowed = tuple(one for one in asked.client.scopes if one not in ("openid", "offline_access"))
    scopes = for_resources(
        server,
        asked.resources,
        narrowed(asked.parameters.get("scope"), allowed),
        stated="scope" in asked.parameters,
    )
    now = server.clock()
    lifetime = min(SHORT_ACCESS, server.policy.access_lifetime)
    grant = Grant(
        id=secrets.token_urlsafe(16),
        client_id=asked.client.id,
        user_id=user.id,
        session="",
        created=now,
        expires=now + lifetime,
        scopes=frozenset(scopes),
        resources=frozenset(asked.resources),
        factors=frozenset((PASSWORD,)),
        authenticated=now,
    )
    await begin(server, asked.client, grant)
    return Granted(
        token=AccessToken(
            client=asked.client,
            subject=user.id,
            scopes=scopes,
            audience=audience(server, asked.resources, scopes),
            grant=grant,
            lifetime=lifetime,
        )
    )


async def _user(server: AuthorizationServer, asked: TokenRequest) -> User:
    parameters = asked.parameters
    try:
        user = await by_password(
            server.identities,
            asked.request,
            parameters.need("username"),
            parameters.need("password"),
        )
    except TooBusyError as error:
        raise OAuthError(
            "temporarily_unavailable",
            status=503,
            reason="busy",
            headers=(("Retry-After", "2"),),
        ) from error
    except CredentialError as error:
        raise OAuthError(
            "invalid_grant", "the name and the password do not belong together", reason="password"
        ) from error
    # Where everybody shows one, who has none yet does not come in without it either.
    everybody = server.identities.policy.second_factor
    if everybody or await server.identities.second_factors(user.id):
        raise OAuthError(
            "invalid_grant", "the name and the password do not belong together", reason="factor"
        )
    return user

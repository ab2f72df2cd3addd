"""Device codes (RFC 8628, 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server import device
from buckler.guard.auth.oauth.server.client import REFRESH
from buckler.guard.auth.oauth.server.grants import refresh_token
from buckler.guard.auth.oauth.server.token_request import Granted, TokenRequest
from buckler.guard.auth.oauth.server.tokens import digest

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


async def granted(server: AuthorizationServer, asked: TokenRequest) -> Granted:
    """What somebody allowed a device.

    Raises:
        OAuthError: ``authorization_pending``, ``slow_down``, ``access_denied``, ``expired_token``, ``invalid_grant``.
    """
    found = await server.store.devices.find(digest(asked.parameters.need("device_code")))
    if found is None or found.client_id != asked.client.id:
        raise OAuthError("invalid_grant", "the device code is unknown", reason="unknown")
    await device.poll(server, asked.request, found)
    grant = await server.store.grants.get(found.grant_id)
    if grant is None or grant.revoked is not None:
        raise OAuthError("invalid_grant", "the grant was revoked", reason="revoked")
    bound = found.data.get("jkt", "")
    if bound and bound != asked.jkt:
        raise OAuthError("invalid_grant", "the device code is bound to another key", reason="jkt")
    user = await server.account(grant)
    scopes = refresh_token.in_order(grant, asked.client)
    token = await refresh_token.access(server, asked, grant, scopes)
    refresh, first = "", None
    if asked.client.may(REFRESH):
        refresh, first = refresh_token.new(server, asked, grant, parent="", now=server.clock())

    async def id_token(made: str) -> str:
        return await server.id_token(asked.client, grant, user, access_token=made)

    async def commit() -> None:
        if not await server.store.devices.redeem(found.digest, server.clock(), first):
            raise OAuthError("invalid_grant", "the device code was used", reason="reused")

    return Granted(
        token=token,
        refresh_token=refresh,
        id_token=id_token if "openid" in scopes else None,
        commit=commit,
    )

"""Codes (RFC 6749, 4.1.3), each redeemed once, by its client, with the verifier of its challenge.

Threat: a code that was caught and is redeemed by somebody else, or twice (RFC 9700, 2.1.1, 4.5, 4.8; ASVS 5.0 V10.4.2,
V10.4.6). A code that comes again ends what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.oauth import pkce
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.client import REFRESH
from buckler.guard.auth.oauth.server.grants import refresh_token
from buckler.guard.auth.oauth.server.token_request import Granted, TokenRequest
from buckler.guard.auth.oauth.server.tokens import digest
from buckler.guard.stores.oauth_records import Code, Grant

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


async def granted(server: AuthorizationServer, asked: TokenRequest) -> Granted:
    """What a code stands for.

    Raises:
        OAuthError: ``invalid_grant``: it does not count, or not for this client, address, verifier or key.
    """
    found = await server.store.grants.code(digest(asked.parameters.need("code")))
    if found is None:
        raise OAuthError("invalid_grant", "the code is unknown", reason="unknown_code")
    code, grant = found
    if grant.client_id != asked.client.id:
        # It stays: whose it is may still redeem it.
        raise OAuthError("invalid_grant", "the code is another client's", reason="client")
    # First whose it is: who cannot redeem a code cannot end what came of it either.
    _check_holder(asked, code)
    if code.used is not None:
        await _reused(server, asked, grant)
    _check_time(code, grant, server.clock())
    user = await server.account(grant)
    now = server.clock()
    first = None
    refresh = ""
    if asked.client.may(REFRESH):
        refresh, first = refresh_token.new(server, asked, grant, parent="", now=now)
    scopes = refresh_token.in_order(grant, asked.client)
    token = await refresh_token.access(server, asked, grant, scopes)

    async def id_token(made: str) -> str:
        return await server.id_token(
            asked.client, grant, user, nonce=code.data.get("nonce", ""), access_token=made
        )

    async def commit() -> None:
        if not await server.store.grants.redeem(code.digest, now, first):
            # Another request was faster: of two that redeem one code, one stole it.
            await _reused(server, asked, grant)

    return Granted(
        token=token,
        refresh_token=refresh,
        id_token=id_token if "openid" in scopes else None,
        commit=commit,
    )


def _check_time(code: Code, grant: Grant, now: float) -> None:
    if grant.revoked is not None:
        raise OAuthError("invalid_grant", "the grant was revoked", reason="revoked")
    if code.expires <= now:
        raise OAuthError("invalid_grant", "the code has expired", reason="expired")


def _check_holder(asked: TokenRequest, code: Code) -> None:
    came = asked.parameters.get("redirect_uri")
    # RFC 6749, 4.1.3: the same one, where the authorization request named it.
    if came != (code.data["redirect_uri"] if code.data.get("sent") or came else None):
        raise OAuthError("invalid_grant", "redirect_uri is another one", reason="redirect_uri")
    pkce.verify(asked.parameters.get("code_verifier"), code.data["challenge"])
    bound = code.data.get("jkt", "")
    if bound and bound != asked.jkt:
        raise OAuthError("invalid_grant", "the code is bound to another key", reason="jkt")


async def _reused(server: AuthorizationServer, asked: TokenRequest, grant: Grant) -> None:
    """End what came of a code that comes again (RFC 6749, 4.1.2).

    Raises:
        OAuthError: ``invalid_grant``, always.
    """
    if await server.revoke(grant):
        server.tell(
            asked.request,
            EventKind.TOKEN_REUSED,
            "code",
            "An authorization code came twice; what came of it was revoked",
            client=asked.client.id,
            subject=grant.user_id,
        )
    raise OAuthError("invalid_grant", "the code was used", reason="reused")

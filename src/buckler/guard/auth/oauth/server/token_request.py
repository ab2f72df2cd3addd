"""The token endpoint (RFC 6749, 3.2): who asks, what binds the tokens, and the grant that decides.

Threat: a grant that a client may not use, tokens that are not bound to their holder though they should be (RFC 9449, 5;
RFC 8705, 3), a scope or resource that grows on the way (RFC 6749, 6; RFC 8707, 2.2).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.oauth import scope
from buckler.guard.auth.oauth.dpop_nonces import HEADER
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server import client as kinds
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.client_authentication import authenticate
from buckler.guard.auth.oauth.server.requests import answered
from buckler.guard.auth.oauth.server.tokens import AccessToken

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A token request whose client showed who it is.

    Attributes:
        client: Who asks.
        parameters: Of the form.
        binding: ``jkt:`` or ``x5t:`` and the thumbprint of a key that it has, or empty.
        resources: That the token is for (RFC 8707).
        request: Of HTTP.
    """

    client: OAuthClient
    parameters: Parameters
    binding: str
    resources: tuple[str, ...]
    request: Request = field(repr=False)

    @property
    def jkt(self) -> str:
        """The thumbprint of the key of its DPoP proof, or empty."""
        return self.binding.removeprefix("jkt:") if self.binding.startswith("jkt:") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a grant allows.

    Attributes:
        token: The access token to be made.
        refresh_token: That goes along, or empty.
        id_token: Makes the ID token for the access token, or None.
        more: Further members of the answer.
        commit: Uses up what the tokens are given for, once they are made: what fails before it can be asked for again.
    """

    token: AccessToken
    refresh_token: str = ""
    id_token: Callable[[str], Awaitable[str]] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    commit: Callable[[], Awaitable[None]] | None = None


GrantHandler = Callable[["AuthorizationServer", TokenRequest], Awaitable[Granted]]


def handlers() -> Mapping[str, GrantHandler]:
    """The grants by their ``grant_type``."""
    from buckler.guard.auth.oauth.server.grants import (
        authorization_code,
        client_credentials,
        device_code,
        password,
        refresh_token,
        token_exchange,
    )

    return {
        kinds.CODE: authorization_code.granted,
        kinds.REFRESH: refresh_token.granted,
        kinds.CREDENTIALS: client_credentials.granted,
        kinds.DEVICE: device_code.granted,
        kinds.EXCHANGE: token_exchange.granted,
        kinds.PASSWORD: password.granted,
    }


_HANDLERS: Final[dict[str, GrantHandler]] = {}


async def token(server: AuthorizationServer, request: Request, parameters: Parameters) -> Response:
    """The answer to a token request.

    Raises:
        OAuthError: It is refused.
        StoreError: Nobody knows.
    """
    client = await authenticate(server, request, parameters)
    kind = parameters.need("grant_type")
    if not _HANDLERS:
        _HANDLERS.update(handlers())
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise OAuthError("unsupported_grant_type", "grant_type is unknown")
    if not client.may(kind):
        raise OAuthError("unauthorized_client", "this client may not use this grant")
    asked = TokenRequest(
        client=client,
        parameters=parameters,
        binding=await server.bindings.of(request, client),
        resources=server.resources(parameters, client),
        request=request,
    )
    return await issued(server, asked, await handler(server, asked))


async def issued(server: AuthorizationServer, asked: TokenRequest, granted: Granted) -> Response:
    """The answer with what was granted (RFC 6749, 5.1)."""
    made, left = await server.mint.access(granted.token)
    bound = granted.token.binding.startswith("jkt:")
    said: dict[str, Any] = {
        "access_token": made,
        "token_type": "DPoP" if bound else "Bearer",
        "expires_in": left,
    }
    if granted.token.scopes:
        said["scope"] = " ".join(granted.token.scopes)
    elif granted.token.grant is not None and granted.token.grant.scopes:
        # Without it the client would take all that was allowed for granted (RFC 6749, 5.1).
        said["scope"] = ""
    if granted.refresh_token:
        said["refresh_token"] = granted.refresh_token
    if granted.id_token is not None:
        said["id_token"] = await granted.id_token(made)
    if granted.commit is not None:
        await granted.commit()
    answer = answered({**said, **granted.more})
    nonce = server.bindings.next_nonce(asked.request)
    if nonce is not None:
        answer.headers[HEADER] = nonce
    server.tell(
        asked.request,
        EventKind.TOKEN_ISSUED,
        asked.parameters.get("grant_type", ""),
        "Tokens were issued",
        client=asked.client.id,
        subject=granted.token.subject,
    )
    return answer


def audience(
    server: AuthorizationServer, resources: Sequence[str], scopes: Sequence[str]
) -> tuple[str, ...]:
    """Whom a token is for: the resources, else the server's own audience and what ``openid`` needs."""
    if resources:
        return tuple(resources)
    own = server.policy.audience or server.issuer
    if "openid" in scopes and own != server.issuer:
        return (own, server.issuer)
    return (own,)


def narrowed(asked: str | None, allowed: Sequence[str]) -> tuple[str, ...]:
    """The scopes of a token: those that are asked for, none beyond what was allowed (RFC 6749, 6).

    Raises:
        OAuthError: ``invalid_scope``.
    """
    if asked is None:
        return tuple(allowed)
    wanted = scope.parse(asked)
    if not set(wanted) <= set(allowed):
        raise OAuthError("invalid_scope", "a scope was not granted")
    return wanted


def for_resources(
    server: AuthorizationServer,
    resources: Sequence[str],
    scopes: Sequence[str],
    *,
    stated: bool = False,
) -> tuple[str, ...]:
    """Of the scopes those that the resources know (RFC 8707, 2.2); where no resource says, all.

    Args:
        server: Whose.
        resources: That a token is for.
        scopes: That it may have.
        stated: Whether the token request names them: of those one at least has to be left.

    Raises:
        OAuthError: ``invalid_scope``: none is.
    """
    known = [server.policy.resources.get(one, ()) for one in resources]
    if not known or not all(known):
        return tuple(scopes)
    wanted = set().union(*known)
    left = tuple(one for one in scopes if one in wanted)
    if stated and not left:
        raise OAuthError("invalid_scope", "the resource knows no scope that is asked for")
    return left

"""Token exchange (RFC 8693): a service calls the next one for whom it was called.

Threat: a token that grows on the way: more scopes, another audience, a longer life, another holder (RFC 8693, 5; CWE-269,
CWE-441). A client exchanges tokens of this server that are for it, or of clients that it was registered for; what comes of it
ends no later, may no more, says who acts (``act``), and is bound to its sender where the token was: else whoever stole a
bound token from a service had one that needs no key (RFC 9700, 2.2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from buckler.guard.auth.jwt.json_object import plain
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.server.found import FoundToken, find
from buckler.guard.auth.oauth.server.found import named as audiences
from buckler.guard.auth.oauth.server.token_request import (
    Granted,
    TokenRequest,
    for_resources,
    narrowed,
)
from buckler.guard.auth.oauth.server.tokens import AccessToken

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

ACCESS: Final = "urn:ietf:params:oauth:token-type:access_token"
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
DEEPEST: Final = 4
"""Actors behind each other."""


async def granted(server: AuthorizationServer, asked: TokenRequest) -> Granted:
    """Another token for the same subject.

    Raises:
        OAuthError: ``invalid_request``: a token does not count or may not be exchanged (RFC 8693, 2.2.2); ``invalid_target``,
            ``invalid_scope``: more than it had is asked for.
    """
    parameters = asked.parameters
    if parameters.need("subject_token_type") not in (ACCESS, JWT):
        raise OAuthError("invalid_request", "subject_token_type is not taken", reason="type")
    wanted = parameters.get("requested_token_type", ACCESS)
    if wanted != ACCESS and not (wanted == JWT and not asked.client.opaque):
        raise OAuthError("invalid_request", "requested_token_type is not made", reason="type")
    subject = await _token(server, parameters.need("subject_token"))
    _check_right(server, asked, subject)
    _check_binding(asked, subject)
    actor = await _actor(server, asked)
    audience = _targets(server, asked, subject)
    had = tuple(str(subject.claims.get("scope", "")).split())
    allowed = tuple(one for one in had if one in asked.client.scopes)
    scopes = narrowed(parameters.get("scope"), allowed)
    if set(audience) <= set(server.policy.resources):
        scopes = for_resources(server, audience, scopes, stated="scope" in parameters)
    left = float(subject.claims["exp"]) - server.clock()
    if left < 1:
        raise OAuthError("invalid_request", "the subject token has expired", reason="expired")
    return Granted(
        token=AccessToken(
            client=asked.client,
            subject=str(subject.claims["sub"]),
            scopes=scopes,
            audience=audience,
            grant=subject.grant,
            binding=asked.binding,
            lifetime=min(left, server.policy.access_lifetime),
            extra={"act": _act(asked, subject, actor)},
        ),
        more={"issued_token_type": wanted},
    )


async def _token(server: AuthorizationServer, token: str) -> FoundToken:
    found = await find(server, token)
    if found is None or found.refresh:
        raise OAuthError("invalid_request", "a token does not count", reason="token")
    return found


def _check_right(server: AuthorizationServer, asked: TokenRequest, subject: FoundToken) -> None:
    """Whether a client may exchange a token: its own, one for a resource that it is, or of clients it was registered for."""
    if subject.client_id == asked.client.id:
        return
    theirs = (*asked.client.resources, asked.client.id)
    is_audience = not audiences(subject.claims.get("aud")).isdisjoint(theirs)
    listed = "*" in asked.client.exchange_from or subject.client_id in asked.client.exchange_from
    if not (is_audience and asked.client.introspects) and not listed:
        raise OAuthError(
            "invalid_request", "this client may not exchange that token", reason="not_for_client"
        )


def _check_binding(asked: TokenRequest, subject: FoundToken) -> None:
    """A bound token of one's own is exchanged by who has its key; another's, which was sent here, becomes one that is bound."""
    bound = _bound(subject)
    if subject.client_id == asked.client.id:
        _check_holder(asked, bound)
    elif bound and not asked.binding and not asked.client.exchange_to_bearer:
        raise OAuthError(
            "invalid_request", "the token is bound, and this request to no key", reason="unbound"
        )


def _bound(token: FoundToken) -> str:
    """The thumbprint that a token is bound to, or empty."""
    confirmed = token.claims.get("cnf") or {}
    return str(confirmed.get("jkt") or confirmed.get("x5t#S256") or "")


def _check_holder(asked: TokenRequest, bound: str) -> None:
    if bound and not asked.binding.endswith(f":{bound}"):
        raise OAuthError("invalid_request", "the token is bound to another key", reason="binding")


async def _actor(server: AuthorizationServer, asked: TokenRequest) -> FoundToken | None:
    token = asked.parameters.get("actor_token")
    kind = asked.parameters.get("actor_token_type")
    if token is None and kind is None:
        return None
    if token is None or kind not in (ACCESS, JWT):
        raise OAuthError("invalid_request", "actor_token and its type go together", reason="actor")
    found = await _token(server, token)
    if found.client_id != asked.client.id:
        raise OAuthError("invalid_request", "the actor token is another's", reason="actor")
    _check_holder(asked, _bound(found))
    return found


def _targets(
    server: AuthorizationServer, asked: TokenRequest, subject: FoundToken
) -> tuple[str, ...]:
    """Whom the token is for: resources that are named, else whom it was for."""
    named = (*asked.resources, *asked.parameters.several("audience"))
    # For this server itself only where the token was: else its userinfo would tell more than was granted.
    own = {server.policy.audience or server.issuer, server.issuer} & audiences(
        subject.claims.get("aud")
    )
    if not set(named) <= {*server.policy.resources, *own}:
        raise OAuthError("invalid_target", "an audience is unknown")
    if asked.client.resources and not set(named) <= {*asked.client.resources, *own}:
        raise OAuthError("invalid_target", "an audience is not for this client")
    granted = frozenset() if subject.grant is None else subject.grant.resources
    if granted and not set(named) <= granted:
        raise OAuthError("invalid_target", "an audience was not granted")
    if named:
        return tuple(dict.fromkeys(named))
    audience = subject.claims["aud"]
    return (audience,) if isinstance(audience, str) else tuple(audience)


def _act(asked: TokenRequest, subject: FoundToken, actor: FoundToken | None) -> Mapping[str, Any]:
    """Who acts, and behind them who acted before (RFC 8693, 4.1)."""
    said: dict[str, Any] = {"sub": asked.client.id}
    if actor is not None:
        said = {"sub": str(actor.claims["sub"]), "client_id": asked.client.id}
    before = plain(subject.claims.get("act"))
    depth, inner = 1, before
    while isinstance(inner, dict):
        depth, inner = depth + 1, inner.get("act")
    if depth > DEEPEST:
        raise OAuthError("invalid_request", "too many act behind each other", reason="depth")
    return {**said, "act": before} if before else said

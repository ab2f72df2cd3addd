"""Pushed authorization requests (RFC 9126): the client shows who it is before anybody is asked.

Threat: a request that its user changes, or that is too long for an address and in every log (RFC 9700, 2.1; ASVS 5.0
V10.4.12). What is pushed counts once, for its client alone; a ``request_uri`` that leads elsewhere is never fetched.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server import authorization
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.client_authentication import authenticate
from buckler.guard.auth.oauth.server.requests import answered
from buckler.guard.auth.oauth.server.tokens import digest
from buckler.guard.stores.oauth_records import PendingRequest

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
PUSHED: Final = "pushed"
_OWN: Final = frozenset(("client_assertion", "client_assertion_type", "client_secret"))
"""Of the push itself, not of the request."""


class PushedParameters(Parameters):
    """Parameters that were pushed."""

    __slots__ = ()
    pushed = True


async def push(server: AuthorizationServer, request: Request, parameters: Parameters) -> Response:
    """Keep a request, and give its name (RFC 9126, 2.2).

    Raises:
        OAuthError: The client or the request is refused.
    """
    client = await authenticate(server, request, parameters)
    if "request_uri" in parameters:
        raise OAuthError("invalid_request", "request_uri is not pushed", reason="request_uri")
    kept = Parameters(
        [pair for pair in parameters.pairs() if pair[0] not in (*_OWN, "client_id")]
        + [("client_id", client.id)]
    )
    authorization.destination(kept, client)
    asked = authorization.read(kept, client, resources=server.known_resources)
    proof = await server.bindings.proof(request)
    pairs = [one for one in kept.pairs() if one[0] in authorization.KEPT]
    if proof is not None:
        # A proof that comes with the push binds the code (RFC 9449, 10.1).
        if asked.jkt and asked.jkt != proof.thumbprint:
            raise OAuthError("invalid_request", "dpop_jkt is another key's", reason="jkt")
        pairs = [*(pair for pair in pairs if pair[0] != "dpop_jkt"), ("dpop_jkt", proof.thumbprint)]
    name = PREFIX + secrets.token_urlsafe(32)
    lifetime = server.policy.pushed_lifetime
    await server.store.pending.add(
        PendingRequest(
            digest=digest(name),
            kind=PUSHED,
            client_id=client.id,
            expires=server.clock() + lifetime,
            data={"parameters": json.dumps(pairs)},
        )
    )
    return answered({"request_uri": name, "expires_in": int(lifetime)}, status=201)


async def parameters_of(
    server: AuthorizationServer, name: str, client: OAuthClient
) -> PushedParameters:
    """What was pushed under a name; it counts once.

    Raises:
        OAuthError: ``invalid_request_uri``: nothing was, it has expired, was used, or is another client's.
    """
    found = await server.store.pending.find(digest(name), PUSHED)
    taken = None
    if found is not None and found.client_id == client.id:
        taken = await server.store.pending.take(found.digest, PUSHED, server.clock())
    if taken is None:
        raise OAuthError(
            "invalid_request_uri", "the request_uri is unknown or used", reason="request_uri"
        )
    return PushedParameters(json.loads(taken.data["parameters"]))

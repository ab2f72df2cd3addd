"""Which client sends a request, and whether it is that (RFC 6749, 2.3; RFC 7523; RFC 8705; ASVS 5.0 V10.4.10).

Threat: a client that passes for another one, by a method that it was not registered with, by two methods of which one
is looked at, or since anybody may leave the secret out.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from starlette.requests import Request

from buckler.guard.auth.oauth.client_assertion import ASSERTION_TYPE, client_of
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server.client import OAuthClient

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

LONGEST: Final = 1_024
CHALLENGE: Final = (("WWW-Authenticate", 'Basic realm="oauth"'),)
"""Of every refusal of what the header showed (RFC 6749, 5.2): the scheme that is understood there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request shows of its client.

    Attributes:
        method: ``client_secret_basic``, ``client_secret_post``, ``private_key_jwt`` or ``none``, which may be by a
            certificate.
        client_id: Whose.
        credential: Secret or assertion.
    """

    method: str
    client_id: str
    credential: str = ""


def shown(authorization: str | None, parameters: Parameters) -> Shown:
    """What the header and the form show: one of them (RFC 6749, 2.3).

    Raises:
        OAuthError: ``invalid_request``: two do; ``invalid_client``: what came is malformed, or nothing did.
    """
    basic = None if authorization is None else _basic(authorization)
    named = parameters.get("client_id")
    by_assertion = "client_assertion" in parameters or "client_assertion_type" in parameters
    if (basic is not None) + ("client_secret" in parameters) + by_assertion > 1:
        raise OAuthError(
            "invalid_request", "the client shows who it is in two ways", reason="two_ways"
        )
    if basic is not None:
        if named not in (None, basic[0]):
            raise OAuthError(
                "invalid_request", "client_id names another client", reason="client_id"
            )
        return Shown(method="client_secret_basic", client_id=basic[0], credential=basic[1])
    if by_assertion:
        if parameters.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError(
                "invalid_client", "client_assertion_type is unknown", status=401, reason="assertion"
            )
        return Shown(
            method="private_key_jwt",
            client_id=named or "",
            credential=parameters.need("client_assertion"),
        )
    if named is None:
        raise OAuthError("invalid_client", "no client is named", status=401, reason="no_client")
    if "client_secret" in parameters:
        return Shown(
            method="client_secret_post",
            client_id=named,
            credential=parameters["client_secret"],
        )
    return Shown(method="none", client_id=named)


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret of the header, each encoded as a form (RFC 6749, 2.3.1)."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() != "basic" or len(value) > LONGEST:
        raise _unread("Authorization is not Basic", "authorization")
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise _unread("Basic is malformed", "basic") from error
    name, colon, secret = text.partition(":")
    if not name or not colon:
        raise _unread("Basic is malformed", "basic")
    return unquote_plus(name, errors="replace"), unquote_plus(secret, errors="replace")


def _unread(description: str, reason: str) -> OAuthError:
    return OAuthError("invalid_client", description, status=401, reason=reason, headers=CHALLENGE)


async def authenticate(
    server: AuthorizationServer, request: Request, parameters: Parameters
) -> OAuthClient:
    """The client that sends a request.

    Raises:
        OAuthError: ``invalid_client`` (401): it is not shown to be that; ``invalid_request``.
        StoreError: Nobody knows.
    """
    lines = request.headers.getlist("authorization")
    if len(lines) > 1:
        raise OAuthError("invalid_request", "Authorization came twice", reason="twice")
    found = shown(lines[0] if lines else None, parameters)
    client_id = found.client_id or client_of(found.credential)
    client = await server.clients.get(client_id)
    if client is None:
        raise _refused("unknown_client", found)
    if found.method == "none":
        await _by_certificate(server, request, client, found)
    elif found.method != client.auth:
        raise _refused("method", found)
    elif found.method == "private_key_jwt":
        await server.check_assertion(client, found.credential)
    elif not client.knows(found.credential):
        raise _refused("secret", found)
    return client


async def _by_certificate(
    server: AuthorizationServer, request: Request, client: OAuthClient, found: Shown
) -> None:
    """A client that shows nothing in the request: public, or known by the certificate of its connection."""
    if client.public:
        return
    if client.auth not in ("tls_client_auth", "self_signed_tls_client_auth"):
        raise _refused("method", found)
    await server.check_certificate(client, request)


def _refused(reason: str, found: Shown) -> OAuthError:
    """One answer, whatever is wrong; with the challenge where the header was used (RFC 6749, 5.2)."""
    return OAuthError(
        "invalid_client",
        "the client is unknown, or not shown to be that",
        status=401,
        reason=reason,
        headers=CHALLENGE if found.method == "client_secret_basic" else (),
    )

"""Devices without a browser (RFC 8628): a code that somebody types on another device.

Threat: user codes that can be guessed (RFC 8628, 5.1: eight letters of twenty, few tries, ten minutes), a code that somebody
is talked into typing (5.4: the page says which application asks, and for what), a device that asks without a pause (3.5).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.oauth import scope
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server import client as kinds
from buckler.guard.auth.oauth.server.client_authentication import authenticate
from buckler.guard.auth.oauth.server.requests import answered
from buckler.guard.auth.oauth.server.tokens import digest
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.oauth_records import DeviceRequest

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Of user codes: no vowels, so that no words come about, and 20 ** 8 codes (RFC 8628, 6.1)."""
LENGTH: Final = 8
_TRIES: Final = 5


async def authorize_device(
    server: AuthorizationServer, request: Request, parameters: Parameters
) -> Response:
    """The answer to a device that asks (RFC 8628, 3.2).

    Raises:
        OAuthError: The client or what it asks is refused.
    """
    client = await authenticate(server, request, parameters)
    if not client.may(kinds.DEVICE):
        raise OAuthError("unauthorized_client", "this client may not use the device grant")
    asked = scope.parse(parameters.get("scope", ""))
    if not set(asked) <= set(client.scopes):
        raise OAuthError("invalid_scope", "a scope is not for this client")
    resources = server.resources(parameters, client)
    proof = await server.bindings.proof(request)
    data = {
        "scope": " ".join(asked),
        "resources": " ".join(resources),
        "jkt": "" if proof is None else proof.thumbprint,
    }
    policy = server.policy
    device_code = secrets.token_urlsafe(32)
    for _ in range(_TRIES):
        user_code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        kept = await server.store.devices.add(
            DeviceRequest(
                digest=digest(device_code),
                user_code=kept_as(user_code),
                client_id=client.id,
                expires=server.clock() + policy.device_lifetime,
                interval=policy.device_interval,
                data={name: value for name, value in data.items() if value},
            )
        )
        if kept:
            break
    else:
        raise StoreError("no user code is free")
    shown = f"{user_code[:4]}-{user_code[4:]}"
    page = server.url("device")
    return answered(
        {
            "device_code": device_code,
            "user_code": shown,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={shown}",
            "expires_in": int(policy.device_lifetime),
            "interval": max(1, int(policy.device_interval)),
        }
    )


def normal(user_code: str) -> str:
    """A code as somebody typed it: in whatever case, with whatever is between (RFC 8628, 6.1)."""
    found = "".join(one for one in user_code.upper() if one in LETTERS)
    return found if len(found) == LENGTH else ""


def kept_as(user_code: str) -> str:
    """What is kept of a code; ten minutes and few tries guard it, not the hash."""
    return hashlib.sha256(f"user code {user_code}".encode()).hexdigest()


async def poll(server: AuthorizationServer, request: Request, found: DeviceRequest) -> None:
    """Look whether a device may go on (RFC 8628, 3.5).

    Raises:
        OAuthError: ``slow_down``, ``authorization_pending``, ``access_denied``, ``expired_token``.
    """
    now = server.clock()
    if found.expires <= now:
        raise OAuthError("expired_token", "the device code has expired")
    early = found.polled and now - found.polled < found.interval
    interval = found.interval + (5.0 if early else 0.0)
    first = await server.store.devices.polled(
        found.digest, before=found.polled, now=now, interval=interval
    )
    if early or not first:
        raise OAuthError("slow_down", "ask less often")
    if found.status == "pending":
        raise OAuthError("authorization_pending", "nobody has allowed it yet")
    if found.status == "denied":
        raise OAuthError("access_denied", "they did not agree")
    if found.status == "redeemed":
        await _reused(server, request, found)


async def _reused(server: AuthorizationServer, request: Request, found: DeviceRequest) -> None:
    """End what came of a device code that comes again.

    Raises:
        OAuthError: ``invalid_grant``, always.
    """
    grant = await server.store.grants.get(found.grant_id)
    if grant is not None and await server.revoke(grant):
        server.tell(
            request,
            EventKind.TOKEN_REUSED,
            "device_code",
            "A device code came after it was used; what came of it was revoked",
            client=found.client_id,
            subject=grant.user_id,
        )
    raise OAuthError("invalid_grant", "the device code was used", reason="reused")

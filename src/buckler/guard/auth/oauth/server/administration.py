"""Routes that manage clients.

Threat: an administrator's routes that anybody finds (OWASP API5), a client that is given more than who manages it has (CWE-269;
see :mod:`.trust`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request

from buckler.guard.access.dependencies import requires
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.oauth.server.agreements import add_agreements
from buckler.guard.auth.oauth.server.client import MODES, OAuthClient, new_secret
from buckler.guard.auth.oauth.server.clients import new_id
from buckler.guard.auth.oauth.server.trust import TRUST, beyond, extraordinary
from buckler.guard.auth.principal import Principal
from buckler.guard.auth.routes.answers import told
from buckler.guard.auth.routes.models import Done
from buckler.guard.errors.told import ToldError
from buckler.guard.options import GuardError
from buckler.guard.policy import RoutePolicy
from buckler.guard.validate.model import StrictModel

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

READ, MANAGE = "clients:read", "clients:manage"
Manager = Annotated[Principal, requires(MANAGE, recent=900.0, schemes=["session", "bearer"])]
Text = Annotated[str, Field(max_length=2_000)]
Texts = Annotated[tuple[Text, ...], Field(max_length=50)]
ClientId = Annotated[str, Path(min_length=1, max_length=200)]
SHOWS = RoutePolicy(secrets=["client_secret", "secret"])


class ClientBody(StrictModel):
    """What a client is to be; see :class:`~buckler.guard.OAuthClient` for each of these."""

    name: Text = ""
    redirect_uris: Texts = ()
    grants: Texts = ("authorization_code", "refresh_token")
    auth: Text = "client_secret_basic"
    jwks: dict[str, Any] | None = None
    jwks_uri: Text = ""
    scopes: Texts = ("openid", "profile", "email", "offline_access")
    resources: Texts = ()
    native: bool = False
    first_party: bool = False
    require_dpop: bool = False
    require_par: bool = False
    response_modes: Texts = MODES
    opaque: bool = False
    introspects: bool = False
    post_logout_redirect_uris: Texts = ()
    backchannel_logout_uri: Text = ""
    uri: Text = ""
    disabled: bool = False


class ClientShown(ClientBody):
    """A client, without its secret."""

    id: str
    has_secret: bool


class ClientAdded(ClientShown):
    """A client with the secret that is told once."""

    client_secret: str = ""


def router(server: AuthorizationServer) -> APIRouter:
    """The routes below the policy's prefix.

    Args:
        server: Whose.
    """
    routes = APIRouter(prefix=server.policy.prefix, tags=["clients"])
    server.identities.administrative.update((READ, MANAGE, TRUST))
    _clients(server, routes)
    add_agreements(server, routes)
    return routes


def _clients(server: AuthorizationServer, routes: APIRouter) -> None:
    @routes.get("/clients", dependencies=[requires(READ), Depends(SHOWS)])
    async def listed(
        after: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[ClientShown]:
        """Clients that were registered at run time, by id."""
        return [_shown(one) for one in await server.clients.page(after, limit)]

    @routes.post("/clients", status_code=201, dependencies=[Depends(SHOWS)])
    async def add(request: Request, body: ClientBody, me: Manager) -> ClientAdded:
        """Register a client; its secret is told once, here."""
        secret = new_secret() if body.auth.startswith("client_secret") else ""
        client = _client(new_id(), body.model_dump(), (secret,) if secret else ())
        _check(server, client)
        _check_trust(server, request, me, beyond(None, client, server.policy))
        await server.clients.add(client, by=me.id)
        return ClientAdded(**_shown(client).model_dump(), client_secret=secret)

    @routes.get("/clients/{client_id}", dependencies=[requires(READ), Depends(SHOWS)])
    async def one(client_id: ClientId) -> ClientShown:
        """A client."""
        return _shown(await _found(server, client_id))

    @routes.put("/clients/{client_id}", dependencies=[Depends(SHOWS)])
    async def change(
        request: Request, client_id: ClientId, body: ClientBody, me: Manager
    ) -> ClientShown:
        """Change a client; its secret stays."""
        before = await _found(server, client_id)
        # A body that leaves out what its sender may not give does not take it from the client either.
        partial = not me.may(TRUST) and bool(extraordinary(before, server.policy))
        values = body.model_dump(exclude_unset=partial)
        changed = _client(client_id, values, tuple(before.secret), before)
        _check(server, changed)
        _check_trust(server, request, me, beyond(before, changed, server.policy))
        await server.clients.change(changed, by=me.id)
        return _shown(changed)

    @routes.post("/clients/{client_id}/secret", dependencies=[Depends(SHOWS)])
    async def renew(
        request: Request, client_id: ClientId, me: Manager, keep: Annotated[bool, Query()] = False
    ) -> ClientAdded:
        """Give it another secret, told once, here."""
        client = await _found(server, client_id)
        if extraordinary(client, server.policy):
            _check_trust(server, request, me, "secret")
        if not client.secret:
            raise HTTPException(409, "this client has no secret")
        secret = await server.clients.renew_secret(client_id, keep=keep, by=me.id)
        return ClientAdded(**_shown(client).model_dump(), client_secret=secret)

    @routes.delete("/clients/{client_id}")
    async def drop(client_id: ClientId, me: Manager) -> Done:
        """Remove a client, and all that was granted to it."""
        if not await server.clients.drop(client_id, by=me.id):
            raise HTTPException(404)
        return Done()


async def _found(server: AuthorizationServer, client_id: str) -> OAuthClient:
    found = await server.clients.registered(client_id)
    if found is None:
        raise HTTPException(404)
    return found


def _client(
    client_id: str,
    values: dict[str, Any],
    secret: tuple[str, ...],
    before: OAuthClient | None = None,
) -> OAuthClient:
    """The client that a body asks for; what it does not speak of stays as it was.

    Raises:
        ToldError: 422, it does not go together.
    """
    # Of a client that no longer shows who it is by a secret, that goes.
    auth = values.get("auth", "" if before is None else before.auth)
    kept = secret if auth.startswith("client_secret") else ()
    try:
        if before is not None:
            return replace(before, secret=kept, **values)
        return OAuthClient(id=client_id, secret=kept, **values)
    except GuardError as error:
        raise told("client", "client", error.message) from error


def _check(server: AuthorizationServer, client: OAuthClient) -> None:
    try:
        server.check_client(client)
    except GuardError as error:
        raise told("client", "client", error.message) from error


def _check_trust(server: AuthorizationServer, request: Request, me: Principal, what: str) -> None:
    """Look whether somebody may do what goes beyond an ordinary client.

    Args:
        server: Whose client it is.
        request: That asks for it.
        me: Who sent it.
        what: It is, in a word; empty for nothing.

    Raises:
        ToldError: 403, they may not; it says what is missing.
    """
    if not what or me.may(TRUST):
        return
    message = "What goes beyond an ordinary client takes a permission of its own"
    server.tell(
        request, EventKind.ACCESS_REFUSED, "clients_trust", message, status=403, beyond=what
    )
    raise ToldError(403, {"detail": f"{message}: {TRUST}.", "reason": "clients_trust", "for": what})


def _shown(client: OAuthClient) -> ClientShown:
    values: dict[str, Any] = {name: getattr(client, name) for name in ClientBody.model_fields}
    return ClientShown.model_validate(
        {**values, "id": client.id, "has_secret": bool(client.secret)}
    )

"""Routes where people see which applications may act for them, and take it back.

Threat: applications that go on since their user cannot take back what they allowed (ASVS 5.0 V10.7.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.routes.answers import Owner
from buckler.guard.auth.routes.models import Done
from buckler.guard.validate.model import StrictModel

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

ClientId = Annotated[str, Path(min_length=1, max_length=200)]


class GrantShown(StrictModel):
    """An application that somebody allowed to act for them."""

    client_id: str
    name: str
    scopes: list[str]
    since: float


def add_agreements(server: AuthorizationServer, routes: APIRouter) -> None:
    """Add the routes by which people see and take back what they allowed.

    Args:
        server: Whose.
        routes: Get them.
    """

    @routes.get("/grants")
    async def mine(me: Owner) -> list[GrantShown]:
        """Applications that may act for me."""
        found: dict[str, GrantShown] = {}
        for consent in await server.store.consents.of(me.id):
            found[consent.client_id] = GrantShown(
                client_id=consent.client_id,
                name=await _name(server, consent.client_id),
                scopes=sorted(consent.scopes),
                since=consent.given,
            )
        for grant in await server.store.grants.of(me.id):
            if grant.client_id not in found and grant.expires > server.clock():
                found[grant.client_id] = GrantShown(
                    client_id=grant.client_id,
                    name=await _name(server, grant.client_id),
                    scopes=sorted(grant.scopes),
                    since=grant.created,
                )
        return list(found.values())

    @routes.delete("/grants/{client_id}")
    async def take_back(client_id: ClientId, me: Owner) -> Done:
        """Let an application act for me no more, at once."""
        had = await server.store.consents.drop(me.id, client_id)
        for grant in await server.store.grants.of(me.id):
            if grant.client_id == client_id:
                had = await server.revoke(grant) or had
        if not had:
            raise HTTPException(404)
        server.identities.told(
            EventKind.ACCOUNT_CHANGED,
            "grant_taken_back",
            "What an application was allowed was taken back",
            me.id,
            client=client_id,
        )
        return Done()


async def _name(server: AuthorizationServer, client_id: str) -> str:
    client = await server.clients.get(client_id)
    return client.name if client is not None else ""

"""Authorization requests that wait until somebody signed in and agreed: kept on the server, for one browser, taken once.

Threat: a request that changes between what was shown and what is granted, that another browser goes on with (login CSRF,
CWE-352; ASVS 5.0 V10.4.5), or that is answered twice (CWE-294).
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server import authorization, redirects
from buckler.guard.auth.oauth.server.authorization import AuthorizationRequest
from buckler.guard.auth.oauth.server.browser import Browser
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.tokens import digest
from buckler.guard.stores.oauth_records import PendingRequest

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

ASKED: Final = "asked"


class WaitingRequests:
    """Keeps and finds them.

    Args:
        server: Whose.
        browser: Tells one browser from another.
    """

    __slots__ = ("_browser", "_server")

    def __init__(self, server: AuthorizationServer, browser: Browser) -> None:
        self._server = server
        self._browser = browser

    async def keep(self, request: Request, parameters: Parameters, client: OAuthClient) -> Response:
        """Keep what was asked; the answer leads the browser to what is next."""
        server = self._server
        request_id = secrets.token_urlsafe(32)
        onward = redirects.to(server.path("continue"), request=request_id)
        mark = self._browser.mark(request, onward)
        await server.store.pending.add(
            PendingRequest(
                digest=digest(request_id),
                kind=ASKED,
                client_id=client.id,
                expires=server.clock() + server.policy.request_lifetime,
                data={
                    "parameters": json.dumps(
                        [one for one in parameters.pairs() if one[0] in authorization.KEPT]
                    ),
                    "browser": mark,
                    "begun": repr(server.clock()),
                },
            )
        )
        return onward

    async def find(
        self, request: Request, request_id: str
    ) -> tuple[PendingRequest, AuthorizationRequest] | None:
        """What was asked, if it was by this browser and still counts."""
        server = self._server
        pending = await server.store.pending.find(digest(request_id), ASKED)
        if pending is None or pending.expires <= server.clock():
            return None
        if not self._browser.is_same(request, pending.data["browser"]):
            return None
        client = await server.clients.get(pending.client_id)
        if client is None:
            return None
        parameters = Parameters(json.loads(pending.data["parameters"]))
        try:
            asked = authorization.read(parameters, client, resources=server.known_resources)
        except OAuthError:  # the client was changed since
            return None
        return pending, asked

    async def take(self, pending: PendingRequest) -> bool:
        """Use one up; True to one caller alone."""
        server = self._server
        taken = await server.store.pending.take(pending.digest, ASKED, server.clock())
        return taken is not None

"""The endpoints as routes of FastAPI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, JSONResponse, Response

from buckler.guard.access.dependencies import public
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters, parse
from buckler.guard.auth.oauth.server import introspection, pushed, revocation, token_request
from buckler.guard.auth.oauth.server.device import authorize_device
from buckler.guard.auth.oauth.server.device_page import DevicePage
from buckler.guard.auth.oauth.server.interaction import Interaction
from buckler.guard.auth.oauth.server.logout import Logout
from buckler.guard.auth.oauth.server.pages import FOLDER
from buckler.guard.auth.oauth.server.registration import CERTIFICATES, register
from buckler.guard.auth.oauth.server.requests import (
    Handler,
    form,
    handled,
    handled_json,
    unavailable,
)
from buckler.guard.auth.oauth.server.userinfo import userinfo
from buckler.guard.auth.oauth.server.well_known import READ, add_documents
from buckler.guard.limits.cors import Cors
from buckler.guard.policy import Rates, RoutePolicy, with_policy
from buckler.guard.stores.errors import StoreError

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

GUESSES: Final = "10/minute"
STRANGERS: Final = ("10/minute", "50/hour")
"""Clients that register themselves and that nobody vouches for, for each address."""
SECRETS: Final = (
    *("access_token", "refresh_token", "id_token", "device_code", "client_secret"),
    *CERTIFICATES,
)
OPENER: Final = "same-origin-allow-popups"
"""As the documentation's pages have it: Swagger UI signs in by a window of its own, which tells it how that ended."""
ASKED_AGAIN: Final = "no-cache"
"""Of the keys: a cache that holds the document would hide the key that signs in some seconds."""


def router(server: AuthorizationServer) -> APIRouter:
    """All of them.

    Args:
        server: Whose.
    """
    routes = APIRouter(tags=["oauth"], include_in_schema=False)
    server.tell_weaknesses()
    # First what is called most: routes are tried one after the other.
    _for_clients(server, routes)
    _published(server, routes)
    _for_people(server, routes)
    return routes


def _published(server: AuthorizationServer, routes: APIRouter) -> None:
    """What anybody may read, scripts of any site included."""
    add_documents(server, routes)

    keys = [public, Depends(RoutePolicy(cors=Cors(["*"]), cache_control=ASKED_AGAIN))]

    @routes.api_route(f"{server.policy.prefix}/jwks", methods=READ, dependencies=keys)
    async def jwks() -> Response:
        try:
            await server.ready()
        except StoreError:
            server.log.exception("the store did not answer")
            return unavailable()
        return JSONResponse({"keys": server.public_keys()}, media_type="application/jwk-set+json")


def _for_clients(server: AuthorizationServer, routes: APIRouter) -> None:
    """What clients call: no cookie counts there, so that no other site's form can do harm."""
    policy = server.policy
    rates: dict[str, Rates] = {
        # A server of resources asks for all of its callers from one address, and shows who it is.
        "introspect": None,
        "register": policy.rate if policy.registration_tokens else STRANGERS,
    }

    def route(name: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> None:
        # By Starlette alone: there is nothing for FastAPI to read of these, and it takes its time.
        rate = rates.get(name, policy.rate)
        marked = with_policy(cors=_cors(), csrf=None, secrets=SECRETS, rate=rate)(endpoint)
        path = f"{policy.prefix}/{name}"
        routes.add_route(path, public(marked), [*methods], include_in_schema=False)

    handlers: dict[str, Callable[..., Any]] = {
        "token": token_request.token,
        "device_authorization": authorize_device,
        "par": pushed.push,
        "introspect": introspection.introspect,
        "revoke": revocation.revoke,
    }
    for name, handler in handlers.items():
        route(name, _endpoint(server, partial(handler, server)), "POST")

    if policy.registration:

        async def registered(request: Request) -> Response:
            return await handled_json(server, request, partial(register, server))

        route("register", registered, "POST")

    async def claims(request: Request) -> Response:
        try:
            await server.ready()
            return await userinfo(server, request)
        except StoreError:
            server.log.exception("the store did not answer")
            return unavailable()

    route("userinfo", claims, "GET", "POST")


def _for_people(server: AuthorizationServer, routes: APIRouter) -> None:
    """The pages."""
    prefix = server.policy.prefix
    interaction = Interaction(server)
    # A client's page of another site may send somebody here by a form (OpenID Connect Core 1.0, 3.1.2.1).
    asks = [public, Depends(RoutePolicy(csrf=None, rate="120/minute"))]
    pages = [public, Depends(RoutePolicy(rate="120/minute"))]
    guesses = [public, Depends(RoutePolicy(rate=GUESSES))]

    @routes.api_route(f"{prefix}/authorize", methods=["GET", "POST"], dependencies=asks)
    async def authorize(request: Request) -> Response:
        return await _shown(server, interaction, request, interaction.begin)

    @routes.get(f"{prefix}/continue", dependencies=pages)
    async def resume(request: Request) -> Response:
        return await _shown(server, interaction, request, _named(interaction.resume))

    @routes.get(f"{prefix}/second-factor", dependencies=pages)
    async def code(request: Request) -> Response:
        return await _shown(server, interaction, request, _named(interaction.second_factor_page))

    for path, step in (
        ("sign-in", interaction.sign_in),
        ("second-factor", interaction.second_factor),
    ):
        routes.post(f"{prefix}/{path}", dependencies=guesses)(
            _page_endpoint(server, interaction, step)
        )
    routes.post(f"{prefix}/consent", dependencies=pages)(
        _page_endpoint(server, interaction, interaction.consent)
    )
    device, logout = DevicePage(server, interaction), Logout(server, interaction)
    # The page tells whether a code of the address exists: that is a try like any other.
    routes.get(f"{prefix}/device", dependencies=guesses)(
        _page_endpoint(server, interaction, device.show)
    )
    routes.post(f"{prefix}/device", dependencies=guesses)(
        _page_endpoint(server, interaction, device.decide)
    )
    routes.post(f"{prefix}/device/sign-in", dependencies=guesses)(
        _page_endpoint(server, interaction, device.sign_in)
    )
    routes.api_route(f"{prefix}/logout", methods=["GET", "POST"], dependencies=asks)(
        _page_endpoint(server, interaction, logout.begin)
    )
    routes.post(f"{prefix}/logout/confirm", dependencies=pages)(
        _page_endpoint(server, interaction, logout.confirm)
    )

    @routes.get(
        f"{prefix}/style.css",
        dependencies=[public, Depends(RoutePolicy(cache_control="public, max-age=3600"))],
    )
    async def style() -> Response:
        own = Path(server.policy.templates or FOLDER) / "style.css"
        return FileResponse(own if own.is_file() else FOLDER / "style.css", media_type="text/css")


def _endpoint(server: AuthorizationServer, handler: Handler) -> Any:
    async def endpoint(request: Request) -> Response:
        return await handled(server, request, handler)

    return endpoint


def _page_endpoint(server: AuthorizationServer, interaction: Interaction, step: Handler) -> Any:
    async def endpoint(request: Request) -> Response:
        return await _shown(server, interaction, request, step)

    return endpoint


def _named(step: Callable[[Request, str], Any]) -> Handler:
    async def named(request: Request, parameters: Parameters) -> Response:
        answer: Response = await step(request, parameters.get("request", ""))
        return answer

    return named


async def _shown(
    server: AuthorizationServer, interaction: Interaction, request: Request, step: Handler
) -> Response:
    """The answer to a person; a window that a page of this origin opened keeps its handle on that one."""
    answer = await _stepped(server, interaction, request, step)
    answer.headers["Cross-Origin-Opener-Policy"] = OPENER
    return answer


async def _stepped(
    server: AuthorizationServer, interaction: Interaction, request: Request, step: Handler
) -> Response:
    """A page, or one that says why there is none."""
    parameters = Parameters(())
    try:
        await server.ready()
        if request.method == "POST":
            parameters = await form(request)
        else:
            parameters = parse(request.scope["query_string"])
        return await step(request, parameters)
    except OAuthError as error:
        return interaction.refused(request, error, parameters)
    except StoreError:
        server.log.exception("the store did not answer")
        return interaction.steps.pages.page(
            "error",
            status=503,
            sentence="The server cannot answer now. Try again in a moment.",
            error="",
            detail="",
        )


def _cors() -> Cors:
    """Scripts of any site may call, without cookies: what they show is in the request itself."""
    return Cors(
        ["*"],
        headers=("Authorization", "Content-Type", "DPoP"),
        expose=("DPoP-Nonce", "WWW-Authenticate"),
    )

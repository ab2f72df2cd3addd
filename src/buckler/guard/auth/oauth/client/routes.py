"""The routes of sign-in with providers.

Threat: an answer that is taken from a browser that did not ask (CWE-352), a sign-in that ends on another site (CWE-601), a
provider that is linked by whoever finds a browser open (CWE-306; ASVS 5.0 V7.5.1). What a caller is told of a refusal is
one of a few words; why stays in the security log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from buckler.guard.access.dependencies import public, requires
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.forms import busy, signed_out
from buckler.guard.auth.oauth.client.errors import ProviderError, SignInError
from buckler.guard.auth.oauth.client.finish import Finishing, set_binding, told_of
from buckler.guard.auth.oauth.client.flow import Purpose
from buckler.guard.auth.oauth.client.leaving import NO_STORE, leaving
from buckler.guard.auth.oauth.client.models import Linked, Listed, Unlinked
from buckler.guard.auth.principal import Principal
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.factors import strong
from buckler.guard.policy import RoutePolicy
from buckler.guard.validate.relative_url import RelativeUrl

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.client.connection import Connection
    from buckler.guard.auth.oauth.client.sign_in_with import SignInWith

RECENT: Final = 300.0
FIELDS: Final = 50
# The answer is bound to its browser by state and cookie: a provider that posts it comes from another site.
_ANSWER: Final = Depends(RoutePolicy(rate="60/minute", csrf=None, inspect=None, body="64 KiB"))
_SERVER: Final = Depends(RoutePolicy(rate="600/minute", csrf=None, inspect=None, body="64 KiB"))
_BEGIN: Final = Depends(RoutePolicy(rate="60/minute"))
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Onward = Annotated[RelativeUrl, Query(alias="next")]
FormOnward = Annotated[RelativeUrl, Form(alias="next")]
Person = Annotated[Principal, requires(schemes=["session"], second_factor=False)]
Recently = Annotated[Principal, requires(schemes=["session"], recent=RECENT, second_factor=False)]


def router(sign_in_with: SignInWith) -> APIRouter:
    """The routes, below the policy's prefix and ``/with``.

    Args:
        sign_in_with: What they do.
    """
    policy = sign_in_with.identities.policy
    routes = APIRouter(prefix=f"{policy.prefix}/with", tags=["sign-in with"])
    _sign_out(sign_in_with, routes)
    _sign_in(sign_in_with, routes)
    _linking(sign_in_with, routes)
    _from_provider(sign_in_with, routes)
    return routes


def _sign_in(sign_in_with: SignInWith, routes: APIRouter) -> None:
    finishing = Finishing(sign_in_with)

    @routes.get("/{name}", dependencies=[public, _BEGIN])
    async def begin(request: Request, name: Name, onward: Onward = "/") -> Response:
        """Sign in with a provider, and go on to ``next``."""
        connection = _connection(sign_in_with, name)
        # A picture or a frame of another site begins no sign-in.
        if request.headers.get("sec-fetch-dest", "document") != "document":
            raise HTTPException(400)
        return await _sent(sign_in_with, connection, request, "sign_in", onward, None)

    @routes.get("/{name}/callback", dependencies=[public, _ANSWER], include_in_schema=False)
    async def answered(request: Request, name: Name) -> Response:
        """Take the answer of a provider."""
        connection = _connection(sign_in_with, name)
        if connection.provider.response_mode != "query":
            raise HTTPException(405, headers={"Allow": "POST"})
        return await finishing.finish(connection, request, request.query_params.multi_items())

    @routes.post("/{name}/callback", dependencies=[public, _ANSWER], include_in_schema=False)
    async def posted(request: Request, name: Name) -> Response:
        """Take the answer of a provider that sends a form."""
        connection = _connection(sign_in_with, name)
        if connection.provider.response_mode != "form_post":
            raise HTTPException(405, headers={"Allow": "GET"})
        return await finishing.finish(connection, request, await _form(request))


def _linking(sign_in_with: SignInWith, routes: APIRouter) -> None:
    identities = sign_in_with.identities

    @routes.get("")
    async def listed(me: Person) -> Listed:
        """The providers that there are, and those that the account is linked to."""
        linked = await sign_in_with.linking.of(me.id)
        return Listed(
            providers=sorted(sign_in_with.providers),
            linked=[
                Linked(provider=one.provider, email=one.email, created=one.created, used=one.used)
                for one in linked
            ],
        )

    @routes.post("/{name}/link", dependencies=[_BEGIN])
    async def link(
        request: Request, name: Name, me: Recently, onward: FormOnward = "/"
    ) -> Response:
        """Link a provider to the account, and go on to ``next``."""
        connection = _connection(sign_in_with, name)
        await strong(identities, request, me)
        return await _sent(sign_in_with, connection, request, "link", onward, me)

    @routes.post("/{name}/step-up", dependencies=[_BEGIN])
    async def step_up(
        request: Request, name: Name, me: Person, onward: FormOnward = "/"
    ) -> Response:
        """Sign in at the provider again, for what needs a factor that is fresh."""
        connection = _connection(sign_in_with, name)
        provider = connection.provider
        # By a form no session's cookie comes along, and without OpenID nobody says when somebody signed in.
        if not provider.is_openid or provider.response_mode != "query":
            raise HTTPException(409)
        return await _sent(sign_in_with, connection, request, "step_up", onward, me)

    @routes.post("/{name}/unlink")
    async def unlink(request: Request, name: Name, me: Recently) -> Unlinked:
        """Take a provider from the account, which keeps one way to sign in."""
        connection = _connection(sign_in_with, name)
        await strong(identities, request, me)
        try:
            with busy():
                done = await sign_in_with.unlink(me.id, connection, session_id=me.credential)
        except SignInError as error:
            raise HTTPException(409) from error
        if not done:
            answers.not_found()
        return Unlinked(provider=name)


def _sign_out(sign_in_with: SignInWith, routes: APIRouter) -> None:
    identities = sign_in_with.identities

    @routes.post("/sign-out", dependencies=[public])
    async def sign_out(request: Request, onward: FormOnward = "/") -> Response:
        """End the session here and at the provider that it was begun with, and go on to ``next``."""
        session_id = await _session_of(sign_in_with, request)
        url = ""
        if session_id:
            with busy():
                await answers.sign_out(identities, request)
                try:
                    url = await sign_in_with.sign_out_url(session_id, onward)
                except ProviderError:  # signed out here, which is what can be done
                    url = ""
        answer = leaving(url, form=True) if url else RedirectResponse(onward, 303, headers=NO_STORE)
        signed_out(identities, answer)
        return answer

    @routes.get("/signed-out", dependencies=[public], include_in_schema=False)
    async def back(state: Annotated[str, Query(max_length=100)] = "") -> RedirectResponse:
        """Come back from a sign-out at a provider."""
        with busy():
            return RedirectResponse(await sign_in_with.signed_out(state), 303, headers=NO_STORE)


def _from_provider(sign_in_with: SignInWith, routes: APIRouter) -> None:
    @routes.post(
        "/{name}/back-channel-logout", dependencies=[public, _SERVER], include_in_schema=False
    )
    async def back_channel(request: Request, name: Name) -> Response:
        """End the sessions of somebody who signed out at a provider, which says so itself."""
        connection = _connection(sign_in_with, name)
        tokens = [value for field, value in await _form(request) if field == "logout_token"]
        try:
            with busy():
                if len(tokens) != 1:
                    raise SignInError("parameters", "one logout token is needed")
                await sign_in_with.logged_out(connection, tokens[0])
        except SignInError as error:
            detail = {"provider": name, "why": error.reason}
            sign_in_with.identities.tell_request(
                request,
                EventKind.TOKEN_REFUSED,
                "logout",
                "A logout token does not count",
                status=400,
                detail=detail,
            )
            return JSONResponse({"error": "invalid_request"}, 400, headers=NO_STORE)
        except ProviderError as error:
            raise HTTPException(503, headers={"Retry-After": "2"}) from error
        return Response(status_code=200, headers=NO_STORE)

    @routes.get(
        "/{name}/front-channel-logout", dependencies=[public, _ANSWER], include_in_schema=False
    )
    async def front_channel(
        name: Name,
        iss: Annotated[str, Query(min_length=1, max_length=1000)],
        sid: Annotated[str, Query(min_length=1, max_length=255)],
    ) -> Response:
        """End the session that a provider names in a frame of its page."""
        connection = _connection(sign_in_with, name)
        if not connection.provider.issued(iss, None):
            raise HTTPException(400)
        with busy():
            await sign_in_with.sessions.end("front_channel", iss, sid=sid)
        return Response(status_code=200, headers=NO_STORE)


async def _sent(
    sign_in_with: SignInWith,
    connection: Connection,
    request: Request,
    purpose: Purpose,
    onward: str,
    me: Principal | None,
) -> Response:
    """Send a browser to a provider."""
    try:
        with busy():
            url, binding = await sign_in_with.begin(
                connection,
                purpose,
                onward,
                user_id=me.id if me else "",
                session_id=me.credential if me else "",
            )
    except ProviderError as error:
        return told_of(sign_in_with, connection, request, error, onward)
    answer = leaving(url, form=purpose != "sign_in")
    set_binding(answer, connection.provider, binding)
    return answer


async def _session_of(sign_in_with: SignInWith, request: Request) -> str:
    """Id of the session that the browser has; empty for none."""
    sessions = sign_in_with.identities.sessions
    value = cookies_of(request.scope["headers"]).get(sessions.cookie)
    try:
        with busy():
            return "" if value is None else (await sessions.verify(value)).id
    except CredentialError:  # nothing there to be ended
        return ""


async def _form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form, in order.

    Raises:
        HTTPException: 400, it is none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = (await request.body()).decode("ascii")
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError as error:
        raise HTTPException(400) from error
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(400)
    return found


def _connection(sign_in_with: SignInWith, name: str) -> Connection:
    found = sign_in_with.connections.get(name)
    if found is None:
        answers.not_found()
    return found

"""Sign-in for browsers (session) and programs (tokens), second step, refresh, sign-out.

Threat: see :mod:`buckler.guard.auth.routes.answers`; RFC 6749 (5.1, 5.2, 6), RFC 9700 (4.14).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import OAuth2PasswordRequestForm
from starlette.exceptions import HTTPException

from buckler.guard.access.dependencies import public, requires
from buckler.guard.access.permissions import pattern
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import CredentialError, PasswordError
from buckler.guard.auth.forms import by_code, by_password, signed_out
from buckler.guard.auth.principal import Principal
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.answers import Owner
from buckler.guard.auth.routes.models import (
    Done,
    NamePassword,
    Refresh,
    SecondStep,
    Shown,
    SignedIn,
    Tokens,
)
from buckler.guard.errors.told import ToldError
from buckler.guard.options import GuardError
from buckler.guard.policy import RoutePolicy

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities
    from buckler.guard.stores.records import User

RATE = "10/minute"
SHOWS = RoutePolicy(rate=RATE, secrets=["access_token", "refresh_token", "ticket"])


def router(identities: Identities) -> APIRouter:
    """The routes.

    Args:
        identities: Of the application.
    """
    routes = APIRouter(tags=["sign-in"])
    guesses = [public, Depends(SHOWS)]

    @routes.post("/sign-in", dependencies=guesses)
    async def sign_in(body: NamePassword, request: Request, response: Response) -> SignedIn:
        """Sign in with a name and a password; the session is a cookie."""
        user = await first_step(identities, request, body.name, body.password.get_secret_value())
        ways = await answers.ways_of(identities, user)
        if ways:
            made = await answers.ticket(identities, user, "session", ["password"])
            return SignedIn(status="second_factor", ways=sorted(ways), ticket=made)
        return await answers.with_session(identities, request, response, user, ["password"])

    @routes.post("/second-factor", dependencies=guesses)
    async def second_factor(
        body: SecondStep, request: Request, response: Response
    ) -> SignedIn | Tokens:
        """Finish a sign-in with a code."""
        return await second_step(identities, body, request, response)

    if "bearer" in identities.policy.ways:
        token_routes(identities, routes, guesses)

    @routes.post("/sign-out", dependencies=[public])
    async def sign_out(request: Request, response: Response) -> Done:
        """End the session that the browser has."""
        await answers.sign_out(identities, request)
        signed_out(identities, response)
        return Done()

    @routes.post("/sign-out/everywhere")
    async def everywhere(me: Owner, response: Response) -> Done:
        """End every session and token of the account; API keys stay."""
        await identities.sign_out_everywhere(me.id)
        signed_out(identities, response)
        return Done()

    @routes.post("/step-up", dependencies=[Depends(SHOWS)])
    async def step_up(
        body: Shown,
        me: Annotated[Principal, requires(schemes=["session"])],
        request: Request,
        response: Response,
    ) -> Done:
        """Show a factor again, for what needs one that is fresh; the session gets another cookie."""
        factor = await shown(identities, me, body, request)
        value = cookies_of(request.scope["headers"])[identities.sessions.cookie]
        with answers.refusals():
            new, session = await identities.sessions.rotate(value, factor=factor)
        answers.set_session(identities, response, new, session)
        return Done()

    return routes


def token_routes(identities: Identities, routes: APIRouter, guesses: list[Any]) -> None:
    """Those of programs.

    Args:
        identities: Of the application.
        routes: Where they are added.
        guesses: Dependencies of routes at which somebody may guess.
    """

    @routes.post("/token", dependencies=guesses)
    async def token(
        form: Annotated[OAuth2PasswordRequestForm, Depends()], request: Request
    ) -> Tokens:
        """Tokens for a name and a password, in the form that ``/docs`` sends; for this application's own clients."""
        scopes = scopes_of(form.scopes)
        user = await first_step(identities, request, form.username, form.password)
        ways = await answers.ways_of(identities, user)
        if ways:
            made = await answers.ticket(
                identities, user, "tokens", ["password"], scopes=" ".join(scopes or ())
            )
            more = {"error": "second_factor", "ways": sorted(ways), "ticket": made}
            raise ToldError(403, more)
        return await answers.with_tokens(identities, request, user, ["password"], scopes)

    @routes.post("/tokens", dependencies=guesses)
    async def tokens(body: NamePassword, request: Request) -> Tokens | SignedIn:
        """Tokens for a name and a password."""
        user = await first_step(identities, request, body.name, body.password.get_secret_value())
        ways = await answers.ways_of(identities, user)
        if ways:
            made = await answers.ticket(identities, user, "tokens", ["password"])
            return SignedIn(status="second_factor", ways=sorted(ways), ticket=made)
        return await answers.with_tokens(identities, request, user, ["password"], None)

    @routes.post(
        "/refresh",
        dependencies=[public, Depends(RoutePolicy(rate="60/minute", secrets=SHOWS.secrets))],
    )
    async def refresh(body: Refresh, request: Request) -> Tokens:
        """The next tokens; the refresh token that came counts no more once the new one is used."""
        try:
            return answers.tokens(await identities.tokens.refresh(body.refresh_token))
        except CredentialError as error:
            identities.tell_request(
                request, EventKind.TOKEN_REFUSED, error.reason, error.message, status=401
            )
            headers = {"WWW-Authenticate": answers.CHALLENGE}
            raise HTTPException(401, headers=headers) from error

    @routes.post("/sign-out/token", dependencies=[public])
    async def sign_out_token(body: Refresh, request: Request) -> Done:
        """End what a refresh token belongs to (RFC 7009, 2.2: the same answer whatever it was)."""
        try:
            ended = await identities.tokens.end(body.refresh_token)
        except CredentialError:  # what cannot be a token belongs to nothing
            ended = False
        if ended:
            identities.tell_request(request, EventKind.SIGNED_OUT, "tokens", "Signed out")
        return Done()


def scopes_of(asked: Sequence[str]) -> list[str] | None:
    """The scopes that a form asks for; None for all.

    Raises:
        ToldError: 400 ``invalid_scope`` (RFC 6749, 5.2): one is no permission.
    """
    try:
        return [pattern(one, "scope") for one in asked] or None
    except GuardError as error:
        raise ToldError(400, {"error": "invalid_scope"}) from error


async def first_step(identities: Identities, request: Request, name: str, password: str) -> User:
    """Who has a name and a password.

    Raises:
        HTTPException: 401, whatever is wrong; 503, too many wait.
    """
    with answers.refusals():
        return await by_password(identities, request, name, password)


async def second_step(
    identities: Identities, body: SecondStep, request: Request, response: Response
) -> SignedIn | Tokens:
    """Whom a ticket is for, if the code is theirs. A wrong code costs the ticket nothing: guesses are counted.

    Raises:
        HTTPException: 401, whatever is wrong.
    """
    with answers.refusals():
        user, factors, taken = await by_code(identities, request, body.ticket, body.code)
    if taken.data["kind"] == "tokens":
        scopes = taken.data.get("scopes", "").split() or None
        return await answers.with_tokens(identities, request, user, factors, scopes)
    return await answers.with_session(identities, request, response, user, factors, data=taken.data)


async def shown(identities: Identities, me: Principal, body: Shown, request: Request) -> str:
    """The factor that somebody who is signed in shows again.

    Raises:
        HTTPException: 401, it is not theirs; 422, none came; 503, too many wait.
    """
    with answers.refusals():
        if body.code is not None:
            return await identities.factors.verify(
                me.id, body.code, client=answers.client_of(request)
            )
        if body.password is not None:
            if await answers.ways_of(identities, await identities.user(me.id)):
                raise PasswordError("second_factor", "a second factor is needed to step up")
            await identities.sign_in.sign_in(
                me.name,
                body.password.get_secret_value(),
                client=answers.client_of(request),
                device=answers.device_of(request),
            )
            return "password"
    raise HTTPException(422)

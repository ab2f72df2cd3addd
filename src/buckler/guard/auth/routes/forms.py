"""Sign-in by a plain form, for pages without script: an answer is another page of the site.

Threat: a form that sends its visitor to another site after the sign-in (CWE-601), a second step that is known by its
address (CWE-598): its ticket is a cookie that no script reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from buckler.guard.access.dependencies import public
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.routes import answers, sign_in
from buckler.guard.auth.routes.models import SecondStep
from buckler.guard.headers.clear_site_data import clear_site_data
from buckler.guard.policy import RoutePolicy
from buckler.guard.validate.relative_url import RelativeUrl

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

TICKET: Final = "__Host-second-factor"
_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Strict"
Name = Annotated[str, Form(min_length=1, max_length=320)]
Password = Annotated[SecretStr, Form(min_length=1, max_length=1024)]
Code = Annotated[str, Form(min_length=1, max_length=64)]
Next = Annotated[RelativeUrl, Form()]


def router(identities: Identities) -> APIRouter:
    """The routes; ``AuthPolicy(sign_in_page=...)`` is where they send whoever has to try again.

    Args:
        identities: Of the application.
    """
    routes = APIRouter(tags=["forms"], include_in_schema=False)
    guesses = [public, Depends(RoutePolicy(rate=sign_in.RATE))]
    page = identities.policy.sign_in_page

    @routes.post("/sign-in/form", dependencies=guesses)
    async def enter(
        request: Request, name: Name, password: Password, next: Next = "/"
    ) -> RedirectResponse:
        """Sign in, and go on to ``next``."""
        try:
            user = await sign_in.first_step(identities, request, name, password.get_secret_value())
        except HTTPException as error:
            return _again(page, next, error)
        if await answers.ways_of(identities, user):
            made = await answers.ticket(identities, user, "session", ["password"])
            onward = _to(page, step="code", next=next)
            age = int(answers.TICKET_LIFETIME)
            onward.headers.append("Set-Cookie", f"{TICKET}={made}; Max-Age={age}; {_ATTRIBUTES}")
            return onward
        onward = RedirectResponse(next, 303)
        await answers.with_session(identities, request, onward, user, ["password"])
        return onward

    @routes.post("/second-factor/form", dependencies=guesses)
    async def finish(request: Request, code: Code, next: Next = "/") -> RedirectResponse:
        """Finish it with a code, and go on to ``next``."""
        ticket = cookies_of(request.scope["headers"]).get(TICKET, "")
        onward = RedirectResponse(next, 303)
        if not 0 < len(ticket) <= 500:
            return _to(page, failed="1", next=next)
        try:
            body = SecondStep(ticket=ticket, code=code)
            await sign_in.second_step(identities, body, request, onward)
        except HTTPException as error:
            return _again(page, next, error, step="code")
        onward.headers.append("Set-Cookie", f"{TICKET}=; Max-Age=0; {_ATTRIBUTES}")
        return onward

    @routes.post("/sign-out/form", dependencies=[public])
    async def leave(request: Request, next: Next = "/") -> RedirectResponse:
        """End the session, and go on to ``next``."""
        if await answers.end_session(identities, request):
            identities.tell_request(request, EventKind.SIGNED_OUT, "session", "Signed out")
        onward = RedirectResponse(next, 303)
        clear_site_data(onward, "cache", "storage")
        onward.headers.append("Set-Cookie", identities.sessions.clear_cookie())
        return onward

    return routes


def _again(page: str, onward: str, error: HTTPException, **more: Any) -> RedirectResponse:
    """To the page once more, which knows no more than that it failed; what is no refusal is raised.

    Raises:
        HTTPException: Too many wait.
    """
    if error.status_code != 401:
        raise error
    return _to(page, failed="1", next=onward, **more)


def _to(page: str, **query: str) -> RedirectResponse:
    mark = "&" if "?" in page else "?"
    return RedirectResponse(f"{page}{mark}{urlencode(query)}", 303)

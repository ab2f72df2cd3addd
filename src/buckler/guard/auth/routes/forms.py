"""Sign-in by a plain form, for pages without script: an answer is another page of the site.

Threat: a form that sends its visitor to another site after the sign-in (CWE-601), a second step that is known by its
address (CWE-598): its ticket is a cookie that no script reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from pydantic import SecretStr
from starlette.responses import RedirectResponse

from buckler.guard.access.dependencies import public
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.routes import answers, sign_in
from buckler.guard.policy import RoutePolicy
from buckler.guard.validate.relative_url import RelativeUrl

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

TICKET: Final = "__Host-second-factor"
LONGEST: Final = 500
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
        onward = RedirectResponse(next, 303)
        try:
            entered = await identities.forms.sign_in(
                request, onward, name, password.get_secret_value()
            )
        except CredentialError:
            return to_page(page, failed="1", next=next)
        if entered.status == "signed_in":
            return onward
        return asking_for_code(page, entered.ticket, next)

    @routes.post("/second-factor/form", dependencies=guesses)
    async def finish(request: Request, code: Code, next: Next = "/") -> RedirectResponse:
        """Finish it with a code, and go on to ``next``."""
        ticket = cookies_of(request.scope["headers"]).get(TICKET, "")
        onward = RedirectResponse(next, 303)
        try:
            await identities.forms.second_factor(request, onward, ticket[:LONGEST], code)
        except CredentialError:
            step = {"step": "code"} if ticket else {}
            return to_page(page, failed="1", next=next, **step)
        onward.headers.append("Set-Cookie", f"{TICKET}=; Max-Age=0; {_ATTRIBUTES}")
        return onward

    @routes.post("/sign-out/form", dependencies=[public])
    async def leave(request: Request, next: Next = "/") -> RedirectResponse:
        """End the session, and go on to ``next``."""
        onward = RedirectResponse(next, 303)
        await identities.forms.sign_out(request, onward)
        return onward

    return routes


def asking_for_code(page: str, ticket: str, next: str) -> RedirectResponse:
    """To the page, which asks for the second factor; the ticket is a cookie that no script reads."""
    asking = to_page(page, step="code", next=next)
    cookie = f"{TICKET}={ticket}; Max-Age={int(answers.TICKET_LIFETIME)}"
    asking.headers.append("Set-Cookie", f"{cookie}; {_ATTRIBUTES}")
    return asking


def to_page(page: str, **query: str) -> RedirectResponse:
    """To the page where people sign in.

    Args:
        page: Its path.
        query: What it is told.
    """
    mark = "&" if "?" in page else "?"
    return RedirectResponse(f"{page}{mark}{urlencode(query)}", 303)

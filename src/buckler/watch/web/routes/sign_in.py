"""The page on which people sign in; the forms on it are guard's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from buckler.guard import Principal, optional, public
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.routes import answers as credentials
from buckler.guard.stores.records import User
from buckler.watch.errors import MissingError
from buckler.watch.web.answers import SIGN_IN, own
from buckler.watch.web.pages import plain

router = APIRouter()


@router.get(SIGN_IN)
async def show(
    request: Request,
    who: Annotated[Principal | None, optional],
    next: Annotated[str, Query(max_length=1000)] = "/",
    failed: Annotated[str, Query(max_length=1)] = "",
    step: Annotated[str, Query(max_length=10)] = "",
    why: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The forms: password, or the code of a second step; a passkey or a provider where there is one."""
    identities = request.app.state.guard.identities
    return plain(
        request,
        "sign_in.html",
        401 if failed else 200,
        who=who,
        next=own(next),
        failed=bool(failed),
        code=step == "code",
        provider_failed=bool(why),
        passkeys=identities.offers_passkeys,
        provider=request.app.state.web.provider,
    )


@router.get(SIGN_IN + "/{token}", dependencies=[public])
async def by_link(token: str, request: Request) -> Response:
    """Sign in by a link that the command or an administrator made."""
    identities: Any = request.app.state.guard.identities
    try:
        user: User = await identities.active(request.app.state.links.take(token))
    except CredentialError as error:  # the account was switched off after the link was made
        raise MissingError("link") from error
    onto = RedirectResponse("/", 303)
    await credentials.with_session(identities, request, onto, user, ["link"])
    return onto

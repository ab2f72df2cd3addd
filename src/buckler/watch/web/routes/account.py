"""The viewer's own account: password, sign-ins, passkeys, tokens for programs."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.account import RESET
from buckler.guard.auth.errors import CredentialError, PasswordPolicyError
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.models import NewKey
from buckler.guard.policy import RoutePolicy
from buckler.guard.stores.records import NEVER
from buckler.watch.api.common import ADMIN, READ, SCAN, WRITE
from buckler.watch.errors import RefusedError
from buckler.watch.web import given
from buckler.watch.web.pages import onward, page
from buckler.watch.web.viewer import RECENT, Sent, Viewer, viewing

router = APIRouter(prefix="/account")
Me = Annotated[Viewer, viewing()]
Recently = Annotated[Viewer, viewing(recent=RECENT)]
GUESSES: Final = [Depends(RoutePolicy(rate="10/minute"))]
SCOPES: Final = {
    READ: "read targets, findings, scans and alerts",
    SCAN: "ask for scans and push reports",
    WRITE: "change targets and channels, decide about findings",
    ADMIN: "the same for everybody's",
}


@router.get("")
async def show(viewer: Me) -> Response:
    """The account."""
    return await _show(viewer)


@router.post("/password", dependencies=GUESSES)
async def password(viewer: Recently, form: Sent) -> Response:
    """Set the password, or change it by the one that there is; every other sign-in ends."""
    identities = _identities(viewer)
    request, me = viewer.request, viewer.principal
    user = await identities.user(me.id)
    new = form["password"]
    try:
        if new != form["again"]:
            raise RefusedError("password: both are not the same")
        if not 0 < len(new) <= 1024:
            raise RefusedError("password: it is empty or too long")
        if user.password is None:
            # The way of a link by mail, for who has shown a factor within five minutes.
            token = await identities.one_time.issue(
                RESET, user.id, ttl=60.0, data={"name": user.name}
            )
            user = await identities.accounts.reset(token, new)
        else:
            user = await identities.accounts.change_password(
                user,
                form["current"][:1024],
                new,
                client=answers.client_of(request),
                device=answers.device_of(request),
            )
    except RefusedError as error:
        return await _show(viewer, error)
    except PasswordPolicyError as error:
        return await _show(viewer, RefusedError(f"password: {error.message}"))
    except CredentialError:
        return await _show(viewer, RefusedError("current: it is not your password"))
    before = await answers.session_of(identities, request)
    await identities.end_all(user.id)
    onto = onward("/account", "password")
    await answers.with_session(identities, request, onto, user, me.factors, instead_of=before)
    return onto


@router.post("/sign-ins/{session_id}")
async def end(viewer: Me, form: Sent, session_id: str) -> Response:
    """End one of the sign-ins."""
    del form
    identities, me = _identities(viewer), viewer.principal
    found = next((one for one in await identities.sessions.of(me.id) if one.id == session_id), None)
    if found is None or not await identities.sessions.revoke(me.id, session_id):
        raise HTTPException(404)
    await identities.endings.session_ended(found)
    identities.tell_request(viewer.request, EventKind.SIGNED_OUT, "revoked", "A sign-in was ended")
    return onward("/account", "saved")


@router.get("/tokens")
async def tokens(viewer: Recently) -> Response:
    """Tokens for programs, and a form that makes one."""
    return await _tokens(viewer)


@router.post("/tokens")
async def make(viewer: Recently, form: Sent) -> Response:
    """Make one; this answer alone shows it."""
    identities = _identities(viewer)
    try:
        days = form["days"].strip()
        wanted = given.model(
            NewKey,
            name=form["name"].strip(),
            scopes=[scope for scope in form.all("scope") if scope in SCOPES],
            days=given.whole(days, "days") if days else None,
        )
        if not wanted.scopes:
            raise RefusedError("scopes: a token without one may do nothing")
        made = await identities.keys.issue(
            viewer.principal.id,
            wanted.name,
            scopes=wanted.scopes,
            lifetime=None if wanted.days is None else wanted.days * 86400.0,
        )
    except RefusedError as error:
        return await _tokens(viewer, error)
    except CredentialError as error:
        return await _tokens(viewer, RefusedError(f"token: {error.message}"))
    _told(viewer, "key_made", made.record.id)
    return await _tokens(viewer, made=made.key)


@router.post("/tokens/{key_id}")
async def revoke(viewer: Me, form: Sent, key_id: str) -> Response:
    """End one."""
    del form
    if not await _identities(viewer).keys.revoke(viewer.principal.id, key_id):
        raise HTTPException(404)
    _told(viewer, "key_revoked", key_id)
    return onward("/account/tokens", "revoked")


async def _show(viewer: Viewer, wrong: RefusedError | None = None) -> Response:
    identities, me = _identities(viewer), viewer.principal
    user = await identities.user(me.id)
    passkeys = identities.offers_passkeys
    return page(
        viewer,
        "account.html",
        422 if wrong is not None else 200,
        user=user,
        sessions=await identities.sessions.of(me.id),
        passkeys=await identities.factors.passkeys(me.id) if passkeys else [],
        offers_passkeys=passkeys,
        wrong=wrong,
    )


async def _tokens(viewer: Viewer, wrong: RefusedError | None = None, *, made: str = "") -> Response:
    keys = await _identities(viewer).keys.of(viewer.principal.id)
    may = [(scope, text) for scope, text in SCOPES.items() if viewer.principal.may(scope)]
    return page(
        viewer,
        "tokens.html",
        422 if wrong is not None else 200,
        keys=[(key, None if key.expires >= NEVER else key.expires) for key in keys],
        scopes=may,
        made=made,
        wrong=wrong,
    )


def _identities(viewer: Viewer) -> Any:
    return viewer.request.app.state.guard.identities


def _told(viewer: Viewer, reason: str, key_id: str) -> None:
    _identities(viewer).tell_request(
        viewer.request,
        EventKind.CREDENTIAL_CHANGED,
        reason,
        "An API key was made or ended",
        detail={"id": key_id},
    )

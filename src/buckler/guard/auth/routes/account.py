"""Sign-up, verification, passwords, sessions and keys of an account.

Threat: routes that tell who has an account (CWE-204), a password that is changed by whoever finds a browser open
(CWE-620; ASVS 5.0 V6.2.3), sign-ins that nobody sees and nobody can end (ASVS 5.0 V7.5.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from buckler.guard.access.dependencies import authenticated, public, requires
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.principal import Principal
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.answers import Owner
from buckler.guard.auth.routes.models import (
    Account,
    ChangedPassword,
    Done,
    Id,
    JustName,
    JustToken,
    KeyMade,
    KeyShown,
    NamePassword,
    NewKey,
    NewPassword,
    SessionShown,
)
from buckler.guard.policy import RoutePolicy
from buckler.guard.stores.records import NEVER, ApiKey

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

Me = Annotated[Principal, authenticated]
RECENT = requires(recent=300.0, schemes=["session", "bearer"], when=answers.unscoped)
Recently = Annotated[Principal, RECENT]
MAILED = [public, Depends(RoutePolicy(rate="5/minute"))]
Key = Annotated[Id, Path()]


def router(identities: Identities) -> APIRouter:
    """The routes.

    Args:
        identities: Of the application.
    """
    routes = APIRouter(tags=["account"])
    _sign_up(identities, routes)
    _passwords(identities, routes)
    _sessions(identities, routes)
    if "api_key" in identities.policy.ways:
        _keys(identities, routes)

    @routes.get("/me")
    async def me(who: Me) -> Account:
        """The account that is signed in."""
        return Account(
            id=who.id,
            name=who.name,
            verified=who.verified,
            roles=sorted(who.roles),
            permissions=sorted(who.permissions),
        )

    return routes


def _sign_up(identities: Identities, routes: APIRouter) -> None:
    if identities.policy.sign_up:

        @routes.post("/sign-up", status_code=202, dependencies=MAILED)
        async def sign_up(body: NamePassword) -> Done:
            """Make an account; the answer is the same where there is one, and its owner gets a mail."""
            with answers.refusals():
                await identities.accounts.sign_up(
                    body.name,
                    body.password.get_secret_value(),
                    second_factor=identities.policy.second_factor,
                )
            return Done()

    if identities.policy.deliver is None:
        return

    @routes.post("/verify", dependencies=MAILED)
    async def verify(body: JustToken) -> Done:
        """Confirm an address by the token of the link."""
        with answers.refusals(400):
            await identities.accounts.verify(body.token)
        return Done()

    @routes.post("/verify/request", status_code=202, dependencies=MAILED)
    async def request_verification(body: JustName) -> Done:
        """Send the link once more, where there is such an account."""
        with answers.refusals():
            await identities.accounts.request_verification(body.name)
        return Done()


def _passwords(identities: Identities, routes: APIRouter) -> None:
    @routes.post("/password")
    async def change(
        body: ChangedPassword, me: Recently, request: Request, response: Response
    ) -> Done:
        """Change the password; every other sign-in ends."""
        with answers.refusals(403):
            user = await identities.accounts.change_password(
                await identities.user(me.id),
                body.current_password.get_secret_value(),
                body.password.get_secret_value(),
                second_factor=identities.policy.second_factor,
                client=answers.client_of(request),
                device=answers.device_of(request),
            )
        # What hangs on the session, a sign-in at a provider for one, goes on with the next.
        before = await answers.session_of(identities, request) if me.scheme == "session" else None
        await identities.end_all(user.id)
        if me.scheme == "session":
            await answers.with_session(
                identities, request, response, user, me.factors, instead_of=before
            )
        return Done()

    if identities.policy.deliver is None:
        return

    @routes.post("/password/reset/request", status_code=202, dependencies=MAILED)
    async def request_reset(body: JustName) -> Done:
        """Send a link to a new password, where there is such an account."""
        with answers.refusals():
            await identities.accounts.request_reset(body.name)
        return Done()

    @routes.post("/password/reset", dependencies=MAILED)
    async def reset(body: NewPassword) -> Done:
        """Set a new password by the token of the link; every sign-in ends, second factors stay."""
        with answers.refusals(400):
            user = await identities.accounts.reset(
                body.token,
                body.password.get_secret_value(),
                second_factor=identities.policy.second_factor,
            )
        await identities.end_all(user.id)
        return Done()


def _sessions(identities: Identities, routes: APIRouter) -> None:
    @routes.get("/sessions")
    async def listed(me: Owner) -> list[SessionShown]:
        """Where the account is signed in."""
        browsers = [
            SessionShown(
                id=one.id,
                kind="browser",
                agent=one.agent,
                client=one.client,
                created=one.created,
                used=one.used,
                current=one.id == me.credential,
            )
            for one in await identities.sessions.of(me.id)
        ]
        programs = [
            SessionShown(
                id=one.id,
                kind="tokens",
                agent=one.agent,
                client=one.client,
                created=one.created,
                current=one.id == me.credential,
            )
            for one in await identities.tokens.of(me.id)
        ]
        return browsers + programs

    @routes.delete("/sessions/{session_id}")
    async def revoke(session_id: Key, me: Owner, request: Request) -> Done:
        """End one of them."""
        of_browsers = await identities.sessions.of(me.id)
        found = next((one for one in of_browsers if one.id == session_id), None)
        if found is not None and await identities.sessions.revoke(me.id, session_id):
            await identities.endings.session_ended(found)
        elif not await identities.tokens.revoke(me.id, session_id):
            answers.not_found()
        identities.tell_request(request, EventKind.SIGNED_OUT, "revoked", "A sign-in was ended")
        return Done()


def _keys(identities: Identities, routes: APIRouter) -> None:
    shows = Depends(RoutePolicy(secrets=["key"]))

    @routes.get("/keys")
    async def listed(me: Owner) -> list[KeyShown]:
        """The account's API keys."""
        return [key_shown(one) for one in await identities.keys.of(me.id)]

    @routes.post("/keys", status_code=201, dependencies=[shows])
    async def make(body: NewKey, me: Recently, request: Request) -> KeyMade:
        """Make a key; this answer alone holds it."""
        with answers.refusals(409):
            made = await identities.keys.issue(
                me.id,
                body.name,
                scopes=body.scopes,
                lifetime=None if body.days is None else body.days * 86400.0,
            )
        _told(request, "key_made", made.record.id)
        return KeyMade(**key_shown(made.record).model_dump(), key=made.key)

    @routes.post("/keys/{key_id}/rotate", status_code=201, dependencies=[shows])
    async def rotate(key_id: Key, me: Recently, request: Request) -> KeyMade:
        """Make a key in place of another one, which goes on for a day."""
        if all(one.id != key_id for one in await identities.keys.of(me.id)):
            answers.not_found()
        with answers.refusals(409):
            made = await identities.keys.rotate(me.id, key_id)
        _told(request, "key_rotated", key_id)
        return KeyMade(**key_shown(made.record).model_dump(), key=made.key)

    @routes.delete("/keys/{key_id}")
    async def revoke(key_id: Key, me: Owner, request: Request) -> Done:
        """End a key."""
        if not await identities.keys.revoke(me.id, key_id):
            answers.not_found()
        _told(request, "key_revoked", key_id)
        return Done()

    def _told(request: Request, reason: str, key_id: str) -> None:
        identities.tell_request(
            request,
            EventKind.CREDENTIAL_CHANGED,
            reason,
            "An API key was made or ended",
            detail={"id": key_id},
        )


def key_shown(key: ApiKey) -> KeyShown:
    """A key as its owner sees it later."""
    return KeyShown(
        id=key.id,
        name=key.name,
        hint=key.hint,
        scopes=None if key.scopes is None else sorted(key.scopes),
        created=key.created,
        expires=None if key.expires >= NEVER else key.expires,
        used=key.used,
    )

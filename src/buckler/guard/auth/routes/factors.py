"""Second factors of an account, and sign-in with a passkey.

Threat: whoever finds a browser open, or knows the password alone, adds a factor of their own or removes the owner's
(CWE-306, CWE-620; ASVS 5.0 V7.5.1): it takes a factor that was shown within five minutes, a second one where the
account has one. Adding gives the session another cookie; others go on, and the security log is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.exceptions import HTTPException

from buckler.guard.access.dependencies import public, requires
from buckler.guard.access.requirement import SECOND, Requirement
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.errors import CredentialError, PasswordError
from buckler.guard.auth.identities import PERMISSIONS
from buckler.guard.auth.mfa import installed
from buckler.guard.auth.principal import Principal
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.factor_models import (
    Codes,
    FactorsShown,
    JustCode,
    NewPasskey,
    PasskeyAsked,
    PasskeyId,
    PasskeyShown,
    ShownPasskey,
    TotpMade,
    sent,
)
from buckler.guard.auth.routes.models import Done, Id, SignedIn, Tokens
from buckler.guard.options import GuardError
from buckler.guard.policy import RoutePolicy

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities
    from buckler.guard.stores.records import Passkey, User

RECENT: Final = 300.0
RATE: Final = "10/minute"
# Whoever has no factor yet has to come here, also where the application asks everybody for one.
_PERSON: Final = {"schemes": ["session", "bearer"], "second_factor": False}
Me = Annotated[Principal, requires(**_PERSON)]
Recently = Annotated[Principal, requires(recent=RECENT, **_PERSON)]
Manager = Annotated[
    Principal, requires(PERMISSIONS[1], recent=900.0, schemes=["session", "bearer"])
]
SHOWS: Final = Depends(
    RoutePolicy(
        rate=RATE,
        body="128 KiB",
        secrets=[
            "secret",
            "uri",
            "qr",
            "recovery_codes",
            "ticket",
            "access_token",
            "refresh_token",
        ],
    )
)


def router(identities: Identities) -> APIRouter:
    """The routes; those of passkeys where the application has an address that browsers bind them to.

    Args:
        identities: Of the application.

    Raises:
        GuardError: A package is missing.
    """
    if not installed():
        raise GuardError(
            "second factors need cryptography, segno and webauthn",
            hint="pip install 'buckler[mfa]'",
        )
    routes = APIRouter(tags=["second factors"])
    _codes(identities, routes)
    if identities.factors.offers_passkeys:
        identities.factors.prepare_passkeys()
        _passkeys(identities, routes)
        _sign_in(identities, routes)

    @routes.get("/factors")
    async def listed(me: Me) -> FactorsShown:
        """The second factors of the account."""
        ways = await identities.factors.ways(me.id)
        return FactorsShown(
            totp="totp" in ways,
            recovery_codes_left=await identities.factors.codes_left(me.id),
            passkeys=[_shown(one) for one in await identities.factors.passkeys(me.id)],
        )

    return routes


def administration(identities: Identities) -> APIRouter:
    """What administrators do about factors.

    Args:
        identities: Of the application.
    """
    routes = APIRouter(tags=["administration"])

    @routes.delete("/users/{user_id}/factors")
    async def reset(user_id: Annotated[Id, Path()], me: Manager) -> Done:
        """Remove all factors of an account whose owner has lost them; its sign-ins end."""
        if user_id == me.id:
            raise HTTPException(409)
        with answers.refusals(404):
            await identities.user(user_id)
        await identities.factors.drop_all(user_id, by=me.id)
        await identities.sign_out_everywhere(user_id, by=me.id)
        return Done()

    return routes


def _codes(identities: Identities, routes: APIRouter) -> None:
    @routes.post("/factors/totp", status_code=201, dependencies=[SHOWS])
    async def begin(me: Recently, request: Request) -> TotpMade:
        """A secret for an authenticator app; it counts when a code of it was shown."""
        await strong(identities, request, me)
        with answers.refusals(409):
            made = await identities.factors.begin_totp(await identities.user(me.id))
        return TotpMade(secret=made.secret, uri=made.uri, qr=made.qr)

    @routes.post("/factors/totp/confirm", dependencies=[SHOWS])
    async def confirm(body: JustCode, me: Me, request: Request, response: Response) -> Codes:
        """Let the authenticator app count; with the first one come recovery codes."""
        with answers.refusals(400):
            codes = await identities.factors.confirm_totp(await identities.user(me.id), body.code)
        await stepped_up(identities, request, response, me, "totp")
        return Codes(recovery_codes=list(codes))

    @routes.delete("/factors/totp", dependencies=[SHOWS])
    async def drop(me: Recently, request: Request) -> Done:
        """Remove the authenticator app."""
        await strong(identities, request, me)
        if not await identities.factors.drop_totp(me.id):
            answers.not_found()
        return Done()

    @routes.post("/factors/codes", status_code=201, dependencies=[SHOWS])
    async def renew(me: Recently, request: Request) -> Codes:
        """New recovery codes; earlier ones count no more."""
        await strong(identities, request, me)
        with answers.refusals(409):
            return Codes(recovery_codes=list(await identities.factors.new_codes(me.id)))


def _passkeys(identities: Identities, routes: APIRouter) -> None:
    @routes.post("/factors/passkeys/options", dependencies=[SHOWS])
    async def begin(me: Recently, request: Request) -> PasskeyAsked:
        """What the browser needs to make a passkey."""
        await strong(identities, request, me)
        with answers.refusals(409):
            asked = await identities.factors.begin_passkey(await identities.user(me.id))
        return PasskeyAsked(ticket=asked.ticket, options=asked.options)

    @routes.post("/factors/passkeys", status_code=201, dependencies=[SHOWS])
    async def add(body: NewPasskey, me: Me, request: Request, response: Response) -> PasskeyShown:
        """Keep the passkey that the browser made."""
        with answers.refusals(400):
            made = await identities.factors.add_passkey(
                await identities.user(me.id), body.ticket, sent(body.credential), body.name
            )
        await stepped_up(identities, request, response, me, "passkey")
        return _shown(made)

    @routes.delete("/factors/passkeys/{passkey_id}", dependencies=[SHOWS])
    async def drop(
        passkey_id: Annotated[PasskeyId, Path()], me: Recently, request: Request
    ) -> Done:
        """Remove a passkey."""
        await strong(identities, request, me)
        if not await identities.factors.drop_passkey(me.id, passkey_id):
            answers.not_found()
        return Done()


def _sign_in(identities: Identities, routes: APIRouter) -> None:
    @routes.post("/passkey/options", dependencies=[public, SHOWS])
    async def begin() -> PasskeyAsked:
        """What the browser needs to use a passkey; nobody types a name, so that none can be asked about."""
        asked = await identities.factors.begin_sign_in()
        return PasskeyAsked(ticket=asked.ticket, options=asked.options)

    @routes.post("/passkey", dependencies=[public, SHOWS])
    async def finish(body: ShownPasskey, request: Request, response: Response) -> SignedIn | Tokens:
        """Sign in with a passkey, alone or as the second step of a sign-in."""
        with answers.refusals():
            owner = await identities.factors.finish_sign_in(
                body.ticket, sent(body.credential), client=answers.client_of(request)
            )
            user = await identities.active(owner)
            if identities.policy.verified_only and not user.verified:
                raise PasswordError("unverified", "the account's address is not verified")
            if body.sign_in is not None:
                return await _second_step(identities, body.sign_in, user, request, response)
        return await answers.with_session(identities, request, response, user, ["passkey"])


async def strong(identities: Identities, request: Request, me: Principal) -> None:
    """Let whoever has a second factor pass by one that was shown a short while ago alone.

    Raises:
        HTTPException: 401, with what to do (RFC 9470).
    """
    if me.factors.isdisjoint(SECOND) and await identities.factors.ways(me.id):
        await identities.access.admit(request, Requirement(second_factor=True, recent=RECENT))


async def stepped_up(
    identities: Identities, request: Request, response: Response, me: Principal, factor: str
) -> None:
    """Give a session another cookie, since a factor was shown (ASVS 5.0 V7.2.4)."""
    if me.scheme != "session":
        return
    with answers.refusals():
        value, session = await identities.sessions.rotate(
            request.cookies[identities.sessions.cookie], factor=factor
        )
    answers.set_session(identities, response, value, session)


async def _second_step(
    identities: Identities, ticket: str, user: User, request: Request, response: Response
) -> SignedIn | Tokens:
    """Finish the sign-in that a ticket is for, as what it was begun for.

    Raises:
        CredentialError: The ticket does not count, or is somebody else's.
    """
    taken = await identities.one_time.take(ticket, answers.TICKET)
    if taken.subject != user.id:
        identities.tell_request(
            request, EventKind.SIGN_IN_FAILED, "other_account", "A ticket was somebody else's"
        )
        raise CredentialError("other_account", "the ticket of a sign-in is somebody else's")
    factors = [*taken.data["factors"].split(), "passkey"]
    if taken.data["kind"] == "tokens":
        scopes = taken.data.get("scopes", "").split() or None
        return await answers.with_tokens(identities, request, user, factors, scopes)
    return await answers.with_session(identities, request, response, user, factors, data=taken.data)


def _shown(passkey: Passkey) -> PasskeyShown:
    return PasskeyShown(
        id=passkey.id, name=passkey.name, created=passkey.created, used=passkey.used
    )

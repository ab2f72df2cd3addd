"""How the routes answer: a session or tokens for who showed enough, one answer for all that were refused.

Threat: an answer that differs where an account exists (CWE-204), a second factor that is skipped by asking for
another kind of credential, a session that goes on under the cookie it had before the sign-in (CWE-384).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from buckler.guard import inbound
from buckler.guard.access.dependencies import requires
from buckler.guard.audit.events import EventKind
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import (
    CredentialError,
    NameRefusedError,
    PasswordPolicyError,
    TooBusyError,
)
from buckler.guard.auth.principal import Principal
from buckler.guard.auth.routes.models import SignedIn, Tokens
from buckler.guard.auth.tokens import TokenPair
from buckler.guard.errors.told import ToldError
from buckler.guard.stores.errors import StoreError

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities
    from buckler.guard.stores.records import Session, User

TICKET: Final = "second_factor"
TICKET_LIFETIME: Final = 300.0
CHALLENGE: Final = 'Session realm="sign-in"'
"""RFC 9110, 15.5.2: a 401 has one; of the registered schemes none is for a form."""
DEVICE: Final = "__Host-device"
DEVICE_AGE: Final = 30 * 86400


def unscoped(principal: Principal, connection: HTTPConnection) -> bool:
    """Whether a credential has all that its owner may: a narrower one does not make or end others (CWE-269)."""
    del connection
    return principal.scopes is None


Owner = Annotated[Principal, requires(schemes=["session", "bearer", "basic"], when=unscoped)]
"""Somebody who may decide on the account's credentials: no API key, and no token with scopes."""


@contextmanager
def refusals(status: int = 401) -> Iterator[None]:
    """Turn what does not count into the answer for it; why stays in the security log."""
    try:
        yield
    except CredentialError as error:
        headers = {"WWW-Authenticate": CHALLENGE} if status == 401 else None
        raise HTTPException(status, headers=headers) from error
    except PasswordPolicyError as error:
        raise told("password", error.reason, error.message) from error
    except NameRefusedError as error:
        raise told("name", error.reason, error.message) from error
    except (TooBusyError, StoreError) as error:
        raise HTTPException(503, headers={"Retry-After": "2"}) from error


def told(field: str, reason: str, message: str) -> ToldError:
    """A field that may not be so, in the shape of every 422 of guard."""
    return ToldError(422, {"errors": [{"loc": ["body", field], "type": reason, "msg": message}]})


def client_of(request: Request) -> str:
    """Address of the caller, seen through configured proxies alone."""
    found = inbound.of(request.scope)
    if found is not None:
        return found.client
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    """What the caller calls itself."""
    return request.headers.get("user-agent", "")[:200]


def device_of(request: Request) -> str:
    """The proof that this device signed in before."""
    return cookies_of(request.scope["headers"]).get(DEVICE, "")


def set_device(response: Response, proof: str) -> None:
    """Leave the proof with the device: it signs nobody in, and spares its owner others' lockout."""
    response.headers.append(
        "Set-Cookie",
        f"{DEVICE}={proof}; Max-Age={DEVICE_AGE}; Path=/; Secure; HttpOnly; SameSite=Lax",
    )


async def ways_of(identities: Identities, user: User) -> frozenset[str]:
    """The second factors of an account."""
    return await identities.second_factors(user.id)


async def ticket(
    identities: Identities, user: User, kind: str, factors: Iterable[str], **data: str
) -> str:
    """What names the first step of a sign-in in the second; it counts once, for five minutes.

    Args:
        identities: Of the application.
        user: Who showed a first factor.
        kind: What they will get: ``session`` or ``tokens``.
        factors: That they showed.
        data: More that the second step needs.
    """
    return await identities.one_time.issue(
        TICKET,
        user.id,
        ttl=TICKET_LIFETIME,
        data={
            "kind": kind,
            "factors": " ".join(factors),
            "valid_from": repr(user.valid_from),
            **data,
        },
    )


async def same(identities: Identities, user_id: str, valid_from: float) -> User:
    """An account that was not disabled, signed out everywhere or given a new password since a time of its own.

    Args:
        identities: Of the application.
        user_id: The account.
        valid_from: As it was when its owner showed the first factor.

    Raises:
        CredentialError: It was (``disabled``, ``signed_out``), or is gone.
    """
    now = await identities.active(user_id)
    if now.valid_from != valid_from:
        raise CredentialError("signed_out", "the account was signed out everywhere meanwhile")
    return now


async def with_session(
    identities: Identities,
    request: Request,
    response: Response,
    user: User,
    factors: Iterable[str],
    *,
    authenticated: float | None = None,
    data: Mapping[str, str] | None = None,
    instead_of: Session | None = None,
) -> SignedIn:
    """A new session; the one that the browser had ends.

    Args:
        identities: Of the application.
        request: That asked for it.
        response: That sets its cookie.
        user: Whose it is.
        factors: That they showed.
        authenticated: When they did, where it was elsewhere and earlier; else now.
        data: Of the ticket that it was begun with.
        instead_of: The one that the browser had, where it has ended already.

    Raises:
        HTTPException: 401, all sign-ins of the account were ended while this one was under way.
    """
    before = await end_session(identities, request) or instead_of
    if before is not None and before.user_id != user.id:  # somebody else sat here
        await identities.endings.session_ended(before)
        before = None
    value, session = await identities.sessions.begin(
        user.id,
        factors=factors,
        agent=agent_of(request),
        client=client_of(request),
        since=user.valid_from,
        authenticated=authenticated,
        instead_of=before,
    )
    await _settled(identities, user, lambda: identities.sessions.revoke(user.id, session.id))
    for hear in identities.begun:
        await hear(session, data or {})
    set_session(identities, response, value, session)
    proof = identities.lockout.device(user.name)
    set_device(response, proof)
    return SignedIn(status="signed_in")


async def _settled(identities: Identities, user: User, undo: Callable[[], Awaitable[bool]]) -> None:
    """Look whether all sign-ins of an account were ended while one was under way, and undo that one.

    It is looked up when the sign-in is kept: what ends all of them either finds it, or was before this.

    Raises:
        HTTPException: 401, they were.
    """
    with refusals():
        try:
            await same(identities, user.id, user.valid_from)
        except CredentialError:
            await undo()
            raise


async def with_tokens(
    identities: Identities,
    request: Request,
    user: User,
    factors: Iterable[str],
    scopes: Iterable[str] | None,
) -> Tokens:
    """A new pair of tokens.

    Raises:
        HTTPException: 401, as of :func:`with_session`.
    """
    pair = await identities.tokens.begin(
        user.id,
        factors=factors,
        scopes=scopes,
        agent=agent_of(request),
        client=client_of(request),
        since=user.valid_from,
    )
    await _settled(identities, user, lambda: identities.tokens.revoke(user.id, pair.family))
    return tokens(pair)


def tokens(pair: TokenPair) -> Tokens:
    """As it is answered."""
    return Tokens(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in=pair.expires_in,
    )


def set_session(identities: Identities, response: Response, value: str, session: Session) -> None:
    """Set the session's cookie."""
    response.headers.append("Set-Cookie", identities.sessions.set_cookie(value, session))


async def session_of(identities: Identities, request: Request) -> Session | None:
    """The session whose cookie came, if one did."""
    value = cookies_of(request.scope["headers"]).get(identities.sessions.cookie)
    if value is None:
        return None
    try:
        return await identities.sessions.verify(value)
    except CredentialError:  # there is none
        return None


async def end_session(identities: Identities, request: Request) -> Session | None:
    """End the session whose cookie came, if one did."""
    session = await session_of(identities, request)
    if session is None:
        return None
    ended = await identities.sessions.revoke(session.user_id, session.id)
    return session if ended else None


async def sign_out(identities: Identities, request: Request) -> bool:
    """End the session that the browser has because its owner wants it, and what hangs on it."""
    session = await end_session(identities, request)
    if session is None:
        return False
    await identities.endings.session_ended(session)
    identities.tell_request(request, EventKind.SIGNED_OUT, "session", "Signed out")
    return True


def not_found() -> NoReturn:
    """What is not theirs is not there."""
    raise HTTPException(404)

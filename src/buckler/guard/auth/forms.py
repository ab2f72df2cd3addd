"""Signs in from pages of the application's own, by the same steps as the ready-made routes.

Threat: a form page that puts sound parts together and forgets one: the second factor (CWE-308), another cookie at
the sign-in (CWE-384), the address that must be verified, the proof of the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.auth.errors import CredentialError, PasswordError, TooBusyError
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.models import SignedIn
from buckler.guard.headers.clear_site_data import clear_site_data
from buckler.guard.options import GuardError
from buckler.guard.stores.errors import StoreError

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities
    from buckler.guard.stores.records import OneTimeToken, User


class FormSignIn:
    """What a form page does with sessions; ``guard.identities.forms``.

    Example::

        @app.post("/sign-in", dependencies=[public])
        async def enter(request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()]):
            answer = RedirectResponse("/", 303)
            try:
                entered = await guard.identities.forms.sign_in(request, answer, name, password)
            except PasswordError:
                return page(request, "sign_in.html", status_code=401)
            return answer if entered.status == "signed_in" else page(request, "code.html", entered)

    Args:
        identities: Of the application.

    Raises:
        GuardError: Sessions are none of its ways to come in.
    """

    __slots__ = ("_identities",)

    def __init__(self, identities: Identities) -> None:
        if "session" not in identities.policy.ways:
            raise GuardError(
                "pages sign in with sessions, and 'session' is not among the ways",
                hint="write AuthPolicy(ways=['session', ...])",
            )
        self._identities = identities

    async def sign_in(
        self, request: Request, response: Response, name: str, password: str
    ) -> SignedIn:
        """Check a name and a password; the session's cookie is set on the response that will be sent.

        Returns:
            ``status`` ``signed_in``; or ``second_factor`` with the ``ticket`` that :meth:`second_factor` takes,
            and nothing is set yet.

        Raises:
            PasswordError: They do not belong together, or may not be tried now: one answer for all of it.
            starlette.exceptions.HTTPException: 503, too many wait, or the database does not answer.
        """
        with busy():
            user = await by_password(self._identities, request, name, password)
            ways = await answers.ways_of(self._identities, user)
            if ways:
                made = await answers.ticket(self._identities, user, "session", ["password"])
                return SignedIn(status="second_factor", ways=sorted(ways), ticket=made)
            return await answers.with_session(
                self._identities, request, response, user, ["password"]
            )

    async def second_factor(
        self, request: Request, response: Response, ticket: str, code: str
    ) -> SignedIn:
        """Finish a sign-in with a code of an authenticator app, or a recovery code.

        Raises:
            CredentialError: The ticket or the code does not count; a wrong code costs the ticket nothing.
            starlette.exceptions.HTTPException: 503.
        """
        with busy():
            user, factors, taken = await by_code(self._identities, request, ticket, code)
            if taken.data["kind"] != "session":
                raise CredentialError("ticket", "a ticket for tokens was shown for a session")
            return await answers.with_session(
                self._identities, request, response, user, factors, data=taken.data
            )

    async def sign_out(self, request: Request, response: Response) -> None:
        """End the session that the browser has.

        Raises:
            starlette.exceptions.HTTPException: 503.
        """
        with busy():
            await answers.sign_out(self._identities, request)
        signed_out(self._identities, response)


@contextmanager
def busy() -> Iterator[None]:
    """Answer 503 where nobody knows: never let in on a guess (CWE-636)."""
    try:
        yield
    except (TooBusyError, StoreError) as error:
        raise HTTPException(503, headers={"Retry-After": "2"}) from error


def signed_out(identities: Identities, response: Response) -> None:
    """Leave nothing of the account with the browser but the proof of the device."""
    clear_site_data(response, "cache", "storage")
    response.headers.append("Set-Cookie", identities.sessions.clear_cookie())


async def by_password(identities: Identities, request: Request, name: str, password: str) -> User:
    """Who has a name and a password.

    Raises:
        PasswordError: Nobody, or nobody who may sign in now.
        TooBusyError: Too many wait.
        StoreError: The database does not answer.
    """
    user = await identities.sign_in.sign_in(
        name, password, client=answers.client_of(request), device=answers.device_of(request)
    )
    if identities.policy.verified_only and not user.verified:
        raise PasswordError("unverified", "the account's address is not verified")
    return user


async def by_code(
    identities: Identities, request: Request, ticket: str, code: str
) -> tuple[User, list[str], OneTimeToken]:
    """Whom a ticket is for, if the code is theirs. A wrong code costs the ticket nothing: guesses are counted.

    Returns:
        The account, the factors that were shown, and what the ticket holds.

    Raises:
        CredentialError: The ticket or the code does not count.
    """
    taken = await identities.one_time.take(ticket, answers.TICKET)
    user = await answers.same(identities, taken.subject, float(taken.data["valid_from"]))
    try:
        factor = await identities.factors.verify(
            taken.subject, code, client=answers.client_of(request)
        )
    except CredentialError:
        await identities.one_time.give_back(taken)
        raise
    return user, [*taken.data["factors"].split(), factor], taken

"""What follows when a browser comes back from a provider: a session, a linked account, or a page that says no.

Threat: a session that begins before all was looked at, a second factor that is left out (CWE-308), a page that tells a
stranger who has an account (CWE-204): that there is one of an address is told to whoever the provider says it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from buckler.guard.audit.events import EventKind, SecurityEvent
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.forms import busy
from buckler.guard.auth.oauth.client.answer import AuthorizationAnswer, read_answer
from buckler.guard.auth.oauth.client.connection import Connection
from buckler.guard.auth.oauth.client.errors import ProviderError, SignInError
from buckler.guard.auth.oauth.client.flow import LIFETIME, Flow, cookie_of
from buckler.guard.auth.oauth.client.identity import Claimed
from buckler.guard.auth.oauth.client.provider import Provider
from buckler.guard.auth.oauth.client.token_response import Tokens
from buckler.guard.auth.routes import answers
from buckler.guard.auth.routes.forms import asking_for_code, to_page

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.client.sign_in_with import SignInWith

FACTOR: Final = "federated"
DENIED: Final = frozenset(("access_denied", "consent_required", "account_selection_required"))
TOLD: Final = {
    "denied": "denied",
    "exists": "exists",
    "taken": "taken",
    "no_account": "no_account",
    "unverified": "unverified",
    "unproven": "unproven",
    "unreachable": "unavailable",
    "state": "again",
    "browser": "again",
    "session": "again",
}
"""What the page is told, by reason; of all others that it failed."""


class Finishing:
    """Takes answers of providers.

    Args:
        sign_in_with: Of the application.
    """

    def __init__(self, sign_in_with: SignInWith) -> None:
        self._with = sign_in_with
        self._identities = sign_in_with.identities
        self._purposes = {"sign_in": self._enter, "link": self._link, "step_up": self._step_up}

    async def finish(
        self, connection: Connection, request: Request, items: Iterable[tuple[str, str]]
    ) -> Response:
        """Take one answer.

        Args:
            connection: To the provider whose redirect address was called.
            request: That came.
            items: Its parameters.

        Raises:
            starlette.exceptions.HTTPException: 503, the database does not answer.
        """
        provider = connection.provider
        binding = cookies_of(request.scope["headers"]).get(cookie_of(provider.name), "")
        flow: Flow | None = None
        try:
            with busy():
                answer = read_answer(items)
                flow = await self._with.flows.take(answer.state, binding, provider.name)
                response = await self._taken(connection, request, flow, answer)
        except (SignInError, ProviderError) as error:
            onward = flow.next if flow is not None else "/"
            response = told_of(self._with, connection, request, error, onward)
        if flow is not None:  # else any site could end a sign-in that is under way
            set_binding(response, provider, "")
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _taken(
        self, connection: Connection, request: Request, flow: Flow, answer: AuthorizationAnswer
    ) -> Response:
        if answer.error:
            reason = "denied" if answer.error in DENIED else "provider_error"
            raise SignInError(reason, f"the provider answered {answer.error}")
        tokens, who = await self._with.redeem(
            connection, flow, code=answer.code, issuer=answer.issuer
        )
        return await self._purposes[flow.purpose](connection, request, flow, tokens, who)

    async def _enter(
        self,
        connection: Connection,
        request: Request,
        flow: Flow,
        tokens: Tokens,
        who: Claimed,
    ) -> Response:
        """Sign in, once the account's second factor was shown where it has one."""
        identities = self._identities
        user = await self._with.linking.enter(connection.provider, who)
        await self._with.keep(user.id, connection, tokens, who)
        carried = self._with.carried(user.id, connection, tokens, who)
        if await answers.ways_of(identities, user):
            ticket = await answers.ticket(identities, user, "session", [FACTOR], **carried)
            return asking_for_code(identities.policy.sign_in_page, ticket, flow.next)
        onward = RedirectResponse(flow.next, 303)
        await answers.with_session(
            identities,
            request,
            onward,
            user,
            [FACTOR],
            authenticated=who.auth_time,
            data=carried,
        )
        self._say(request, EventKind.SIGN_IN_SUCCEEDED, FACTOR, connection, user.id)
        return onward

    async def _link(
        self,
        connection: Connection,
        request: Request,
        flow: Flow,
        tokens: Tokens,
        who: Claimed,
    ) -> Response:
        """Link the provider to the account whose owner began this, in a session that still is there."""
        live = {one.id for one in await self._identities.sessions.of(flow.user_id)}
        if flow.session_id not in live:
            raise SignInError("session", "the session that began it has ended")
        try:
            user = await self._identities.active(flow.user_id)
        except CredentialError as error:
            raise SignInError(error.reason, error.message) from error
        await self._with.linking.link(connection.provider, who, user)
        await self._with.keep(user.id, connection, tokens, who)
        return RedirectResponse(flow.next, 303)

    async def _step_up(
        self,
        connection: Connection,
        request: Request,
        flow: Flow,
        tokens: Tokens,
        who: Claimed,
    ) -> Response:
        """Let the session count as one whose owner has just shown who they are."""
        del tokens
        identities = self._identities
        found = await identities.stores.external_identities.find(who.issuer, who.subject)
        if found is None or found.user_id != flow.user_id:
            raise SignInError("other_account", "somebody else signed in at the provider")
        value = cookies_of(request.scope["headers"]).get(identities.sessions.cookie, "")
        onward = RedirectResponse(flow.next, 303)
        try:
            if (await identities.sessions.verify(value)).id != flow.session_id:
                raise SignInError("session", "the browser has another session by now")
            new, session = await identities.sessions.rotate(value, factor=FACTOR)
        except CredentialError as error:
            raise SignInError("session", "the session that began it has ended") from error
        answers.set_session(identities, onward, new, session)
        self._say(request, EventKind.SIGN_IN_SUCCEEDED, "step_up", connection, flow.user_id)
        return onward

    def _say(
        self, request: Request, kind: EventKind, reason: str, connection: Connection, user_id: str
    ) -> None:
        self._identities.tell(
            SecurityEvent(
                kind=kind,
                reason=reason,
                message="Signed in with a provider",
                time=self._identities.clock(),
                client=answers.client_of(request),
                principal=user_id,
                detail={"provider": connection.provider.name},
            )
        )


def set_binding(response: Response, provider: Provider, value: str) -> None:
    """Set the cookie that binds a sign-in to its browser; take it away with an empty value."""
    # To a form that a provider's page sends, browsers add no other cookies than these.
    same_site = "None" if provider.response_mode == "form_post" else "Lax"
    age = int(LIFETIME) if value else 0
    response.headers.append(
        "Set-Cookie",
        f"{cookie_of(provider.name)}={value}; Max-Age={age}; Path=/; Secure; HttpOnly;"
        f" SameSite={same_site}",
    )


def told_of(
    sign_in_with: SignInWith,
    connection: Connection,
    request: Request,
    error: SignInError | ProviderError,
    onward: str,
) -> RedirectResponse:
    """Back to the page where people sign in, which is told one word; the security log is told why."""
    identities = sign_in_with.identities
    name = connection.provider.name
    detail = {"provider": name}
    if isinstance(error, ProviderError) and error.error:
        detail["error"] = error.error
    identities.tell_request(
        request, EventKind.SIGN_IN_FAILED, f"federated_{error.reason}", error.message, detail=detail
    )
    why = TOLD.get(error.reason, "failed")
    return to_page(identities.policy.sign_in_page, failed="1", provider=name, why=why, next=onward)

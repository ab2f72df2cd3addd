"""The authorization endpoint and its pages, step by step: sign-in, second factor, agreement, answer.

Threat: an agreement that its user never gave (RFC 9700, 4.16; CWE-352, CWE-1021), a request that changes between what was
shown and what is granted (see :mod:`.waiting`), an answer to an address that was not registered (CWE-601).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server import authorization, redirects
from buckler.guard.auth.oauth.server.authorization import AuthorizationRequest, Destination
from buckler.guard.auth.oauth.server.browser import ATTRIBUTES, Browser
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.decide import Need, SignedIn, decide
from buckler.guard.auth.oauth.server.issue import hinted_subject, issue
from buckler.guard.auth.oauth.server.pushed import PREFIX, parameters_of
from buckler.guard.auth.oauth.server.steps import Steps
from buckler.guard.auth.oauth.server.waiting import WaitingRequests
from buckler.guard.stores.oauth_records import Consent, PendingRequest

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

TICKET: Final = "__Host-oauth-step"
_GONE: Final = (
    "This request has expired or was answered. Go back to the application, and begin again."
)
_UNKNOWN: Final = (
    "The application that sent you here is not known, or asked for something that it may not."
)


class Interaction:
    """Leads somebody from a request to its answer.

    Args:
        server: Whose.
    """

    __slots__ = ("_server", "_waiting", "browser", "steps")

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server
        self.browser = Browser(server.identities)
        self.steps = Steps(server, self.browser)
        self._waiting = WaitingRequests(server, self.browser)

    async def begin(self, request: Request, parameters: Parameters) -> Response:
        """The answer to an authorization request.

        Raises:
            StoreError: Nobody knows.
        """
        server = self._server
        again = None
        if self.browser.left_cookies_out(request):
            again = redirects.by_get(self._path("authorize"), parameters.pairs())
        try:
            client = await self._client(parameters)
            if again is not None and parameters.get("request_uri", "").startswith(PREFIX):
                return again  # before what was pushed is used up
            parameters = await self._whole(parameters, client)
            where = authorization.destination(parameters, client)
        except OAuthError as error:
            return self.refused(request, error, parameters)
        try:
            asked = authorization.read(parameters, client, resources=server.known_resources)
            self._check_pushed(parameters, client)
            if again is not None:
                return again
            now = server.clock()
            signed_in = await self.browser.signed_in(request)
            need = await self._need(asked, signed_in, begun=now)
            if need is Need.NOTHING and signed_in is not None:
                return await issue(server, request, asked, signed_in)
        except OAuthError as error:
            if not await self._is_trusted(request, client):
                return self.refused(request, error, parameters)
            return self._sent_back(request, where, error, client)
        return await self._waiting.keep(request, parameters, client)

    async def resume(self, request: Request, request_id: str) -> Response:
        """The page that a request needs next, or its answer."""
        found = await self._waiting.find(request, request_id)
        if found is None:
            return self.steps.problem(_GONE, 400)
        pending, asked = found
        where = _where(asked)
        try:
            signed_in = await self.browser.signed_in(request)
            need = await self._need(asked, signed_in, begun=float(pending.data["begun"]))
            if need is Need.NOTHING and signed_in is not None:
                return await self._finish(request, pending, asked, signed_in)
        except OAuthError as error:
            return self._sent_back(request, where, error, asked.client)
        return await self.steps.page(request_id, asked, need, signed_in)

    async def sign_in(self, request: Request, form: Parameters) -> Response:
        """Take a name and a password; on to what is next."""
        request_id = form.get("request", "")
        found = await self._waiting.find(request, request_id)
        if found is None:
            return self.steps.problem(_GONE, 400)
        pending, asked = found
        if "cancel" in form:
            return await self._denied(request, pending, asked)
        onward = redirects.to(self._path("continue"), request=request_id)
        try:
            entered = await self._server.identities.forms.sign_in(
                request, onward, form.get("name", ""), form.get("password", "")
            )
        except CredentialError:
            return await self.steps.page(request_id, asked, Need.SIGN_IN, None, failed=True)
        if entered.status != "signed_in":
            cookie = f"{TICKET}={entered.ticket}; Max-Age=300; {ATTRIBUTES}"
            onward = redirects.to(self._path("second-factor"), request=request_id)
            onward.headers.append("Set-Cookie", cookie)
        return onward

    async def second_factor_page(self, request: Request, request_id: str) -> Response:
        """The page that asks for a code between the two steps of a sign-in."""
        found = await self._waiting.find(request, request_id)
        if found is None:
            return self.steps.problem(_GONE, 400)
        return await self.steps.page(request_id, found[1], Need.SECOND_FACTOR, None)

    async def second_factor(self, request: Request, form: Parameters) -> Response:
        """Take a code: the second step of a sign-in, or a factor that an ``acr`` wants of who is signed in."""
        request_id = form.get("request", "")
        found = await self._waiting.find(request, request_id)
        if found is None:
            return self.steps.problem(_GONE, 400)
        pending, asked = found
        if "cancel" in form:
            return await self._denied(request, pending, asked)
        onward = redirects.to(self._path("continue"), request=request_id)
        ticket = cookies_of(request.scope["headers"]).get(TICKET, "")
        code = form.get("code", "")
        try:
            if ticket:
                await self._server.identities.forms.second_factor(
                    request, onward, ticket[:500], code
                )
                onward.headers.append("Set-Cookie", f"{TICKET}=; Max-Age=0; {ATTRIBUTES}")
            else:
                await self._step_up(request, pending, asked, onward, code)
        except CredentialError:
            return await self.steps.page(request_id, asked, Need.SECOND_FACTOR, None, failed=True)
        return onward

    async def consent(self, request: Request, form: Parameters) -> Response:
        """Take a decision; the answer goes to the client."""
        request_id = form.get("request", "")
        found = await self._waiting.find(request, request_id)
        if found is None:
            return self.steps.problem(_GONE, 400)
        pending, asked = found
        signed_in = await self.browser.signed_in(request)
        token = form.get("token", "")
        if signed_in is None or not self.browser.is_token(token, request_id, signed_in.session):
            # Somebody else signed in since the page was shown, or the form is not of our page.
            self._server.tell(
                request,
                EventKind.ORIGIN_REFUSED,
                "consent",
                "An agreement did not come of its page",
                client=asked.client.id,
                status=303,
            )
            return redirects.to(self._path("continue"), request=request_id)
        if form.get("decision") != "allow":
            return await self._denied(request, pending, asked)
        where = _where(asked)
        try:
            need = await self._need(
                asked, signed_in, begun=float(pending.data["begun"]), agreed=True
            )
            if need is not Need.NOTHING:
                return redirects.to(self._path("continue"), request=request_id)
            await self._agreed(asked, signed_in)
            return await self._finish(request, pending, asked, signed_in)
        except OAuthError as error:
            return self._sent_back(request, where, error, asked.client)

    def refused(
        self, request: Request, error: OAuthError, parameters: Parameters | None = None
    ) -> Response:
        """The page for what cannot go back to a client: it or its address is not known."""
        named = parameters.get("client_id", "") if parameters is not None else ""
        self._server.tell(
            request,
            EventKind.ACCESS_REFUSED,
            error.reason,
            "An authorization request was refused",
            status=400,
            client=named,
        )
        return self.steps.pages.page(
            "error",
            status=400,
            sentence=_UNKNOWN,
            error=error.error,
            detail=error.description,
        )

    async def _client(self, parameters: Parameters) -> OAuthClient:
        client = await self._server.clients.get(parameters.need("client_id"))
        if client is None:
            raise OAuthError("invalid_request", "the client is unknown", reason="unknown_client")
        return client

    async def _is_trusted(self, request: Request, client: OAuthClient) -> bool:
        """Whether an error may go on from here: else whoever registers an address has a redirect to it (RFC 9700, 4.11.2)."""
        signed_in = await self.browser.signed_in(request) if client.self_registered else None
        if signed_in is None:
            return not client.self_registered
        return await self._server.store.consents.get(signed_in.user_id, client.id) is not None

    async def _whole(self, parameters: Parameters, client: OAuthClient) -> Parameters:
        """The parameters, those that were pushed in their place (RFC 9126, 4)."""
        uri = parameters.get("request_uri", "")
        if not uri.startswith(PREFIX):
            return parameters
        return await parameters_of(self._server, uri, client)

    def _check_pushed(self, parameters: Parameters, client: OAuthClient) -> None:
        required = client.require_par or self._server.policy.require_par
        if required and not getattr(parameters, "pushed", False):
            raise OAuthError(
                "invalid_request", "this client pushes its requests", reason="not_pushed"
            )

    async def _need(
        self,
        asked: AuthorizationRequest,
        signed_in: SignedIn | None,
        *,
        begun: float,
        agreed: bool = False,
    ) -> Need:
        server = self._server
        consent = None
        if signed_in is not None and not asked.client.first_party:
            consent = await server.store.consents.get(signed_in.user_id, asked.client.id)
        return decide(
            asked,
            server.policy,
            signed_in=signed_in,
            consent=consent,
            now=server.clock(),
            begun=begun,
            hinted=hinted_subject(server, asked),
            agreed=agreed,
            second_factor=server.identities.policy.second_factor,
        )

    async def _finish(
        self,
        request: Request,
        pending: PendingRequest,
        asked: AuthorizationRequest,
        signed_in: SignedIn,
    ) -> Response:
        """Take the request, once, and answer it."""
        if not await self._waiting.take(pending):
            return self.steps.problem(_GONE, 400)
        return await issue(self._server, request, asked, signed_in)

    async def _denied(
        self, request: Request, pending: PendingRequest, asked: AuthorizationRequest
    ) -> Response:
        if not await self._waiting.take(pending):
            return self.steps.problem(_GONE, 400)
        error = OAuthError("access_denied", "they did not agree", reason="denied")
        return self._sent_back(request, _where(asked), error, asked.client)

    async def _agreed(self, asked: AuthorizationRequest, signed_in: SignedIn) -> None:
        """Remember an agreement, added to what was agreed to before."""
        store = self._server.store.consents
        before = await store.get(signed_in.user_id, asked.client.id)
        scopes, resources = frozenset((*asked.scopes, *asked.named)), frozenset(asked.resources)
        if before is not None:
            scopes, resources = scopes | before.scopes, resources | before.resources
        await store.put(
            Consent(
                user_id=signed_in.user_id,
                client_id=asked.client.id,
                scopes=scopes,
                resources=resources,
                given=self._server.clock(),
            )
        )

    async def _step_up(
        self,
        request: Request,
        pending: PendingRequest,
        asked: AuthorizationRequest,
        onward: Response,
        code: str,
    ) -> None:
        """Take a further factor of who is signed in; the session gets another cookie.

        Raises:
            CredentialError: The code does not count, nobody is signed in, or a whole sign-in is what is needed.
        """
        from buckler.guard.auth.routes import answers

        identities = self._server.identities
        signed_in = await self.browser.signed_in(request)
        if signed_in is None:
            raise CredentialError("unknown", "nobody is signed in")
        try:
            need = await self._need(asked, signed_in, begun=float(pending.data["begun"]))
        except OAuthError as error:
            raise CredentialError("not_asked", "no second factor is needed") from error
        if need is not Need.SECOND_FACTOR:
            raise CredentialError("not_asked", "a second factor does not stand for a sign-in")
        factor = await identities.factors.verify(
            signed_in.user_id, code, client=answers.client_of(request)
        )
        value = cookies_of(request.scope["headers"])[identities.sessions.cookie]
        new, session = await identities.sessions.rotate(value, factor=factor)
        answers.set_session(identities, onward, new, session)

    def _sent_back(
        self, request: Request, where: Destination, error: OAuthError, client: OAuthClient
    ) -> Response:
        self._server.tell(
            request,
            EventKind.ACCESS_REFUSED,
            error.reason,
            "An authorization request was answered with an error",
            client=client.id,
            status=303,
        )
        return redirects.refusal(where, self._server.issuer, error)

    def _path(self, name: str) -> str:
        return self._server.path(name)


def _where(asked: AuthorizationRequest) -> Destination:
    return Destination(
        redirect_uri=asked.redirect_uri, response_mode=asked.response_mode, state=asked.state
    )

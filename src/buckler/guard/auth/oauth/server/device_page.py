"""The page where somebody types a device's code and agrees (RFC 8628, 3.3).

Threat: codes that are tried one after the other (5.1: few tries for each address and account), a code that is sent to
somebody who is signed in and only presses a button (5.4): it has to be confirmed beside what asks, and for what.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server import device, redirects
from buckler.guard.auth.oauth.server.browser import ATTRIBUTES
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.decide import SignedIn, lacks_factor
from buckler.guard.auth.oauth.server.interaction import TICKET, Interaction
from buckler.guard.auth.oauth.server.issue import session_name
from buckler.guard.auth.oauth.server.pages import in_words
from buckler.guard.stores.oauth_records import DeviceRequest, Grant

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

_SHORT: Final = "Sign in with a second factor first; then open this page again."


class DevicePage:
    """Leads somebody from a code to their decision.

    Args:
        server: Whose.
        interaction: The pages of it.
    """

    __slots__ = ("_browser", "_pages", "_server")

    def __init__(self, server: AuthorizationServer, interaction: Interaction) -> None:
        self._server = server
        self._browser = interaction.browser
        self._pages = interaction.steps.pages

    async def show(self, request: Request, parameters: Parameters) -> Response:
        """The page for whoever comes: sign-in first, then the code, then what it is for."""
        typed = parameters.get("user_code", "")
        signed_in = await self._browser.signed_in(request)
        if signed_in is None:
            return self._page("sign_in", user_code=typed[:20])
        if self._is_short(signed_in):
            return self._pages.page("error", status=403, sentence=_SHORT, error="", detail="")
        if not typed:
            return self._page("code")
        found = await self._found(typed)
        if found is None:
            return self._page("code", failed=True, status=400)
        return await self._agree(typed, *found, signed_in)

    async def sign_in(self, request: Request, form: Parameters) -> Response:
        """Take a name and a password, or the code of their second step."""
        forms = self._server.identities.forms
        typed = form.get("user_code", "")[:20]
        onward = redirects.to(self._path, **({"user_code": typed} if typed else {}))
        ticket = cookies_of(request.scope["headers"]).get(TICKET, "")
        try:
            if "code" in form and ticket:
                await forms.second_factor(request, onward, ticket[:500], form["code"])
                onward.headers.append("Set-Cookie", f"{TICKET}=; Max-Age=0; {ATTRIBUTES}")
                return onward
            entered = await forms.sign_in(
                request, onward, form.get("name", ""), form.get("password", "")
            )
        except CredentialError:
            step = "second" if "code" in form else "sign_in"
            return self._page(step, failed=True, status=401, user_code=typed)
        if entered.status == "signed_in":
            return onward
        answer = self._page("second", user_code=typed)
        answer.headers.append("Set-Cookie", f"{TICKET}={entered.ticket}; Max-Age=300; {ATTRIBUTES}")
        return answer

    async def decide(self, request: Request, form: Parameters) -> Response:
        """Take a decision; the device learns it when it asks next."""
        typed = form.get("user_code", "")
        signed_in = await self._browser.signed_in(request)
        found = await self._found(typed)
        if found is None or signed_in is None or self._is_short(signed_in):
            return self._page("code", failed=True, status=400)
        waiting, client = found
        token = form.get("token", "")
        if not self._browser.is_token(token, waiting.digest, signed_in.session):
            return await self._agree(typed, waiting, client, signed_in)
        store = self._server.store
        if form.get("decision") != "allow":
            decided = await store.devices.decide(waiting.digest, "denied")
            return self._done(decided, "Denied", "The device was not allowed. Close this page.")
        # With its grant at once: a store that fails in between leaves neither.
        grant = self._grant(waiting, signed_in)
        await self._server.clients.use(client)
        decided = await store.devices.decide(waiting.digest, "approved", grant)
        if decided:
            self._server.tell(
                request,
                EventKind.CONSENT_GIVEN,
                "device",
                "A device was allowed to act for an account",
                client=client.id,
                subject=signed_in.user_id,
                scopes=waiting.data.get("scope", ""),
            )
        return self._done(decided, "Allowed", "Go back to the device. This page can be closed.")

    def _is_short(self, signed_in: SignedIn) -> bool:
        """Whether a second factor is missing where everybody shows one."""
        return self._server.identities.policy.second_factor and lacks_factor(signed_in)

    def _grant(self, waiting: DeviceRequest, signed_in: SignedIn) -> Grant:
        now = self._server.clock()
        return Grant(
            id=secrets.token_urlsafe(16),
            client_id=waiting.client_id,
            user_id=signed_in.user_id,
            session=session_name(signed_in.session),
            created=now,
            expires=now + self._server.policy.refresh_absolute,
            scopes=frozenset(waiting.data.get("scope", "").split()),
            resources=frozenset(waiting.data.get("resources", "").split()),
            factors=signed_in.factors,
            authenticated=signed_in.authenticated,
            binding=f"jkt:{waiting.data['jkt']}" if waiting.data.get("jkt") else "",
        )

    async def _found(self, typed: str) -> tuple[DeviceRequest, OAuthClient] | None:
        code = device.normal(typed)
        if not code:
            return None
        found = await self._server.store.devices.by_user_code(device.kept_as(code))
        if found is None or found.status != "pending" or found.expires <= self._server.clock():
            return None
        client = await self._server.clients.get(found.client_id)
        return None if client is None else (found, client)

    async def _agree(
        self, typed: str, waiting: DeviceRequest, client: OAuthClient, signed_in: SignedIn
    ) -> Response:
        described = self._server.policy.described()
        user = await self._server.identities.user(signed_in.user_id)
        code = device.normal(typed)
        return self._page(
            "agree",
            client=client,
            user_name=user.name,
            user_code=f"{code[:4]}-{code[4:]}",
            token=self._browser.token(waiting.digest, signed_in.session),
            sentences=[
                described.get(one, one)
                for name in ("scope", "resources")
                for one in waiting.data.get(name, "").split()
            ],
        )

    def _done(self, decided: bool, heading: str, sentence: str) -> Response:
        if not decided:
            heading, sentence = "Too late", "This code was answered already, or has expired."
        return self._pages.page("done", heading=heading, sentence=sentence)

    def _page(
        self, step: str, *, status: int = 200, failed: bool = False, **values: Any
    ) -> Response:
        whole: dict[str, Any] = {
            "client": None,
            "user_name": "",
            "user_code": "",
            "token": "",
            "sentences": [],
            "lifetime": in_words(self._server.policy.refresh_absolute),
        }
        return self._pages.page(
            "device",
            status=status,
            step=step,
            failed=failed,
            action=self._path,
            **{**whole, **values},
        )

    @property
    def _path(self) -> str:
        return self._server.path("device")

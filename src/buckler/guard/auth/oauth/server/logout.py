"""Signing out from a client (OpenID Connect RP-Initiated Logout 1.0), told to all of them (Back-Channel Logout 1.0).

Threat: a redirect after the sign-out to wherever a parameter says (CWE-601), a page of another site that signs somebody out
(CWE-352: without a hint they are asked), sessions at clients that go on (CWE-613; ASVS 5.0 V7.4, V10.6.2).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import anyio
from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.audit.events import EventKind
from buckler.guard.auth.mail import behind
from buckler.guard.auth.oauth import signed
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server import redirects
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.auth.oauth.server.decide import SignedIn
from buckler.guard.auth.oauth.server.interaction import Interaction
from buckler.guard.auth.oauth.server.issue import own_id_token, session_name
from buckler.guard.stores.oauth_records import Grant
from buckler.guard.stores.records import Session

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME: Final = 120
"""Seconds that a logout token counts (Back-Channel Logout 1.0, 2.4: two minutes at most are recommended)."""
TIMEOUT: Final = 5.0
KEPT: Final = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


class Logout:
    """Ends sessions.

    Args:
        server: Whose.
        interaction: Its pages.
    """

    __slots__ = ("_browser", "_pages", "_server", "_under_way")

    def __init__(self, server: AuthorizationServer, interaction: Interaction) -> None:
        self._server = server
        self._browser = interaction.browser
        self._pages = interaction.steps.pages
        self._under_way = 0
        endings = server.identities.endings
        endings.application.append(self.drain)
        endings.signed_out.append(self._session_ended)
        endings.everywhere.append(self._all_ended)

    async def begin(self, request: Request, parameters: Parameters) -> Response:
        """Sign out, or ask whether that is wanted.

        Raises:
            OAuthError: The hint or the address is none of the client's.
        """
        client, subject, session = await self._hinted(parameters)
        target = _target(client, parameters)
        if self._browser.left_cookies_out(request):
            return self._by_get(parameters, client)
        signed_in = await self._browser.signed_in(request)
        if signed_in is None:
            return self._ended(target)
        meant = subject == signed_in.user_id and session in (
            "",
            session_name(signed_in.session),
        )
        if subject and meant:
            return await self._end(request, target)
        return self._ask(parameters, signed_in, target)

    async def confirm(self, request: Request, form: Parameters) -> Response:
        """Sign out who pressed the button.

        Raises:
            OAuthError: As of :meth:`begin`.
        """
        client, _, _ = await self._hinted(form)
        target = _target(client, form)
        signed_in = await self._browser.signed_in(request)
        if signed_in is None:
            return self._ended(target)
        if not self._browser.is_token(form.get("token", ""), "logout", signed_in.session):
            return self._ask(form, signed_in, target)
        if form.get("decision") != "yes":
            return self._pages.page("done", heading="Still signed in", sentence="Nothing changed.")
        return await self._end(request, target)

    def _by_get(self, parameters: Parameters, client: OAuthClient | None) -> Response:
        """The same by GET, which the cookies come with: else a session would go on that its client believes to be over."""
        path = self._server.path("logout")
        kept = {name: parameters[name] for name in KEPT if name in parameters}
        again = redirects.by_get(path, kept.items())
        if again is None:
            # Without the hint, which is the long one of them, they are asked.
            kept.pop("id_token_hint", None)
            again = redirects.to(
                path, **{**kept, **({} if client is None else {"client_id": client.id})}
            )
        return again

    async def _hinted(self, parameters: Parameters) -> tuple[OAuthClient | None, str, str]:
        """The client that asks, and the account and session that its hint names."""
        server = self._server
        named = parameters.get("client_id", "")
        subject = session = ""
        hint = parameters.get("id_token_hint")
        if hint is not None:
            claims = own_id_token(server, hint)
            subject, session = str(claims.get("sub", "")), str(claims.get("sid", ""))
            if named not in ("", claims.get("aud")):
                raise OAuthError("invalid_request", "the hint is another client's", reason="hint")
            named = str(claims.get("aud", ""))
        client = await server.clients.get(named) if named else None
        if named and client is None:
            raise OAuthError("invalid_request", "the client is unknown", reason="unknown_client")
        return client, subject, session

    async def _end(self, request: Request, target: str) -> Response:
        answer = self._ended(target)
        await self._server.identities.forms.sign_out(request, answer)
        return answer

    async def _session_ended(self, session: Session) -> None:
        """End what was granted in a session, but for what works while its user is away, and tell the clients."""
        store = self._server.store.grants
        await self._told_of([*await store.of_session(session_name(session.id))])

    async def _all_ended(self, user_id: str, but: str) -> None:
        """End all that was granted but in the session that stays, what works while somebody is away included."""
        stays = session_name(but) if but else ""
        found = await self._server.store.grants.of(user_id)
        await self._told_of(
            [one for one in found if not but or one.session != stays], everything=True
        )

    async def _told_of(self, grants: Sequence[Grant], *, everything: bool = False) -> None:
        server = self._server
        told: set[tuple[str, str]] = set()
        for grant in grants:
            if everything or "offline_access" not in grant.scopes:
                await server.revoke(grant)
            whom = grant.client_id, grant.session
            if whom in told or not grant.session:
                continue
            told.add(whom)
            client = await server.clients.get(grant.client_id)
            if client is not None and client.backchannel_logout_uri:
                self._under_way += 1
                behind(self._tell, client, grant)

    async def drain(self) -> None:
        """Wait until all clients were told: at the end of the application."""
        while self._under_way:
            await anyio.sleep(0.01)

    async def _tell(self, client: OAuthClient, grant: Grant) -> None:
        """Tell a client that a session ended (Back-Channel Logout 1.0, 2.5); one that cannot be reached is told of."""
        from buckler.guard.egress import async_safe_client

        server = self._server
        token = self.token(client, grant)
        body = urlencode({"logout_token": token})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reason = ""
        try:
            async with async_safe_client(server.policy.egress) as http:
                answer = await http.post(
                    client.backchannel_logout_uri,
                    content=body,
                    headers=headers,
                    timeout=TIMEOUT,
                    follow_redirects=False,
                )
            if answer.status_code not in (200, 204):
                reason = f"status_{answer.status_code}"
        except Exception as error:  # of whichever client of HTTP is installed
            server.log.exception("a client could not be told that a session ended")
            reason = type(error).__name__
        finally:
            self._under_way -= 1
        if reason:
            server.identities.told(
                EventKind.FAILED,
                "backchannel_logout",
                "A client could not be told that a session ended",
                grant.user_id,
                client=client.id,
                why=reason,
            )

    def token(self, client: OAuthClient, grant: Grant) -> str:
        """A logout token (Back-Channel Logout 1.0, 2.4)."""
        server = self._server
        now = int(server.clock())
        return signed.sign(
            server.keys.signing(client.id_token_alg),
            signed.LOGOUT,
            {
                "iss": server.issuer,
                "sub": grant.user_id,
                "aud": client.id,
                "iat": now,
                "exp": now + LIFETIME,
                "jti": secrets.token_urlsafe(16),
                "sid": grant.session,
                "events": {EVENT: {}},
            },
        )

    def _ask(self, parameters: Parameters, signed_in: SignedIn, target: str) -> Response:
        return self._pages.page(
            "sign_out",
            form_action=redirects.source_of(target) if target else "",
            action=self._server.path("logout/confirm"),
            kept={name: parameters[name] for name in KEPT if name in parameters},
            token=self._browser.token("logout", signed_in.session),
        )

    def _ended(self, target: str) -> Response:
        if not target:
            return self._pages.page(
                "done", heading="Signed out", sentence="You are signed out here."
            )
        response = Response(status_code=303, headers=redirects.UNKEPT)
        response.headers["Location"] = target
        return response


def _target(client: OAuthClient | None, parameters: Parameters) -> str:
    """Where to go after it: an address that the client registered, with the state; empty for none.

    Raises:
        OAuthError: ``invalid_request``: it is another one.
    """
    asked = parameters.get("post_logout_redirect_uri")
    if asked is None:
        return ""
    if client is None or asked not in client.post_logout_redirect_uris:
        raise OAuthError(
            "invalid_request",
            "post_logout_redirect_uri is not registered",
            reason="redirect_uri",
        )
    state = parameters.get("state")
    if state is None:
        return asked
    return f"{asked}{'&' if '?' in asked else '?'}{urlencode({'state': state})}"

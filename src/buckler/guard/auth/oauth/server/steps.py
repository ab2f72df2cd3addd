"""The page for each step that somebody is led through."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import Response

from buckler.guard.auth.oauth.server import redirects
from buckler.guard.auth.oauth.server.authorization import AuthorizationRequest
from buckler.guard.auth.oauth.server.browser import Browser
from buckler.guard.auth.oauth.server.decide import Need, SignedIn
from buckler.guard.auth.oauth.server.issue import lifetime
from buckler.guard.auth.oauth.server.pages import Pages, in_words

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


class Steps:
    """Shows what a request needs next.

    Args:
        server: Whose.
        browser: Makes the tokens of forms.
    """

    __slots__ = ("_browser", "_server", "pages")

    def __init__(self, server: AuthorizationServer, browser: Browser) -> None:
        self._server = server
        self._browser = browser
        self.pages = Pages(
            server.policy.templates,
            server.path("style.css"),
            service=server.identities.service,
        )

    async def page(
        self,
        request_id: str,
        asked: AuthorizationRequest,
        need: Need,
        signed_in: SignedIn | None,
        *,
        failed: bool = False,
    ) -> Response:
        """The page for what is needed.

        Args:
            request_id: Names the request in the form.
            asked: What the client asks.
            need: What is next.
            signed_in: Who is, where they have to agree.
            failed: Whether the last try did not count.
        """
        if need is Need.CONSENT and signed_in is not None:
            return await self._consent(request_id, asked, signed_in)
        signing_in = need is Need.SIGN_IN
        return self.pages.page(
            "sign_in" if signing_in else "second_factor",
            status=401 if failed else 200,
            form_action=redirects.source_of(asked.redirect_uri),
            action=self._path("sign-in" if signing_in else "second-factor"),
            failed=failed,
            hint=asked.login_hint[:320],
            request_id=request_id,
            client=asked.client,
        )

    def problem(self, sentence: str, status: int) -> Response:
        """The page that says why it cannot go on."""
        return self.pages.page("error", status=status, sentence=sentence, error="", detail="")

    async def _consent(
        self, request_id: str, asked: AuthorizationRequest, signed_in: SignedIn
    ) -> Response:
        user = await self._server.identities.user(signed_in.user_id)
        described = self._server.policy.described()
        return self.pages.page(
            "consent",
            form_action=redirects.source_of(asked.redirect_uri),
            action=self._path("consent"),
            request_id=request_id,
            client=asked.client,
            token=self._browser.token(request_id, signed_in.session),
            user_name=user.name,
            # One that nothing describes is shown by its name: nothing is allowed unseen.
            sentences=[described.get(one, one) for one in (*asked.scopes, *asked.named)],
            lifetime=in_words(lifetime(self._server, asked.client)),
            scopes=asked.scopes,
            resources=asked.resources,
            destination=urlsplit(asked.redirect_uri).netloc or asked.redirect_uri,
        )

    def _path(self, name: str) -> str:
        return self._server.path(name)

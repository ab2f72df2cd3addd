"""Who is signed in with a browser, and that a page was made for this browser and this sign-in.

Threat: an agreement that somebody else's page sends (CWE-352; RFC 9700, 4.16), a request that is begun in one browser and
finished in another one, so that a stranger's account is linked (login CSRF; ASVS 5.0 V10.4.5).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from buckler.guard.auth.credentials import cookies_of
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.oauth.server.decide import SignedIn

if TYPE_CHECKING:
    from buckler.guard.auth.identities import Identities

COOKIE: Final = "__Host-oauth"
LONGEST: Final = 100
ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"
"""Of cookies: for this host alone, over an encrypted connection, out of reach of scripts."""


class Browser:
    """What is known of the browser that sends requests.

    Args:
        identities: Of the application.
    """

    __slots__ = ("_identities", "_key")

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._key = identities.derived("oauth pages")

    async def signed_in(self, request: Request) -> SignedIn | None:
        """Who is, or None.

        Raises:
            StoreError: Nobody knows.
        """
        identities = self._identities
        value = cookies_of(request.scope["headers"]).get(identities.sessions.cookie)
        if value is None:
            return None
        try:
            session = await identities.sessions.verify(value)
            user = await identities.active(session.user_id)
        except CredentialError:  # nobody is
            return None
        if session.created < user.valid_from:
            return None
        return SignedIn(
            user_id=user.id,
            session=session.id,
            factors=session.factors,
            authenticated=session.authenticated,
            ways=await identities.second_factors(user.id),
        )

    def mark(self, request: Request, response: Response) -> str:
        """What names this browser, left with it if it has none yet."""
        found = self.name(request)
        if not found:
            found = secrets.token_urlsafe(32)
            response.headers.append("Set-Cookie", f"{COOKIE}={found}; {ATTRIBUTES}")
        return digest(found)

    def left_cookies_out(self, request: Request) -> bool:
        """Whether a form came without any cookie of ours, as a browser sends one of another site's page (``SameSite=Lax``).

        Who is signed in is not known then: the same request by GET says it (RFC 6265bis, 5.6.7.1).
        """
        ours = {COOKIE, self._identities.sessions.cookie}
        return request.method == "POST" and ours.isdisjoint(cookies_of(request.scope["headers"]))

    def is_same(self, request: Request, mark: str) -> bool:
        """Whether a request is of the browser that :meth:`mark` named."""
        found = self.name(request)
        return bool(found) and hmac.compare_digest(digest(found), mark)

    def name(self, request: Request) -> str:
        """The value of the cookie, or empty."""
        return cookies_of(request.scope["headers"]).get(COOKIE, "")[:LONGEST]

    def token(self, request_id: str, session: str) -> str:
        """What a form carries so that it counts for one request and one sign-in alone."""
        mac = hmac.digest(self._key, f"{request_id}\0{session}".encode(), hashlib.sha256)
        return base64url.encode(mac).decode("ascii")

    def is_token(self, token: str, request_id: str, session: str) -> bool:
        """Whether a form came of the page for this request and this sign-in."""
        came = token.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(came, self.token(request_id, session).encode())


def digest(value: str) -> str:
    """What is kept of a browser's name."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()

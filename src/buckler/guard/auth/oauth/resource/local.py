"""The authorization server in this same process: nobody is asked over the network.

Threat: a token that was revoked, or whose account was disabled, and counts until it expires, since the server of
resources reads nothing but its signature (CWE-613; RFC 7009, 3; ASVS 5.0 V7.4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from buckler.guard.auth.oauth.resource.access_token import AccessToken, made, refused, unavailable
from buckler.guard.auth.oauth.resource.interface import Setting
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.oauth_interface import Replays

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer


class LocalIssuer:
    """An :class:`~buckler.guard.auth.oauth.server.server.AuthorizationServer` whose tokens are taken here.

    Its store is asked at each request, so that what is revoked counts no more at once.

    Args:
        server: Of this application.

    Attributes:
        issuer: Its name.
        authorization_endpoint: Where ``/docs`` signs in.
        token_endpoint: The same.
    """

    opaque = True

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server
        self.issuer = server.issuer
        self.authorization_endpoint = server.url("authorize")
        self.token_endpoint = server.url("token")

    @property
    def replays(self) -> Replays:
        """Where proofs are remembered that came, at the server and here."""
        return self._server.store.replays

    def reader(self, setting: Setting) -> LocalReader:
        """What reads its tokens."""
        return LocalReader(self._server, setting.audience)


class LocalReader:
    """Looks tokens up; see :class:`~buckler.guard.auth.oauth.resource.interface.TokenReader`.

    Args:
        server: Of this application.
        audience: A token has to name one of these.
    """

    __slots__ = ("_audience", "_server")

    def __init__(self, server: AuthorizationServer, audience: tuple[str, ...]) -> None:
        self._server = server
        self._audience = audience

    async def read(self, token: str) -> AccessToken:
        """What a token says, if it counts."""
        from buckler.guard.auth.oauth.server.found import find

        try:
            await self._server.ready()
            found = await find(self._server, token)
        except StoreError as error:
            raise unavailable("store", "nobody knows whether the token counts") from error
        if found is None:
            raise refused("inactive", "the token does not count")
        if found.refresh:
            raise refused("type", "a refresh token is no access token")
        audience = _audience(found.claims)
        if not any(one in audience for one in self._audience):
            raise refused("audience", "the token is for somebody else")
        return made(
            found.claims,
            issuer=self._server.issuer,
            audience=audience,
            expires=float(found.claims["exp"]),
        )


def _audience(claims: Mapping[str, Any]) -> tuple[str, ...]:
    stated = claims.get("aud", ())
    return (stated,) if isinstance(stated, str) else tuple(stated)

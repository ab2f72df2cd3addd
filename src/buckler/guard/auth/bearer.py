"""Access tokens in ``Authorization: Bearer`` (RFC 6750, 2.1); in a form or an address they are not looked for."""

from __future__ import annotations

from typing import Any

from buckler.guard.auth.credentials import Credentials, Headers, Identity
from buckler.guard.auth.jwt.claims import Claims
from buckler.guard.auth.jwt.verifier import TokenVerifier
from buckler.guard.auth.principal import Scheme


class BearerAuthenticator:
    """Tokens that the application issued.

    Args:
        verifier: Checks them.
        token_url: Where ``/docs`` gets one with a name and a password.
    """

    scheme: Scheme = "bearer"
    challenge = "Bearer"

    def __init__(self, verifier: TokenVerifier, *, token_url: str = "") -> None:
        self._verifier = verifier
        self._token_url = token_url

    def came(self, credentials: Credentials) -> bool:
        """Whether one came."""
        return credentials.kind == "bearer"

    async def identify(self, credentials: Credentials) -> Identity:
        """Whose it is."""
        return identity(await self._verifier.averify(credentials.value))

    async def settle(
        self, credentials: Credentials, identity: Identity, roles: frozenset[str]
    ) -> Headers:
        """Nothing: the credential stays as it is."""
        return ()

    def declared(self) -> Any:
        """For OpenAPI."""
        from fastapi.openapi.models import HTTPBearer, OAuth2, OAuthFlowPassword, OAuthFlows

        if not self._token_url:
            return HTTPBearer(bearerFormat="JWT")
        return OAuth2(flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl=self._token_url)))


def identity(claims: Claims) -> Identity:
    """Whom a token names."""
    shown = claims.values.get("amr", ())
    when = claims.values.get("auth_time", 0)
    return Identity(
        user_id=claims.subject,
        scheme="bearer",
        # A date of whole seconds: one issued in the second of a sign-out is caught by its session's revocation.
        issued=(claims.issued or 0.0) + 1.0,
        credential=claims.session,
        token_ids=tuple(one for one in (claims.id, claims.session) if one),
        scopes=claims.scopes,
        factors=frozenset(str(one) for one in shown) if isinstance(shown, tuple) else frozenset(),
        authenticated=float(when) if isinstance(when, int | float) else 0.0,
    )

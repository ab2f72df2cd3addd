"""Access tokens and ID tokens of the server.

Threat: a token that counts where it was not meant to (RFC 9068, 3; RFC 8707; ASVS 5.0 V10.3.1, V10.4), one that is not
bound to its holder though it should be (RFC 9449, RFC 8705), an ID token that is taken for another's (OpenID Connect
Core 1.0, 2 and 3.1.3.7).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.oauth import signed
from buckler.guard.auth.oauth.json_text import encoded
from buckler.guard.auth.oauth.server.client import OAuthClient
from buckler.guard.stores.oauth_records import Grant, OpaqueToken

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.server.server import AuthorizationServer

PREFIX: Final = "bat_"
"""Of opaque access tokens, so that secret scanners know them."""
ACR: Final = "acr"
"""Where a grant keeps it."""
METHODS: Final = {
    "password": "pwd",
    "totp": "otp",
    "recovery": "otp",
    "passkey": "hwk",
    "federated": "fed",
}
"""Factors in the words of RFC 8176, 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What an access token says.

    Attributes:
        client: Whose.
        subject: ``sub``: an account, or the client for itself.
        scopes: That it has.
        audience: That it is for.
        grant: What it came of, or None.
        binding: ``jkt:`` or ``x5t:`` and a thumbprint, or empty.
        lifetime: Seconds.
        extra: Further claims.
    """

    client: OAuthClient
    subject: str
    scopes: Sequence[str]
    audience: Sequence[str]
    grant: Grant | None = None
    binding: str = ""
    lifetime: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)


def amr(factors: frozenset[str]) -> list[str]:
    """Factors in the words of RFC 8176."""
    found = sorted({METHODS[one] for one in factors if one in METHODS})
    return [*found, "mfa"] if len(found) > 1 else found


def confirmation(binding: str) -> dict[str, str]:
    """The claim ``cnf`` of a binding (RFC 9449, 6.1; RFC 8705, 3.1)."""
    kind, _, thumbprint = binding.partition(":")
    return {"jkt" if kind == "jkt" else "x5t#S256": thumbprint}


class TokenMint:
    """Makes tokens.

    Args:
        server: Whose.
    """

    __slots__ = ("_server",)

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server

    def claims(self, token: AccessToken) -> dict[str, Any]:
        """What a token says (RFC 9068, 2.2)."""
        server = self._server
        now = int(server.clock())
        audience = list(token.audience)
        said: dict[str, Any] = {
            "iss": server.issuer,
            "sub": token.subject,
            "aud": audience[0] if len(audience) == 1 else audience,
            "client_id": token.client.id,
            "iat": now,
            "exp": now + max(1, int(token.lifetime or server.policy.access_lifetime)),
            "jti": secrets.token_urlsafe(16),
        }
        if token.scopes:
            said["scope"] = " ".join(token.scopes)
        grant = token.grant
        if grant is not None:
            said["sid"] = grant.id
            if grant.authenticated:
                said["auth_time"] = int(grant.authenticated)
            if grant.factors:
                said["amr"] = amr(grant.factors)
                acr = self._acr(grant)
                if acr:
                    said["acr"] = acr
        if token.binding:
            said["cnf"] = confirmation(token.binding)
        return {**token.extra, **said}

    def _acr(self, grant: Grant) -> str:
        """How its owner signed in, by the name that the client asked for."""
        return grant.data.get(ACR) or self._server.policy.of_factors(grant.factors)

    async def access(self, token: AccessToken) -> tuple[str, int]:
        """A token, and the seconds that it counts."""
        server = self._server
        said = self.claims(token)
        left = int(said["exp"] - said["iat"])
        if not token.client.opaque:
            key = server.keys.signing(server.policy.access_alg)
            return signed.sign(key, signed.ACCESS, said), left
        made = PREFIX + secrets.token_urlsafe(32)
        await server.store.opaque.add(
            OpaqueToken(
                digest=digest(made),
                grant_id="" if token.grant is None else token.grant.id,
                client_id=token.client.id,
                expires=float(said["exp"]),
                claims=encoded(said).decode("utf-8"),
            )
        )
        return made, left

    def id_token(
        self,
        client: OAuthClient,
        grant: Grant,
        *,
        nonce: str = "",
        access_token: str = "",
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """An ID token (OpenID Connect Core 1.0, 2).

        Args:
            client: For whom.
            grant: What it came of.
            nonce: Of the authorization request.
            access_token: That it is given with, for ``at_hash``.
            claims: Of the account; none that the others say.
        """
        server = self._server
        now = int(server.clock())
        key = server.keys.signing(client.id_token_alg)
        said: dict[str, Any] = {
            "iss": server.issuer,
            "sub": grant.user_id,
            "aud": client.id,
            "iat": now,
            "exp": now + max(1, int(server.policy.id_token_lifetime)),
            "auth_time": int(grant.authenticated),
            "sid": grant.session,
        }
        methods, acr = amr(grant.factors), self._acr(grant)
        if methods:
            said["amr"] = methods
        if acr:
            said["acr"] = acr
        if nonce:
            said["nonce"] = nonce
        if access_token:
            said["at_hash"] = half_hash(access_token, key.alg)
        return signed.sign(key, signed.ID, {**(claims or {}), **said})


def half_hash(token: str, alg: str) -> str:
    """The left half of a token's hash (OpenID Connect Core 1.0, 3.1.3.6; EdDSA: SHA-512, as of RFC 8032, 5.1)."""
    name = {"384": "sha384", "512": "sha512"}.get(alg[-3:], "sha256")
    if alg in ("EdDSA", "Ed25519"):
        name = "sha512"
    whole = hashlib.new(name, token.encode("ascii")).digest()
    return base64url.encode(whole[: len(whole) // 2]).decode("ascii")


def digest(token: str) -> str:
    """What is kept of a token or code: it has 256 random bits, so that nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

"""Issuers whose tokens are signed: read by their keys alone, without asking anybody (RFC 9068, 4).

Threat: a token of another issuer, for another audience or of another kind, an ID token among them, that is taken for
an access token (CWE-345, CWE-347; RFC 9068, 5; RFC 8725, 3.11; ASVS 5.0 V10.3.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.keys import Keys, check_keys
from buckler.guard.auth.jwt.remote import RemoteKeys
from buckler.guard.auth.jwt.revocation import RevocationList
from buckler.guard.auth.jwt.token_policy import TokenPolicy
from buckler.guard.auth.jwt.verifier import TokenVerifier
from buckler.guard.auth.oauth.resource.access_token import AccessToken, made, refused, unavailable
from buckler.guard.auth.oauth.resource.addresses import address
from buckler.guard.auth.oauth.resource.calls import Calls
from buckler.guard.auth.oauth.resource.discovery import Discovery
from buckler.guard.auth.oauth.resource.interface import Setting
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError, instance, texts

REQUIRED: Final = ("sub", "client_id", "iat", "jti")
"""Claims beside ``iss``, ``aud`` and ``exp`` (RFC 9068, 2.2)."""


@dataclass(frozen=True, slots=True)
class JwtIssuer:
    """An issuer of signed access tokens.

    Attributes:
        issuer: What ``iss`` is, character by character; its metadata is found below it.
        keys: Of it, where they are at hand: this application's own issuer; else they are fetched.
        jwks_uri: Where its keys are; else its metadata says it.
        typ: Of its tokens; ``JWT`` for an issuer that does not write ``at+jwt``. ID tokens are of that type, too: the
            audience alone tells them apart then.
        required: Claims that have to be there beside ``iss``, ``aud`` and ``exp``.
        scope_claim: That holds the scopes, as a text or a list.
        leeway: Seconds by which clocks may differ, 60 at most.
        alg: Of RSA keys that state none; else RS256.
        revocations: What is known to be revoked.
        client: Of httpx2 or httpx, that fetches; else one of egress for each call.
        egress: What may be called, for an issuer inside; else public addresses over https.
        authorization_endpoint: For ``/docs``, which signs in there by code and PKCE.
        token_endpoint: The same.

    Raises:
        GuardError: An option is none.
    """

    issuer: str
    _: KW_ONLY
    keys: Keys | None = None
    jwks_uri: str = ""
    typ: str = "at+jwt"
    required: Iterable[str] = REQUIRED
    scope_claim: str = "scope"
    leeway: float = 10.0
    alg: str | None = None
    revocations: RevocationList | None = None
    client: Any = None
    egress: EgressPolicy | None = None
    authorization_endpoint: str = ""
    token_endpoint: str = ""

    def __post_init__(self) -> None:
        address(self.issuer, "issuer")
        for name in ("jwks_uri", "authorization_endpoint", "token_endpoint"):
            if getattr(self, name):
                address(getattr(self, name), name, query=True)
        if self.keys is not None:
            check_keys(self.keys)
            if self.jwks_uri:
                raise GuardError("keys and jwks_uri are two places", hint="leave one of them out")
        object.__setattr__(self, "required", texts(self.required, "required", "sub"))
        instance(self.revocations, "revocations", RevocationList)
        self._policy(("https://api.example",))
        Calls(self.client, self.egress)

    @property
    def opaque(self) -> bool:
        """Its tokens say all themselves."""
        return False

    def reader(self, setting: Setting) -> JwtReader:
        """What reads its tokens."""
        return JwtReader(self, self._policy(setting.audience), setting)

    def _policy(self, audience: tuple[str, ...]) -> TokenPolicy:
        return TokenPolicy(
            self.issuer, audience, typ=self.typ, leeway=self.leeway, required=self.required
        )


class JwtReader:
    """Reads signed tokens; see :class:`~buckler.guard.auth.oauth.resource.interface.TokenReader`.

    Args:
        issuer: Whose.
        policy: What a token has to say.
        setting: Of the server.
    """

    __slots__ = ("_discovery", "_issuer", "_policy", "_setting", "_verifier")

    def __init__(self, issuer: JwtIssuer, policy: TokenPolicy, setting: Setting) -> None:
        self._issuer = issuer
        self._policy = policy
        self._setting = setting
        calls = Calls(issuer.client, issuer.egress)
        self._discovery = Discovery(issuer.issuer, calls, setting.clock)
        self._verifier: tuple[str, TokenVerifier] | None = None
        if issuer.keys is not None:
            self._verifier = "", self._made(issuer.keys)

    async def read(self, token: str) -> AccessToken:
        """What a token says, if it counts."""
        verifier = await self._ready()
        try:
            claims = await verifier.averify(token)
        except TokenError as error:
            if error.reason == "keys":
                raise unavailable("keys", error.message) from error
            raise refused(error.reason, error.message) from error
        return made(
            claims.values,
            issuer=claims.issuer,
            audience=claims.audience,
            expires=claims.expires,
            scope_claim=self._issuer.scope_claim,
        )

    async def _ready(self) -> TokenVerifier:
        """The verifier with the keys from where they are now.

        Raises:
            OAuthError: 503: it is not known where.
        """
        issuer = self._issuer
        if issuer.keys is not None and self._verifier is not None:
            return self._verifier[1]
        url = issuer.jwks_uri or await self._discovery.endpoint("jwks_uri")
        if self._verifier is None or self._verifier[0] != url:
            keys = RemoteKeys(
                url,
                client=issuer.client,
                egress=issuer.egress,
                alg=issuer.alg,
                events=self._setting.events,
                clock=self._setting.clock,
            )
            self._verifier = url, self._made(keys)
        return self._verifier[1]

    def _made(self, keys: Keys) -> TokenVerifier:
        return TokenVerifier(
            keys,
            self._policy,
            revocations=self._issuer.revocations,
            clock=self._setting.clock,
        )

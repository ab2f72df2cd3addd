"""Issuers that are asked what a token is worth (RFC 7662).

Threat: a token of another purpose or for another audience that the issuer calls active (RFC 7662, 4; ASVS 5.0 V10.3.1),
an issuer that does not answer and lets everybody pass (CWE-636), or is asked by everybody at once (CWE-400).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.claims import numeric_date
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import AccessToken, made, refused, unavailable
from buckler.guard.auth.oauth.resource.addresses import address
from buckler.guard.auth.oauth.resource.calls import Calls
from buckler.guard.auth.oauth.resource.client_authentication import authentication
from buckler.guard.auth.oauth.resource.discovery import Discovery
from buckler.guard.auth.oauth.resource.interface import Setting
from buckler.guard.auth.oauth.resource.introspection_cache import IntrospectionCache, Kept
from buckler.guard.auth.oauth.resource.single_flight import SingleFlight
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import count, flag, positive

AT_ONCE: Final = 32
"""Calls under way at once: more would be a burst of connections, of which the issuer or this process makes time-outs."""
MOST: Final = 1_000
"""Tokens that are asked about or wait for it."""
AGAIN: Final = 1.0
"""Seconds for which an issuer that did not answer is left alone."""
_UNREADABLE: Final = frozenset((400, 413, 414, 422, 431))
"""It is this token that the issuer cannot read: no reason to ask of no other one."""
_TYPES: Final = frozenset(("bearer", "dpop"))


@dataclass(frozen=True, slots=True)
class IntrospectionIssuer:
    """An issuer that is asked.

    Attributes:
        issuer: Its name; its metadata is found below it.
        client_id: Of this server, at the issuer.
        client_secret: For ``client_secret_basic``.
        key: Or for ``private_key_jwt``.
        endpoint: That is asked; else its metadata says it.
        opaque: Whether tokens that are no JWT are its own; of several issuers one alone may have them, since the others
            would get to see them.
        max_age: Seconds for which an answer is remembered: a token that is revoked counts as long. Never past ``exp``.
        negative: The same of a token that does not count.
        entries: Answers that are remembered.
        audience_if_stated: Whether an answer without ``aud`` is good, for an issuer that calls a token active for whom
            it is meant alone.
        leeway: Seconds by which clocks may differ.
        scope_claim: That holds the scopes.
        client: Of httpx2 or httpx, that asks; else one of egress for each call.
        egress: What may be called, for an issuer inside; else public addresses over https.
        authorization_endpoint: For ``/docs``, which signs in there by code and PKCE.
        token_endpoint: The same.

    Raises:
        GuardError: An option is none.
    """

    issuer: str
    _: KW_ONLY
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    key: SigningKey | None = None
    endpoint: str = ""
    opaque: bool = True
    max_age: float = 30.0
    negative: float = 5.0
    entries: int = 4_096
    audience_if_stated: bool = False
    leeway: float = 10.0
    scope_claim: str = "scope"
    client: Any = None
    egress: EgressPolicy | None = None
    authorization_endpoint: str = ""
    token_endpoint: str = ""

    def __post_init__(self) -> None:
        address(self.issuer, "issuer")
        for name in ("endpoint", "authorization_endpoint", "token_endpoint"):
            if getattr(self, name):
                address(getattr(self, name), name, query=True)
        authentication(self.client_id, self.client_secret, self.key, self.issuer)
        for name in ("max_age", "negative", "leeway"):
            positive(getattr(self, name), name)
        count(self.entries, "entries")
        flag(self.opaque, "opaque")
        flag(self.audience_if_stated, "audience_if_stated")
        Calls(self.client, self.egress)

    def reader(self, setting: Setting) -> IntrospectionReader:
        """What reads its tokens."""
        return IntrospectionReader(self, setting)


class IntrospectionReader:
    """Asks; see :class:`~buckler.guard.auth.oauth.resource.interface.TokenReader`.

    Args:
        issuer: Whom.
        setting: Of the server.
    """

    __slots__ = (
        "_answered",
        "_authentication",
        "_cache",
        "_calls",
        "_discovery",
        "_flight",
        "_issuer",
        "_setting",
        "_silent",
        "_turns",
    )

    def __init__(self, issuer: IntrospectionIssuer, setting: Setting) -> None:
        import anyio

        self._issuer = issuer
        self._setting = setting
        self._calls = Calls(issuer.client, issuer.egress)
        self._discovery = Discovery(issuer.issuer, self._calls, setting.clock)
        self._authentication = authentication(
            issuer.client_id, issuer.client_secret, issuer.key, issuer.issuer
        )
        self._cache = IntrospectionCache(issuer.entries, setting.clock)
        self._flight: SingleFlight[Kept] = SingleFlight()
        self._turns = anyio.Semaphore(AT_ONCE)
        self._answered = 0
        self._silent = 0.0

    async def read(self, token: str) -> AccessToken:
        """What a token says, if the issuer calls it active."""
        digest = hashlib.sha256(token.encode("utf-8")).hexdigest()
        kept = await self._flight.run(
            digest, lambda: self._cache.get(digest), lambda: self._asked(token, digest)
        )
        if kept.token is None:
            raise refused("inactive", "the issuer does not call the token active")
        return kept.token

    async def _asked(self, token: str, digest: str) -> Kept:
        """What the issuer says now.

        Raises:
            OAuthError: 503: it does not; 401: what it says does not count here.
        """
        if len(self._flight) > MOST:
            raise unavailable("introspection", "not so many can be asked about at once")
        async with self._turns:
            now = self._setting.clock()
            if now < self._silent:
                raise unavailable("introspection", "the issuer did not answer a moment ago")
            before = self._answered
            try:
                values = await self._answer(token, now)
            except OAuthError:
                # One connection that broke while others were answered says nothing of the issuer.
                if self._answered == before:
                    self._silent = self._setting.clock() + AGAIN
                raise
            self._answered += 1
        try:
            found, until = self._judged(values, now)
        except OAuthError:
            self._cache.put(digest, Kept(None, now + self._issuer.negative))
            raise
        kept = Kept(found, until)
        self._cache.put(digest, kept)
        return kept

    async def _answer(self, token: str, now: float) -> Mapping[str, Any]:
        url = self._issuer.endpoint or await self._discovery.endpoint("introspection_endpoint")
        fields, headers = self._authentication.credentials(now)
        form = {"token": token, "token_type_hint": "access_token", **fields}
        status, values = await self._calls.post(url, form, headers)
        if status in _UNREADABLE:
            return {"active": False}
        if status != 200:
            raise unavailable("introspection", f"the issuer answers with {status}")
        if not isinstance(values.get("active"), bool):
            raise unavailable("introspection", "the issuer does not say whether a token is active")
        return values

    def _judged(self, values: Mapping[str, Any], now: float) -> tuple[AccessToken, float]:
        """The token, and until when that may be remembered.

        Raises:
            OAuthError: ``invalid_token``.
        """
        issuer = self._issuer
        if values["active"] is not True:
            raise refused("inactive", "the issuer does not call the token active")
        if values.get("iss", issuer.issuer) != issuer.issuer:
            raise refused("issuer", "the token is of another issuer")
        kind = values.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise refused("type", "the token is no access token")
        until = self._end(values, now)
        found = made(
            values,
            issuer=issuer.issuer,
            audience=self._audience(values.get("aud")),
            expires=until,
            scope_claim=issuer.scope_claim,
        )
        if kind.lower() == "dpop" and not found.thumbprint:
            raise refused("confirmation", "a token of DPoP is bound to no key")
        return found, min(until, now + issuer.max_age)

    def _audience(self, stated: Any) -> tuple[str, ...]:
        """Whom the token is for."""
        if stated is None and self._issuer.audience_if_stated:
            return ()
        listed = (stated,) if isinstance(stated, str) else stated
        if not isinstance(listed, tuple) or not all(isinstance(one, str) for one in listed):
            raise refused("audience", "the issuer does not say whom the token is for")
        if not any(one in listed for one in self._setting.audience):
            raise refused("audience", "the token is for somebody else")
        return listed

    def _end(self, values: Mapping[str, Any], now: float) -> float:
        """Until when the token counts."""
        leeway = self._issuer.leeway
        try:
            expires, issued, begins = (numeric_date(values, name) for name in ("exp", "iat", "nbf"))
        except TokenError as error:
            raise refused("claim", error.message) from error
        if max(issued or 0.0, begins or 0.0) > now + leeway:
            raise refused("not_yet", "the token does not count yet")
        if expires is None:
            return now + self._issuer.max_age
        if now >= expires:
            raise refused("expired", "the token has expired")
        return expires

"""Everything that an authorization server does one way and could do another, checked when it is made."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from buckler.guard.auth.oauth.certificate_header import CertificateHeader
from buckler.guard.auth.oauth.scope import is_scope
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError, count, flag, instance, positive, texts
from buckler.guard.policy import Rates
from buckler.guard.stores.records import User

DAY: Final = 86_400.0
STANDARD_SCOPES: Final = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "offline_access": "Stay signed in while you are away",
}
"""Of OpenID Connect Core 1.0, 5.4 and 11, in words for the page where people agree."""
LONGEST_CODE: Final = 600.0
LONGEST_ACCESS: Final = 3_600.0
SHORT_ACCESS: Final = 300.0
"""Of tokens that came by the implicit or password grant."""
SHORTEST_LEAD: Final = 120.0
ACCESS_ALGORITHMS: Final = ("ES256", "EdDSA", "RS256", "ES384", "PS256")

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

ClaimsOf = Callable[[User, frozenset[str]], Awaitable[Mapping[str, Any]]]
"""Gives claims of an account for the scopes that were granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthPolicy:
    """All of it; times are seconds.

    Attributes:
        scopes: The application's own, each with a sentence for the page where people agree.
        ordinary_scopes: Those of them that whoever may ``clients:manage`` gives to clients; others take ``clients:trust``.
        resources: Addresses of resource servers (RFC 8707) and the scopes that each knows; none for all.
        audience: Of access tokens that ask for no resource; else the issuer.
        prefix: Where the endpoints are.
        code_lifetime: Of a code (RFC 6749, 4.1.2, allows ten minutes).
        access_lifetime: Of an access token, an hour at most.
        id_token_lifetime: Of an ID token.
        refresh_idle, refresh_absolute: Of a refresh token that is not used, and of all that came of one grant.
        pushed_lifetime: Of a pushed request (RFC 9126, 2.2).
        request_lifetime: That somebody may take to sign in and to agree.
        device_lifetime, device_interval: Of a device code, and between two questions (RFC 8628, 3.2).
        access_alg: That signs access tokens.
        key_period: After which another key signs.
        key_lead: For which that one is published before it signs.
        require_par: Whether all authorization requests come pushed (RFC 9126, 5).
        require_dpop: Whether all tokens are bound to a key.
        dpop_nonces: Whether proofs need a nonce of the server (RFC 9449, 8).
        token_endpoint_as_audience: Whether client assertions may name the token endpoint instead of the issuer.
        assertion_lifetime: Of client assertions, from now; Authlib's count for an hour. Each is taken once.
        registration: Whether clients may register themselves (RFC 7591).
        registration_tokens: SHA-256 of initial access tokens that they need for it; none: whoever comes.
        registration_unused: How many clients may wait for their first use that registered themselves without one.
        registration_unused_lifetime: After which such a client goes that nobody agreed to.
        certificate_header: How a proxy hands on a client's certificate (RFC 8705); else the server's own word counts.
        rate: Of what clients call, for each address; None for none.
        templates: Folder with pages that take the place of ours.
        claims: Gives more claims of an account.
        egress: Which addresses may be called: keys of clients, and their back-channel logout; else public ones by https.
        acr: Names of how somebody signed in (``acr``), each with the factors that it takes.

    Raises:
        GuardError: An option is wrong.
    """

    scopes: Mapping[str, str] = field(default_factory=dict)
    ordinary_scopes: Sequence[str] = ()
    resources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    audience: str = ""
    prefix: str = "/oauth"
    code_lifetime: float = 60.0
    access_lifetime: float = 600.0
    id_token_lifetime: float = 600.0
    refresh_idle: float = 14 * DAY
    refresh_absolute: float = 90 * DAY
    pushed_lifetime: float = 90.0
    request_lifetime: float = 900.0
    device_lifetime: float = 600.0
    device_interval: float = 5.0
    access_alg: str = "ES256"
    key_period: float = 90 * DAY
    key_lead: float = DAY
    require_par: bool = False
    require_dpop: bool = False
    dpop_nonces: bool = False
    token_endpoint_as_audience: bool = False
    assertion_lifetime: float = 3_600.0
    registration: bool = False
    registration_tokens: Sequence[str] = ()
    registration_unused: int = 1_000
    registration_unused_lifetime: float = 7 * DAY
    certificate_header: CertificateHeader | None = None
    rate: Rates = "600/minute"
    templates: str = ""
    claims: ClaimsOf | None = None
    egress: EgressPolicy | None = None
    acr: Mapping[str, Sequence[Sequence[str]]] = field(
        default_factory=lambda: {
            "phr": (("passkey",),),
            "mfa": (("passkey",), ("password", "totp"), ("password", "recovery")),
            "pwd": (("password",),),
        }
    )

    def __post_init__(self) -> None:
        for name in (
            *("code_lifetime", "access_lifetime", "id_token_lifetime", "refresh_idle"),
            *("refresh_absolute", "pushed_lifetime", "request_lifetime", "device_lifetime"),
            *("device_interval", "key_period", "key_lead", "assertion_lifetime"),
            "registration_unused_lifetime",
        ):
            positive(getattr(self, name), name)
        count(self.registration_unused, "registration_unused")
        for name, most in (("code_lifetime", LONGEST_CODE), ("access_lifetime", LONGEST_ACCESS)):
            if getattr(self, name) > most:
                raise GuardError(
                    f"{name} is {most:g} seconds at most", hint=f"write {name}={most / 10:g}"
                )
        if self.key_lead < SHORTEST_LEAD:
            raise GuardError(
                f"key_lead is {SHORTEST_LEAD:g} seconds at least: clients look for keys now and then",
                hint="write key_lead=86_400",
            )
        if self.key_lead >= self.key_period:
            raise GuardError("key_lead is shorter than key_period", hint="write key_lead=86_400")
        for name in (
            *("require_par", "require_dpop", "dpop_nonces", "token_endpoint_as_audience"),
            "registration",
        ):
            flag(getattr(self, name), name)
        for scope in self.scopes:
            if not is_scope(scope):
                raise GuardError(
                    f"scopes: {scope!r:.60} is none (RFC 6749, 3.3)",
                    hint="scopes={'orders:read': 'See your orders'}",
                )
        for scope in texts(self.ordinary_scopes, "ordinary_scopes", "orders:read"):
            if scope not in self.scopes:
                raise GuardError(
                    f"ordinary_scopes: {scope!r:.60} is not among scopes",
                    hint="scopes={'orders:read': 'See your orders'}, ordinary_scopes=['orders:read']",
                )
        for one in texts(self.registration_tokens, "registration_tokens", "..."):
            if not _DIGEST.fullmatch(one):
                raise GuardError(
                    "registration_tokens: SHA-256 in 64 small hexadecimal digits, never the token itself",
                    hint="hashlib.sha256(token.encode()).hexdigest()",
                )
        if self.access_alg not in ACCESS_ALGORITHMS:
            raise GuardError(
                f"access_alg: {self.access_alg!r:.20}", hint=f"of {', '.join(ACCESS_ALGORITHMS)}"
            )
        if not self.prefix.startswith("/") or self.prefix.endswith("/"):
            raise GuardError(f"prefix: {self.prefix!r} is no path", hint="write prefix='/oauth'")
        instance(self.egress, "egress", EgressPolicy)
        instance(self.certificate_header, "certificate_header", CertificateHeader)
        if self.claims is not None and not callable(self.claims):
            raise GuardError(
                "claims is an async function of an account and scopes",
                hint="async def claims(user, scopes): return {'name': ...}",
            )

    def described(self) -> dict[str, str]:
        """All scopes, each with its sentence."""
        return {**STANDARD_SCOPES, **self.scopes}

    def ordinary(self) -> frozenset[str]:
        """The scopes that take no ``clients:trust`` to be given: those of OpenID, and what is named so."""
        return frozenset((*STANDARD_SCOPES, *self.ordinary_scopes))

    def of_factors(self, factors: frozenset[str]) -> str:
        """The strongest ``acr`` that factors make, in the order in which they are named; empty for none."""
        for name, ways in self.acr.items():
            if any(factors.issuperset(way) for way in ways):
                return name
        return ""

    def told(self, wanted: Sequence[str], factors: frozenset[str]) -> str:
        """The ``acr`` that a token says: one of those that were asked for, where factors make it or more (OpenID Connect Core 1.0,
        5.5.1.1; RFC 9470, 5); else the strongest.
        """
        strongest = self.of_factors(factors)
        if strongest in wanted:
            return strongest
        return next((one for one in wanted if self.satisfies(one, factors)), strongest)

    def satisfies(self, acr: str, factors: frozenset[str]) -> bool:
        """Whether factors make an ``acr``, or one that is named before it; what is not known here nothing makes."""
        if acr not in self.acr:
            return False
        for name, ways in self.acr.items():
            if any(factors.issuperset(way) for way in ways):
                return True
            if name == acr:
                return False
        return False

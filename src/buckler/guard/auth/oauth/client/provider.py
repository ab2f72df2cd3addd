"""A provider with which people sign in, as one value that is checked where it is written.

Threat: an ID token that is taken by an algorithm nobody asked for (CWE-347), an e-mail address that is believed of whoever
says it (CWE-290; "nOAuth"), one account for all tenants of a directory (CWE-284).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args

from buckler.guard.auth.jwt.algorithms import ALGORITHMS
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.oauth.client.addresses import is_plain, is_safe
from buckler.guard.auth.oauth.client.metadata import Metadata
from buckler.guard.options import GuardError, flag, instance, positive, texts

if TYPE_CHECKING:
    from buckler.guard.auth.oauth.client.fetch import Fetcher
    from buckler.guard.auth.oauth.client.identity import Claimed

Authentication = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
ASYMMETRIC: Final = tuple(name for name, one in ALGORITHMS.items() if one.kind != "oct")
TENANT: Final = "{tenantid}"
RESERVED: Final = frozenset(("sign-out", "signed-out"))
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")
_OWN: Final = frozenset(
    "response_type client_id redirect_uri scope state nonce code_challenge code_challenge_method"
    " response_mode request request_uri dpop_jkt max_age".split()
)
ClientSecret = Callable[[float], str]
"""Makes the client's secret anew; of the time, in seconds since 1970."""


class UserApi(Protocol):
    """Says who somebody is, at a provider without OpenID."""

    async def claimed(self, fetcher: Fetcher, access_token: str) -> Claimed:
        """Who an access token was given for."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, found by discovery.

    Attributes:
        name: In addresses, ``/auth/with/NAME``: small letters, digits and hyphens.
        issuer: Compared character by character.
        client_id: That the provider gave the application.
        client_secret: That it gave, or what makes it anew.
        key: Signs client assertions (``private_key_jwt``); its public half is registered at the provider.
        scopes: That are asked for.
        title: What a button says; else the name.
        authentication: How the application shows who it is; else what the provider takes and the application has.
        response_mode: ``query``, or ``form_post`` where the provider insists.
        pushed: Whether requests are pushed (RFC 9126); None: where the provider offers it.
        dpop: Whether tokens are bound to a key of the application (RFC 9449).
        algorithms: That ID tokens may be signed with. ``HS256`` only by itself, and with a secret of 32 bytes.
        audiences: That may stand in ``aud`` beside the client's id.
        max_age: Seconds since its owner signed in there, at most; ``auth_time`` is required then.
        acr: Of which one is demanded (``acr_values``).
        prompt: As in OpenID Connect Core, 3.1.2.1.
        parameters: Further ones of the authorization request.
        email_domains: Whose addresses the provider is believed to have verified: ``["gmail.com"]``, ``["*"]`` for all.
        keep_tokens: Whether its tokens are kept, encrypted, for :meth:`SignInWith.token`.
        tenants: Ids of the tenants whose accounts may come in, where ``issuer`` holds ``{tenantid}``.
        discovery: Address of the metadata, where it is not the usual one.
        metadata: In its place, for a provider without.
        api: Says who somebody is, for a provider without OpenID.
        assertion_audience: Of client assertions: the issuer, or ``token_endpoint`` for older providers.
        untyped_logout: Whether logout tokens count that do not say that they are such (``typ``).
        leeway: Seconds by which clocks may differ.

    Raises:
        GuardError: An option is wrong.
    """

    name: str
    _: KW_ONLY
    issuer: str
    client_id: str
    client_secret: str | ClientSecret | None = field(default=None, repr=False)
    key: SigningKey | None = None
    scopes: Sequence[str] = ("openid", "email")
    title: str = ""
    authentication: Authentication | None = None
    response_mode: Literal["query", "form_post"] = "query"
    pushed: bool | None = None
    dpop: bool = False
    algorithms: Sequence[str] = ASYMMETRIC
    audiences: Sequence[str] = ()
    max_age: float | None = None
    acr: Sequence[str] = ()
    prompt: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    email_domains: Sequence[str] = ()
    keep_tokens: bool = False
    tenants: Sequence[str] = ()
    discovery: str = ""
    metadata: Metadata | None = None
    api: UserApi | None = None
    assertion_audience: Literal["issuer", "token_endpoint"] = "issuer"
    untyped_logout: bool = False
    leeway: float = 30.0

    def __post_init__(self) -> None:
        self._check_names()
        for name, example in _LISTS.items():
            object.__setattr__(self, name, texts(getattr(self, name), name, example))
        domains = tuple(one.lower() for one in self.email_domains)
        object.__setattr__(self, "email_domains", domains)
        self._check_issuer()
        self._check_client()
        self._check_algorithms()
        for scope in self.scopes:
            if not _SCOPE.fullmatch(scope):
                raise GuardError(f"scopes: {scope!r} is none (RFC 6749, 3.3)", hint="['openid']")
        if self.api is None and "openid" not in self.scopes:
            raise GuardError("scopes lacks 'openid'", hint="write scopes=['openid', 'email']")
        if _OWN & self.parameters.keys():
            raise GuardError("parameters: one is set by the flow itself", hint="leave it out")
        for name in ("dpop", "keep_tokens", "untyped_logout"):
            flag(getattr(self, name), name)
        if self.max_age is not None and self.max_age != 0:
            positive(self.max_age, "max_age")
        if not 0 <= self.leeway <= 60:
            raise GuardError("leeway is 0 to 60 seconds", hint="write leeway=30")

    @property
    def plain(self) -> bool:
        """Whether it runs on this machine over http: in a test."""
        return is_plain(self.issuer.replace(TENANT, "t"))

    @property
    def is_openid(self) -> bool:
        """Whether it gives ID tokens."""
        return self.api is None

    @property
    def symmetric(self) -> str:
        """The algorithm, where ID tokens are signed with the client's secret; else empty."""
        first = self.algorithms[0]
        return first if ALGORITHMS[first].kind == "oct" else ""

    def issued(self, issuer: object, tenant: object) -> bool:
        """Whether an ID token is of this provider.

        Args:
            issuer: Its ``iss``.
            tenant: Its ``tid``.
        """
        if TENANT not in self.issuer:
            return issuer == self.issuer
        known = isinstance(tenant, str) and tenant in self.tenants
        return known and issuer == self.issuer.replace(TENANT, str(tenant))

    def believes(self, email: str) -> bool:
        """Whether the provider is believed that an address belongs to who signs in."""
        return "*" in self.email_domains or email.rpartition("@")[2] in self.email_domains

    def _check_names(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise GuardError(f"name: {self.name!r} cannot stand in an address", hint="'keycloak'")
        if self.name in RESERVED:
            raise GuardError(f"name: {self.name!r} is an address of its own", hint="another name")
        if not isinstance(self.client_id, str) or not self.client_id:
            raise GuardError("client_id is what the provider gave the application")

    def _check_issuer(self) -> None:
        hint = "write issuer='https://accounts.example', as its metadata says it"
        shown = self.issuer.replace(TENANT, "t") if isinstance(self.issuer, str) else self.issuer
        if not is_safe(shown, plain=True) or "?" in self.issuer:
            raise GuardError(f"issuer: {self.issuer!r:.100} is no address over https", hint=hint)
        if (TENANT in self.issuer) != bool(self.tenants):
            raise GuardError(
                "tenants: an issuer for many tenants needs a list of those that may come in",
                hint="write tenants=['8eaef023-...'], or tenant='8eaef023-...' for one",
            )
        if self.discovery and not is_safe(self.discovery, plain=self.plain):
            raise GuardError("discovery is no address over https", hint=hint)
        instance(self.metadata, "metadata", Metadata)

    def _check_client(self) -> None:
        instance(self.key, "key", SigningKey)
        secret: Any = self.client_secret
        if secret is not None and not callable(secret) and not (isinstance(secret, str) and secret):
            raise GuardError("client_secret is a text", hint="os.environ['CLIENT_SECRET']")
        if self.key is not None and (not self.key.private or self.key.kind == "oct"):
            raise GuardError("key cannot sign", hint="SigningKey.from_file('client.pem')")
        wanted = self.authentication
        if wanted is not None and wanted not in get_args(Authentication):
            raise GuardError(
                f"authentication: {wanted!r} is none", hint=", ".join(get_args(Authentication))
            )
        if wanted == "private_key_jwt" and self.key is None:
            raise GuardError("private_key_jwt needs key=", hint="SigningKey.from_file('key.pem')")
        if wanted in ("client_secret_basic", "client_secret_post") and secret is None:
            raise GuardError(f"{wanted} needs client_secret=", hint="os.environ['CLIENT_SECRET']")

    def _check_algorithms(self) -> None:
        kinds = {ALGORITHMS[one].kind == "oct" for one in self.algorithms if one in ALGORITHMS}
        if not self.algorithms or not set(self.algorithms) <= ALGORITHMS.keys() or len(kinds) != 1:
            raise GuardError(
                "algorithms: of signatures with public keys, or of secrets, not of both",
                hint="leave it out, or write algorithms=['ES256']",
            )
        if self.symmetric:
            if not isinstance(self.client_secret, str):
                raise GuardError(f"{self.symmetric} needs client_secret=")
            SigningKey.from_secret(self.client_secret, alg=self.symmetric)


_LISTS: Final = {
    "scopes": "openid",
    "algorithms": "ES256",
    "audiences": "another-client",
    "acr": "urn:mace:incommon:iap:silver",
    "email_domains": "gmail.com",
    "tenants": "8eaef023-...",
}

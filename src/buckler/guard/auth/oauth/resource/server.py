"""``ResourceServer``: decides by the access token of a request whether its route is for whoever sends it.

Threat: an API that takes tokens made for another one, stolen ones, or ones that are not enough (CWE-287, CWE-863; RFC
6750, 5; RFC 9700, 2.2 and 4.10; ASVS 5.0 V10.3). Where nobody knows whether a token counts, nobody passes (CWE-636).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from buckler.guard import inbound
from buckler.guard.audit.events import Listener
from buckler.guard.auth.oauth import certificate as certificates
from buckler.guard.auth.oauth.certificate import ClientCertificate
from buckler.guard.auth.oauth.certificate_header import CertificateHeader
from buckler.guard.auth.oauth.dpop import refused as proof_refused
from buckler.guard.auth.oauth.dpop_nonces import HEADER, DpopNonces
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource import binding, metadata
from buckler.guard.auth.oauth.resource.access_token import (
    AccessToken,
    Scheme,
    refused,
    unavailable,
)
from buckler.guard.auth.oauth.resource.addresses import address, origin, well_known
from buckler.guard.auth.oauth.resource.interface import Issuer, Setting
from buckler.guard.auth.oauth.resource.local import LocalIssuer
from buckler.guard.auth.oauth.resource.presented import FORM, Presented, in_pairs, presented, twice
from buckler.guard.auth.oauth.resource.readers import Readers, issuers_of
from buckler.guard.auth.oauth.resource.refusals import Refusals
from buckler.guard.auth.oauth.resource.requirement import TokenRequirement, requirement
from buckler.guard.auth.oauth.resource.weaknesses import IN_MEMORY, of_issuers
from buckler.guard.options import GuardError, check_clock, check_listener, flag, instance, texts
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.memory.oauth import MemoryReplays
from buckler.guard.stores.oauth_interface import Replays

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import HTTPConnection

KEY: Final = "buckler.access_token"
"""Where the scope holds the token of the request."""
Headers = tuple[tuple[str, str], ...]
_LONGEST_FORM: Final = 64 * 1024


class ResourceServer:
    """Protects routes with access tokens.

    Args:
        resource: Its address, as clients know it (RFC 9728, 1.2): the audience of tokens, and what proofs are for.
        issuers: Whose tokens are taken: an address for one of JWTs, :class:`JwtIssuer`,
            :class:`IntrospectionIssuer`, :class:`LocalIssuer`.
        audience: What a token has to name, or several of which it has to name one; else ``resource``.
        scopes: Names and what they allow, for ``/docs`` and the metadata; a rule can require no other ones then.
        bound: Whether a token has to be bound to its sender by DPoP or a certificate (ASVS 5.0 V10.3.5).
        replays: Where proofs are remembered that came, for several workers in a store of theirs all; else in that of
            the :class:`LocalIssuer`, else in this process.
        nonces: That proofs have to have (RFC 9449, 9).
        certificates: The header by which a proxy passes on the certificate of the client; else the server's own.
        name: For people.
        documentation: Address for developers.
        events: Gets the security events, e.g. ``guard.tell``.
        scheme_name: Of the scheme in OpenAPI.
        clock: Gives seconds since 1970.

    Attributes:
        resource: As given.
        issuers: The same.
        scopes: The same.
        bound: The same.

    Raises:
        GuardError: An option is none.
    """

    def __init__(
        self,
        resource: str,
        issuers: str | Issuer | Iterable[str | Issuer],
        *,
        audience: str | Iterable[str] | None = None,
        scopes: Mapping[str, str] | None = None,
        bound: bool = False,
        replays: Replays | None = None,
        nonces: DpopNonces | None = None,
        certificates: CertificateHeader | None = None,
        name: str = "",
        documentation: str = "",
        events: Listener | None = None,
        scheme_name: str = "OAuth2",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.resource = address(resource, "resource")
        self.issuers = issuers_of(issuers)
        self._declared = scopes is not None
        self.scopes: dict[str, str] = dict(scopes or {})
        TokenRequirement(scopes=tuple(self.scopes))
        self.bound = flag(bound, "bound")
        if replays is not None and not callable(getattr(replays, "first", None)):
            raise GuardError(
                "replays has no first(...)", hint="write replays=RedisReplays('redis://...')"
            )
        instance(nonces, "nonces", DpopNonces)
        instance(certificates, "certificates", CertificateHeader)
        check_listener(events)
        check_clock(clock)
        self.name = name
        self.documentation = documentation
        self.scheme_name = scheme_name
        self.certificate_bound = certificates is not None
        self._certificates = certificates
        self._nonces = nonces
        self._clock = clock
        self._replays = replays if replays is not None else self._shared(clock)
        self._origin = origin(resource)
        taken: tuple[Scheme, ...] = ("DPoP",) if bound and not certificates else ("Bearer", "DPoP")
        self._refusals = Refusals(taken, well_known(resource, metadata.DOCUMENT), events)
        named = resource if audience is None else audience
        setting = Setting(
            audience=(named,) if isinstance(named, str) else texts(named, "audience", resource),
            clock=clock,
            events=events,
        )
        if not setting.audience or not all(setting.audience):
            raise GuardError("audience is empty", hint="leave it out for the resource's address")
        self._readers = Readers(self.issuers, setting)
        self._alone = isinstance(self._replays, MemoryReplays) and replays is None
        for weakness in of_issuers(self.issuers):
            self._refusals.tell_weakness(weakness)

    def _shared(self, clock: Callable[[], float]) -> Replays:
        """Where proofs are remembered if nothing is stated."""
        for one in self.issuers:
            if isinstance(one, LocalIssuer):
                return one.replays
        return MemoryReplays(clock)

    def requires(self, *scopes: str, max_age: float | None = None, acr: Iterable[str] = ()) -> Any:
        """What a route requires of an access token.

        Example::

            @app.get("/orders")
            async def orders(token: Annotated[AccessToken, api.requires("orders:read")]): ...

        Args:
            scopes: All of them are needed; none: any token that counts is enough.
            max_age: Seconds since the person was last authenticated, at most (RFC 9470).
            acr: Ways to authenticate, of which one is good enough (RFC 9470).

        Returns:
            A dependency for ``Annotated`` and ``dependencies``, whose value is the :class:`AccessToken`; called with what
            is mounted, it goes around that.

        Raises:
            GuardError: An option is none, or a scope is not among ``scopes``.
        """
        from buckler.guard.auth.oauth.resource.rules import TokenRule

        required = requirement(scopes, max_age, acr)
        for one in scopes:
            if self._declared and one not in self.scopes:
                raise GuardError(
                    f"{one!r} is not among the scopes of the server",
                    hint=f"one of {', '.join(self.scopes) or 'none'}; or add it to scopes=",
                )
            self.scopes.setdefault(one, "")
        return TokenRule(self, required)

    def router(self) -> APIRouter:
        """The metadata of this server: ``app.include_router(api.router())`` at the root of its host (RFC 9728, 3)."""
        return metadata.router(self)

    async def admit(
        self, connection: HTTPConnection, required: TokenRequirement
    ) -> tuple[AccessToken, Headers]:
        """The token of a request, if it is enough, and headers for the answer.

        Raises:
            starlette.exceptions.HTTPException: 400, 401, 403 or 503.
            starlette.exceptions.WebSocketException: The same for a websocket.
        """
        scope = connection.scope
        came: Presented | None = None
        try:
            came = presented(scope)
            if came is None:
                self._refusals.refuse(connection, None, None, required)
            token, headers = await self._token(connection, came)
            required.check(token, self._clock())
        except OAuthError as error:
            scheme = None if came is None else came.scheme
            self._refusals.refuse(connection, error, scheme, required)
        return token, headers

    async def _token(
        self, connection: HTTPConnection, came: Presented
    ) -> tuple[AccessToken, Headers]:
        """The token, judged once for each request: a proof counts once, and a route may have several rules."""
        scope = connection.scope
        known = scope.get(KEY)
        if known is not None and known[0] is self:
            return known[1], known[2]
        token = await self._readers.of(came.token).read(came.token)
        binding.check_scheme(came, token)
        if self.bound and not (token.thumbprint or token.certificate):
            raise refused("unbound", "the token is bound to nobody")
        if token.certificate:
            binding.check_certificate(self._certificate(scope), token.certificate)
        headers = await self._proved(scope, came, token) if token.thumbprint else ()
        await _check_form(connection)
        layer = inbound.of(scope)
        if layer is not None and scope["type"] == "http":
            layer.more += tuple((name.lower().encode(), value.encode()) for name, value in headers)
            headers = ()
        await inbound.identify(scope, " ".join(token.user))
        scope[KEY] = (self, token, headers)
        return token, headers

    async def _proved(
        self, scope: Mapping[str, Any], came: Presented, token: AccessToken
    ) -> Headers:
        """Look at the proof; the nonce that the client should use next."""
        proof = binding.check_proof(
            scope, self._origin, came.token, token.thumbprint, self._clock()
        )
        if self._nonces is not None:
            self._nonces.check(proof.nonce, status=401)
        if self._alone:
            # Only now is it known that proofs come at all.
            self._alone = False
            self._refusals.tell_weakness(IN_MEMORY)
        try:
            first = await self._replays.first(proof.replay_key, proof.until)
        except StoreError as error:
            raise unavailable("replays", "nobody knows whether the proof came before") from error
        if not first:
            raise proof_refused("replayed", "the proof came before")
        following = None if self._nonces is None else self._nonces.next(proof.nonce)
        return ((HEADER, following),) if following else ()

    def _certificate(self, scope: Mapping[str, Any]) -> ClientCertificate | None:
        try:
            if self._certificates is not None:
                return self._certificates.read(scope)
            return certificates.of_server(scope)
        except OAuthError as error:
            raise refused(error.reason, error.message) from error


async def _check_form(connection: HTTPConnection) -> None:
    """Look whether a second token is in the form (RFC 6750, 2: one method in each request).

    Raises:
        OAuthError: ``invalid_request``.
    """
    from starlette.requests import Request

    if not isinstance(connection, Request):
        return
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = connection.headers.get("content-length", "")
    if kind != FORM or not length.isdigit() or int(length) > _LONGEST_FORM:
        return
    try:
        found = in_pairs(await connection.body())
    except RuntimeError:
        # FastAPI has read it as a form already, which Starlette keeps.
        found = "access_token" in await connection.form()
    if found:
        raise twice("form", "an access token in a form as well")

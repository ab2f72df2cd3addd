"""``AuthorizationServer``: OAuth 2 and OpenID Connect on the accounts of an application, in its own process.

Threat: a server for sign-ins that is another program, configured apart from what it protects: its defaults are what is
attacked (RFC 9700; ASVS 5.0 V10). Here what RFC 9700 demands is what is there; what it forbids is refused when it
is written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request

from buckler.guard.audit.events import EventKind, SecurityEvent
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.jwt.revocation import RevocationList
from buckler.guard.auth.jwt.token_policy import TokenPolicy
from buckler.guard.auth.jwt.verifier import TokenVerifier
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.auth.oauth.dpop_nonces import DpopNonces
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.parameters import Parameters
from buckler.guard.auth.oauth.server.authorization import check_resources
from buckler.guard.auth.oauth.server.bindings import Bindings
from buckler.guard.auth.oauth.server.client import ID_TOKEN_ALGORITHMS, OAuthClient
from buckler.guard.auth.oauth.server.client_keys import ClientKeys
from buckler.guard.auth.oauth.server.clients import ClientBook, is_account_id
from buckler.guard.auth.oauth.server.keys import RotatingKeys
from buckler.guard.auth.oauth.server.policy import OAuthPolicy
from buckler.guard.auth.oauth.server.tokens import TokenMint
from buckler.guard.options import GuardError, Weakness, check_clock, instance
from buckler.guard.stores.oauth_interface import OAuthStores
from buckler.guard.stores.oauth_records import Grant
from buckler.guard.stores.records import User

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.guard.auth.identities import Identities

_LOCAL: Final = frozenset(("localhost", "127.0.0.1", "::1"))
NOBODY_FOR: Final = 60.0
"""Seconds after which it is looked up again whether a client's id became an account's."""
_HINT: Final = "issuer='https://id.example', as its clients reach it"


class AuthorizationServer:
    """Issues tokens for the accounts of an application.

    Example::

        server = AuthorizationServer(
            guard.identities,
            "https://id.example",
            clients=[OAuthClient(id="web", redirect_uris=["https://app.example/callback"])],
        )
        app.include_router(server.router())

    Args:
        identities: Of the application.
        issuer: Its address, character by character what tokens say (``iss``); else the ``base_url`` of the identities.
        clients: Those that code states; others are registered at run time.
        policy: What it does one way and could do another.
        clock: Seconds since 1970; else that of the identities.

    Raises:
        GuardError: An option is wrong.
    """

    log: Final = logging.getLogger("buckler.guard")

    def __init__(
        self,
        identities: Identities,
        issuer: str = "",
        *,
        clients: Iterable[OAuthClient] = (),
        policy: OAuthPolicy | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        instance(policy, "policy", OAuthPolicy)
        self.identities = identities
        self.policy = OAuthPolicy() if policy is None else policy
        self.issuer = _issuer(issuer or identities.policy.base_url)
        parts = urlsplit(self.issuer)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.clock = identities.clock if clock is None else clock
        check_clock(self.clock)
        self.store = _store(identities)
        self.clients = ClientBook(clients, self.store.clients, identities.tell, self.clock)
        self.keys = RotatingKeys(
            self.store.keys,
            Sealer(identities.derivable("oauth keys"), "oauth key"),
            (self.policy.access_alg, *ID_TOKEN_ALGORITHMS),
            period=self.policy.key_period,
            lead=self.policy.key_lead,
            clock=self.clock,
        )
        self._nobody: dict[str, float] = {}
        self.client_keys = ClientKeys(self.policy.egress, self.clock)
        self.mint = TokenMint(self)
        self.bindings = Bindings(
            self,
            DpopNonces(
                identities.derivable("oauth nonces"), "authorization server", clock=self.clock
            ),
        )
        self.revocations = RevocationList(identities.stores.revocations, clock=self.clock)
        for client in self.clients.stated():
            self.check_client(client)

    @cached_property
    def verifier(self) -> TokenVerifier:
        """Verifies its signed access tokens for its own audience; what was revoked elsewhere is for the store."""
        own = self.policy.audience or self.issuer
        return self.verifier_for(dict.fromkeys((own, self.issuer)))

    def verifier_for(self, audience: Iterable[str]) -> TokenVerifier:
        """Verifies its signed access tokens for an audience."""
        return TokenVerifier(
            self.keys,
            TokenPolicy(self.issuer, tuple(audience), required=("sub", "client_id")),
            revocations=self.revocations,
            clock=self.clock,
        )

    async def ready(self) -> None:
        """Open the stores and have keys; awaited at every request, and quick but for the first time.

        Raises:
            StoreError: The store does not answer.
        """
        await self.identities.ready()
        await self.keys.ready()

    def url(self, name: str) -> str:
        """Address of an endpoint, as its clients reach it."""
        return f"{self.issuer.rstrip('/')}{self.policy.prefix}/{name}"

    def path(self, name: str) -> str:
        """Path of a page, as browsers reach it: below the issuer's own where the application is mounted there."""
        return urlsplit(self.url(name)).path

    def router(self) -> APIRouter:
        """All of its endpoints."""
        from buckler.guard.auth.oauth.server.routes import router

        return router(self)

    def well_known(self) -> APIRouter:
        """What it says of itself, where clients look for it if its issuer has a path (RFC 8414, 3.1).

        That lies outside of what is mounted at the path, so it goes into the application around it::

            outer.mount("/tenant", app)
            outer.include_router(server.well_known())
        """
        from buckler.guard.auth.oauth.server.well_known import router

        return router(self)

    def administration(self) -> APIRouter:
        """Routes that manage clients, and what somebody allowed them; who may call them is asked for."""
        from buckler.guard.auth.oauth.server.administration import router

        return router(self)

    def resources(self, parameters: Parameters, client: OAuthClient) -> tuple[str, ...]:
        """The resources that a request names (RFC 8707).

        Raises:
            OAuthError: ``invalid_target``.
        """
        return check_resources(parameters.several("resource"), client, self.known_resources)

    @property
    def known_resources(self) -> frozenset[str]:
        """The resources that tokens may be for, this server among them: for its userinfo endpoint."""
        return frozenset((*self.policy.resources, self.issuer))

    async def check_assertion(self, client: OAuthClient, assertion: str) -> None:
        """Look whether an assertion is a client's (RFC 7523, 3).

        Raises:
            OAuthError: ``invalid_client``.
        """
        from buckler.guard.auth.oauth.client_assertion import read_assertion

        lenient = self.policy.token_endpoint_as_audience
        read = partial(
            read_assertion,
            assertion,
            client=client.id,
            keys=await self.client_keys.of(client),
            issuer=self.issuer,
            now=self.clock(),
            token_endpoint=self.url("token") if lenient else "",
            lifetime=self.policy.assertion_lifetime,
        )
        try:
            found = read()
        except OAuthError as error:
            # It may have another key since they were fetched.
            if error.reason != "key" or not await self.client_keys.renewed(client):
                raise
            found = read()
        if not await self.store.replays.first(found.replay_key, found.until):
            raise OAuthError(
                "invalid_client", "the assertion was used before", status=401, reason="replay"
            )

    async def check_certificate(self, client: OAuthClient, request: Request) -> None:
        """Look whether a connection's certificate is a client's (RFC 8705, 2).

        Raises:
            OAuthError: ``invalid_client``.
        """
        from buckler.guard.auth.oauth.certificate import has_key, is_subject

        found = self.bindings.certificate(request)
        good = False
        if found is not None and client.auth == "self_signed_tls_client_auth":
            good = has_key(found, await self.client_keys.registered(client))
        elif found is not None and client.certificate is not None:
            kind, expected = client.certificate
            good = is_subject(found, kind, expected)  # type: ignore[arg-type]
        if not good:
            raise OAuthError(
                "invalid_client",
                "the client is not shown to be that",
                status=401,
                reason="certificate",
            )

    async def is_nobody(self, client: OAuthClient) -> bool:
        """Whether the id of a client is no account's, as its own tokens need it (RFC 9068, 5); looked up now and then.

        Raises:
            StoreError: The store does not answer.
        """
        now = self.clock()
        if now < self._nobody.get(client.id, 0.0):
            return True
        # The accounts that are made here have other ids; an application may have put in some of its own.
        known = is_account_id(client.id) or await self.identities.stores.users.get(client.id)
        if known:
            return False
        self._nobody[client.id] = now + NOBODY_FOR
        return True

    async def account(self, grant: Grant) -> User:
        """The account of a grant, if what it allowed still counts.

        Raises:
            OAuthError: ``invalid_grant``: the account is gone, disabled, or was signed out everywhere since.
        """
        try:
            user = await self.identities.active(grant.user_id)
        except CredentialError as error:
            raise OAuthError("invalid_grant", "the account is gone", reason=error.reason) from error
        if grant.created < user.valid_from:
            raise OAuthError("invalid_grant", "the account signed out", reason="signed_out")
        return user

    async def id_token(
        self,
        client: OAuthClient,
        grant: Grant,
        user: User,
        *,
        nonce: str = "",
        access_token: str = "",
        whole: bool = False,
    ) -> str:
        """An ID token of a grant.

        Args:
            client: For whom.
            grant: What it came of.
            user: Its account.
            nonce: Of the authorization request.
            access_token: That it is given with.
            whole: Whether the claims of the scopes are in it, since no access token can ask for them.
        """
        from buckler.guard.auth.oauth.server.claims import id_token_claims

        claims = await id_token_claims(self, grant, user, whole=whole)
        return self.mint.id_token(
            client, grant, nonce=nonce, access_token=access_token, claims=claims
        )

    async def revoke(self, grant: Grant) -> bool:
        """End a grant and all that came of it; False where it had ended."""
        ended = await self.store.grants.revoke(grant.id, self.clock())
        if ended:
            # Signed access tokens name it: who asks the store knows at once.
            await self.revocations.revoke_session(grant.id)
        return ended

    def tell(
        self, request: HTTPConnection, kind: EventKind, reason: str, message: str, **more: Any
    ) -> None:
        """Tell what happened in a request; ``status`` and the event's detail by name."""
        status = int(more.pop("status", 0))
        detail = {name: value for name, value in more.items() if value}
        self.identities.tell_request(request, kind, reason, message, status=status, detail=detail)

    def weaknesses(self) -> Iterator[Weakness]:
        """What is set weaker than RFC 9700 wants it."""
        yield from self.clients.weaknesses()
        if self.policy.registration and not self.policy.registration_tokens:
            yield "oauth_registration", "anybody may register clients; give registration_tokens"
        if self.policy.token_endpoint_as_audience:
            yield (
                "oauth_assertion_audience",
                "client assertions for the token endpoint count; clients should name the issuer",
            )

    def tell_weaknesses(self) -> None:
        """Tell each once, at the start."""
        for reason, message in self.weaknesses():
            self.log.warning("%s: %s", reason, message)
            self.identities.tell(
                SecurityEvent(kind=EventKind.CONFIGURATION, reason=reason, message=message)
            )

    def check_client(self, client: OAuthClient) -> None:
        """Look whether a client's scopes and resources are known here.

        Raises:
            GuardError: One is not.
        """
        known = self.policy.described()
        for scope in client.scopes:
            if scope not in known:
                raise GuardError(
                    f"client {client.id}: the scope {scope!r} is nowhere described",
                    hint=f"OAuthPolicy(scopes={{{scope!r}: 'what it allows, for people'}})",
                )
        for resource in client.resources:
            if resource not in self.policy.resources:
                raise GuardError(
                    f"client {client.id}: the resource {resource!r:.100} is unknown",
                    hint=f"OAuthPolicy(resources={{{resource!r:.100}: []}})",
                )

    def public_keys(self) -> list[Mapping[str, str]]:
        """Its keys as JWKs (RFC 7517)."""
        return [key.public_jwk() for key in self.keys]


def _issuer(text: str) -> str:
    """An issuer's address (RFC 8414, 2): https, without query and fragment; http for this machine alone.

    Raises:
        GuardError: It is none.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError as error:
        raise GuardError(f"issuer: {text!r:.100} is no address", hint=_HINT) from error
    local = parts.scheme == "http" and host in _LOCAL
    if not (host and (parts.scheme == "https" or local)):
        raise GuardError(f"issuer: {text!r:.100} is not https", hint=_HINT)
    if parts.query or parts.fragment or "?" in text or "#" in text or "@" in parts.netloc:
        raise GuardError(f"issuer: {text!r:.100} has more than a host and a path", hint=_HINT)
    return text


def _store(identities: Identities) -> OAuthStores:
    found = getattr(identities.stores, "oauth", None)
    if found is None:
        raise GuardError(
            "these stores keep nothing for an authorization server",
            hint="SqlStores or MemoryStores do; your own needs oauth, see stores/oauth_interface.py",
        )
    store: OAuthStores = found
    return store

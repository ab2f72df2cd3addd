"""Sign-in with other providers, put together in the one right way.

Threat: sound parts that are joined wrongly (CWE-287): a state that is not bound to the browser, one redirect address for
two providers (mix-up, RFC 9700, 4.4), an account that is found by an e-mail address, a second factor that is not asked
for since somebody came another way (CWE-308).
"""

from __future__ import annotations

import importlib
import ssl
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from buckler.guard.audit.events import EventKind
from buckler.guard.audit.teller import Teller
from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.algorithms import joserfc
from buckler.guard.auth.oauth.client.addresses import port_of
from buckler.guard.auth.oauth.client.connection import Connection
from buckler.guard.auth.oauth.client.dpop_proof import es256
from buckler.guard.auth.oauth.client.errors import SignInError
from buckler.guard.auth.oauth.client.fetch import MAX_BYTES, TIMEOUT, Fetcher
from buckler.guard.auth.oauth.client.flow import Flow, Flows, Purpose, new_secret
from buckler.guard.auth.oauth.client.identity import Claimed
from buckler.guard.auth.oauth.client.kept_tokens import AccessToken, Kept, KeptTokens
from buckler.guard.auth.oauth.client.linking import Linking
from buckler.guard.auth.oauth.client.logout import (
    TYPED,
    UNTYPED,
    LoggedOut,
    end_session_url,
    judge_logout,
)
from buckler.guard.auth.oauth.client.provider import Provider
from buckler.guard.auth.oauth.client.sessions import Begun, FederatedSessions
from buckler.guard.auth.oauth.client.token_response import Tokens
from buckler.guard.auth.one_time import Links
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError, flag, instance

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.guard.auth.identities import Identities

SIGNED_OUT: Final = "oauth.signed_out"
SIGNED_OUT_LIFETIME: Final = 600.0


class SignInWith:
    """Sign-in with providers, for an application with identities.

    Example::

        sign_in_with = SignInWith(
            guard.identities, google(client_id=..., client_secret=os.environ["GOOGLE_SECRET"])
        )
        app.include_router(sign_in_with.router())

    Args:
        identities: Of the application: ``guard.identities``; ``AuthPolicy`` needs ``base_url`` and ``sign_in_page``.
        providers: With whom people sign in.
        sign_up: Whether a first sign-in makes an account; None: as ``AuthPolicy`` has it.
        egress: Which addresses may be called, for a provider inside; else public ones over https.
        ssl_context: For a provider with a private CA.

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self,
        identities: Identities,
        *providers: Provider,
        sign_up: bool | None = None,
        egress: EgressPolicy | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        _check(identities)
        self.identities = identities
        policy = identities.policy
        self.providers = _by_name(providers)
        instance(egress, "egress", EgressPolicy)
        tell = Teller(identities.tell)
        calls = egress or EgressPolicy(
            ports={443} | {port_of(one.issuer) for one in providers},
            schemes=("https",),
            max_bytes=MAX_BYTES,
            timeout=TIMEOUT,
            max_redirects=0,
            events=tell,
        )
        fetcher = Fetcher(calls, ssl_context=ssl_context)
        self.base = f"{policy.base_url.rstrip('/')}{policy.prefix}/with"
        self.connections = {
            name: Connection(
                one,
                fetcher,
                redirect_uri=f"{self.base}/{name}/callback",
                keys=[es256(first + second) for first, second in self._seeds(name)]
                if one.dpop
                else [],
                events=tell,
                clock=identities.clock,
            )
            for name, one in self.providers.items()
        }
        self.flows = Flows(identities.one_time, identities.derivable("oauth.state"))
        made = policy.sign_up if sign_up is None else flag(sign_up, "sign_up")
        self.linking = Linking(identities, sign_up=made)
        self.sessions = FederatedSessions(identities)
        self.kept = KeptTokens(
            identities.stores.external_tokens,
            identities.derivable("oauth.tokens"),
            tell=tell,
            clock=identities.clock,
        )
        identities.begun.append(self.sessions.bind)
        identities.endings.application.append(self.kept.drain)

    def router(self) -> APIRouter:
        """The routes, below ``AuthPolicy(prefix=...)`` and ``/with``."""
        from buckler.guard.auth.oauth.client.routes import router

        return router(self)

    async def token(self, user_id: str, provider: str) -> AccessToken:
        """An access token of a provider for an account; a new one where the kept one is about to end.

        Args:
            user_id: Whose.
            provider: Name of the provider, which has ``keep_tokens=True``.

        Raises:
            SignInError: ``no_tokens``: the owner has to sign in there (again).
            ProviderError: The provider cannot be reached; later it may be.
            GuardError: There is no such provider, or its tokens are not kept.
        """
        connection = self.connections.get(provider)
        if connection is None or not connection.provider.keep_tokens:
            raise GuardError(
                f"tokens of {provider!r} are not kept", hint="Provider(..., keep_tokens=True)"
            )
        return await self.kept.get(user_id, connection)

    async def begin(
        self,
        connection: Connection,
        purpose: Purpose,
        next: str,
        *,
        user_id: str = "",
        session_id: str = "",
    ) -> tuple[str, str]:
        """Begin a sign-in.

        Args:
            connection: To the provider.
            purpose: What for.
            next: Where to go on; a path.
            user_id: Whose account, for ``link`` and ``step_up``.
            session_id: By which session.

        Returns:
            Where the browser is sent, and the cookie's value.

        Raises:
            ProviderError: The provider cannot be reached, or refused the pushed request.
        """
        provider = connection.provider
        metadata = await connection.metadata()
        flow = Flow(
            provider=provider.name,
            issuer=metadata.issuer,
            purpose=purpose,
            started=self.identities.clock(),
            next=next,
            nonce=new_secret(),
            verifier=new_secret(),
            max_age=0.0 if purpose == "step_up" else provider.max_age,
            user_id=user_id,
            session_id=session_id,
        )
        state, binding = await self.flows.begin(flow)
        return await connection.authorize(flow, state), binding

    async def redeem(
        self, connection: Connection, flow: Flow, *, code: str, issuer: str | None
    ) -> tuple[Tokens, Claimed]:
        """Who came back from a provider, and their tokens.

        Args:
            connection: To the provider whose redirect address was called.
            flow: That the answer belongs to.
            code: Of the answer.
            issuer: ``iss`` of the answer (RFC 9207), or None.

        Raises:
            SignInError: What it says does not count.
            ProviderError: The provider cannot be reached, or gave nothing.
        """
        metadata = await connection.metadata()
        if metadata.issuer != flow.issuer:
            raise SignInError("issuer_changed", "the provider has become another one meanwhile")
        # A directory with many tenants answers for one of them.
        said = issuer is not None or metadata.says_issuer
        if said and not connection.provider.tenants and issuer != flow.issuer:
            raise SignInError("mix_up", "the answer is of another issuer")
        return await connection.redeem(flow, code)

    async def keep(
        self, user_id: str, connection: Connection, tokens: Tokens, who: Claimed
    ) -> None:
        """Keep the tokens of a sign-in, where the provider's are kept."""
        if not connection.provider.keep_tokens:
            return
        jkt = connection.proofs.newest if connection.provider.dpop else ""
        kept = Kept(tokens=tokens, issuer=who.issuer, subject=who.subject, jkt=jkt)
        await self.kept.keep(user_id, connection, kept)

    def carried(
        self, user_id: str, connection: Connection, tokens: Tokens, who: Claimed
    ) -> dict[str, str]:
        """What binds the session that follows to the one at the provider."""
        begun = Begun(
            provider=connection.provider.name,
            issuer=who.issuer,
            subject=who.subject,
            sid=who.sid,
            id_token=tokens.id_token,
        )
        return self.sessions.carried(user_id, begun)

    async def unlink(self, user_id: str, connection: Connection, *, session_id: str) -> bool:
        """Take a provider from an account: its identities, tokens, and sessions but the one at hand.

        Raises:
            SignInError: ``last``: its owner could not sign in any more.
        """
        name = connection.provider.name
        if not await self.linking.unlink(user_id, name):
            return False
        await self.kept.drop(user_id, connection)
        await self.sessions.end_of(user_id, name, but=session_id)
        return True

    async def sign_out_url(self, session_id: str, next: str) -> str:
        """Where the browser signs out at the provider that a session was begun with; empty for nowhere.

        Raises:
            ProviderError: The provider cannot be reached.
        """
        begun = await self.sessions.begun_by(session_id)
        connection = self.connections.get(begun[0]) if begun is not None else None
        if begun is None or connection is None or not connection.provider.is_openid:
            return ""
        metadata = await connection.metadata()
        if not metadata.end_session_endpoint:
            return ""
        state = await self.identities.one_time.issue(
            SIGNED_OUT, begun[0], ttl=SIGNED_OUT_LIFETIME, data={"next": next}
        )
        return end_session_url(
            metadata,
            connection.provider,
            id_token=begun[1],
            back=f"{self.base}/signed-out",
            state=state,
        )

    async def signed_out(self, state: str) -> str:
        """Where to go on after a sign-out at a provider; ``/`` for a state that is none of ours."""
        try:
            taken = await self.identities.one_time.take(state, SIGNED_OUT)
        except TokenError:
            return "/"
        return taken.data["next"]

    async def logged_out(self, connection: Connection, logout_token: str) -> None:
        """End the sessions that a logout token names, and tokens that were given for no longer (2.7).

        Raises:
            SignInError: It does not count.
            ProviderError: The provider's keys cannot be fetched.
        """
        provider = connection.provider
        if not provider.is_openid:
            raise SignInError("issuer", "the provider sends no logout tokens")
        values, _ = await connection.verified(
            logout_token, UNTYPED if provider.untyped_logout else TYPED
        )
        found = judge_logout(values, provider, self.identities.clock())
        if not await self._first(found):
            self.identities.told(
                EventKind.TOKEN_REUSED,
                "logout",
                "A logout token came again",
                "",
                provider=provider.name,
            )
            raise SignInError("replay", "the logout token came before")
        ended = await self.sessions.end(
            "back_channel", found.issuer, sid=found.sid, subject=found.subject
        )
        if "offline_access" not in provider.scopes:
            for user_id in ended:
                await self.kept.drop(user_id, connection)

    async def _first(self, found: LoggedOut) -> bool:
        key = sha256(f"logout {found.issuer} {found.jti}".encode()).hexdigest()
        return await self.identities.stores.oauth.replays.first(key, found.until)

    def _seeds(self, name: str) -> list[tuple[bytes, bytes]]:
        """For keys that tokens are bound to, newest first."""
        first = self.identities.derivable(f"oauth.dpop.{name}.1")
        return list(zip(first, self.identities.derivable(f"oauth.dpop.{name}.2"), strict=True))


def _check(identities: Identities) -> None:
    """Look whether an application can sign in with providers, and import what that needs: a request would wait for it.

    Raises:
        GuardError: It cannot, or a package is missing.
    """
    joserfc()
    importlib.import_module("buckler.guard.egress").async_safe_client  # noqa: B018
    policy = identities.policy
    if not policy.base_url or not policy.sign_in_page or "session" not in policy.ways:
        raise GuardError(
            "sign-in with providers needs an address to come back to, and a page to begin at",
            hint="AuthPolicy(base_url='https://shop.example', sign_in_page='/sign-in')",
        )
    Links(policy.base_url)
    kinds = (getattr(one, "__self__", None) for one in identities.begun)
    if any(isinstance(one, FederatedSessions) for one in kinds):
        raise GuardError(
            "the application has a SignInWith already", hint="one takes all the providers"
        )


def _by_name(providers: tuple[Provider, ...]) -> dict[str, Provider]:
    if not providers:
        raise GuardError("there is no provider", hint="SignInWith(guard.identities, google(...))")
    found: dict[str, Provider] = {}
    for one in providers:
        instance(one, "providers", Provider, optional=False)
        if one.name in found:
            raise GuardError(f"two providers are called {one.name!r}", hint="name='other'")
        found[one.name] = one
    return found

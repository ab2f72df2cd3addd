"""Tokens of providers: kept encrypted, refreshed once for many who wait.

Threat: whoever reads the table acts for everybody at their provider (CWE-312, CWE-522); two who refresh at once, where
refresh tokens are good for one use, so that the provider takes the second for a thief and ends both (RFC 9700, 4.14).
In this process one task refreshes and all wait for it, also where whoever asked first has gone; between workers it is
a lease in the store.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import anyio

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.mail import behind
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.auth.oauth.client.connection import Connection
from buckler.guard.auth.oauth.client.errors import ProviderError, SignInError
from buckler.guard.auth.oauth.client.id_token import Expected
from buckler.guard.auth.oauth.client.token_response import Tokens
from buckler.guard.stores.federation import ExternalToken, ExternalTokens
from buckler.guard.stores.records import NEVER

EARLY: Final = 30.0
"""Seconds before its end at which an access token is refreshed."""
LEASE: Final = 45.0
"""Seconds that a worker has to refresh: longer than its calls may take."""
LOOK: Final = 0.1
PURPOSE: Final = "oauth.tokens"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token of a provider.

    Attributes:
        value: The token; not in ``repr``.
        expires: Seconds since 1970.
        scope: That was granted; empty where the provider did not say.
        dpop: Whether it is bound to a key of the application's.
    """

    value: str = field(repr=False)
    expires: float
    scope: str
    dpop: bool
    _learn: Callable[[str, str | None], bool] = field(repr=False, compare=False)
    _bearing: Callable[[str, str], dict[str, str]] = field(repr=False, compare=False)

    def headers(self, method: str, url: str) -> dict[str, str]:
        """What a request to the provider's interface has to say, the proof of the key included.

        Args:
            method: Of the request.
            url: Of the request.
        """
        return self._bearing(method, url)

    def learn(self, url: str, nonce: str | None) -> bool:
        """Take the nonce that an interface wants in proofs (RFC 9449, 9); whether to ask it again.

        Args:
            url: Of the request.
            nonce: ``DPoP-Nonce`` of its answer.
        """
        return self._learn(url, nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is encrypted.

    Attributes:
        tokens: As the provider gave them; of the ID token nothing is kept.
        issuer: Of the identity.
        subject: Of the identity.
        jkt: Thumbprint of the key that they are bound to; empty for none.
    """

    tokens: Tokens
    issuer: str
    subject: str
    jkt: str = ""


class KeptTokens:
    """Keeps and refreshes.

    Args:
        store: Where.
        keys: Of 32 bytes, newest first.
        tell: Gets events.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: ExternalTokens,
        keys: tuple[bytes, ...],
        *,
        tell: Listener,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._sealer = Sealer(keys, PURPOSE)
        self._tell = tell
        self._clock = clock
        self._under_way: dict[tuple[str, str], _Refresh] = {}

    async def keep(self, user_id: str, connection: Connection, kept: Kept) -> None:
        """Keep the tokens of a sign-in, in place of earlier ones."""
        await self._store.put(self._record(user_id, connection.provider.name, kept))

    async def drop(self, user_id: str, connection: Connection) -> bool:
        """Remove them, here and at the provider; False where there are none."""
        found = await self._store.find(user_id, connection.provider.name)
        if found is None or not await self._store.drop(user_id, connection.provider.name):
            return False
        try:
            tokens = self._open(found).tokens
        except SignInError:  # nobody can read them any more, here or elsewhere
            return True
        await connection.revoke(tokens.refresh_token or tokens.access_token)
        return True

    async def get(self, user_id: str, connection: Connection) -> AccessToken:
        """An access token that counts for :data:`EARLY` seconds more.

        Raises:
            SignInError: ``no_tokens``: there are none, or the provider takes them no more: its user has to sign in
                there again.
            ProviderError: The provider cannot be reached; later it may be.
        """
        found = await self._store.find(user_id, connection.provider.name)
        if found is None:
            raise SignInError("no_tokens", "no tokens of the provider are kept for the account")
        if found.expires - EARLY > self._clock():
            return self._access(self._open(found), found.expires, connection)
        return await self._refreshed(found, connection)

    async def drain(self) -> None:
        """Wait for refreshes under way, at the end of the application: what the provider gave is kept."""
        while self._under_way:
            await anyio.sleep(LOOK / 10)

    async def _refreshed(self, found: ExternalToken, connection: Connection) -> AccessToken:
        key = (found.user_id, found.provider)
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = self._under_way[key] = _Refresh()
            behind(self._refresh_for_all, under_way, found, connection)
        await under_way.done.wait()
        if under_way.error is not None:
            raise under_way.error
        if under_way.token is None:
            raise ProviderError("unreachable", "the provider's tokens could not be refreshed")
        return under_way.token

    async def _refresh_for_all(
        self, under_way: _Refresh, found: ExternalToken, connection: Connection
    ) -> None:
        try:
            under_way.token = await self._refresh(found, connection)
        except Exception as error:  # noqa: BLE001 - it is raised again in each of those who wait
            under_way.error = error
        finally:
            self._under_way.pop((found.user_id, found.provider), None)
            under_way.done.set()

    async def _refresh(self, found: ExternalToken, connection: Connection) -> AccessToken:
        """Refresh, or wait for the worker that does."""
        until = self._clock() + LEASE
        while True:
            now = self._clock()
            mine = await self._store.lease(
                found.user_id, found.provider, version=found.version, now=now, until=now + LEASE
            )
            if mine:
                return await self._exchange(found, connection)
            await anyio.sleep(LOOK)
            current = await self._store.find(found.user_id, found.provider)
            if current is None:
                raise SignInError("no_tokens", "the provider's tokens were removed")
            if current.version != found.version:
                if current.expires > self._clock():
                    return self._access(self._open(current), current.expires, connection)
                found = current
            if self._clock() >= until:
                raise ProviderError("unreachable", "another worker did not refresh in time")

    async def _exchange(self, found: ExternalToken, connection: Connection) -> AccessToken:
        kept = self._open(found)
        if not kept.tokens.refresh_token:
            await self._gone(found, "no_refresh_token")
        try:
            new = await connection.refresh(kept.tokens.refresh_token, kept.jkt)
        except ProviderError as error:
            if error.error == "invalid_grant":
                await self._gone(found, "invalid_grant")
            await self._release(found)
            raise
        following = Tokens(
            access_token=new.access_token,
            dpop=new.dpop,
            # One that does not come anew goes on counting (RFC 6749, 6).
            refresh_token=new.refresh_token or kept.tokens.refresh_token,
            lifetime=new.lifetime,
            scope=new.scope or kept.tokens.scope,
        )
        after = Kept(tokens=following, issuer=kept.issuer, subject=kept.subject, jkt=kept.jkt)
        record = self._record(found.user_id, found.provider, after)
        try:
            if new.id_token:
                await self._check(new, kept, connection)
        except ProviderError:
            # The refresh token before is used up: this one is kept, and used before its access token counts.
            await self._store.replace(replace(record, expires=0.0), version=found.version)
            raise
        except SignInError:
            await self._gone(found, "other_subject")
        # Where it was replaced meanwhile, its owner signed in again: those tokens stay.
        await self._store.replace(record, version=found.version)
        return self._access(after, record.expires, connection)

    async def _check(self, new: Tokens, kept: Kept, connection: Connection) -> None:
        """Look whether the ID token of a refresh is about the same person (OpenID Connect Core, 12.2).

        Raises:
            SignInError: It is not.
            ProviderError: Nobody knows: the provider's keys cannot be fetched.
        """
        expected = Expected(now=self._clock(), nonce=None, access_token=new.access_token)
        try:
            claimed = await connection.identify(new, expected)
        except SignInError as error:
            if error.reason == "token_keys":
                raise ProviderError("unreachable", error.message) from error
            raise
        if (claimed.issuer, claimed.subject) != (kept.issuer, kept.subject):
            raise SignInError("subject", "the refreshed ID token is about somebody else")

    async def _gone(self, found: ExternalToken, why: str) -> None:
        await self._store.drop(found.user_id, found.provider, version=found.version)
        self._tell(
            SecurityEvent(
                kind=EventKind.TOKEN_REFUSED,
                reason="provider_refresh",
                message="A provider takes a refresh token no more",
                time=self._clock(),
                principal=found.user_id,
                detail={"provider": found.provider, "why": why},
            )
        )
        raise SignInError("no_tokens", "the provider takes the refresh token no more")

    async def _release(self, found: ExternalToken) -> None:
        await self._store.replace(found, version=found.version)

    def _record(self, user_id: str, provider: str, kept: Kept) -> ExternalToken:
        lifetime = kept.tokens.lifetime
        text = json.dumps({**asdict(kept), "tokens": {**asdict(kept.tokens), "id_token": ""}})
        return ExternalToken(
            user_id=user_id,
            provider=provider,
            version=secrets.token_hex(16),
            sealed=self._sealer.seal(text.encode("utf-8"), f"{user_id} {provider}"),
            expires=NEVER if lifetime is None else self._clock() + lifetime,
        )

    def _open(self, found: ExternalToken) -> Kept:
        try:
            opened = self._sealer.open(found.sealed, f"{found.user_id} {found.provider}")
        except FactorError as error:
            raise SignInError("no_tokens", "no key reads the provider's tokens") from error
        values = json.loads(opened.value)
        return Kept(**{**values, "tokens": Tokens(**values["tokens"])})

    def _access(self, kept: Kept, expires: float, connection: Connection) -> AccessToken:
        tokens = kept.tokens
        if kept.jkt and not connection.proofs.knows(kept.jkt):
            raise SignInError("no_tokens", "the key that the tokens are bound to is gone")
        return AccessToken(
            tokens.access_token,
            expires,
            tokens.scope,
            tokens.dpop,
            connection.proofs.learn,
            lambda method, url: connection.bearing(method, url, tokens.access_token, kept.jkt),
        )


class _Refresh:
    """One that is under way, and what came of it."""

    __slots__ = ("done", "error", "token")

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.error: Exception | None = None
        self.token: AccessToken | None = None

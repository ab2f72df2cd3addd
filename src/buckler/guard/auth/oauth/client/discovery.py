"""Finds what a provider says of itself, and its keys; keeps both as long as they may be kept.

Threat: a provider that is asked at every sign-in, or whose short failure signs nobody in any more (CWE-400), and
metadata that was taken for another issuer's (RFC 8414, 3.3). One fetch is under way at a time; what was good stays
for a day where the provider cannot be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from buckler.guard.audit.events import Listener
from buckler.guard.auth.jwt.algorithms import ALGORITHMS
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.jwt.keys import KeySet
from buckler.guard.auth.jwt.remote import RemoteKeys
from buckler.guard.auth.oauth.client.errors import ProviderError
from buckler.guard.auth.oauth.client.fetch import TIMEOUT, Fetcher
from buckler.guard.auth.oauth.client.metadata import Metadata, read_metadata
from buckler.guard.auth.oauth.client.provider import TENANT, Provider

FRESH: Final = 3_600.0
STALE: Final = 86_400.0
AGAIN: Final = 5.0
"""Seconds between two attempts that fail."""
OPENID: Final = "/.well-known/openid-configuration"
OAUTH: Final = "/.well-known/oauth-authorization-server"
MANY: Final = "organizations"
"""Where Microsoft keeps the metadata of all tenants."""


class Discovery:
    """Metadata and keys of one provider.

    Args:
        provider: Whose.
        fetcher: Calls it.
        events: Told of keys that cannot be fetched.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        provider: Provider,
        fetcher: Fetcher,
        *,
        events: Listener,
        clock: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._fetcher = fetcher
        self._events = events
        self._clock = clock
        self._metadata = provider.metadata
        self._fetched = self._attempted = float("-inf")
        self._under_way: Any = None
        self._keys: tuple[str, RemoteKeys] | None = None

    async def metadata(self) -> Metadata:
        """What the provider says of itself.

        Raises:
            ProviderError: It cannot be reached, or says what cannot be taken.
        """
        if self._provider.metadata is not None:
            return self._provider.metadata
        import anyio

        lock = self._under_way = self._under_way or anyio.Lock()
        # While the first fetch is under way there is nothing to go on with, and so nothing to do but to wait for it.
        if not self._due() and (self._metadata is not None or not lock.locked()):
            return self._known()
        async with lock:
            if self._due():
                await self._refresh()
        return self._known()

    async def keys(self) -> RemoteKeys | KeySet:
        """What its ID tokens are verified with.

        Raises:
            ProviderError: It has none.
        """
        provider = self._provider
        if provider.symmetric:
            return KeySet(
                SigningKey.from_secret(str(provider.client_secret), alg=provider.symmetric)
            )
        url = (await self.metadata()).jwks_uri
        if not url:
            raise ProviderError("metadata", "the provider publishes no keys")
        if self._keys is None or self._keys[0] != url:
            made = RemoteKeys(
                url,
                client=self._fetcher,
                alg=self._rsa(),
                timeout=TIMEOUT,
                events=self._events,
                clock=self._clock,
            )
            self._keys = (url, made)
        return self._keys[1]

    def allowed(self, metadata: Metadata) -> frozenset[str]:
        """The algorithms that ID tokens may be signed with: those of both sides."""
        ours = frozenset(self._provider.algorithms)
        return ours & metadata.algorithms if metadata.algorithms else ours

    def _rsa(self) -> str | None:
        """The algorithm of RSA keys that do not state theirs."""
        both = (
            self.allowed(self._metadata) if self._metadata else frozenset(self._provider.algorithms)
        )
        fitting = [one for one in ALGORITHMS if one in both and ALGORITHMS[one].kind == "RSA"]
        return fitting[0] if fitting else None

    def _due(self) -> bool:
        """Whether to fetch: what there is is old, and the last attempt was not a moment ago."""
        return self._clock() >= max(self._fetched + FRESH, self._attempted + AGAIN)

    def _known(self) -> Metadata:
        if self._metadata is None:
            raise ProviderError("unreachable", "the provider's metadata cannot be fetched")
        return self._metadata

    async def _refresh(self) -> None:
        before, now = self._attempted, self._clock()
        self._attempted = now
        ended = False
        try:
            self._metadata = await self._fetch()
            ended = True
        except ProviderError as error:
            ended = True
            # What was good stays good for a day, but not past a document that is another issuer's.
            if error.reason != "unreachable" or now >= self._fetched + FRESH + STALE:
                self._metadata = None
                raise
            return
        finally:
            # Where who asked was given up, the next of those that wait asks.
            if not ended:
                self._attempted = before
        self._fetched = now

    async def _fetch(self) -> Metadata:
        provider = self._provider
        status = 0
        for url in self._addresses():
            answer = await self._fetcher.get(url, headers={"accept": "application/json"})
            status = answer.status_code
            if status == 200:
                return read_metadata(answer.content, provider.issuer, plain=provider.plain)
        raise ProviderError("unreachable", f"the provider's metadata is answered with {status}")

    def _addresses(self) -> Iterator[str]:
        provider = self._provider
        if provider.discovery:
            yield provider.discovery
            return
        issuer = provider.issuer.replace(TENANT, MANY).rstrip("/")
        yield issuer + OPENID
        parts = urlsplit(issuer)
        yield f"{parts.scheme}://{parts.netloc}{OAUTH}{parts.path}"

"""What an issuer says of itself (RFC 8414; OpenID Connect Discovery 1.0).

Threat: the metadata of one issuer taken for that of another one, whose keys then sign (RFC 8414, 3.3 and 6.2), and
an issuer that is asked at every request, or whose short failure refuses everybody (CWE-400).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import unavailable
from buckler.guard.auth.oauth.resource.addresses import is_address, well_known
from buckler.guard.auth.oauth.resource.calls import Calls
from buckler.guard.auth.oauth.resource.single_flight import SingleFlight

FRESH: Final = 3_600.0
"""Seconds for which a document counts as new."""
AGAIN: Final = 5.0
"""Seconds between two attempts."""


class Discovery:
    """The metadata of one issuer: fetched when it is needed, and when it is old; an old one stays where that fails.

    Args:
        issuer: Whose.
        calls: Fetches it.
        clock: Gives seconds since 1970.
    """

    __slots__ = ("_calls", "_clock", "_document", "_flight", "_fresh", "_issuer", "_next")

    def __init__(self, issuer: str, calls: Calls, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._calls = calls
        self._clock = clock
        self._document: Mapping[str, Any] | None = None
        self._fresh = self._next = -math.inf
        self._flight: SingleFlight[Mapping[str, Any]] = SingleFlight()

    async def endpoint(self, name: str) -> str:
        """An address in it.

        Raises:
            OAuthError: 503: it cannot be had, or has no such address.
        """
        document = await self._flight.run("", self._known, self._fetched)
        found = document.get(name)
        if not is_address(found, query=True):
            raise unavailable("metadata", f"the issuer's metadata has no {name} over https")
        return str(found)

    def _known(self) -> Mapping[str, Any] | None:
        now = self._clock()
        if self._document is not None and (now < self._fresh or now < self._next):
            return self._document
        return None

    async def _fetched(self) -> Mapping[str, Any]:
        now = self._clock()
        if now < self._next:
            raise unavailable("metadata", "the issuer's metadata could not be had a moment ago")
        # Until it is known what comes of it: who asks may go, and whoever waits asks then.
        before, self._next = self._next, now + AGAIN
        ended = False
        try:
            self._document = await self._fetch()
            ended = True
        except OAuthError:
            ended = True
            if self._document is None:
                raise
            return self._document
        finally:
            if not ended:
                self._next = before
        self._fresh = now + FRESH
        return self._document

    async def _fetch(self) -> Mapping[str, Any]:
        base = self._issuer.rstrip("/")
        for url in (
            well_known(self._issuer, "oauth-authorization-server"),
            f"{base}/.well-known/openid-configuration",
        ):
            status, document = await self._calls.get(url)
            if status != 200:
                continue
            if document.get("issuer") != self._issuer:
                raise unavailable("metadata", "the metadata is that of another issuer")
            return document
        raise unavailable("metadata", "the issuer publishes no metadata")

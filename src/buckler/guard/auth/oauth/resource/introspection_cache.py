"""Remembers what an issuer said of tokens, for a short time.

Threat: a call to the issuer at every request (CWE-400), and a token that counts after it expired or was revoked, since
an answer was kept too long (RFC 7662, 4; CWE-613). Tokens are known by their digests: a dump of memory has none. What
anybody can make up has a place of its own, and pushes no token out that counts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from buckler.guard.auth.oauth.resource.access_token import AccessToken


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a token.

    Attributes:
        token: What it says; None where it does not count.
        until: When that is forgotten, seconds since 1970.
    """

    token: AccessToken | None
    until: float


class IntrospectionCache:
    """Answers by the digest of the token.

    Args:
        entries: At most, and as many of tokens that do not count; those that were not asked for longest go first.
        clock: Gives seconds since 1970.
    """

    __slots__ = ("_clock", "_entries", "_kept", "_refused")

    def __init__(self, entries: int, clock: Callable[[], float]) -> None:
        self._entries = entries
        self._clock = clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._refused: OrderedDict[str, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept) + len(self._refused)

    def get(self, digest: str) -> Kept | None:
        """What is remembered, or None."""
        place = self._kept if digest in self._kept else self._refused
        kept = place.get(digest)
        if kept is None:
            return None
        if self._clock() >= kept.until:
            del place[digest]
            return None
        place.move_to_end(digest)
        return kept

    def put(self, digest: str, kept: Kept) -> None:
        """Remember it."""
        places = (self._kept, self._refused)
        place, other = places if kept.token is not None else places[::-1]
        other.pop(digest, None)
        place[digest] = kept
        place.move_to_end(digest)
        while len(place) > self._entries:
            place.popitem(last=False)

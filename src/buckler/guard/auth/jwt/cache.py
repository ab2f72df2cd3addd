"""Remembers tokens that were good, so that a signature is verified once and not at every request.

Threat: a cache that keeps a token good after it expired, was revoked or lost its key (CWE-613), that answers one
verifier with what another one took (it belongs to one verifier), or that a flood of tokens empties or fills
(CWE-400): bad ones are never kept, and good ones go in the order of their use.
"""

from __future__ import annotations

import threading
from typing import Final

from buckler.guard.auth.jwt.claims import Claims

_LOOKED_AT: Final = 16
"""Entries that one eviction looks at."""


class Kept:
    """One good token.

    Attributes:
        claims: What it says.
        starts: From when it counts.
        until: When it counts no more.
        used: Whether it was asked for since an eviction last came by.
    """

    __slots__ = ("claims", "starts", "until", "used")

    def __init__(self, claims: Claims, starts: float, until: float) -> None:
        self.claims = claims
        self.starts = starts
        self.until = until
        self.used = False


class TokenCache:
    """Good tokens by their text, with second chances for those that are in use.

    Args:
        entries: At most.
        size: Characters of all tokens at most.

    Attributes:
        tokens: Read by the verifier itself: a call more would cost as much as the look-up.
    """

    __slots__ = ("_entries", "_lock", "_size", "_stored", "tokens")

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._size = size
        self._stored = 0
        self._lock = threading.Lock()
        self.tokens: dict[str, Kept] = {}

    def keep(self, token: str, kept: Kept) -> None:
        """Keep a token."""
        with self._lock:
            if token not in self.tokens:
                self._stored += len(token)
            self.tokens[token] = kept
            while len(self.tokens) > self._entries or self._stored > self._size:
                self._evict()

    def drop(self, token: str) -> None:
        """Forget a token."""
        with self._lock:
            if self.tokens.pop(token, None) is not None:
                self._stored -= len(token)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self.tokens.clear()
            self._stored = 0

    def _evict(self) -> None:
        """Forget the oldest that was not used since it was last looked at."""
        for _ in range(_LOOKED_AT):
            token = next(iter(self.tokens))
            kept = self.tokens.pop(token)
            if not kept.used:
                self._stored -= len(token)
                return
            kept.used = False
            self.tokens[token] = kept
        token = next(iter(self.tokens))
        del self.tokens[token]
        self._stored -= len(token)

"""What counts once, what failed, and what counts no more, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from buckler.guard.stores.memory.shelf import Shelf
from buckler.guard.stores.records import Attempts, OneTimeToken

MOST: Final = 100_000
"""Failed attempts, and tokens that count once, of which anybody may cause as many as they like."""


class MemoryOneTimeTokens:
    """Tokens that count once; see :class:`~buckler.guard.stores.interface.OneTimeTokens`."""

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self.kept: Shelf[OneTimeToken] = Shelf(clock, lambda token: token.expires, most=most)

    async def add(self, token: OneTimeToken) -> None:
        """Keep a new one."""
        self.kept.add(token.digest, token)

    async def take(self, digest: str, purpose: str, now: float) -> OneTimeToken | None:
        """Remove and give it, if it is for that purpose and has not expired; to one caller alone."""
        token = self.kept.get(digest)
        if token is None or token.purpose != purpose or token.expires <= now:
            return None
        return self.kept.pop(digest)

    async def drop(self, purpose: str, subject: str) -> int:
        """Remove all for a purpose and a subject."""
        return self.kept.drop(lambda one: one.purpose == purpose and one.subject == subject)


class MemoryFailedAttempts:
    """Counts of failed attempts; see :class:`~buckler.guard.stores.interface.FailedAttempts`."""

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self.kept: Shelf[tuple[Attempts, float]] = Shelf(clock, lambda one: one[1], most=most)

    async def get(self, key: str) -> Attempts | None:
        """What is counted for a key, or None."""
        kept = self.kept.get(key)
        return None if kept is None else kept[0]

    async def fail(self, key: str, now: float, *, window: float) -> Attempts:
        """Count one more, from one again where none came for ``window`` seconds; atomic."""
        before = await self.get(key)
        if before is None or before.last + window <= now:
            attempts = Attempts(count=1, last=now)
        else:
            attempts = Attempts(count=before.count + 1, last=max(before.last, now))
        self.kept.put(key, (attempts, attempts.last + window))
        return attempts

    async def clear(self, key: str) -> None:
        """Count from zero."""
        self.kept.pop(key)


class MemoryRevocations:
    """Revoked tokens; see :class:`~buckler.guard.stores.interface.Revocations`.

    Not bounded by number: one that is forgotten lets its token in again.
    """

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float]) -> None:
        self.kept: Shelf[float] = Shelf(clock, lambda until: until)

    async def revoke(self, token_id: str, until: float) -> bool:
        """Revoke a token until it expires; False where it was."""
        before = self.kept.get(token_id)
        self.kept.put(token_id, until if before is None else max(before, until))
        return before is None

    async def revoked(self, *token_ids: str) -> bool:
        """Whether one of them is revoked."""
        return any(self.kept.get(token_id) is not None for token_id in token_ids)

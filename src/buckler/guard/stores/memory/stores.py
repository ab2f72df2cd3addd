"""All stores in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from buckler.guard.options import GuardError
from buckler.guard.stores.memory.factors import MemoryFactors
from buckler.guard.stores.memory.federation import (
    MemoryExternalIdentities,
    MemoryExternalSessions,
    MemoryExternalTokens,
)
from buckler.guard.stores.memory.oauth import MemoryOAuth
from buckler.guard.stores.memory.sessions import (
    MemoryApiKeys,
    MemoryRefreshTokens,
    MemorySessions,
)
from buckler.guard.stores.memory.tokens import (
    MemoryFailedAttempts,
    MemoryOneTimeTokens,
    MemoryRevocations,
)
from buckler.guard.stores.memory.users import MemoryRoles, MemoryUsers
from buckler.guard.stores.records import Standing


class MemoryStores:
    """Identities in the memory of one process; gone when it ends.

    Args:
        clock: Gives seconds since 1970; decides what is swept away as expired, nothing else.

    Raises:
        GuardError: ``clock`` cannot be called.
    """

    __slots__ = (
        "attempts",
        "external_identities",
        "external_sessions",
        "external_tokens",
        "factors",
        "keys",
        "oauth",
        "one_time",
        "refresh",
        "revocations",
        "roles",
        "sessions",
        "users",
    )

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        if not callable(clock):
            raise GuardError(
                "clock takes a function without arguments", hint="write clock=time.time"
            )
        self.users = MemoryUsers()
        self.roles = MemoryRoles()
        self.sessions = MemorySessions(clock)
        self.refresh = MemoryRefreshTokens(clock)
        self.keys = MemoryApiKeys(clock)
        self.one_time = MemoryOneTimeTokens(clock)
        self.attempts = MemoryFailedAttempts(clock)
        self.revocations = MemoryRevocations(clock)
        self.factors = MemoryFactors()
        self.oauth = MemoryOAuth(clock)
        self.external_identities = MemoryExternalIdentities()
        self.external_tokens = MemoryExternalTokens()
        self.external_sessions = MemoryExternalSessions(clock)

    async def standing(self, user_id: str, *token_ids: str) -> Standing | None:
        """What has to be known of a principal at every request; None for no account."""
        user = await self.users.get(user_id)
        if user is None:
            return None
        return Standing(
            user=user,
            roles=await self.roles.of(user_id),
            epoch=await self.roles.epoch(),
            revoked=await self.revocations.revoked(*token_ids),
        )

    async def forget(self, user_id: str) -> None:
        """Remove an account and all that belongs to it."""
        await self.users.remove(user_id)
        self.roles.forget(user_id)
        self.refresh.forget(user_id)
        self.factors.forget(user_id)
        self.oauth.forget(user_id)
        self.external_identities.forget(user_id)
        self.external_tokens.forget(user_id)
        self.external_sessions.kept.drop(lambda one: one.user_id == user_id)
        self.sessions.kept.drop(lambda one: one.user_id == user_id)
        self.keys.kept.drop(lambda one: one.user_id == user_id)
        self.one_time.kept.drop(lambda one: one.subject == user_id)

    async def prune(self, now: float) -> Mapping[str, int]:
        """Remove what has expired; how much, by kind."""
        # Tokens before their families: which end a token has is what its family says.
        return {
            "refresh_tokens": self.refresh.tokens.prune(now),
            "refresh_families": self.refresh.families.prune(now),
            "sessions": self.sessions.kept.prune(now),
            "keys": self.keys.kept.prune(now),
            "one_time": self.one_time.kept.prune(now),
            "attempts": self.attempts.kept.prune(now),
            "revocations": self.revocations.kept.prune(now),
            **await self.oauth.prune(now),
            "external_sessions": self.external_sessions.kept.prune(now),
        }

    async def open(self) -> None:
        """Nothing to make ready."""

    async def close(self) -> None:
        """Nothing to give back; what is kept stays."""

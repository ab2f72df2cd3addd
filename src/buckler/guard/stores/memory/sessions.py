"""Sessions, keys and tokens of refresh in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.memory.shelf import Shelf
from buckler.guard.stores.records import ApiKey, RefreshFamily, RefreshToken, Session


class MemorySessions:
    """Sessions of browsers; see :class:`~buckler.guard.stores.interface.Sessions`."""

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float]) -> None:
        self.kept: Shelf[Session] = Shelf(clock, lambda session: session.expires)

    async def add(self, session: Session) -> None:
        """Keep a new one."""
        self.kept.add(session.digest, session)

    async def find(self, digest: str) -> Session | None:
        """The one with that cookie, or None."""
        return self.kept.get(digest)

    async def touch(self, digest: str, used: float) -> None:
        """It was used."""
        session = self.kept.get(digest)
        if session is not None and session.used < used:
            self.kept.change(digest, replace(session, used=used))

    async def rotate(self, digest: str, to: Session) -> bool:
        """Put ``to`` in its place, in one step; False where it is gone."""
        if self.kept.pop(digest) is None:
            return False
        self.kept.add(to.digest, to)
        return True

    async def of(self, user_id: str) -> Sequence[Session]:
        """Those of an account, newest first."""
        found = [one for one in self.kept.values() if one.user_id == user_id]
        return sorted(found, key=lambda one: (-one.created, one.id))

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End one of an account's; False where it is not theirs."""
        return bool(self.kept.drop(lambda one: one.user_id == user_id and one.id == session_id))

    async def revoke_all(self, user_id: str, *, but: str = "") -> int:
        """End all of an account's but the one with this id."""
        return self.kept.drop(lambda one: one.user_id == user_id and one.id != but)


class MemoryRefreshTokens:
    """Families of refresh tokens; see :class:`~buckler.guard.stores.interface.RefreshTokens`."""

    __slots__ = ("families", "tokens")

    def __init__(self, clock: Callable[[], float]) -> None:
        self.families: Shelf[RefreshFamily] = Shelf(clock, lambda family: family.expires)
        self.tokens: Shelf[RefreshToken] = Shelf(clock, self._ends)

    async def begin(self, family: RefreshFamily, first: RefreshToken) -> None:
        """Keep a new family with its first token."""
        if self.tokens.get(first.digest) is not None:
            raise StoreError("a refresh token is kept already")
        self.families.add(family.id, family)
        self.tokens.add(first.digest, first)

    async def find(self, digest: str) -> tuple[RefreshToken, RefreshFamily] | None:
        """The token and its family, or None for a digest that was never issued."""
        token = self.tokens.get(digest)
        family = None if token is None else self.families.get(token.family_id)
        return None if token is None or family is None else (token, family)

    async def advance(self, family_id: str, *, head: str, to: str) -> bool:
        """Set the head to ``to`` if it still is ``head`` and the family is not revoked."""
        family = self.families.get(family_id)
        if family is None or family.revoked is not None or family.head != head:
            return False
        self.families.change(family_id, replace(family, head=to))
        return True

    async def issue(self, token: RefreshToken) -> None:
        """Keep a further token."""
        if self.families.get(token.family_id) is None:
            raise StoreError("the family of a refresh token is gone")
        self.tokens.add(token.digest, token)

    async def revoke(self, family_id: str, now: float) -> bool:
        """Revoke a family; False where it was already, or is none."""
        family = self.families.get(family_id)
        if family is None or family.revoked is not None:
            return False
        self.families.change(family_id, replace(family, revoked=now))
        return True

    async def of(self, user_id: str) -> Sequence[RefreshFamily]:
        """Those of an account that are not revoked, newest first."""
        found = [f for f in self.families.values() if f.user_id == user_id and f.revoked is None]
        return sorted(found, key=lambda one: (-one.created, one.id))

    async def revoke_all(self, user_id: str, now: float, *, but: str = "") -> int:
        """Revoke all of an account's but the one with this id."""
        found = [family.id for family in await self.of(user_id) if family.id != but]
        for family_id in found:
            await self.revoke(family_id, now)
        return len(found)

    def forget(self, user_id: str) -> None:
        """Remove all of an account's."""
        self.families.drop(lambda family: family.user_id == user_id)
        self.tokens.drop(lambda token: self.families.get(token.family_id) is None)

    def _ends(self, token: RefreshToken) -> float:
        family = self.families.get(token.family_id)
        return token.expires if family is None else family.expires


class MemoryApiKeys:
    """Keys for programs; see :class:`~buckler.guard.stores.interface.ApiKeys`."""

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float]) -> None:
        self.kept: Shelf[ApiKey] = Shelf(clock, lambda key: key.expires)

    async def add(self, key: ApiKey) -> None:
        """Keep a new one."""
        self.kept.add(key.digest, key)

    async def find(self, digest: str) -> ApiKey | None:
        """The one with that digest, or None."""
        return self.kept.get(digest)

    async def touch(self, key_id: str, used: float) -> None:
        """It was used."""
        for digest, key in self.kept.where(lambda one: one.id == key_id):
            if key.used is None or key.used < used:
                self.kept.change(digest, replace(key, used=used))

    async def of(self, user_id: str) -> Sequence[ApiKey]:
        """Those of an account, newest first."""
        found = [one for one in self.kept.values() if one.user_id == user_id]
        return sorted(found, key=lambda one: (-one.created, one.id))

    async def expire(self, user_id: str, key_id: str, at: float) -> bool:
        """Let one of an account's end then, if that is earlier; False where it is not theirs."""
        found = self.kept.where(lambda one: one.user_id == user_id and one.id == key_id)
        for digest, key in found:
            self.kept.change(digest, replace(key, expires=min(key.expires, at)))
        return bool(found)

    async def revoke(self, user_id: str, key_id: str) -> bool:
        """Remove one of an account's; False where it is not theirs."""
        return bool(self.kept.drop(lambda one: one.user_id == user_id and one.id == key_id))

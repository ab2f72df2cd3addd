"""Accounts at other providers, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from buckler.guard.stores.federation import ExternalIdentity, ExternalSession, ExternalToken
from buckler.guard.stores.memory.shelf import Shelf


class MemoryExternalIdentities:
    """Who accounts are; see :class:`~buckler.guard.stores.federation.ExternalIdentities`."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], ExternalIdentity] = {}

    async def find(self, issuer: str, subject: str) -> ExternalIdentity | None:
        """The one of that issuer and subject, or None."""
        return self._kept.get((issuer, subject))

    async def of(self, user_id: str) -> Sequence[ExternalIdentity]:
        """Those of an account, oldest first."""
        found = [one for one in self._kept.values() if one.user_id == user_id]
        return sorted(found, key=lambda one: (one.created, one.issuer, one.subject))

    async def add(self, identity: ExternalIdentity) -> bool:
        """Keep a new one; False where issuer and subject are taken."""
        key = (identity.issuer, identity.subject)
        if key in self._kept:
            return False
        self._kept[key] = identity
        return True

    async def touch(self, issuer: str, subject: str, used: float, email: str) -> None:
        """It signed in."""
        found = self._kept.get((issuer, subject))
        if found is not None:
            self._kept[issuer, subject] = replace(found, used=used, email=email)

    async def drop(self, user_id: str, provider: str, *, keep_one: bool) -> bool:
        """Remove those of an account at one provider; False where nothing was removed."""
        theirs = await self.of(user_id)
        gone = [one for one in theirs if one.provider == provider]
        if not gone or (keep_one and len(gone) == len(theirs)):
            return False
        for one in gone:
            del self._kept[one.issuer, one.subject]
        return True

    def forget(self, user_id: str) -> None:
        """Remove all of an account's."""
        self._kept = {key: one for key, one in self._kept.items() if one.user_id != user_id}


class MemoryExternalTokens:
    """Tokens of providers; see :class:`~buckler.guard.stores.federation.ExternalTokens`."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], ExternalToken] = {}

    async def find(self, user_id: str, provider: str) -> ExternalToken | None:
        """Those of an account, or None."""
        return self._kept.get((user_id, provider))

    async def put(self, token: ExternalToken) -> None:
        """Keep them, in place of any."""
        self._kept[token.user_id, token.provider] = token

    async def lease(
        self, user_id: str, provider: str, *, version: str, now: float, until: float
    ) -> bool:
        """Let one caller alone refresh them until then."""
        found = self._kept.get((user_id, provider))
        if found is None or found.version != version or found.leased > now:
            return False
        self._kept[user_id, provider] = replace(found, leased=until)
        return True

    async def replace(self, token: ExternalToken, *, version: str) -> bool:
        """Set tokens and version if the version still is ``version``."""
        found = self._kept.get((token.user_id, token.provider))
        if found is None or found.version != version:
            return False
        self._kept[token.user_id, token.provider] = token
        return True

    async def drop(self, user_id: str, provider: str, *, version: str = "") -> bool:
        """Remove them, if the version is that; else any."""
        found = self._kept.get((user_id, provider))
        if found is None or (version and found.version != version):
            return False
        del self._kept[user_id, provider]
        return True

    def forget(self, user_id: str) -> None:
        """Remove all of an account's."""
        self._kept = {key: one for key, one in self._kept.items() if one.user_id != user_id}


class MemoryExternalSessions:
    """Sessions begun at providers; see :class:`~buckler.guard.stores.federation.ExternalSessions`."""

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float]) -> None:
        self.kept: Shelf[ExternalSession] = Shelf(clock, lambda one: one.expires)

    async def add(self, session: ExternalSession) -> None:
        """Keep it, in place of what the same session was begun by before."""
        self.kept.put(session.session_id, session)

    async def find(self, session_id: str) -> ExternalSession | None:
        """What one of our sessions was begun by, or None."""
        return self.kept.get(session_id)

    async def take(
        self, issuer: str, *, sid: str = "", subject: str = ""
    ) -> Sequence[ExternalSession]:
        """Remove and give those of an issuer with that ``sid`` and that subject."""
        if not sid and not subject:
            return []

        def meant(one: ExternalSession) -> bool:
            named = (not sid or one.sid == sid) and (not subject or one.subject == subject)
            return one.issuer == issuer and named

        found = [one for _, one in self.kept.where(meant)]
        self.kept.drop(meant)
        return found

    async def of(self, user_id: str, provider: str) -> Sequence[ExternalSession]:
        """Those of an account at one provider."""
        found = self.kept.where(lambda one: one.user_id == user_id and one.provider == provider)
        return [one for _, one in found]

    async def drop(self, session_id: str) -> bool:
        """Remove one; False where there is none."""
        return self.kept.pop(session_id) is not None

"""Grants, codes and refresh tokens, in the memory of one process: no step of these methods lets another in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.memory.shelf import Shelf
from buckler.guard.stores.oauth_records import Code, Grant, GrantToken


class MemoryGrants:
    """See :class:`~buckler.guard.stores.oauth_interface.OAuthGrants`.

    Codes and tokens stay until their grant ends: one that was stolen is known by coming again.
    """

    __slots__ = ("codes", "grants", "tokens")

    def __init__(self, clock: Callable[[], float]) -> None:
        self.grants: Shelf[Grant] = Shelf(clock, lambda one: one.expires)
        self.codes: Shelf[Code] = Shelf(clock, self._ends)
        self.tokens: Shelf[GrantToken] = Shelf(clock, self._ends)

    def _ends(self, one: Code | GrantToken) -> float:
        grant = self.grants.get(one.grant_id)
        return grant.expires if grant is not None else 0.0

    async def begin(self, grant: Grant, code: Code | None = None) -> None:
        """Keep a new grant, with its code where there is one."""
        self.grants.add(grant.id, grant)
        if code is not None:
            self.codes.add(code.digest, code)

    async def get(self, grant_id: str) -> Grant | None:
        """The one, or None."""
        return self.grants.get(grant_id)

    async def code(self, digest: str) -> tuple[Code, Grant] | None:
        """A code and its grant, used or not; None for one that was never issued."""
        code = self.codes.get(digest)
        grant = None if code is None else self.grants.get(code.grant_id)
        return None if code is None or grant is None else (code, grant)

    async def redeem(self, digest: str, now: float, first: GrantToken | None = None) -> bool:
        """Use a code up, and keep the first refresh token that comes of it."""
        found = await self.code(digest)
        if found is None:
            return False
        code, grant = found
        if code.used is not None or code.expires <= now or grant.revoked is not None:
            return False
        self.codes.change(digest, replace(code, used=now))
        if first is not None:
            self.tokens.add(first.digest, first)
        return True

    async def refresh_token(self, digest: str) -> tuple[GrantToken, Grant] | None:
        """A refresh token and its grant, or None for one that was never issued."""
        token = self.tokens.get(digest)
        grant = None if token is None else self.grants.get(token.grant_id)
        return None if token is None or grant is None else (token, grant)

    async def advance(self, grant_id: str, *, head: str, to: str) -> bool:
        """Set the head to ``to`` if it still is ``head`` and the grant is not revoked."""
        grant = self.grants.get(grant_id)
        if grant is None or grant.head != head or grant.revoked is not None:
            return False
        self.grants.change(grant_id, replace(grant, head=to))
        return True

    async def issue(self, token: GrantToken) -> None:
        """Keep a further refresh token."""
        if self.grants.get(token.grant_id) is None:
            raise StoreError("the grant of a refresh token is gone")
        self.tokens.add(token.digest, token)

    async def revoke(self, grant_id: str, now: float) -> bool:
        """Revoke a grant; False where it was already, or is none."""
        grant = self.grants.get(grant_id)
        if grant is None or grant.revoked is not None:
            return False
        self.grants.change(grant_id, replace(grant, revoked=now))
        return True

    async def of(self, user_id: str) -> Sequence[Grant]:
        """Those of an account that are not revoked, newest first."""
        found = [one for one in self.grants.values() if one.user_id == user_id]
        found = [one for one in found if one.revoked is None]
        return sorted(found, key=lambda one: (-one.created, one.id))

    async def of_session(self, session: str) -> Sequence[Grant]:
        """Those of a session, revoked ones too."""
        return [one for one in self.grants.values() if one.session == session]

    async def revoke_all(self, user_id: str, now: float, *, client_id: str = "") -> int:
        """Revoke all of an account's, or those for one client."""
        theirs = [one for one in await self.of(user_id) if client_id in ("", one.client_id)]
        for one in theirs:
            await self.revoke(one.id, now)
        return len(theirs)

    def drop(self, unwanted: Callable[[Grant], bool]) -> frozenset[str]:
        """Remove grants and what came of them; their ids."""
        gone = frozenset(key for key, _ in self.grants.where(unwanted))
        self.grants.drop(lambda one: one.id in gone)
        self.codes.drop(lambda one: one.grant_id in gone)
        self.tokens.drop(lambda one: one.grant_id in gone)
        return gone

    def prune(self, now: float) -> int:
        """Remove what has expired; how many grants."""
        gone = self.drop(lambda one: one.expires <= now)
        return len(gone)

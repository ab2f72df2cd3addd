"""What an authorization server keeps, in the memory of one process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from buckler.guard.stores.memory.oauth_grants import MemoryGrants
from buckler.guard.stores.memory.shelf import Shelf
from buckler.guard.stores.oauth_records import (
    ClientRow,
    Consent,
    DeviceRequest,
    Grant,
    GrantToken,
    OpaqueToken,
    PendingRequest,
    ServerKey,
)

MOST: Final = 100_000
"""Requests that wait, of which strangers may cause as many as they like."""


class MemoryClients:
    """See :class:`~buckler.guard.stores.oauth_interface.OAuthClients`."""

    __slots__ = ("_gone", "kept")

    def __init__(self, gone: Callable[[str], None]) -> None:
        self.kept: dict[str, ClientRow] = {}
        self._gone = gone

    async def get(self, client_id: str) -> ClientRow | None:
        """The one, or None."""
        return self.kept.get(client_id)

    async def put(self, client: ClientRow) -> None:
        """Register one, or change its metadata."""
        before = self.kept.get(client.id)
        self.kept[client.id] = client if before is None else replace(before, data=client.data)

    async def add(self, client: ClientRow) -> bool:
        """Register a new one; False where its id is taken."""
        return self.kept.setdefault(client.id, client) is client

    async def add_unused(self, client: ClientRow, now: float, *, most: int) -> bool:
        """Register a new one, if fewer than ``most`` wait for their first use."""
        waiting = sum(
            one.unused_until is not None and one.unused_until > now for one in self.kept.values()
        )
        return waiting < most and await self.add(client)

    async def use(self, client_id: str) -> None:
        """It stays: somebody agreed to it."""
        found = self.kept.get(client_id)
        if found is not None:
            self.kept[client_id] = replace(found, unused_until=None)

    def prune(self, now: float) -> int:
        """Remove those that nobody agreed to in time; how many."""
        gone = [
            one.id
            for one in self.kept.values()
            if one.unused_until is not None and one.unused_until <= now
        ]
        for client_id in gone:
            del self.kept[client_id]
            self._gone(client_id)
        return len(gone)

    async def drop(self, client_id: str) -> bool:
        """Remove one, and all that was granted to it; False where there is none."""
        found = self.kept.pop(client_id, None)
        if found is not None:
            self._gone(client_id)
        return found is not None

    async def page(self, after: str = "", limit: int = 100) -> Sequence[ClientRow]:
        """Those by id, behind ``after`` alone."""
        return [self.kept[key] for key in sorted(self.kept) if key > after][:limit]


class MemoryOpaqueTokens:
    """See :class:`~buckler.guard.stores.oauth_interface.OpaqueTokens`."""

    __slots__ = ("_grants", "kept")

    def __init__(self, clock: Callable[[], float], grants: MemoryGrants) -> None:
        self.kept: Shelf[OpaqueToken] = Shelf(clock, lambda one: one.expires)
        self._grants = grants

    async def add(self, token: OpaqueToken) -> None:
        """Keep a new one."""
        self.kept.add(token.digest, token)

    async def find(self, digest: str) -> tuple[OpaqueToken, Grant | None] | None:
        """The token and its grant; None for one that is not there."""
        found = self.kept.get(digest)
        return None if found is None else (found, await self._grants.get(found.grant_id))

    async def drop(self, digest: str) -> bool:
        """Remove one; False where there is none."""
        return self.kept.pop(digest) is not None


class MemoryPendingRequests:
    """See :class:`~buckler.guard.stores.oauth_interface.PendingRequests`."""

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float]) -> None:
        self.kept: Shelf[PendingRequest] = Shelf(clock, lambda one: one.expires, most=MOST)

    async def add(self, request: PendingRequest) -> None:
        """Keep a new one."""
        self.kept.add(request.digest, request)

    async def find(self, digest: str, kind: str) -> PendingRequest | None:
        """The one, or None; it stays."""
        found = self.kept.get(digest)
        return found if found is not None and found.kind == kind else None

    async def take(self, digest: str, kind: str, now: float) -> PendingRequest | None:
        """Remove and give it, if it has not expired; to one caller alone."""
        found = await self.find(digest, kind)
        if found is None or found.expires <= now:
            return None
        return self.kept.pop(digest)


class MemoryDeviceRequests:
    """See :class:`~buckler.guard.stores.oauth_interface.DeviceRequests`."""

    __slots__ = ("_grants", "kept")

    def __init__(self, clock: Callable[[], float], grants: MemoryGrants) -> None:
        self.kept: Shelf[DeviceRequest] = Shelf(clock, lambda one: one.expires, most=MOST)
        self._grants = grants

    async def add(self, request: DeviceRequest) -> bool:
        """Keep a new one; False where its user code is taken."""
        if await self.by_user_code(request.user_code) is not None:
            return False
        self.kept.add(request.digest, request)
        return True

    async def find(self, digest: str) -> DeviceRequest | None:
        """The one with that device code, or None."""
        return self.kept.get(digest)

    async def by_user_code(self, user_code: str) -> DeviceRequest | None:
        """The one with that user code, or None."""
        return next((one for one in self.kept.values() if one.user_code == user_code), None)

    async def polled(self, digest: str, *, before: float, now: float, interval: float) -> bool:
        """It asked, if it last did so ``before``; False where another request was faster."""
        found = self.kept.get(digest)
        if found is None or found.polled != before:
            return False
        self.kept.change(digest, replace(found, polled=now, interval=interval))
        return True

    async def decide(self, digest: str, status: str, grant: Grant | None = None) -> bool:
        """Approve or deny one that is pending, and keep the grant of an approval; to one caller alone."""
        found = self.kept.get(digest)
        if found is None or found.status != "pending":
            return False
        if grant is not None:
            await self._grants.begin(grant)
        named = "" if grant is None else grant.id
        self.kept.change(digest, replace(found, status=status, grant_id=named))
        return True

    async def redeem(self, digest: str, now: float, first: GrantToken | None = None) -> bool:
        """Use an approved one up, and keep its first refresh token; to one caller alone."""
        found = self.kept.get(digest)
        if found is None or found.status != "approved" or found.expires <= now:
            return False
        grant = await self._grants.get(found.grant_id)
        if grant is None or grant.revoked is not None:
            return False
        self.kept.change(digest, replace(found, status="redeemed"))
        if first is not None:
            await self._grants.issue(first)
        return True


class MemoryConsents:
    """See :class:`~buckler.guard.stores.oauth_interface.OAuthConsents`."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Consent] = {}

    async def get(self, user_id: str, client_id: str) -> Consent | None:
        """What somebody agreed to for a client, or None."""
        return self.kept.get((user_id, client_id))

    async def put(self, consent: Consent) -> None:
        """Keep it in place of an earlier one."""
        self.kept[consent.user_id, consent.client_id] = consent

    async def drop(self, user_id: str, client_id: str) -> bool:
        """Take it back; False where there is none."""
        return self.kept.pop((user_id, client_id), None) is not None

    async def of(self, user_id: str) -> Sequence[Consent]:
        """All of an account's."""
        return [one for one in self.kept.values() if one.user_id == user_id]


class MemoryReplays:
    """See :class:`~buckler.guard.stores.oauth_interface.Replays`. Not bounded by number: one forgotten counts again."""

    __slots__ = ("kept",)

    def __init__(self, clock: Callable[[], float]) -> None:
        self.kept: Shelf[float] = Shelf(clock, lambda until: until)

    async def first(self, key: str, until: float) -> bool:
        """Whether a key comes for the first time."""
        if self.kept.get(key) is not None:
            return False
        self.kept.put(key, until)
        return True


class MemoryServerKeys:
    """See :class:`~buckler.guard.stores.oauth_interface.ServerKeys`."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: dict[str, ServerKey] = {}

    async def all(self) -> Sequence[ServerKey]:
        """All that are kept."""
        return list(self.kept.values())

    async def add(self, key: ServerKey) -> bool:
        """Keep one; False where there is one of its period."""
        return self.kept.setdefault(key.id, key) is key

    async def drop(self, key_id: str) -> bool:
        """Remove one; False where there is none."""
        return self.kept.pop(key_id, None) is not None

    async def end(self, key_id: str, at: float) -> bool:
        """Let one sign and verify no more from then on; False where there is none."""
        found = self.kept.get(key_id)
        if found is None:
            return False
        self.kept[key_id] = replace(
            found,
            signs_until=min(found.signs_until, at),
            published_until=min(found.published_until, at),
        )
        return True


class MemoryOAuth:
    """All of it; see :class:`~buckler.guard.stores.oauth_interface.OAuthStores`.

    Args:
        clock: Seconds since 1970; decides what is swept away as expired, nothing else.
    """

    __slots__ = (
        *("clients", "consents", "devices", "grants", "keys"),
        *("opaque", "pending", "replays"),
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self.grants = MemoryGrants(clock)
        self.clients = MemoryClients(self._client_gone)
        self.opaque = MemoryOpaqueTokens(clock, self.grants)
        self.pending = MemoryPendingRequests(clock)
        self.devices = MemoryDeviceRequests(clock, self.grants)
        self.consents = MemoryConsents()
        self.replays = MemoryReplays(clock)
        self.keys = MemoryServerKeys()

    def _client_gone(self, client_id: str) -> None:
        self.grants.drop(lambda one: one.client_id == client_id)
        for shelf in (self.opaque.kept, self.pending.kept, self.devices.kept):
            shelf.drop(lambda one: one.client_id == client_id)
        for key in [key for key in self.consents.kept if key[1] == client_id]:
            del self.consents.kept[key]

    def forget(self, user_id: str) -> None:
        """Remove all that belongs to an account."""
        gone = self.grants.drop(lambda one: one.user_id == user_id)
        self.opaque.kept.drop(lambda one: one.grant_id in gone)
        for key in [key for key in self.consents.kept if key[0] == user_id]:
            del self.consents.kept[key]

    async def prune(self, now: float) -> Mapping[str, int]:
        """Remove what has expired; how much, by kind."""
        return {
            "oauth_grants": self.grants.prune(now),
            "oauth_tokens": self.opaque.kept.prune(now),
            "oauth_requests": self.pending.kept.prune(now),
            "oauth_devices": self.devices.kept.prune(now),
            "oauth_replays": self.replays.kept.prune(now),
            "oauth_clients": self.clients.prune(now),
        }

"""Second factors with all their parts, for tests."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.guard import (
    CredentialError,
    EventKind,
    MemoryStores,
    SecondFactors,
    SecurityEvent,
    User,
)
from buckler.guard.stores.records import Passkey
from tests.guard.auth.mfa.authenticator import Authenticator
from tests.guard.auth.parts import Clock

KEY = bytes(range(32))
OLD = bytes(range(1, 33))
ANN = User(id="u1", name="ann@shop.example")
BOB = User(id="u2", name="bob@shop.example")


class Kit:
    """Second factors in memory, on a clock that is turned by hand."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.stores = MemoryStores(clock=self.clock)
        self.events: list[SecurityEvent] = []
        self.factors = self.again(**options)

    def again(self, **options: Any) -> SecondFactors:
        """The same stores with other options: another worker, or a later version."""
        given = {"keys": [KEY], "service": "Shop", "base_url": "https://testserver", **options}
        return SecondFactors(self.stores, tell=self.events.append, clock=self.clock, **given)

    async def open(self) -> None:
        for user in (ANN, BOB):
            await self.stores.users.add(user)

    def reasons(self, *kinds: EventKind) -> list[str]:
        return [event.reason for event in self.events if not kinds or event.kind in kinds]


async def kit_of(**options: Any) -> Kit:
    kit = Kit(**options)
    await kit.open()
    return kit


async def add(kit: Kit, device: Authenticator, user: Any = ANN, **more: Any) -> Passkey:
    asked = await kit.factors.begin_passkey(user)
    answer = device.make(asked.options, **more)
    return await kit.factors.add_passkey(user, asked.ticket, answer, "laptop")


async def enter(kit: Kit, device: Authenticator, user_id: str | None = None) -> str:
    asked = await kit.factors.begin_sign_in(user_id)
    return await kit.factors.finish_sign_in(asked.ticket, device.use(asked.options))


async def passkey_refused(work: Any) -> str:
    with pytest.raises(CredentialError) as told:
        await work
    return told.value.reason

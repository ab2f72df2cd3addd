"""Second factors with all their parts, for tests."""

from __future__ import annotations

from typing import Any

from buckler.guard import EventKind, MemoryStores, SecondFactors, SecurityEvent, User
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

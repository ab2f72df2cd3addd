"""One call for all who want the same at the same time.

Threat: a burst of requests with one token that becomes a burst of calls to its issuer (CWE-400).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Calls that are under way, by key."""

    __slots__ = ("_under_way",)

    def __init__(self) -> None:
        self._under_way: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    async def run(
        self, key: str, known: Callable[[], T | None], call: Callable[[], Awaitable[T]]
    ) -> T:
        """What is known, or what a call gives.

        Args:
            key: Of what is wanted.
            known: Gives it where it is known by now; asked again after somebody else's call.
            call: Gets it, and makes it known.
        """
        import anyio

        while True:
            found = known()
            if found is not None:
                return found
            waiting = self._under_way.get(key)
            if waiting is None:
                break
            await waiting.wait()
        self._under_way[key] = done = anyio.Event()
        try:
            return await call()
        finally:
            # Also where this caller was cancelled: the next of those who wait calls then.
            del self._under_way[key]
            done.set()

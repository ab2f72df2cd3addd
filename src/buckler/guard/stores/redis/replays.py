"""What counts once, remembered in Redis or Valkey for all workers.

Threat: a proof or an assertion that counts once in each worker (CWE-294; RFC 9449, 11.1), or again since nobody could
be asked (CWE-636): where Redis does not answer in time, nobody knows, and whoever asked refuses.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from buckler.guard.options import GuardError, check_clock
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.redis.client import Client, NoAnswer

if TYPE_CHECKING:
    from redis.asyncio import Redis


class RedisReplays:
    """See :class:`~buckler.guard.stores.oauth_interface.Replays`. One command decides: ``SET`` with ``NX`` and ``PX``.

    Redis must not evict these keys (``maxmemory-policy noeviction``): one that is forgotten counts again.

    Args:
        url: ``redis://host:6379/0``, ``rediss://``, ``unix://``; or a client of ``redis.asyncio``.
        timeout: Seconds that it has for an answer, while the loop runs.
        prefix: Of its keys.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: An option is wrong, or redis-py is not installed.
    """

    __slots__ = ("_client", "_clock", "_prefix")

    def __init__(
        self,
        url: str | Redis,
        *,
        timeout: float = 0.5,
        prefix: str = "buckler:once:",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(prefix, str):
            raise GuardError(f"prefix: {prefix!r} is no text", hint="write prefix='shop:'")
        check_clock(clock)
        self._client = Client(url, timeout, "RedisReplays", "set")
        self._prefix = prefix
        self._clock = clock

    async def first(self, key: str, until: float) -> bool:
        """Whether a key comes for the first time.

        Raises:
            StoreError: Redis does not answer in time, or refuses.
        """
        left = until - self._clock()
        if left <= 0:
            raise StoreError("what is over already cannot be remembered")
        # A second more than it counts: clocks of two machines differ.
        milliseconds = math.ceil(left * 1_000) + 1_000
        try:
            kept = await self._client.ask(
                lambda redis: redis.set(self._prefix + key, b"", nx=True, px=milliseconds)
            )
        except NoAnswer as error:
            raise StoreError(
                f"Redis does not say what came before: {error}",
                hint="is it running, and is its memory full?",
            ) from error
        return bool(kept)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._client.close()

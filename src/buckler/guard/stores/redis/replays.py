"""What counts once, remembered in Redis or Valkey for all workers.

Threat: a proof or an assertion that counts once in each worker (CWE-294; RFC 9449, 11.1), or again since nobody could
be asked (CWE-636): where Redis does not answer in time, nobody knows, and whoever asked refuses.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from buckler.guard.options import GuardError, check_clock, positive
from buckler.guard.stores.errors import StoreError

if TYPE_CHECKING:
    from redis.asyncio import Redis


class RedisReplays:
    """See :class:`~buckler.guard.stores.oauth_interface.Replays`. One command decides: ``SET`` with ``NX`` and ``PX``.

    Redis must not evict these keys (``maxmemory-policy noeviction``): one that is forgotten counts again.

    Args:
        url: ``redis://host:6379/0``, ``rediss://``, ``unix://``; or a client of ``redis.asyncio``.
        timeout: Seconds that a request waits for it.
        prefix: Of its keys.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: An option is wrong, or redis-py is not installed.
    """

    __slots__ = ("_clients", "_clock", "_prefix", "_timeout", "_url")

    def __init__(
        self,
        url: str | Redis,
        *,
        timeout: float = 0.5,
        prefix: str = "buckler:once:",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(url, str) and not callable(getattr(url, "set", None)):
            raise GuardError(
                f"url: {type(url).__name__} is no address and no client of redis.asyncio",
                hint="write RedisReplays('redis://localhost:6379/0')",
            )
        if not isinstance(prefix, str):
            raise GuardError(f"prefix: {prefix!r} is no text", hint="write prefix='shop:'")
        _errors()
        check_clock(clock)
        self._url = url
        self._timeout = positive(timeout, "timeout")
        self._prefix = prefix
        self._clock = clock
        self._clients: dict[int, tuple[asyncio.AbstractEventLoop, Any]] = {}

    async def first(self, key: str, until: float) -> bool:
        """Whether a key comes for the first time.

        Raises:
            StoreError: Redis does not answer in time, or refuses.
        """
        left = until - self._clock()
        if left <= 0:
            raise StoreError("what is over already cannot be remembered")
        try:
            async with asyncio.timeout(self._timeout):
                # A second more than it counts: clocks of two machines differ.
                kept = await self._client().set(
                    self._prefix + key, b"", nx=True, px=math.ceil(left * 1_000) + 1_000
                )
        except (OSError, TimeoutError, _errors().RedisError) as error:
            raise StoreError(
                f"Redis does not say what came before: {type(error).__name__}",
                hint="is it running, and is its memory full?",
            ) from error
        return bool(kept)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        known = self._clients.pop(id(asyncio.get_running_loop()), None)
        if known is not None:
            await known[1].aclose()

    def _client(self) -> Any:
        """A client for the running loop: its connections belong to the loop that opened them."""
        if not isinstance(self._url, str):
            return self._url
        loop = asyncio.get_running_loop()
        known = self._clients.get(id(loop))
        if known is None or known[0] is not loop:
            from redis.asyncio import Redis

            client = Redis.from_url(
                self._url, socket_timeout=self._timeout, socket_connect_timeout=self._timeout
            )
            self._clients = {k: v for k, v in self._clients.items() if not v[0].is_closed()}
            known = self._clients[id(loop)] = (loop, client)
        return known[1]


def _errors() -> Any:
    try:
        from redis import exceptions
    except ImportError as error:
        raise GuardError(
            "RedisReplays needs redis-py", hint="pip install 'buckler[redis]'"
        ) from error
    return exceptions

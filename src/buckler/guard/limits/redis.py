"""Rates counted in Redis or Valkey, for applications of many processes (the ``redis`` extra; asyncio alone).

Threat: a limit of ten that is a hundred with ten workers; and the other way round, an application that
stands still since its Redis does. One script counts and decides at once. Where no answer comes in time, the
stated choice holds, and Redis is left alone for a while.
"""

from __future__ import annotations

import logging
import math
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal

from buckler.guard.limits.memory import MemoryStore, short
from buckler.guard.limits.rate import Rate
from buckler.guard.options import GuardError, positive
from buckler.guard.stores.redis.client import Client, NoAnswer

if TYPE_CHECKING:
    from redis.asyncio import Redis

log: Final = logging.getLogger("buckler.guard")
# The generic cell rate algorithm on the server's own clock; times in microseconds.
# KEYS[1]: the caller. ARGV: interval, period. Gives the time ahead, negative where it is refused.
SCRIPT: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = tonumber(redis.call('GET', KEYS[1]) or now)
if due < now then due = now end
local ahead = due + interval - now
if ahead > period + 1 then return period - ahead end
redis.call('SET', KEYS[1], string.format('%.0f', due + interval), 'PX', math.ceil(ahead / 1000) + 1)
return ahead
"""
OnFailure = Literal["local", "open", "closed"]
MICROSECONDS: Final = 1_000_000


class RedisStore:
    """Where rates are counted.

    Args:
        url: ``redis://host:6379/0``, ``rediss://``, ``unix://``; or a client of ``redis.asyncio``.
        on_failure: While Redis does not answer: ``local`` counts in this process, ``open`` lets all
            through, ``closed`` refuses all.
        timeout: Seconds that it has for an answer, while the loop runs.
        pause: Seconds that it is left alone after it did not answer.
        prefix: Of its keys.

    Raises:
        GuardError: An option is wrong, or redis-py is not installed.
    """

    def __init__(
        self,
        url: str | Redis,
        *,
        on_failure: OnFailure = "local",
        timeout: float = 0.1,
        pause: float = 1.0,
        prefix: str = "buckler:",
    ) -> None:
        if on_failure not in ("local", "open", "closed"):
            raise GuardError(
                f"on_failure: {on_failure!r} is not 'local', 'open' or 'closed'",
                hint="write on_failure='local': this process counts while Redis does not answer",
            )
        if not isinstance(prefix, str):
            raise GuardError(f"prefix: {prefix!r} is no text", hint="write prefix='shop:'")
        self._on_failure: OnFailure = on_failure
        self._client = Client(url, timeout, "RedisStore", "eval")
        self._pause = positive(pause, "pause")
        self._prefix = prefix
        self._silent_until = 0.0
        self.local = MemoryStore()
        """Where is counted meanwhile, if that is what holds."""
        self.failures = 0
        """How often it was left alone since it did not answer."""

    def counter(self, rate: Rate, scope: str) -> RedisCounter:
        """See :class:`~buckler.guard.limits.rate.RateStore`."""
        return RedisCounter(
            self, rate, f"{self._prefix}{rate.name}:{rate.limit}/{rate.period:g}:{scope}:"
        )

    async def take(self, key: str, interval: float, period: float) -> float | None:
        """Count one request; None where Redis does not answer.

        Args:
            key: Of the caller.
            interval: Seconds between two requests.
            period: Seconds that may be used ahead.
        """
        if monotonic() < self._silent_until:
            return None
        arguments = (str(math.ceil(interval * MICROSECONDS)), str(int(period * MICROSECONDS)))
        try:
            ahead = await self._client.ask(lambda redis: redis.eval(SCRIPT, 1, key, *arguments))
        except NoAnswer as error:
            if monotonic() >= self._silent_until:
                self.failures += 1
                log.warning("rates: Redis does not answer (%s): %s", error, self._on_failure)
            self._silent_until = monotonic() + self._pause
            return None
        return float(ahead) / MICROSECONDS

    @property
    def on_failure(self) -> OnFailure:
        """What holds while Redis does not answer."""
        return self._on_failure

    @property
    def pause(self) -> float:
        """Seconds that Redis is left alone after it did not answer."""
        return self._pause

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._client.close()


class RedisCounter:
    """Counts one rate."""

    __slots__ = ("_interval", "_local", "_period", "_prefix", "_store")

    def __init__(self, store: RedisStore, rate: Rate, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self._period = rate.period
        self._interval = rate.period / rate.limit
        self._local = store.local.counter(rate, prefix)

    async def take_elsewhere(self, key: str) -> float:
        """Count one request; seconds ahead, negative where it is refused."""
        ahead = await self._store.take(self._prefix + short(key), self._interval, self._period)
        if ahead is not None:
            return ahead
        if self._store.on_failure == "local":
            return self._local.take(key, monotonic())
        return self._interval if self._store.on_failure == "open" else -self._store.pause

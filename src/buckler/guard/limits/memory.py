"""Rates counted in this process: a number per caller, and never more than so many callers.

Threat: who asks from many addresses, or sends keys of many letters, so that what is remembered of callers
fills the memory (CWE-770; ASVS 5.0 V15.2.2), or leaves everybody who comes then one number, so that few are let in.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from typing import Final
from weakref import WeakSet

from buckler.guard.limits.rate import Rate
from buckler.guard.options import count

MAX_CALLERS = 100_000
SWEEP_SECONDS = 10.0
"""Between two looks for callers whose time has come."""
FULL_SECONDS = 1.0
"""The same while there is no room."""
BATCH: Final = 500
"""Callers that one request looks at: a fraction of a millisecond."""
LONGEST: Final = 128
"""Characters of a key that is kept as it is."""
SHARED: Final = 256
"""Numbers of each rate for those for whom there is no room."""
_MIXED: Final = secrets.token_bytes(16)


def short(key: str) -> str:
    """The key itself, or a digest of one that is long (BLAKE2b, RFC 7693, 256 bits)."""
    if len(key) <= LONGEST:
        return key
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


class Room:
    """How many callers all counters of one store remember together.

    Args:
        most: Callers, one that two rates count twice.

    Attributes:
        held: Those that are remembered.
        due: When to look next for those whose time has come, in seconds of :func:`time.monotonic`.
    """

    __slots__ = ("_begun", "_counters", "_waiting", "due", "held", "most")

    def __init__(self, most: int = MAX_CALLERS) -> None:
        self.most = most
        self.held = 0
        self.due = 0.0
        self._begun = -math.inf
        # What counted for a plan that was made anew is gone with it.
        self._counters: WeakSet[MemoryCounter] = WeakSet()
        self._waiting: list[tuple[dict[str, float], list[str]]] = []

    def add(self, counter: MemoryCounter) -> None:
        """Count what a counter remembers, too."""
        self._counters.add(counter)

    def sweep(self, now: float) -> None:
        """Forget some of those whose time has come; all were looked at after so many calls."""
        if not self._waiting:
            if now - self._begun < (FULL_SECONDS if self.held >= self.most else SWEEP_SECONDS):
                return
            self._begin(now)
        left = BATCH
        while self._waiting and left > 0:
            arrivals, keys = self._waiting[-1]
            for key in keys[-left:]:
                if arrivals.get(key, math.inf) <= now:
                    del arrivals[key]
                    self.held -= 1
            looked = min(left, len(keys))
            del keys[-looked:]
            left -= looked
            if not keys:
                self._waiting.pop()
        if not self._waiting:
            self.due = self._begun + SWEEP_SECONDS

    def _begin(self, now: float) -> None:
        self._begun = self.due = now
        known = [counter.arrivals for counter in self._counters]
        self.held = sum(map(len, known))
        self._waiting = [(arrivals, list(arrivals)) for arrivals in known if arrivals]


class MemoryCounter:
    """Counts one rate.

    Where there is no room for one more, and none comes free, new callers share :data:`SHARED` numbers, so that a flood of
    addresses costs neither memory nor the limit, and whoever comes then is let in all the same.

    Args:
        rate: How often.
        room: Where callers are remembered, shared with other counters; else one of its own.
    """

    __slots__ = ("__weakref__", "_interval", "_longest", "_period", "_room", "_shared", "arrivals")

    def __init__(self, rate: Rate, room: Room | None = None) -> None:
        self._period = rate.period
        self._interval = rate.period / rate.limit
        self.arrivals: dict[str, float] = {}
        """When all is free again, by caller."""
        self._shared: dict[int, float] = {}
        self._longest = rate.period * (1 + 1e-9)
        self._room = room or Room()
        self._room.add(self)

    def take(self, key: str, now: float) -> float:
        """Count one request.

        Returns:
            Seconds until all is free again; negative where it is refused: until the next may come.
        """
        due = self.arrivals.get(key, 0.0)
        if due <= now:
            if due == 0.0:
                if len(key) > LONGEST:  # never remembered as it is, so looked for here alone
                    return self.take(short(key), now)
                room = self._room
                if room.held >= room.most or now >= room.due:
                    room.sweep(now)
                    if room.held >= room.most:
                        return self._take_shared(key, now)
                room.held += 1
            self.arrivals[key] = now + self._interval
            return self._interval
        ahead = due + self._interval - now
        if ahead > self._longest:
            return self._period - ahead
        self.arrivals[key] = now + ahead
        return ahead

    def _take_shared(self, key: str, now: float) -> float:
        """Count one for whom there is no room; who shares a number with whom nobody can choose from outside."""
        raw = key.encode("utf-8", "surrogatepass")
        number = hashlib.blake2b(raw, digest_size=1, key=_MIXED).digest()[0]
        due = self._shared.get(number, 0.0)
        ahead = self._interval if due <= now else due + self._interval - now
        if ahead > self._longest:
            return self._period - ahead
        self._shared[number] = now + ahead
        return ahead


class MemoryStore:
    """Rates of one application in one process.

    Args:
        most: Callers that are told apart, for all rates of all routes together; one that asks two routes
            counts twice. Who comes when there is no room shares 256 numbers for each rate.
    """

    def __init__(self, most: int = MAX_CALLERS) -> None:
        self._room = Room(count(most, "most"))

    def counter(self, rate: Rate, scope: str) -> MemoryCounter:
        """See :class:`~buckler.guard.limits.rate.RateStore`."""
        del scope  # each counter has numbers of its own
        return MemoryCounter(rate, self._room)

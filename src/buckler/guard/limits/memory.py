"""Rates counted in this process: a number per caller, and never more than so many callers."""

from __future__ import annotations

from buckler.guard.limits.rate import Rate
from buckler.guard.options import count

MAX_CALLERS = 100_000
SWEEP_SECONDS = 1.0
OVERFLOW = "\0overflow"


class MemoryCounter:
    """Counts one rate.

    Where more callers are known than ``most``, those whose time has come are forgotten; if that does not
    help, new ones share one number, so that a flood of addresses costs neither memory nor the limit.
    """

    __slots__ = ("_arrivals", "_interval", "_longest", "_most", "_period", "_swept")

    def __init__(self, rate: Rate, most: int = MAX_CALLERS) -> None:
        self._period = rate.period
        self._interval = rate.period / rate.limit
        self._most = most
        self._arrivals: dict[str, float] = {}
        self._swept = 0.0
        self._longest = rate.period * (1 + 1e-9)

    def take(self, key: str, now: float) -> float:
        """Count one request.

        Returns:
            Seconds until all is free again; negative where it is refused: until the next may come.
        """
        due = self._arrivals.get(key, 0.0)
        if due <= now:
            if due == 0.0 and len(self._arrivals) >= self._most and key != OVERFLOW:
                self._sweep(now)
                if len(self._arrivals) >= self._most:
                    return self.take(OVERFLOW, now)
            self._arrivals[key] = now + self._interval
            return self._interval
        ahead = due + self._interval - now
        if ahead > self._longest:
            return self._period - ahead
        self._arrivals[key] = now + ahead
        return ahead

    def _sweep(self, now: float) -> None:
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        self._arrivals = {k: v for k, v in self._arrivals.items() if v > now or k == OVERFLOW}


class MemoryStore:
    """Rates of one application in one process.

    Args:
        most: Callers that are told apart, for each rate.
    """

    def __init__(self, most: int = MAX_CALLERS) -> None:
        self._most = count(most, "most")

    def counter(self, rate: Rate, scope: str) -> MemoryCounter:
        """See :class:`~buckler.guard.limits.rate.RateStore`."""
        del scope  # each counter has numbers of its own
        return MemoryCounter(rate, self._most)

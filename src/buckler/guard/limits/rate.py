"""How often somebody may ask: the generic cell rate algorithm (ITU-T I.371; CWE-770, CWE-307; ASVS V2.4.1).

One number per caller: the theoretical arrival time of the next request. A request is due every
``period / limit`` seconds, and ``limit`` of them may come at once. The answer says what is left
(draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound, Scope
from buckler.guard.limits.proxies import bucket
from buckler.guard.options import GuardError, count, positive
from buckler.guard.refusal import Refusal

_RATE = re.compile(
    r"\s*(\d{1,18}(?:_\d{1,18}){0,9})\s*(?:/|per)\s*(\d{1,9})?\s*([a-z]+)\s*", re.IGNORECASE
)
_SECONDS = {
    "s": 1,
    "second": 1,
    "m": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
}
_REMEMBERED: Final = 4096
_ADDRESS: Final = 64
"""Characters of an address at most, its zone included."""
By = str | Callable[[Inbound], str]
Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds.

    Attributes:
        limit: Requests, at once or spread.
        period: Seconds.
        by: ``address``, ``everybody``, ``principal`` (counted once :func:`~buckler.guard.identify` said
            who is signed in), or what gives a key for a request.
        name: In the ``RateLimit`` headers.

    Raises:
        GuardError: A number is not above zero.
    """

    limit: int
    period: float
    by: By = "address"
    name: str = "default"

    def __post_init__(self) -> None:
        count(self.limit, "rate")
        positive(self.period, "rate")
        if not callable(self.by) and self.by not in ("address", "everybody", "principal"):
            raise GuardError(
                f"rate: by {self.by!r} is unknown",
                hint="address, everybody, principal or a function",
            )
        if not isinstance(self.name, str) or not re.fullmatch(r"[\w-]+", self.name):
            raise GuardError(
                f"rate: {self.name!r} is no name", hint="letters, digits, '-' and '_': name='burst'"
            )

    @classmethod
    def of(cls, value: str | Rate) -> Rate:
        """The rate that ``"100/minute"`` or ``"10 per 5 minutes"`` says.

        Raises:
            GuardError: It says none.
        """
        if isinstance(value, Rate):
            return value
        found = _RATE.fullmatch(value) if isinstance(value, str) else None
        unit = found[3].lower() if found else ""
        seconds = _SECONDS.get(unit) or _SECONDS.get(unit.removesuffix("s"))
        if found is None or seconds is None:
            raise GuardError(f"{value!r} is no rate", hint="write '100/minute' or '10/5 minutes'")
        return cls(int(found[1]), seconds * int(found[2] or 1))


class Counter(Protocol):
    """Counts one rate in this process."""

    def take(self, key: str, now: float) -> float:
        """Count one request.

        Args:
            key: Who asks.
            now: Seconds of :func:`time.monotonic`.

        Returns:
            Seconds until all is free again; negative where it is refused: until the next may come.
        """


class WaitingCounter(Protocol):
    """Counts one rate somewhere else."""

    async def take_elsewhere(self, key: str) -> float:
        """As :meth:`Counter.take`."""


class RateStore(Protocol):
    """Where the numbers live."""

    def counter(self, rate: Rate, scope: str) -> Counter | WaitingCounter:
        """What counts for one rate.

        Args:
            rate: How often.
            scope: What it holds for, e.g. a route's template; keys of two scopes never meet.
        """


class RateCheck:
    """A rate on a route.

    Args:
        rate: How often.
        store: Where it is counted.
        scope: What it holds for.
        look: Gets the ASGI scope of what is refused.
        base: Headers that every answer gets beside it.

    Attributes:
        usual: Headers of an answer to somebody who did not ask for long, those of ``base`` among them.
    """

    __slots__ = (
        *(
            "_base",
            "_by",
            "_elsewhere",
            "_headers",
            "_look",
            "_period",
            "_policy",
            "_quiet",
            "_take",
        ),
        *("counter", "interval", "rate", "usual", "waits"),
    )

    def __init__(
        self,
        rate: Rate,
        store: RateStore,
        scope: str,
        look: Callable[[Scope], None] | None = None,
        *,
        base: Pairs = (),
    ) -> None:
        self.rate = rate
        self._look = look
        self.counter = counter = store.counter(rate, scope)
        self._take: Callable[[str, float], float] = getattr(counter, "take", _nowhere)
        self._elsewhere = getattr(counter, "take_elsewhere", None)
        self.waits = self._elsewhere is not None
        self._by = rate.by
        self.interval = rate.period / rate.limit
        self._period = rate.period
        window = math.ceil(rate.period)
        self._policy = (b"ratelimit-policy", f'"{rate.name}";q={rate.limit};w={window}'.encode())
        self._headers: dict[int, Pairs] = {}
        self._quiet = self._said(rate.limit - 1)
        self._base = base
        self.usual: Pairs = (*base, *self._quiet)

    def check(self, inbound: Inbound) -> Refusal | None:
        """Whether the request may go on, counted in this process."""
        if self._by == "address":
            key = inbound.client
            if ":" in key:
                key = bucket(key)
        else:
            key = self.key(inbound)
        take = self._take
        ahead = take(key, inbound.arrived)
        if ahead == self.interval:  # the first request since long
            # The very tuple that the headers' writer knows, wherever that can be.
            known = inbound.more is self._base
            inbound.more = self.usual if known else inbound.more + self._quiet
            return None
        if ahead < 0:
            return self._refused(inbound, -ahead)
        inbound.more += self._said(int((self._period - ahead) / self.interval + 1e-9))
        return None

    async def wait(self, inbound: Inbound) -> Refusal | None:
        """The same, counted elsewhere."""
        if self._elsewhere is None:
            return self.check(inbound)
        ahead = await self._elsewhere(self.key(inbound))
        if ahead < 0:
            return self._refused(inbound, -ahead)
        inbound.more += self._said(int((self._period - ahead) / self.interval + 1e-9))
        return None

    def key(self, inbound: Inbound) -> str:
        """Who asks."""
        if callable(self._by):
            given = self._by(inbound)
            # An address has a caller's whole network behind it; what is longer is none, and not remembered.
            return bucket(given) if ":" in given and len(given) <= _ADDRESS else given
        if self._by == "principal":
            return inbound.principal
        return bucket(inbound.client) if self._by == "address" else "*"

    def _refused(self, inbound: Inbound, seconds: float) -> Refusal:
        if self._look is not None:
            self._look(inbound.scope)
        return self.refusal(seconds)

    def refusal(self, seconds: float) -> Refusal:
        """The answer to a request that comes too early (RFC 6585, 4)."""
        wait = max(1, math.ceil(seconds))
        name = self.rate.name
        headers = (
            (b"retry-after", str(wait).encode()),
            self._policy,
            (b"ratelimit", f'"{name}";r=0;t={wait}'.encode()),
        )
        detail: dict[str, str | int] = {"limit": name}
        return Refusal(429, "Too many requests", EventKind.LIMIT_EXCEEDED, "rate", headers, detail)

    def _said(self, left: int) -> Pairs:
        known = self._headers.get(left)
        if known is not None:
            return known
        until = math.ceil((self.rate.limit - left) * self.interval)
        text = f'"{self.rate.name}";r={left};t={until}'.encode()
        said = (self._policy, (b"ratelimit", text))
        if len(self._headers) < _REMEMBERED:
            self._headers[left] = said
        return said


def _nowhere(key: str, now: float) -> float:
    del now
    raise GuardError(f"a store that counts elsewhere is asked by wait(), not for {key!r}")

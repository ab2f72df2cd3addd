"""The keys that sign, changed by themselves: the next one is published before it signs, the last one for as long as
what it signed counts.

Threat: a key that cannot be changed is never changed (CWE-324; ASVS 5.0 V11.1.1), and one that each worker makes for
itself verifies in that worker alone. The key of a period is made once, by whichever worker is first, and kept encrypted.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import anyio
import anyio.to_thread

from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.mfa.sealed import Sealer
from buckler.guard.options import GuardError
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.oauth_interface import ServerKeys
from buckler.guard.stores.oauth_records import ServerKey

log: Final = logging.getLogger("buckler.guard")
LOOK_EVERY: Final = 1.0
"""Seconds after which the store is asked whether another worker changed something; no oftener, whatever is asked for."""
LOOK_AGAIN: Final = 10.0
"""Seconds after which it is asked again where it did not answer."""
HEAD_START: Final = 5.0
"""Seconds for which a key is published before it signs in place of others: all have looked by then, also one whose clock
is some seconds ahead."""
LINGER: Final = 3 * 86_400.0
"""Seconds that a key verifies after it signed last; longer than anything that it signed counts."""


class RotatingKeys:
    """Signs and verifies; a :class:`~buckler.guard.auth.jwt.keys.Keys` for verifiers.

    Args:
        store: Where keys are kept.
        sealer: Encrypts them there.
        algorithms: Of which there is a key at any time.
        period: Seconds after which another one signs.
        lead: Seconds for which that one is published before it does.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: ServerKeys,
        sealer: Sealer,
        algorithms: Iterable[str],
        *,
        period: float,
        lead: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._algorithms = tuple(dict.fromkeys(algorithms))
        self._period = period
        self._lead = lead
        self._clock = clock
        self._known: dict[str, tuple[ServerKey, SigningKey]] = {}
        self._by_kid: dict[str, tuple[SigningKey, float]] = {}
        self._look_at = -math.inf
        self._lock: anyio.Lock | None = None
        self.version = 0

    def __iter__(self) -> Iterator[SigningKey]:
        """Those that are published now."""
        now = self._clock()
        return iter([key for row, key in self._known.values() if now < row.published_until])

    def find(self, kid: str | None, alg: str) -> tuple[SigningKey, float] | None:
        """The key that may have signed; see :meth:`~buckler.guard.auth.jwt.keys.Keys.find`."""
        if kid is None:
            return None
        found = self._by_kid.get(kid)
        if found is None or found[0].alg != alg or self._clock() >= found[1]:
            return None
        return found

    def signing(self, alg: str) -> SigningKey:
        """The key that signs now.

        Raises:
            GuardError: :meth:`ready` was not awaited, or there is none of that algorithm.
        """
        now = self._clock()
        found: tuple[float, SigningKey] | None = None
        for row, key in self._known.values():
            if row.alg == alg and row.signs_from <= now < row.signs_until:
                if found is None or row.signs_from > found[0]:
                    found = row.signs_from, key
        if found is None:
            raise GuardError(f"there is no key for {alg} yet", hint="await server.ready() first")
        return found[1]

    def _has(self, alg: str) -> bool:
        now = self._clock()
        return any(
            row.alg == alg and row.signs_from <= now < row.signs_until
            for row, _ in self._known.values()
        )

    async def ready(self) -> None:
        """Have a key of each algorithm for now and, when its time is near, for the next period.

        Raises:
            StoreError: The store does not answer, and there is no key in this process either.
        """
        if self._clock() < self._look_at:
            return
        lock = self._lock = self._lock or anyio.Lock()
        async with lock:
            if self._clock() < self._look_at:
                return
            try:
                await self._look()
            except StoreError:
                if not all(map(self._has, self._algorithms)):
                    raise
                log.exception("the keys could not be looked up; those that are known go on")
                self._look_at = self._clock() + LOOK_AGAIN
                return
            self._look_at = self._clock() + LOOK_EVERY

    async def refresh(self) -> bool:
        """Look whether another worker changed something, unless that was done within a second; whether one did.

        Raises:
            StoreError: As of :meth:`ready`.
        """
        before = self.version
        await self.ready()
        return self.version != before

    async def rotate(self) -> float:
        """Have other keys, where one may be known to others: in :data:`HEAD_START` seconds they sign in every worker, and
        the old ones verify no more. Until then the old ones go on, so that nobody meets a token of a key that is not
        published.

        Returns:
            When that is, seconds since 1970.

        Raises:
            StoreError: The store does not answer.
        """
        # Those that sign until then have to be there.
        await self._look()
        at = self._clock() + HEAD_START
        before = [row.id for row in await self._store.all()]
        # First the new ones: where the store fails in the middle, there is one that signs.
        for alg in self._algorithms:
            number = int(at // self._period)
            await self._make(alg, number, f"{alg}.{number}.{int(at * 1000)}", at)
        for name in before:
            await self._store.end(name, at)
        await self._look()
        return at

    async def _look(self) -> None:
        now = self._clock()
        rows = await self._store.all()
        made = False
        for alg in self._algorithms:
            number = int(now // self._period)
            until = max((row.signs_until for row in rows if row.alg == alg), default=-math.inf)
            if until <= now:
                await self._make(alg, number, f"{alg}.{number}", now)
            elif until - now <= self._lead:
                following = int(until // self._period)
                await self._make(alg, following, f"{alg}.{following}", until)
            else:
                continue
            made = True
        await self._read(await self._store.all() if made else rows, now)

    async def _make(self, alg: str, number: int, name: str, signs_from: float) -> None:
        """Make the key of a period, where no other worker did."""
        key = await anyio.to_thread.run_sync(SigningKey.generate, alg)
        until = (number + 1) * self._period
        await self._store.add(
            ServerKey(
                id=name,
                alg=alg,
                sealed=self._sealer.seal(key.pem(), name),
                signs_from=signs_from,
                signs_until=until,
                published_until=until + LINGER,
            )
        )

    async def _read(self, rows: Sequence[ServerKey], now: float) -> None:
        found: dict[str, tuple[ServerKey, SigningKey]] = {}
        for row in rows:
            if row.published_until <= now:
                await self._store.drop(row.id)
                continue
            before = self._known.get(row.id)
            if before is not None and before[0].sealed == row.sealed:
                found[row.id] = row, before[1]
                continue
            pem = self._sealer.open(row.sealed, row.id).value
            found[row.id] = row, SigningKey.from_pem(pem, alg=row.alg)
        if {name: row for name, (row, _) in found.items()} != {
            name: row for name, (row, _) in self._known.items()
        }:
            self.version += 1
        self._known = found
        self._by_kid = {key.kid: (key, row.published_until) for row, key in found.values()}

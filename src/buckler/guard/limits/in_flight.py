"""Requests under way: how many at once, and how long one may take until its answer begins.

Threat: handlers that wait for something that never comes, and callers that send a byte a minute, until
nothing is left for others (CWE-400, CWE-770; ASVS 5.0 V15.2.2); also where one caller has all the places. One timer per event loop looks at all of
them twice in the shortest limit: a timer per request would cost more than the request's other checks.
"""

from __future__ import annotations

import asyncio
import sys
import time
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.limits.proxies import bucket
from buckler.guard.refusal import Refusal

TOO_LONG: Final = Refusal(503, "The request took too long", EventKind.LIMIT_EXCEEDED, "time")
BUSY: Final = Refusal(
    503, "Too busy", EventKind.LIMIT_EXCEEDED, "concurrency", ((b"retry-after", b"1"),)
)
if sys.version_info >= (3, 12):
    current_task = asyncio.current_task
else:
    # There it is written in Python, ten times dearer than this.
    current_task: Callable[[asyncio.AbstractEventLoop], asyncio.Task[object] | None] = (
        asyncio.tasks._current_tasks.get  # type: ignore[attr-defined]
    )
SHARE: Final = 4
"""Of the places an address may have a quarter where all are taken and somebody else comes."""
_MIN_INTERVAL = 0.02
_MAX_INTERVAL = 1.0


class Flights:
    """The requests of one application that are under way on asyncio.

    Args:
        shortest: Seconds of the shortest limit that a route has; None where none has one.
        answer: Answers a request that is not cancelled: one that waits for a thread would leave the
            thread behind, and the next request would start another one.

    Attributes:
        under_way: By task.
        late: Tasks that were cancelled.
        loop: The last one that :meth:`watch` was called for, while it is looked at.
    """

    def __init__(self, shortest: float | None, answer: Callable[[Inbound], None]) -> None:
        self.under_way: dict[asyncio.Task[object], Inbound] = {}
        self.late: set[asyncio.Task[object]] = set()
        self._crowd: tuple[float, str | None] = (0.0, None)
        self._answer = answer
        self.loop: asyncio.AbstractEventLoop | None = None
        self._watched: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        self._interval = (
            None if shortest is None else min(_MAX_INTERVAL, max(_MIN_INTERVAL, shortest / 4))
        )

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at the deadlines of a loop's requests from now on, for as long as there are any."""
        self.loop = loop
        if self._interval is not None and loop not in self._watched:
            self._watched.add(loop)
            loop.call_later(self._interval, self._look, loop)

    def was_late(self, task: asyncio.Task[object]) -> bool:
        """Whether a task was cancelled because its time was over; asked once."""
        if task in self.late:
            self.late.discard(task)
            return True
        return False

    def made_room(self, client: str, most: int) -> bool:
        """Take a place from whoever has more than their share, for somebody else; whether there was one to take.

        Args:
            client: Address of the one who comes; where all callers look like one, nothing is taken.
            most: Places that there are, all of them taken.
        """
        now = time.monotonic()
        until, crowd = self._crowd
        if now < until and crowd in (None, bucket(client)):
            return False
        known = tuple(self.under_way.items())
        held = Counter(bucket(inbound.client) for _, inbound in known)
        ((crowding, number),) = held.most_common(1)
        crowds = number * SHARE > most
        if crowds and crowding != bucket(client):
            for task, inbound in known:
                waits = not (inbound.started or inbound.replaced or inbound.plan.blocking)
                mine = waits and task not in self.late and task.get_loop() is self.loop
                if mine and bucket(inbound.client) == crowding:
                    self.late.add(task)
                    task.cancel()
                    return True
            crowds = False
        # Looking at all of them costs more than the refusal: what a flood learns holds for a moment.
        self._crowd = (now + _MIN_INTERVAL, crowding if crowds else None)
        return False

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        # Made at once, without a line of Python in between: other loops' threads change it.
        known = tuple(self.under_way.items())
        mine = [(task, inbound) for task, inbound in known if task.get_loop() is loop]
        for task, inbound in mine:
            plan = inbound.plan
            if inbound.started or inbound.replaced or inbound.arrived + plan.timeout >= now:
                continue
            if plan.blocking:
                self._answer(inbound)
            elif task not in self.late:
                self.late.add(task)
                task.cancel()
        if mine:
            loop.call_later(self._interval or _MAX_INTERVAL, self._look, loop)
        else:
            # Nothing to look at: the next request starts the timer again.
            self._watched.discard(loop)
            if self.loop is loop:
                self.loop = None

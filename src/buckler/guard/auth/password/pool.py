"""Places for work that takes long and much memory: few at a time, few that wait, none on the event loop.

Threat: as many calculations as there are sign-ins, so that memory runs out (CWE-770) or every request waits for
them (CWE-400; ASVS 5.0 V15.2.2). A calculation cannot be stopped, so its place is free when it ends and no
earlier, whatever became of the request: who cancels a thousand requests does not start a thousand of them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from threading import Lock
from typing import Final, TypeVar

from anyio import CapacityLimiter, from_thread, to_thread
from anyio.lowlevel import RunVar

from buckler.guard.auth.errors import TooBusyError

Result = TypeVar("Result")
log: Final = logging.getLogger("buckler.guard")


class _State(Enum):
    WAITS = "waits"
    RUNS = "runs"
    DONE = "done"
    LEFT = "left"


class _Place:
    """What a request holds of the pool; given back once, by the request or, if that has gone, the thread."""

    __slots__ = ("_lock", "_state")

    def __init__(self) -> None:
        self._lock = Lock()
        self._state = _State.WAITS

    def begin(self) -> bool:
        """The thread begins; False where the request has gone and given the place back."""
        with self._lock:
            if self._state is _State.LEFT:
                return False
            self._state = _State.RUNS
            return True

    def end(self) -> bool:
        """The thread ends; whether it has to give the place back."""
        with self._lock:
            left = self._state is _State.LEFT
            self._state = _State.DONE
            return left

    def leave(self) -> bool:
        """The request goes; whether it has to give the place back."""
        with self._lock:
            runs = self._state is _State.RUNS
            self._state = _State.LEFT
            return not runs


class _Running:
    """The pool on one event loop."""

    __slots__ = ("inside", "places", "threads")

    def __init__(self, workers: int) -> None:
        self.places = CapacityLimiter(workers)
        # Not anyio's own forty, which would let other work of the application keep sign-ins waiting.
        self.threads = CapacityLimiter(math.inf)
        self.inside = 0


class Pool:
    """Runs work in threads; on asyncio and trio.

    Args:
        workers: Calculations at a time, on each event loop.
        queue: How many may wait for a place.
    """

    __slots__ = ("_running", "queue", "workers")

    def __init__(self, workers: int, queue: int) -> None:
        self.workers = workers
        self.queue = queue
        self._running: RunVar[_Running] = RunVar(f"buckler.guard.auth.password.pool {id(self)}")

    @contextmanager
    def seat(self) -> Iterator[None]:
        """One of those that may be here, for as long as it lasts, to ask :meth:`calculate` in it.

        Raises:
            TooBusyError: As many are here as may; at once.
        """
        running = self._here()
        if running.inside >= self.workers + self.queue:
            raise TooBusyError(
                "too many passwords wait to be checked", hint="answer 503 with Retry-After"
            )
        running.inside += 1
        try:
            yield
        finally:
            running.inside -= 1

    async def calculate(self, work: Callable[[], Result]) -> Result:
        """Do it as soon as a place is free, and give what it gives; within :meth:`seat`, which bounds who waits."""
        running = self._here()
        place = _Place()
        await running.places.acquire_on_behalf_of(place)
        return await _held(running, place, work)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Both.

        Raises:
            TooBusyError: As many wait as may; at once.
        """
        with self.seat():
            return await self.calculate(work)

    def _here(self) -> _Running:
        running = self._running.get(None)
        if running is None:
            running = _Running(self.workers)
            self._running.set(running)
        return running


async def _held(running: _Running, place: _Place, work: Callable[[], Result]) -> Result:
    """Do the work in the place, and see that it is given back when the work has ended."""

    def give_back() -> None:
        running.places.release_on_behalf_of(place)

    def calculate() -> Result:
        if not place.begin():
            raise TooBusyError("the request had gone before its password was checked")
        try:
            return work()
        finally:
            if place.end():
                _on_loop(give_back)

    try:
        return await to_thread.run_sync(calculate, limiter=running.threads)
    finally:
        if place.leave():
            give_back()


def _on_loop(call: Callable[[], None]) -> None:
    """Call it on the loop that a thread belongs to, if that still is there."""
    try:
        from_thread.run_sync(call)
    except RuntimeError as error:
        # The loop has ended, and its places with it.
        log.debug("passwords: a place was given back to a loop that has ended: %s", error)

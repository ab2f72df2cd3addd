"""A bounded queue with one thread of its own, which tries again what failed.

Threat: a receiver that is slow, dead or hangs stops everything that tells it something (CWE-400,
CWE-703). Each receiver has a lane, so it can hold up nobody but itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

from buckler.notify.interface import DeliveryError
from buckler.notify.retry import Retry

T = TypeVar("T")
log: Final = logging.getLogger("buckler.notify")


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the things that a lane was given.

    Attributes:
        done: Handed over.
        errors: Tries that failed.
        dropped: Lost: no room in the queue, or tried in vain.
    """

    done: int
    errors: int
    dropped: int


class Lane(Generic[T]):
    """Hands things over, in order, in a daemon thread.

    Args:
        name: For logs.
        work: Takes some of them and the number of those lost before; raises where they did not arrive.
        most: Things that wait at once; what comes on top is dropped and counted.
        batch: Things in one call of ``work``.
        retry: When to try again.
        begin: Called in the thread before anything else.
        end: Called in the thread when it ends.
        weigh: How many lost things have to be told if this one is lost, else 1.
        reserve: Further things that may wait, of those alone that ``reserved`` names: what others make too many of
            takes no room from them.
        reserved: Whether a thing may.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[T], int], None],
        *,
        most: int,
        batch: int = 1,
        retry: Retry | None = None,
        begin: Callable[[], None] | None = None,
        end: Callable[[], None] | None = None,
        weigh: Callable[[T], int] | None = None,
        reserve: int = 0,
        reserved: Callable[[T], bool] | None = None,
    ) -> None:
        self.name = name
        self._work = work
        self._most = most
        self._batch = batch
        self._retry = retry or Retry()
        self._begin = begin
        self._end = end
        self._weigh = weigh
        self._reserve = reserve
        self._reserved = reserved
        self._queue: SimpleQueue[T | threading.Event | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._done = 0
        self._errors = 0
        self._dropped = 0
        self._untold = 0
        self._failing = False
        self._thread = threading.Thread(target=self._run, name=f"buckler {name}", daemon=True)
        self._thread.start()

    def put(self, item: T) -> bool:
        """Take it, and come back at once; False if there was no room."""
        waiting = self._queue.qsize()
        if (waiting >= self._most and not self._may_too(item, waiting)) or self._stopping.is_set():
            self._lost([item])
            return False
        self._queue.put(item)
        return True

    def _may_too(self, item: T, waiting: int) -> bool:
        """Whether there is room that is kept for such things."""
        room = waiting < self._most + self._reserve
        return room and self._reserved is not None and self._reserved(item)

    def mark(self) -> threading.Event:
        """Is set when everything put before has been handed over or given up."""
        mark = threading.Event()
        if self._thread.is_alive():
            self._queue.put(mark)
        else:
            mark.set()
        return mark

    def stop(self) -> None:
        """Take nothing more; try what waits once, then end. Comes back at once."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._queue.put(None)

    def join(self, timeout: float) -> bool:
        """Wait for the end; False if it hangs, which is then left to the end of the process."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def figures(self) -> Figures:
        """Until now."""
        return Figures(self._done, self._errors, self._dropped)

    def _run(self) -> None:
        if self._begin is not None:
            self._guarded(self._begin)
        ended = False
        while not ended:
            items, mark, ended = self._next()
            if items:
                self._hand_over(items)
            if mark is not None:
                mark.set()
        if self._end is not None:
            self._guarded(self._end)

    def _next(self) -> tuple[list[T], threading.Event | None, bool]:
        """Things that wait, up to the next mark or the end."""
        items: list[T] = []
        got = self._queue.get()
        while True:
            if got is None:
                return items, None, True
            if isinstance(got, threading.Event):
                return items, got, False
            items.append(got)
            if len(items) >= self._batch:
                return items, None, False
            try:
                got = self._queue.get_nowait()
            except Empty:
                return items, None, False

    def _hand_over(self, items: Sequence[T]) -> None:
        with self._lock:
            untold, self._untold = self._untold, 0
        for attempt in range(1, self._retry.attempts + 1):
            try:
                self._work(items, untold)
            except Exception as error:  # noqa: BLE001 - the boundary: counted, told, tried again
                again, after = self._failed(error)
            else:
                self._done += len(items)
                self._recovered()
                return
            if not again or attempt == self._retry.attempts or self._stopping.is_set():
                break
            self._stopping.wait(self._retry.delay(attempt, after))
        with self._lock:
            self._untold += untold
        self._lost(items)

    def _failed(self, error: Exception) -> tuple[bool, float]:
        """Count it, tell it once; whether to try again, and what wait was asked for."""
        self._errors += 1
        if not self._failing:
            self._failing = True
            log.warning("%s: %s", self.name, _told(error))
        if isinstance(error, DeliveryError):
            return error.retry, error.after
        return True, 0

    def _recovered(self) -> None:
        if self._failing:
            self._failing = False
            log.warning(
                "%s works again; %d tries failed, %d lost", self.name, self._errors, self._dropped
            )

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - the boundary: counted and told
            self._failed(error)

    def _lost(self, items: Sequence[T]) -> None:
        with self._lock:
            self._dropped += len(items)
            self._untold += sum(map(self._weigh, items)) if self._weigh else len(items)


def wait_all(marks: Sequence[threading.Event], timeout: float) -> bool:
    """Whether all of them were set in time (seconds)."""
    end = time.monotonic() + timeout
    return all(mark.wait(max(0.0, end - time.monotonic())) for mark in marks)


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number where one comes again."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return found


def _told(error: Exception) -> str:
    """An error in one line. Those of other libraries may name a URL with its secrets: the type alone."""
    if isinstance(error, DeliveryError):
        return error.message
    if isinstance(error, OSError) and error.errno is not None:
        return f"{type(error).__name__} ({error.strerror})"
    return type(error).__name__

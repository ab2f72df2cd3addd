"""``Audit(...)``: the listener that takes events without waiting and hands them to every sink.

Threat: an attack that nobody sees, because the log was full, slow or gone (CWE-778; ASVS 5.0
V16.3, V16.4.3), or an application that stops because its log does (CWE-400). Who floods the log with refusals before
doing what it should show finds that other events have room of their own.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from buckler.core.redact import Redactor
from buckler.guard.audit.events import AT_WILL, EventKind, SecurityEvent
from buckler.guard.audit.interface import Sink
from buckler.guard.audit.record import AuditRecord, fit
from buckler.guard.options import GuardError, count, positive
from buckler.notify.lane import Figures, Lane, distinct, wait_all
from buckler.notify.retry import Retry

if TYPE_CHECKING:
    from buckler.guard.alarms.alarms import Alarms

BATCH: Final = 200
RESERVE: Final = 10
"""A tenth of the queue more, for what strangers do not make as many of as they like."""
RETRY: Final = Retry(attempts=6, first=0.2, factor=3, longest=30)
log: Final = logging.getLogger("buckler.guard")


@dataclass(frozen=True, slots=True)
class _Drain:
    """Asks for a mark in every lane, behind all events before it."""

    marks: list[threading.Event]
    passed: threading.Event


class Audit:
    """Takes security events and comes back at once; ``Guard(app, events=Audit(StdoutSink()))``.

    The queue is bounded: what finds no room is counted, and the next record that is written says how
    many were lost. One thread redacts and bounds the events and runs the alarms; each sink has one
    of its own, so that a sink that raises or hangs holds up nobody else. Threads start with the first event
    of each process, so that it may be made before a server forks.

    Args:
        sinks: Where the records go; without any, and without alarms, to :class:`StdoutSink`.
        queue: Events that may wait, here and for each sink; a tenth more of those that no stranger makes at will,
            such as sign-ins and changes of rights.
        redactor: Knows secrets that no name or shape gives away.
        alarms: Watches the events and tells people.
        retry: When a sink that failed is tried again.
        grace: Seconds that :meth:`close` and the end of the process wait for the sinks.

    Raises:
        GuardError: A bound is wrong, or a sink is none.
    """

    def __init__(
        self,
        *sinks: Sink,
        queue: int = 10_000,
        redactor: Redactor | None = None,
        alarms: Alarms | None = None,
        retry: Retry = RETRY,
        grace: float = 5,
    ) -> None:
        if not sinks and alarms is None:
            from buckler.guard.audit.stdout import StdoutSink

            sinks = (StdoutSink(),)
        for sink in sinks:
            if isinstance(sink, type) or not callable(getattr(sink, "write", None)):
                raise GuardError(f"{sink!r} is no sink", hint="e.g. Audit(StdoutSink())")
        if grace != 0:
            positive(grace, "grace")
        self._most = count(queue, "queue")
        self._reserve = max(1, self._most // RESERVE)
        self._sinks = sinks
        self._redactor = redactor or Redactor()
        self._alarms = alarms
        self._retry = retry
        self._grace = grace
        self._reset()
        if hasattr(os, "register_at_fork"):
            weak = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (weak() or _nothing)())

    def _reset(self) -> None:
        """A forked process has none of its parent's threads; what waited is the parent's to write."""
        self._queue: SimpleQueue[SecurityEvent | _Drain | None] = SimpleQueue()
        self._room: Callable[[], int] = self._queue.qsize
        self._put = self._queue.put
        self._lock = threading.Lock()
        self._lanes: tuple[Lane[AuditRecord], ...] = ()
        self._pump: threading.Thread | None = None
        self._closed = False
        self._before: dict[str, Figures] = {}
        self._dropped = 0
        self._untold = 0
        self._faults = 0
        self._late = False

    def __call__(self, event: SecurityEvent) -> None:
        """Take an event; never blocks, never raises."""
        if self._pump is None:
            self._start()
        if self._pump is None or self._closed:
            self._lost()
            return
        waiting = self._room()
        if waiting >= self._most and (waiting >= self._most + self._reserve or _is_at_will(event)):
            self._lost()
            return
        self._put(event)

    def flush(self, timeout: float = 5) -> bool:
        """Wait until all events before are written or given up.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether it came to that in time.
        """
        if self._pump is None or not self._pump.is_alive():
            return True
        end = time.monotonic() + timeout
        drain = _Drain([], threading.Event())
        self._put(drain)
        if not drain.passed.wait(timeout):
            return False
        written = wait_all(drain.marks, end - time.monotonic())
        if self._alarms is not None:
            return self._alarms.flush(max(0, end - time.monotonic())) and written
        return written

    def close(self) -> None:
        """Write what waits, for ``grace`` seconds at most, and end; a second call does nothing.

        What comes afterwards is lost, until :meth:`open`.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        end = time.monotonic() + self._grace
        self.flush(self._grace)
        if self._pump is not None:
            self._put(None)
            self._pump.join(max(0.1, end - time.monotonic()))
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            # One that hangs is a daemon, and left to the end of the process.
            lane.join(max(0.1, end - time.monotonic()))
        if self._alarms is not None:
            self._alarms.close()

    def open(self) -> None:
        """Take events again after :meth:`close`; else it does nothing.

        ``Guard`` calls it where an application starts once more in one process, as under two test clients
        one after the other. What hangs since then is left alone: a sink is called in one thread only.
        """
        with self._lock:
            if not self._closed or (self._pump is not None and self._pump.is_alive()):
                return
            self._closed = self._late = False
            self._pump = None

    @property
    def dropped(self) -> int:
        """Events of this process that found no room in the queue or came after the end."""
        return self._dropped

    def figures(self) -> dict[str, Figures]:
        """What became of the records, by the sink's name: done, errors, dropped."""
        return {lane.name: self._total(lane) for lane in self._lanes}

    def _total(self, lane: Lane[AuditRecord]) -> Figures:
        now, before = lane.figures(), self._before.get(lane.name, Figures(0, 0, 0))
        return Figures(
            now.done + before.done, now.errors + before.errors, now.dropped + before.dropped
        )

    def _start(self) -> None:
        with self._lock:
            if self._pump is not None or self._closed:
                return
            names = distinct(sink.name for sink in self._sinks)
            ended = {lane.name: lane for lane in self._lanes}
            lanes: list[Lane[AuditRecord]] = []
            try:
                for name, sink in zip(names, self._sinks, strict=True):
                    hanging = name in ended and not ended[name].join(0)
                    lanes.append(ended[name] if hanging else self._lane(name, sink))
                pump = threading.Thread(target=self._run, name="buckler audit", daemon=True)
                pump.start()
                if self._alarms is not None:
                    self._alarms.start()
            except RuntimeError:  # no more threads, or the interpreter ends: the event is lost
                for lane in lanes:
                    lane.stop()
                return
            self._before |= {
                name: self._total(lane) for name, lane in ended.items() if lane not in lanes
            }
            self._lanes, self._pump = tuple(lanes), pump
            atexit.register(self.close)

    def _lane(self, name: str, sink: Sink) -> Lane[AuditRecord]:
        def work(records: Sequence[AuditRecord], lost: int) -> None:
            if lost:
                first = records[0]
                records = [AuditRecord(first.event, first.dropped + lost), *records[1:]]
            sink.write(records)

        return Lane(
            name,
            work,
            most=self._most,
            batch=BATCH,
            retry=self._retry,
            begin=sink.open,
            end=sink.close,
            weigh=lambda record: 1 + record.dropped,
            reserve=self._reserve,
            reserved=lambda record: not _is_at_will(record.event),
        )

    def _run(self) -> None:
        while True:
            got = self._queue.get()
            if got is None:
                return
            if isinstance(got, _Drain):
                got.marks.extend(lane.mark() for lane in self._lanes)
                got.passed.set()
                continue
            try:
                self._pass_on(got)
            except Exception as error:  # noqa: BLE001 - the boundary: counted and told
                self._fault(error)

    def _pass_on(self, event: SecurityEvent) -> None:
        event = fit(event, self._redactor)
        with self._lock:
            lost, self._untold = self._untold, 0
        record = AuditRecord(event, lost)
        for lane in self._lanes:
            lane.put(record)
        if self._alarms is not None:
            self._alarms(event)

    def _lost(self) -> None:
        with self._lock:
            self._dropped += 1
            self._untold += 1
            late, self._late = self._closed and not self._late, self._late or self._closed
        if late:
            log.warning("audit: an event came after the end, and is lost like all that follow")

    def _fault(self, error: Exception) -> None:
        """An event that is none, e.g. with a detail that cannot be read: counted as lost."""
        self._lost()
        self._faults += 1
        if self._faults == 1:
            log.warning("audit: an event could not be read (%s)", type(error).__name__)


def _is_at_will(event: SecurityEvent) -> bool:
    """Whether it is of a kind that a stranger causes by asking; what is no event at all is, too."""
    kind = getattr(event, "kind", None)
    return not isinstance(kind, EventKind) or kind in AT_WILL


def _nothing() -> None:
    """The audit is gone."""

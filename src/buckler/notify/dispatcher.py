"""Takes notifications without waiting, and hands them to every channel in threads of its own.

Threat: the alarm that is lost because a receiver was down for a minute, or because the first of
three channels hangs (CWE-778).
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Sequence

from buckler.notify.interface import Channel, Notification, NotifyError
from buckler.notify.lane import Figures, Lane, distinct, wait_all
from buckler.notify.retry import Retry


class Dispatcher:
    """Sends each notification by each channel, at least once within the life of the process.

    A channel that fails is tried again until it takes the notification or ``retry`` ends; what is given
    up or finds no room is counted in :meth:`figures` and told through ``logging``. Threads start with the
    first notification of each process, so one object may be made before a server forks.

    Args:
        channels: At least one.
        queue: Notifications that may wait for one channel.
        retry: When to try again.
        grace: Seconds that :meth:`close` and the end of the process wait.

    Raises:
        NotifyError: No channel, or a bound that is not above zero.
    """

    def __init__(
        self,
        *channels: Channel,
        queue: int = 1000,
        retry: Retry | None = None,
        grace: float = 5,
    ) -> None:
        if not channels:
            raise NotifyError("a dispatcher needs a channel")
        if queue < 1 or grace < 0:
            raise NotifyError("queue must be above zero, grace not below it")
        self._channels = channels
        self._most = queue
        self._retry = retry or Retry()
        self._grace = grace
        self._reset()
        if hasattr(os, "register_at_fork"):
            weak = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (weak() or _nothing)())

    def _reset(self) -> None:
        """A forked process has none of its parent's threads; what waited is the parent's to send."""
        self._lanes: tuple[Lane[Notification], ...] = ()
        self._lock = threading.Lock()
        self._closed = False

    def send(self, notification: Notification) -> None:
        """Take it and come back at once."""
        for lane in self._lanes or self._started():
            lane.put(notification)

    def start(self) -> None:
        """Start the threads now: while the interpreter ends, none can be started any more.

        After :meth:`close` it starts them anew, unless one of them hangs still.
        """
        with self._lock:
            if self._closed and all(lane.join(0) for lane in self._lanes):
                self._lanes, self._closed = (), False
        self._started()

    def flush(self, timeout: float = 5) -> bool:
        """Whether all that was taken before is sent or given up, within ``timeout`` seconds."""
        return wait_all([lane.mark() for lane in self._lanes], timeout)

    def close(self) -> None:
        """Wait ``grace`` seconds for what is under way, then try the rest once and end."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        self.flush(self._grace)
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.join(self._grace / len(self._lanes) + 0.1)

    def figures(self) -> dict[str, Figures]:
        """What became of the notifications since the threads were started, by the channel's name."""
        return {lane.name: lane.figures() for lane in self._lanes}

    def _started(self) -> Sequence[Lane[Notification]]:
        with self._lock:
            if not self._lanes and not self._closed:
                names = distinct(channel.name for channel in self._channels)
                self._lanes = tuple(map(self._lane, names, self._channels))
                atexit.register(self.close)
            return self._lanes

    def _lane(self, name: str, channel: Channel) -> Lane[Notification]:
        def work(notifications: Sequence[Notification], _: int) -> None:
            for notification in notifications:
                channel.send(notification)

        return Lane(name, work, most=self._most, retry=self._retry)


def _nothing() -> None:
    """The dispatcher is gone."""

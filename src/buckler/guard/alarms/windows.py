"""Counts events by key within a time, in bounded memory.

Threat: an attacker who sends each request under another name fills the memory (CWE-770), or pushes his
own count out of it. Keys that were silent longest go first, so the one that is at work stays.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

SAMPLES = 5
LONGEST_KEY = 256


@dataclass(slots=True)
class Window:
    """What is known of one key.

    Attributes:
        times: Of the latest events, with a value that tells them apart.
        requests: Ids of the latest.
        count: Events since the last alarm.
        first: Time of the first of them.
        quiet_until: No alarm before that time.
    """

    times: OrderedDict[object, float] = field(default_factory=OrderedDict)
    requests: deque[str] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    count: int = 0
    first: float = 0
    quiet_until: float = float("-inf")


class Windows:
    """Sliding windows by key.

    Args:
        threshold: Different values within ``seconds`` that are too many.
        seconds: Length of the window.
        quiet: Seconds after an alarm in which the key gives no other.
        keys: Keys to remember.
    """

    def __init__(self, threshold: int, seconds: float, quiet: float, keys: int) -> None:
        self._threshold = threshold
        self._seconds = seconds
        self._quiet = quiet
        self._most = keys
        self._known: OrderedDict[str, Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, key: str, value: object, time: float, request: str) -> Window | None:
        """Count an event; the window where it is one too many and the key is not quiet.

        Args:
            key: What is counted by.
            value: The same value counts once.
            time: Of the event, seconds.
            request: Its id.
        """
        window = self._window(key[:LONGEST_KEY], time)
        times = window.times
        times.pop(value, None)
        times[value] = time
        if request:
            window.requests.append(request)
        window.first = min(window.first, time) if window.count else time
        window.count += 1
        while len(times) > self._threshold:
            times.popitem(last=False)
        while len(times) > 1 and next(iter(times.values())) <= time - self._seconds:
            times.popitem(last=False)
        if len(times) < self._threshold or time < window.quiet_until:
            return None
        window.quiet_until = time + self._quiet
        return window

    def _window(self, key: str, time: float) -> Window:
        window = self._known.get(key)
        if window is not None:
            latest = next(reversed(window.times.values()), time)
            if time < latest - self._seconds:
                window = None  # the clock was set back: nothing counted before can be compared
            elif time > latest + max(self._seconds, self._quiet):
                window = None
        if window is None:
            window = self._known[key] = Window()
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return window

"""Slows down those who guess the password of one account, whatever address they come from."""

import time
from collections import deque

MAX_KEYS = 10_000


class Window:
    """Counts events of a key within the last seconds; keeps a bounded number of keys."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._events: dict[str, deque[float]] = {}

    def full(self, key: str) -> bool:
        """Whether the key has used up its events."""
        events = self._events.get(key)
        if events is None:
            return False
        oldest = time.monotonic() - self.seconds
        while events and events[0] < oldest:
            events.popleft()
        return len(events) >= self.limit

    def add(self, key: str) -> None:
        """Count one event."""
        if key not in self._events and len(self._events) >= MAX_KEYS:
            self._events.pop(next(iter(self._events)))
        self._events.setdefault(key, deque(maxlen=self.limit)).append(time.monotonic())

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._events.pop(key, None)

"""Slows down those who guess."""

import time
from collections import defaultdict, deque

from fastapi import HTTPException, status


class FailureLimit:
    """Refuses a key after too many failures in a window of seconds."""

    def __init__(self, failures: int, seconds: float) -> None:
        self.failures = failures
        self.seconds = seconds
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)

    def check(self, key: str) -> None:
        """Raise 429 where the key has failed too often."""
        seen = self._seen[key]
        while seen and seen[0] < time.monotonic() - self.seconds:
            seen.popleft()
        if len(seen) >= self.failures:
            raise HTTPException(status.HTTP_429_TOO_MANY_REQUESTS, "Try again later")

    def failed(self, key: str) -> None:
        """Count one failure."""
        self._seen[key].append(time.monotonic())

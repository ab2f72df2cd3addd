"""Slows down those who guess passwords and codes, or fill the outbox."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests a minute from one address; failures only, or all of them."""

    requests: int
    failures_only: bool = True


class RateLimit:
    """Answers 429 to an address that asks some paths too often."""

    def __init__(self, app: ASGIApp, *, limits: Mapping[str, Limit]) -> None:
        self.app = app
        self.limits = dict(limits)
        self._windows = {path: Window(limit.requests, 60) for path, limit in limits.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count POST requests to the limited paths by the peer's address."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "POST" or path not in self.limits:
            await self.app(scope, receive, send)
            return
        window, limit = self._windows[path], self.limits[path]
        key = scope["client"][0] if scope.get("client") else "unknown"
        if window.full(key):
            answer = JSONResponse(
                {"detail": "Try again later"}, status_code=429, headers={"Retry-After": "60"}
            )
            await answer(scope, receive, send)
            return

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                failed = message["status"] in (400, 401)
                if failed or not limit.failures_only:
                    window.add(key)
            await send(message)

        await self.app(scope, receive, count)

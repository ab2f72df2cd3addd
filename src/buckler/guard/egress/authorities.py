"""The certificate authorities of the system, read once for many calls.

Threat: a client that is made anew for each call reads them each time, which takes longer than the call and holds up the
event loop, and so every other request (CWE-400).
"""

from __future__ import annotations

import ssl
from typing import Any


class Authorities:
    """A context for TLS that trusts them, made at the first use, in a thread; on asyncio and trio."""

    __slots__ = ("_context", "_lock")

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        self._lock: Any = None

    async def context(self) -> ssl.SSLContext:
        """The one for all calls."""
        import anyio

        if self._context is not None:
            return self._context
        self._lock = self._lock or anyio.Lock()
        async with self._lock:
            if self._context is None:
                # Not in anyio's forty threads: handlers that hold them are no issuer that does not answer.
                self._context = await anyio.to_thread.run_sync(
                    ssl.create_default_context, limiter=anyio.CapacityLimiter(1)
                )
        return self._context

"""Websockets that are open at once: of one application, of one caller (CWE-770, CWE-400; ASVS 5.0 V4.4, V15.2.2).

Threat: a connection costs its caller nothing and the application memory, a task and a file, for as long
as it likes; a rate of handshakes alone bounds how fast they are opened, not how many stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from buckler.guard.audit.events import EventKind
from buckler.guard.limits.proxies import bucket
from buckler.guard.refusal import Refusal

if TYPE_CHECKING:
    from buckler.guard.inbound import Inbound
    from buckler.guard.limits.websocket import WebSocketLimits

_RETRY = ((b"retry-after", b"10"),)
FULL: Final = Refusal(
    *(503, "Too busy", EventKind.LIMIT_EXCEEDED, "websocket_connections", _RETRY),
    detail={"limit": "application"},
)
TOO_MANY: Final = Refusal(
    *(429, "Too many connections", EventKind.LIMIT_EXCEEDED, "websocket_connections", _RETRY),
    detail={"limit": "address"},
)


class Connections:
    """The websockets of one application in this process, handshakes under way included."""

    __slots__ = ("_by_address", "_open")

    def __init__(self) -> None:
        self._open = 0
        self._by_address: Counter[str] = Counter()

    def check(self, inbound: Inbound, limits: WebSocketLimits) -> Refusal | None:
        """Whether one more may be opened.

        A caller without an address (a Unix socket that no proxy is named for) is counted for the
        application alone: all callers would share one number.
        """
        if limits.connections is not None and self._open >= limits.connections:
            return FULL
        most = limits.connections_per_address
        if most is not None and inbound.client:
            return TOO_MANY if self._by_address[bucket(inbound.client)] >= most else None
        return None

    @contextmanager
    def holding(self, inbound: Inbound) -> Iterator[None]:
        """Count one for as long as it is open."""
        key = bucket(inbound.client)
        self._open += 1
        self._by_address[key] += 1
        try:
            yield
        finally:
            self._open -= 1
            self._by_address[key] -= 1
            if not self._by_address[key]:
                del self._by_address[key]

"""Websockets: who may open one, how large and how frequent its messages are (CWE-1385, CWE-770; ASVS V4.4).

Threat: a page of anybody's opens a websocket with the visitor's cookies, since no browser asks first; a
caller that sends faster than the application reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.limits.cors import origin
from buckler.guard.limits.csrf import same_origin
from buckler.guard.limits.rate import Rate
from buckler.guard.options import Weakness, count, size, texts
from buckler.guard.refusal import Refusal

FOREIGN: Final = Refusal(
    403, "This origin may not connect", EventKind.ORIGIN_REFUSED, "websocket_origin"
)
FLOOD: Final = Refusal(1008, "Too many messages", EventKind.LIMIT_EXCEEDED, "websocket_rate")
LARGE: Final = 16 * 2**20
"""Bytes of a message that few can send at once before the memory is full."""
FAST: Final = 100.0
"""Messages in a second, one after another, from one connection."""
MANY: Final = 20_000
TOO_BIG: Final = Refusal(1009, "The message is too big", EventKind.LIMIT_EXCEEDED, "websocket_size")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketLimits:
    """Bounds of every websocket.

    Attributes:
        origins: Origins beside the application's own whose pages may connect; ``*``: any.
        message: Bytes of one message; as text, in UTF-8.
        rate: Messages of one connection.
        connections: Open at once in this process, handshakes included; None: any number.
        connections_per_address: The same of one address (IPv6: of one /64).

    Raises:
        GuardError: An option is wrong.
    """

    origins: Sequence[str] = ()
    message: int | str = "64 KiB"
    rate: str | Rate = "600/minute"
    connections: int | None = 1000
    connections_per_address: int | None = 100
    _allowed: frozenset[bytes] = field(init=False, repr=False, compare=False)
    _bytes: int = field(init=False, repr=False, compare=False)
    _messages: Rate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        origins = texts(self.origins, "origins", "https://app.shop.example")
        object.__setattr__(self, "origins", origins)
        allowed = frozenset(b"*" if one == "*" else origin(one) for one in origins)
        for name in ("connections", "connections_per_address"):
            if getattr(self, name) is not None:
                count(getattr(self, name), name)
        object.__setattr__(self, "_allowed", allowed)
        object.__setattr__(self, "_bytes", size(self.message, "message"))
        object.__setattr__(self, "_messages", Rate.of(self.rate))

    def weaknesses(self) -> Iterator[Weakness]:
        """What of it is weaker than its defaults, or bounds nothing."""
        if b"*" in self._allowed:
            yield (
                "websocket_origins",
                "pages of any site may connect as the visitor; name the origins that may",
            )
        if self._bytes > LARGE:
            yield (
                "websocket_message",
                f"messages of {self._bytes} bytes may fill the memory; 16 MiB at most",
            )
        if self._messages.limit / self._messages.period > FAST:
            yield (
                "websocket_rate",
                f"more than {FAST:.0f} messages a second of one connection; bound them lower",
            )
        for name in ("connections", "connections_per_address"):
            most = getattr(self, name)
            if most is None or most > MANY:
                yield (
                    f"websocket_{name}",
                    f"websocket: {name}={most} bounds nothing; name what this process can hold",
                )

    def check(self, inbound: Inbound) -> Refusal | None:
        """Whether the connection may be opened (RFC 6455, 10.2); without ``Origin`` no browser asks.

        A page of the application's own is also one of which the browser says so (Fetch Metadata, 2.3):
        behind a proxy that ends TLS and is not named, ``Origin`` is ``https`` and the request is not.
        No script can set a header that begins with ``Sec-`` (Fetch, 2.2.2).
        """
        asked = inbound.headers.get(b"origin")
        if asked is None or b"*" in self._allowed or asked.lower() in self._allowed:
            return None
        if inbound.headers.get(b"sec-fetch-site") == b"same-origin":
            return None
        return None if same_origin(inbound, asked) else FOREIGN

    def meter(self) -> MessageMeter:
        """What counts the messages of one connection."""
        return MessageMeter(self._bytes, self._messages)


class MessageMeter:
    """The messages of one connection."""

    __slots__ = ("_arrival", "_interval", "_limit", "_period")

    def __init__(self, limit: int, rate: Rate) -> None:
        self._limit = limit
        self._period = rate.period
        self._interval = rate.period / rate.limit
        self._arrival = 0.0

    def check(self, message: Mapping[str, Any]) -> Refusal | None:
        """Whether the application gets it."""
        text, data = message.get("text"), message.get("bytes")
        if text is not None and len(text) * 4 > self._limit:
            data = text.encode("utf-8", "surrogatepass")
        if data is not None and len(data) > self._limit:
            return TOO_BIG
        now = time.monotonic()
        ahead = max(self._arrival, now) + self._interval - now
        if ahead > self._period * (1 + 1e-9):
            return FLOOD
        self._arrival = now + ahead
        return None

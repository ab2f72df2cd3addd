"""The door of aiohttp: its connector, which gets a connection in memory.

Everything above it is the library's own, so sessions, traces and responses are what they are in
every version.
"""

from __future__ import annotations

import asyncio
import functools
from types import ModuleType
from typing import Any, Callable, Optional

from ..imports import when_imported
from . import standing
from .urllib import wire


def install() -> None:
    """Stand at the door."""
    when_imported("aiohttp.connector", _connector)


def _connector(module: ModuleType) -> None:
    connector: Any = module.TCPConnector
    real: Callable[..., Any] = connector._create_connection

    @functools.wraps(real)
    async def create(self: Any, request: Any, *args: Any, **given: Any) -> Any:
        proxy = getattr(request, "proxy", None)
        upgrades = "upgrade" in {str(name).lower() for name in request.headers}
        stand = None
        if not upgrades:
            body = getattr(request, "body", b"")
            sent = [*request.headers.values(), getattr(body, "_value", body)]
            through = str(proxy) if proxy is not None else ""
            stand = standing.answer(request.method, str(request.url), through, sent)
        if stand is None:
            return await real(self, request, *args, **given)
        protocol = self._factory()
        answer = wire(stand, head=request.method == "HEAD")
        protocol.connection_made(_Memory(asyncio.get_running_loop(), protocol, answer))
        return protocol

    connector._create_connection = create


class _Memory(asyncio.Transport):
    """Answers what is written with the same bytes, once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any, sent: bytes) -> None:
        super().__init__()
        self._running = loop
        self._protocol = protocol
        self._sent: Optional[bytes] = sent
        self._closing = False

    def write(self, data: Any) -> None:
        """Answer soon."""
        if self._sent is not None and not self._closing:
            sent, self._sent = self._sent, None
            self._running.call_soon(self._protocol.data_received, sent)

    def writelines(self, list_of_data: Any) -> None:
        """Answer soon."""
        self.write(b"")

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closing

    def close(self) -> None:
        """Tell the protocol, once."""
        if not self._closing:
            self._closing = True
            self._running.call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        """Everything is there already."""

    def resume_reading(self) -> None:
        """Everything is there already."""

    def can_write_eof(self) -> bool:
        """There is no other side to tell."""
        return False

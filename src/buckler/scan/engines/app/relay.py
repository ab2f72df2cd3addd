"""Carries what the application sends to an allowed host, from its private network to the real one.

The sockets that listen in there were made before the application ran; whatever comes in on one goes to
the host that it stands for, and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from collections.abc import Sequence
from typing import NamedTuple

CHUNK = 64 * 1024
CONNECT_SECONDS = 5.0
MAX_CONNECTIONS = 64
BEGINS = 8
"""Turns of the loop from letting a connection in to its own task: it takes four, each made by the one before."""


class Door(NamedTuple):
    """Where to carry what comes in: ``listener`` stands for ``host`` and ``port``."""

    host: str
    port: int
    listener: socket.socket


class Relay:
    """A thread that carries until it is closed.

    Args:
        doors: What to listen on, and where it leads.
    """

    def __init__(self, doors: Sequence[Door]) -> None:
        self._doors = doors
        self._room = asyncio.Semaphore(MAX_CONNECTIONS)
        self._ending = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._live, name="relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cut every connection and end the thread. Safe to call twice."""
        with contextlib.suppress(RuntimeError):  # its loop is closed already
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        with contextlib.ExitStack() as servers:
            for door in self._doors:
                carry = functools.partial(self._carry, door)
                server = await asyncio.start_server(carry, sock=door.listener, limit=CHUNK)
                servers.callback(server.close)
            await self._ending.wait()
            # What was let in just now begins, so that it is ended with the others, while its server is still there.
            for door in self._doors:
                self._loop.remove_reader(door.listener)
            for _ in range(BEGINS):
                await asyncio.sleep(0)

    async def _carry(
        self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with self._room:
                # No wait_for: where it is cancelled, a connection that was just made is lost in it.
                async with asyncio.timeout(CONNECT_SECONDS):
                    there, back = await asyncio.open_connection(door.host, door.port, limit=CHUNK)
                try:
                    await asyncio.gather(_copy(reader, back), _copy(there, writer))
                finally:
                    back.transport.abort()
        except (OSError, TimeoutError):
            return
        except asyncio.CancelledError:
            return  # the scan is over; asyncio would print it
        finally:
            writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

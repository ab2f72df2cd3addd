"""How the stand-ins that run on one loop take clients: so many at once, each until it goes.

Threat: a client of the application under scan that opens connections without end, or goes in the middle of a
message, and takes the stand-in of everybody with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Final

CLIENTS: Final = 512
"""At once; whoever comes then is hung up on."""
LINE: Final = 64 * 1024
"""Bytes that are read ahead, and of one line."""
Converse = Callable[[int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one client, whose number it is given, until it goes."""


def listen(socket_path: Path, converse: Converse, *, full: bytes = b"") -> None:
    """Serve until the process ends.

    Args:
        socket_path: Of the Unix socket to listen on.
        converse: Serves one client.
        full: What is said to one too many.

    Raises:
        OSError: It cannot listen there.
    """
    asyncio.run(_listen(socket_path, Clients(converse, full)))


async def _listen(socket_path: Path, clients: Clients) -> None:
    server = await asyncio.start_unix_server(
        clients.meet, str(socket_path), limit=LINE, backlog=CLIENTS
    )
    socket_path.chmod(0o777)
    async with server:
        await server.serve_forever()


class Clients:
    """Those who are connected.

    Args:
        converse: Serves one of them.
        full: What is said to one too many.
    """

    def __init__(self, converse: Converse, full: bytes) -> None:
        self._converse = converse
        self._full = full
        self._numbers = count(1)
        self._connected = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it goes."""
        if self._connected >= CLIENTS:
            writer.write(self._full)
            writer.close()
            return
        self._connected += 1
        try:
            await self._converse(next(self._numbers), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            # It went in the middle of a message, which is its own affair.
            writer.transport.abort()
        finally:
            self._connected -= 1
            writer.close()

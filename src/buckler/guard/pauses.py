"""Lets other requests have their turn where looking at one takes long.

Threat: a request or an answer that is made to cost stops the event loop for all others (CWE-400).
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

PAUSE: Final = 0.005
"""Seconds after which other requests get their turn."""


class Pause:
    """Gives others their turn where something takes long."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = perf_counter()

    async def perhaps(self) -> None:
        """Let others go on, if it took :data:`PAUSE` since they did."""
        if perf_counter() > self._begun + PAUSE:
            try:
                asyncio.get_running_loop()
            except RuntimeError:  # trio
                from anyio.lowlevel import checkpoint

                await checkpoint()
            else:
                await asyncio.sleep(0)
            self._begun = perf_counter()

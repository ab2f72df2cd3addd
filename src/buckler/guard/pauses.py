"""Lets other requests have their turn where looking at one takes long.

Threat: a request or an answer that is made to cost stops the event loop for all others (CWE-400).
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

from anyio import CancelScope
from anyio.lowlevel import checkpoint

PAUSE: Final = 0.005
"""Seconds after which other requests get their turn."""


class Pause:
    """Gives others their turn where something takes long.

    Args:
        finishing: Go on though the request is given up meanwhile: whoever streams an answer is cancelled as soon as
            its end is out.
    """

    __slots__ = ("_begun", "_finishing")

    def __init__(self, *, finishing: bool = False) -> None:
        self._begun = perf_counter()
        self._finishing = finishing

    async def perhaps(self) -> None:
        """Let others go on, if it took :data:`PAUSE` since they did."""
        if perf_counter() > self._begun + PAUSE:
            if self._finishing:
                with CancelScope(shield=True):
                    await _turn()
            else:
                await _turn()
            self._begun = perf_counter()


async def _turn() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # trio
        await checkpoint()
    else:
        await asyncio.sleep(0)

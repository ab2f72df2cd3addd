"""Watches how long the event loop stands still."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Stalls:
    """The longest one, in milliseconds of CPU: what others do on the machine does not count, nor what a collection
    of all objects takes, of which a process that runs thousands of tests has millions."""

    longest = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Stalls]:
    """Look at the loop while something runs on it."""
    stalls = Stalls()

    async def look() -> None:
        while True:
            begun = time.thread_time()
            await asyncio.sleep(0)
            stalls.longest = max(stalls.longest, (time.thread_time() - begun) * 1000)

    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    task = asyncio.create_task(look())
    await asyncio.sleep(0.01)
    stalls.longest = 0.0
    try:
        yield stalls
    finally:
        await asyncio.sleep(0)
        task.cancel()
        if collects:
            gc.enable()

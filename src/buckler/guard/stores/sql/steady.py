"""Statements on SQLite that run to their end, though the request that asked was given up.

Threat: a file that stays locked, so that nobody signs in any more (CWE-667, CWE-400). The driver's thread goes on with
a statement when the task that waits for it is cancelled, be it by a limit of time or a server whose client has hung
up; what it holds then belongs to a connection that SQLAlchemy has closed meanwhile, and nobody ever lets go of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import anyio
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class SteadyConnection(AsyncConnection):
    """A connection whose statements are not left in the middle; who was given up is told so after them."""

    __slots__ = ()

    async def execute(self, *given: Any, **options: Any) -> Any:
        """See :meth:`sqlalchemy.ext.asyncio.AsyncConnection.execute`."""
        return await _to_its_end(super().execute(*given, **options))

    async def commit(self) -> None:
        """See :meth:`sqlalchemy.ext.asyncio.AsyncConnection.commit`."""
        await _to_its_end(super().commit())


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # Shielded from anyio, too: a scope of its cancels again and again.
        with anyio.CancelScope(shield=True):
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at: what became of it matters to nobody any more
        raise

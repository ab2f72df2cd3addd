"""The start and the end of an application, as the layer around it sees them (ASGI, Lifespan Protocol).

Threat: a guard that could not be set up, in front of an application that answers all the same. What goes wrong
at the start is told to the server as a start that failed, and nothing is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


async def through(
    app: App,
    scope: MutableMapping[str, Any],
    receive: Receive,
    send: Send,
    *,
    starting: Callable[[], Awaitable[None]],
    started: Callable[[], None],
    closing: Callable[[], Awaitable[None]] | None,
) -> None:
    """Let an application start and end.

    Args:
        app: The application.
        scope: Of ASGI.
        receive: Of ASGI.
        send: Of ASGI.
        starting: Awaited before the application starts.
        started: Called when it has started.
        closing: Awaited when it has ended.

    Raises:
        Exception: What ``starting`` or ``started`` raised; the server was told that the start failed.
    """
    first = await receive()
    if first["type"] == "lifespan.startup":
        try:
            await starting()
        except Exception as error:
            # Told before it is raised: a server would take it for an application without lifespan and go on.
            await send({"type": "lifespan.startup.failed", "message": _told(error)})
            raise
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    failed = False

    async def ended(message: Message) -> None:
        nonlocal failed
        if failed:
            return  # what the application says of the error that it was stopped by
        if message["type"].startswith("lifespan.shutdown") and closing is not None:
            await closing()
        elif message["type"] == "lifespan.startup.complete":
            try:
                started()
            except Exception as error:
                failed = True
                await send({"type": "lifespan.startup.failed", "message": _told(error)})
                raise
        await send(message)

    await app(scope, again, ended)


def _told(error: Exception) -> str:
    """An error as a server shows it at the start: with the hint that says what to write."""
    hint = getattr(error, "hint", "")
    return f"guard does not start: {error}" + (f"\nhint: {hint}" if hint else "")

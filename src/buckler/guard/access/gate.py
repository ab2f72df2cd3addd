"""A rule around an application that is mounted: dependencies of the outer one do not reach it (CWE-862)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from buckler.guard.access.requirement import MARK, Requirement

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Gate:
    """Lets those pass who may.

    Args:
        app: What it stands around; raises into Starlette's exception handling, which answers.
        required: Who may pass.
    """

    def __init__(self, app: App, required: Requirement) -> None:
        self.app = app
        self.required = required
        setattr(self, MARK, required)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] in ("http", "websocket"):
            from starlette.requests import HTTPConnection

            from buckler.guard.access.dependencies import access_of

            await access_of(scope).admit(HTTPConnection(scope), self.required)
        await self.app(scope, receive, send)

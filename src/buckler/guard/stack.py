"""Starlette's layers around an application, and those of them that need not be passed by every request.

Of what Starlette and FastAPI put around a router, some layers do nothing until something fails, and each is paid
for by every request. Where the layer of guard stands around them, it calls what stands inside of them, and hands
them the error when there is one: they make of it what they always do.

Threat: none of its own. A layer that is taken for one that does nothing and does something after all would be a
hole, so none is believed by its name alone: an example passes through it, and whatever changes on the way keeps
all of them in their places.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from copy import copy
from types import FunctionType
from typing import Any, Final

from buckler.guard.inbound import Message, Scope, Send

Receive = Callable[[], Awaitable[Message]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_LAST: Final = ("starlette.middleware.exceptions", "ExceptionMiddleware")
_PASSING: Final = frozenset(
    (
        _LAST,
        ("fastapi.telemetry._asgi", "ExceptionTelemetryMiddleware"),
        ("fastapi._body_limit", "AppBodyLimitMiddleware"),
    )
)
"""Layers that look at errors alone, where no option gives them more to do."""
HANDLERS: Final = "starlette.exception_handlers"
"""What Starlette's routes look up in the scope, and what the last of these layers puts there."""


class Stack:
    """An application as Starlette built it, and the short way into it.

    Args:
        built: What ``build_middleware_stack`` gave.

    Attributes:
        whole: All of it but Starlette's own answer to what nobody caught, which the layer gives.
        short: Whether there is a short way.
        inner: Where it leads: to what stands inside of the layers that look at errors alone.
        handlers: What they put into each scope, under :data:`HANDLERS`.
    """

    def __init__(self, built: Any) -> None:
        self.whole: App = without_server_errors(built)
        outer, inner = _split(self.whole)
        self.inner: App = inner
        self._outer = outer
        self.handlers = _passed(outer)
        self.short = self.handlers is not None

    async def failed(
        self, error: Exception, scope: Scope, receive: Receive, send: Send, *, started: bool
    ) -> None:
        """Let the layers that were passed by have an error of the application's.

        Args:
            error: What the application raised.
            scope: Of the request.
            receive: As the application got it.
            send: As the application got it.
            started: Whether the application's answer had begun.

        Raises:
            Exception: What they make of it where they do not answer; mostly the same error.
        """
        begun = {"type": "http.response.start", "status": 500, "headers": []}

        async def failing(scope: Scope, receive: Receive, send: Send) -> None:
            if started:
                await send(begun)
            raise error

        async def sending(message: Message) -> None:
            if message is not begun:
                await send(message)

        await _around(self._outer, failing)(scope, receive, sending)


def without_server_errors(stack: Any) -> Any:
    """Starlette's outermost layer answers what nobody caught; the layer does so itself, one call less.

    It stays where it would do something else: in debug mode, or with a handler of the application's own.
    """
    from starlette.middleware.errors import ServerErrorMiddleware

    from buckler.guard.errors.handlers import on_failure

    if type(stack) is ServerErrorMiddleware and stack.handler is on_failure and not stack.debug:
        return stack.app
    return stack


def _split(stack: Any) -> tuple[tuple[Any, ...], Any]:
    """The layers that look at errors alone, from the outside in, and what stands inside of them."""
    outer: list[Any] = []
    while _is_known(stack):
        outer.append(stack)
        stack = stack.app
        if _named(outer[-1]) == _LAST:
            return tuple(outer), stack
    return (), stack


def _named(layer: Any) -> tuple[str, str]:
    return type(layer).__module__, type(layer).__qualname__


def _is_known(layer: Any) -> bool:
    """Whether a layer is one of those, and its code the one that was installed: tracers put theirs in its place."""
    call = type(layer).__call__
    home = getattr(sys.modules.get(type(layer).__module__), "__file__", None)
    return (
        _named(layer) in _PASSING
        and type(call) is FunctionType
        and call.__code__.co_filename == home
        and "app" in vars(layer)
    )


def _around(outer: tuple[Any, ...], app: App) -> App:
    """Copies of the layers around something else."""
    for layer in reversed(outer):
        around = copy(layer)
        around.app = app
        app = around
    return app


def _passed(outer: tuple[Any, ...]) -> Any:
    """What the layers put into a scope; None where they do anything else to a request that goes well."""
    told = [
        {"type": "http.response.start", "status": 200, "headers": []},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
    before, calls, heard = dict(scope), [], []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        calls.append((scope, receive))
        for message in told:
            await send(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        heard.append(message)

    try:
        _around(outer, app)(scope, receive, send).__await__().send(None)
    except StopIteration:
        pass  # its end, without waiting for anything, which is what is wanted
    else:
        return None
    handlers = scope.pop(HANDLERS, None)
    same = len(calls) == 1 and calls[0][0] is scope and calls[0][1] is receive
    return (
        handlers
        if same and scope == before and list(map(id, heard)) == list(map(id, told))
        else None
    )

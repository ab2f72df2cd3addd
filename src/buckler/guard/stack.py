"""Starlette's layers around an application, and those of them that need not be passed by every request.

Of what Starlette and FastAPI put around a router, some layers do nothing until something fails, and each is paid
for by every request. Where the layer of guard stands around them, it calls what stands inside of them, and hands
them the error when there is one: they make of it what they always do.

Threat: none of its own. A layer that is taken for one that does nothing and does something after all would be a
hole, so none is believed by its name alone: an example passes through it, and whatever changes on the way keeps
all of them in their places. They are looked at when they are built, and again when plans are made: what puts itself
in while the application starts is seen, what does so later, without a new stack, is not.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
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
_CLOSING: Final = ("fastapi.middleware.asyncexitstack", "AsyncExitStackMiddleware")
_ROUTERS: Final = frozenset((("fastapi.routing", "APIRouter"), ("starlette.routing", "Router")))
"""What stands inside of those, and does no more than to open an exit stack, and to call its own first layer."""
HANDLERS: Final = "starlette.exception_handlers"
"""What Starlette's routes look up in the scope, and what the last of these layers puts there."""


class Stack:
    """An application as Starlette built it, and the short way into it.

    Args:
        built: What ``build_middleware_stack`` gave.

    Attributes:
        whole: All of it but Starlette's own answer to what nobody caught, which the layer gives.
        short: Whether there is a short way.
        inner: Where it leads: to what stands inside of the layers that need not be passed.
        handlers: What they put into each scope, under :data:`HANDLERS`.
        exits: Where each scope has to hold an ``AsyncExitStack``, which is closed behind the answer; or None.
    """

    def __init__(self, built: Any) -> None:
        self.whole: App = without_server_errors(built)
        outer, inner = _split(self.whole)
        self.exits = _exits(inner)
        if self.exits is not None:
            inner = inner.app
        self.inner: App = _routing(inner)
        self._outer = outer
        self.handlers = _passed(outer)
        self.short = self.handlers is not None

    def again(self, whole: App) -> Stack | None:
        """What is true of it now: layers change as long as an application starts.

        Args:
            whole: What the layer of guard stands around now.

        Returns:
            The short way; None where there is none any longer.
        """
        found = Stack(whole)
        return found if found.short and found.whole is self.whole else None

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
            nonlocal error
            if started:
                await send(begun)
            try:
                raise error
            finally:  # it holds this frame: a cycle would keep the request until the collector comes
                del error

        async def sending(message: Message) -> None:
            if message is not begun:
                await send(message)

        await _around(self._outer, failing)(scope, receive, sending)


def without_server_errors(stack: Any) -> Any:
    """Starlette's outermost layer answers what nobody caught; the layer does so itself, one call less.

    It stays where it would do something else: in debug mode, traced, or with a handler of the application's own.
    """
    from starlette.middleware.errors import ServerErrorMiddleware

    from buckler.guard.errors.handlers import on_failure

    same = type(stack) is ServerErrorMiddleware and _as_installed(stack)
    return stack.app if same and stack.handler is on_failure and not stack.debug else stack


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
    return _named(layer) in _PASSING and _as_installed(layer) and "app" in vars(layer)


def _as_installed(layer: Any) -> bool:
    """Whether a layer's code is the one that was installed: tracers put theirs in its place."""
    # The one that has it, since a router of FastAPI's has Starlette's; a tracer's own names another module.
    owner = next(kind for kind in type(layer).__mro__ if "__call__" in vars(kind))
    call = vars(owner)["__call__"]
    home = getattr(sys.modules.get(owner.__module__), "__file__", None)
    return type(call) is FunctionType and call.__code__.co_filename == home


def _exits(layer: Any) -> str | None:
    """Where FastAPI's own layer puts an exit stack; None where it does anything else, or is another one."""
    name = getattr(layer, "context_name", None)
    if _named(layer) != _CLOSING or not _as_installed(layer) or not isinstance(name, str):
        return None
    if not hasattr(
        AsyncExitStack(), "_exit_callbacks"
    ):  # what guard's layer asks before it closes one
        return None
    cases = ((None, False), (LookupError(), False), (LookupError(), True))
    return name if all(_closes(layer, name, error, taken) for error, taken in cases) else None


def _closes(layer: Any, name: str, error: Exception | None, taken: bool) -> bool:
    """Whether a layer does to an application's error what an exit stack does, and nothing else."""
    heard: list[BaseException | None] = []
    scope: dict[str, Any] = {"type": "http"}

    async def leave(kind: object, found: BaseException | None, trace: object) -> bool:
        heard.append(found)
        return taken

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope[name].push_async_exit(leave)
        if error is not None:
            raise error

    raised = None
    try:
        _around((layer,), app)(scope, _gone, _unheard).__await__().send(None)
    except StopIteration:
        pass  # its end, without waiting for anything
    except LookupError as one:
        raised = one
    else:
        return False
    return (
        heard == [error]
        and raised is (None if taken else error)
        and scope.keys() == {"type", name}
        and type(scope[name]) is AsyncExitStack
    )


def _routing(router: Any) -> App:
    """What a router calls first; the router itself where it does more than that."""
    if _named(router) in _ROUTERS and _as_installed(router) and "middleware_stack" in vars(router):
        added = _added((router,), "middleware_stack")
        if added is not None and not added:
            first: App = router.middleware_stack
            return first
    given: App = router
    return given


def _passed(outer: tuple[Any, ...]) -> Any:
    """What the layers put into a scope; None where they do anything else to a request that goes well."""
    added = _added(outer, "app")
    return added[HANDLERS] if added is not None and added.keys() == {HANDLERS} else None


def _around(outer: tuple[Any, ...], app: App, inner: str = "app") -> App:
    """Copies of the layers around something else."""
    for layer in reversed(outer):
        around = copy(layer)
        setattr(around, inner, app)
        app = around
    return app


def _added(outer: tuple[Any, ...], inner: str) -> dict[str, Any] | None:
    """What a scope holds more when an example has passed through layers; None where anything else has changed."""
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

    async def send(message: Message) -> None:
        heard.append(message)

    try:
        _around(outer, app, inner)(scope, _gone, send).__await__().send(None)
    except StopIteration:
        pass  # its end, without waiting for anything, which is what is wanted
    else:
        return None
    same = len(calls) == 1 and calls[0][0] is scope and calls[0][1] is _gone
    same = same and list(map(id, heard)) == list(map(id, told))
    kept = {name: value for name, value in scope.items() if name in before}
    if not same or kept != before:
        return None
    return {name: value for name, value in scope.items() if name not in before}


async def _gone() -> Message:
    return {"type": "http.disconnect"}


async def _unheard(message: Message) -> None:
    del message

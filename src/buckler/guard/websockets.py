"""A websocket through the layer: who may open it, how many at once, and what each message may be.

Whoever is refused has no connection yet, so the answer is one of HTTP (RFC 6455, 4.2.2): the status itself
where the server has ASGI's ``websocket.http.response``, else the 403 that a server makes of a close.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from buckler.guard.audit.events import EventKind
from buckler.guard.errors import problem
from buckler.guard.inbound import KEY, Inbound, Scope
from buckler.guard.plans import Plan
from buckler.guard.refusal import Refusal

if TYPE_CHECKING:
    from buckler.guard.layer import Layer

VIOLATION: Final = 1008
TRY_AGAIN: Final = 1013
"""Codes of a close (RFC 6455, 7.4.1 and IANA's registry of them)."""
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def connect(layer: Layer, plan: Plan, scope: Scope, receive: Receive, send: Send) -> None:
    """Let a connection through, or refuse it."""
    # Servers may leave it out (ASGI, Websocket Connection Scope).
    scope.setdefault("query_string", b"")
    inbound = scope[KEY] = Inbound(scope, plan, send, layer.instead)
    try:
        refusal = await _refused(layer, inbound)
    except Exception as error:  # a key of a rate that the application gives, a store
        await receive()
        await _failed(layer, inbound, error, send)
        raise
    if refusal is not None:
        await _deny(layer, inbound, refusal, receive, send)
        return
    try:
        with layer.connections.holding(inbound):
            await layer.app(scope, *_bounded(layer, inbound, receive, send))
    except Exception as error:
        await _failed(layer, inbound, error, send)
        raise


async def _refused(layer: Layer, inbound: Inbound) -> Refusal | None:
    """Why a handshake is refused."""
    plan = inbound.plan
    for check in plan.connecting:
        refusal = check(inbound)
        if refusal is not None:
            return refusal
    for rate in plan.waiting:
        refusal = await rate.wait(inbound)
        if refusal is not None:
            return refusal
    # Last, and without a pause before it is counted: what is refused holds no place.
    limits = plan.websocket
    return None if limits is None else layer.connections.check(inbound, limits)


async def _failed(layer: Layer, inbound: Inbound, error: Exception, send: Send) -> None:
    """The application raised: the log gets the story; who was not let in yet, an answer with the headers."""
    if inbound.replaced or type(error).__name__ == "WebSocketDisconnect":
        return
    layer.tell_failure(inbound, error)
    if not inbound.started:
        await _answer(inbound, Refusal(500, "", EventKind.FAILED, ""), send)


def _bounded(layer: Layer, inbound: Inbound, receive: Receive, send: Send) -> tuple[Receive, Send]:
    limits = inbound.plan.websocket
    meter = limits.meter() if limits is not None else None
    writer = inbound.plan.writer

    async def received() -> Message:
        if inbound.refusal is not None:  # the application asks again after it was told the end
            return _ended(inbound.refusal)
        message = await receive()
        if meter is None or message["type"] != "websocket.receive":
            return message
        refusal = meter.check(message)
        if refusal is None:
            return message
        inbound.refusal, inbound.replaced = refusal, True
        layer.emit(inbound, refusal.kind, refusal.reason, refusal.title)
        await send({"type": "websocket.close", "code": refusal.status, "reason": refusal.title})
        return _ended(refusal)

    async def sent(message: Message) -> None:
        if inbound.replaced:
            return
        inbound.started = True
        if message["type"] == "websocket.accept" and message.get("headers"):
            message = {**message, "headers": writer.repaired(message["headers"], inbound.flags)}
        elif message["type"] == "websocket.http.response.start":
            message = {**message, "headers": writer.complete(inbound, message.get("headers") or [])}
        await send(message)

    return received, sent


def _ended(refusal: Refusal) -> Message:
    """What the application is told of a connection that guard closed."""
    return {"type": "websocket.disconnect", "code": refusal.status, "reason": refusal.title}


async def _deny(
    layer: Layer, inbound: Inbound, refusal: Refusal, receive: Receive, send: Send
) -> None:
    """Refuse the handshake: with an answer where the server can, else by closing (ASGI, Websocket)."""
    layer.emit(
        inbound,
        refusal.kind,
        refusal.reason,
        refusal.title,
        status=refusal.status,
        detail=refusal.detail,
    )
    await receive()
    await _answer(inbound, refusal, send)


async def _answer(inbound: Inbound, refusal: Refusal, send: Send) -> None:
    if "websocket.http.response" not in (inbound.scope.get("extensions") or {}):
        # The server says 403 whatever the code; adapters and tests see it.
        code = TRY_AGAIN if refusal.status in (429, 503) else VIOLATION
        await send({"type": "websocket.close", "code": code, "reason": refusal.title})
        return
    content = problem.problem(refusal.status, inbound.id, refusal.title)
    headers = [
        *refusal.headers,
        (b"content-type", problem.JSON_TYPE),
        (b"content-length", str(len(content)).encode()),
    ]
    headers = inbound.plan.writer.complete(inbound, headers)
    status = refusal.status
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": content, "more_body": False})

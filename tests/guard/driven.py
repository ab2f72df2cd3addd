"""A server that refuses what ASGI does not allow, on asyncio and on trio, and what is left after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import trio

from buckler.guard.layer import Layer
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.plans import Plans
from buckler.guard.policy import Policy
from tests.guard.asgi import scope

START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body", "body": b"done"}
Runs = Callable[[Any], Any]


def on_trio(coroutine: Any) -> Any:
    async def run() -> Any:
        return await coroutine

    return trio.run(run)


BOTH = pytest.mark.parametrize("run", [asyncio.run, on_trio], ids=["asyncio", "trio"])


class Server:
    """Takes messages as a server does: refuses what the specification does not allow."""

    def __init__(self, *requests: dict[str, Any]) -> None:
        self.sent: list[dict[str, Any]] = []
        self.requests = list(requests)

    async def receive(self) -> dict[str, Any]:
        if self.requests:
            return self.requests.pop(0)
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        began = bool(self.sent)
        if message["type"] == "http.response.start" and began:
            raise RuntimeError("the answer began twice")
        if message["type"] == "http.response.body" and not began:
            raise RuntimeError("a body before its start")
        self.sent.append(dict(message))

    @property
    def status(self) -> int:
        return self.sent[0]["status"] if self.sent else 0

    @property
    def names(self) -> list[bytes]:
        return [name for name, _ in self.sent[0]["headers"]]


def layer_of(app: Any, **options: Any) -> Layer:
    events = options.pop("listener", None)
    policy = Policy(**options)
    plans = Plans((), policy, MemoryStore())
    return Layer(app, lambda: plans, listener=events, concurrency=policy.concurrency)


async def drive(layer: Layer, server: Server | None = None, **more: Any) -> tuple[Server, Any]:
    server = server or Server({"type": "http.request"})
    error: BaseException | None = None
    try:
        await layer(scope(**more), server.receive, server.send)
    except BaseException as raised:  # noqa: BLE001 - the test looks at it
        error = raised
    return server, error


def left(layer: Layer) -> int:
    flights = layer._flights
    return len(flights.under_way) + len(flights.late) + layer._scopes

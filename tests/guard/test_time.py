"""The time limit where an application has threads, groups and timeouts of its own; and sockets that fail."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from starlette.middleware.base import BaseHTTPMiddleware

from buckler.guard import Guard, with_policy
from buckler.guard.audit.events import EventKind, SecurityEvent
from tests.guard.asgi import get, scope


def test_a_handler_in_a_thread_that_hangs_is_answered() -> None:
    app = FastAPI()
    release = threading.Event()

    @app.get("/hangs")
    def hangs() -> None:
        release.wait(30)

    Guard(app, timeout=0.2)

    async def run() -> tuple[int, bool]:
        answered = asyncio.Event()
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            else:
                answered.set()

        task = asyncio.ensure_future(app(scope("GET", "/hangs"), receive, send))
        await asyncio.wait_for(answered.wait(), 10)
        # The thread cannot be ended, so the request counts as under way until it ends.
        going = not task.done()
        release.set()
        await task
        return statuses[0], going

    assert asyncio.run(run()) == (503, True)


def test_time_limits_through_middleware_groups_and_timeouts_of_the_application() -> None:
    app = FastAPI()

    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)

    @app.get("/plain")
    async def plain() -> None:
        await asyncio.sleep(30)

    @app.get("/group")
    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(30))
            tasks.create_task(asyncio.sleep(30))

    @app.get("/timeout")
    async def timeout() -> None:
        async with asyncio.timeout(20):
            await asyncio.sleep(30)

    @app.get("/fine")
    @with_policy(timeout=60)
    async def fine() -> dict[str, int]:
        return {"a": 1}

    Guard(app, timeout=0.2)
    for path in ("/plain", "/group", "/timeout"):
        answer = get(app, path)
        assert (answer.status, answer.error) == (503, None), path
    assert get(app, "/fine").status == 200


async def connected(app: Any, messages: list[dict[str, Any]], **more: Any) -> tuple[list[Any], Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "websocket.disconnect", "code": 1006}

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(scope(kind="websocket", **more), receive, send)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return sent, error
    return sent, None


@pytest.mark.parametrize("extension", [False, True])
def test_a_websocket_that_fails_before_it_is_accepted(
    extension: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "buckler.guard")
    app = FastAPI()
    events: list[SecurityEvent] = []

    @app.websocket("/before")
    async def before(socket: WebSocket) -> None:
        raise RuntimeError("secret of the inside")

    @app.websocket("/after")
    async def after(socket: WebSocket) -> None:
        await socket.accept()
        raise RuntimeError("secret of the inside")

    @app.websocket("/left")
    async def left(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()

    Guard(app, events=events.append)
    extensions: dict[str, Any] = {"websocket.http.response": {}} if extension else {}

    def run(path: str) -> tuple[list[Any], Any]:
        opening = [{"type": "websocket.connect"}]
        return asyncio.run(connected(app, opening, path=path, extensions=extensions))

    sent, error = run("/before")
    assert isinstance(error, RuntimeError)
    if extension:
        assert sent[0]["status"] == 500
        assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]
        assert b"inside" not in sent[1]["body"]
    else:
        assert [message["type"] for message in sent] == ["websocket.close"]
    sent, error = run("/after")
    assert isinstance(error, RuntimeError)
    assert [message["type"] for message in sent] == ["websocket.accept"]
    assert [e.status for e in events if e.kind is EventKind.FAILED] == [500, 0]
    run("/left")
    assert len([e for e in events if e.kind is EventKind.FAILED]) == 2, "to leave is no failure"

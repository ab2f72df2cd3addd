"""Whoever puts something into an application's layers is met by each request: tracers, middleware put in late, a stack built anew."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Router
from starlette.testclient import TestClient

from buckler.guard import Guard, Inspection
from tests.guard.asgi import ask, get, scope

INJECTED = b"q=1%27%20OR%20%271%27%3D%271%27--%20"


def traced(kind: Any, seen: list[str], changed: pytest.MonkeyPatch) -> None:
    """As tracers do it: a function of their own module in the place of a method, for the whole process."""
    call = kind.__call__

    async def around(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/asked":
            seen.append(kind.__name__)
        await call(self, scope, receive, send)

    changed.setattr(kind, "__call__", around)


def asking(start: Callable[[FastAPI], None], guarded: bool) -> int:
    """The status of one request to an application that has something done while it starts."""

    @asynccontextmanager
    async def starting(app: FastAPI) -> AsyncIterator[None]:
        start(app)
        yield

    app = FastAPI(lifespan=starting)
    app.router.routes.append(Mount("/asked", app=PlainTextResponse("ok")))
    if guarded:
        Guard(app, answers=None)
    with TestClient(app) as client:
        return client.get("/asked").status_code


@pytest.mark.parametrize("guarded", [False, True], ids=["bare", "guarded"])
@pytest.mark.parametrize(
    ("kind", "when"),
    [
        (
            "server errors",
            "before",
        ),  # from the moment when the stack is built guard answers instead
        *((kind, "before") for kind in ("errors", "exit stack", "router")),
        *((kind, "at the start") for kind in ("errors", "exit stack", "router")),
    ],
)
def test_a_tracer_sees_each_request(
    kind: str, when: str, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: Any = {
        "server errors": ServerErrorMiddleware,
        "errors": ExceptionMiddleware,
        "router": Router,
    }.get(kind)
    if found is None:
        stack = pytest.importorskip("fastapi.middleware.asyncexitstack")
        found = stack.AsyncExitStackMiddleware
    seen: list[str] = []

    def put(app: object) -> None:
        traced(found, seen, monkeypatch)

    if when == "before":
        put(None)
    status = asking(put if when == "at the start" else id, guarded)
    assert (status, seen) == (200, [found.__name__])


@pytest.mark.parametrize("guarded", [False, True], ids=["bare", "guarded"])
def test_what_is_put_around_a_router_at_the_start_decides(guarded: bool) -> None:
    def closed(app: FastAPI) -> None:
        inner = app.router.middleware_stack

        async def deciding(scope: Any, receive: Any, send: Any) -> None:
            closed = scope["type"] == "http"
            await (PlainTextResponse("no", 403) if closed else inner)(scope, receive, send)

        app.router.middleware_stack = deciding

    assert asking(closed, guarded) == 403


def test_what_is_put_between_guard_and_the_application_at_the_start_decides() -> None:
    def closed(app: FastAPI) -> None:
        layer: Any = app.middleware_stack
        inner = layer.app

        async def deciding(scope: Any, receive: Any, send: Any) -> None:
            closed = scope["type"] == "http"
            await (PlainTextResponse("no", 403) if closed else inner)(scope, receive, send)

        layer.app = deciding

    assert asking(closed, True) == 403


def test_a_stack_that_is_built_anew_is_guarded_as_before() -> None:
    app = FastAPI()
    app.router.routes.append(Mount("/", app=PlainTextResponse("ok")))
    Guard(app, inspect=Inspection(action="refuse"), csp_reports="/csp-reports")
    assert get(app, query=INJECTED).status == 403
    routes = len(app.router.routes)
    app.middleware_stack = app.build_middleware_stack()
    assert get(app).status == 200
    assert get(app, query=INJECTED).status == 403
    assert len(app.router.routes) == routes


class Sent:
    """What granian's ``send`` gives: to be awaited, and no coroutine."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


@pytest.mark.parametrize("guarded", [False, True], ids=["bare", "guarded"])
def test_a_message_is_sent_by_a_task_whatever_the_server_gives(guarded: bool) -> None:
    async def tasked(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.create_task(
            send({"type": "http.response.start", "status": 200, "headers": []})
        )
        await asyncio.create_task(send({"type": "http.response.body", "body": b"ok"}))

    app = FastAPI()
    app.router.routes.append(Mount("/", app=tasked))
    if guarded:
        Guard(app, answers=None)
    sent: list[Any] = []

    def send(message: Any) -> Sent:
        sent.append(message)
        return Sent()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    asyncio.run(app(scope(), receive, send))  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


class Held:
    """Of one request."""


@pytest.mark.parametrize("guarded", [False, True], ids=["bare", "guarded"])
def test_an_error_that_nobody_takes_holds_nothing_of_its_request(
    guarded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(
        logging.CRITICAL + 1, "buckler.guard"
    )  # pytest keeps what is logged, errors too
    held: list[weakref.ref[Held]] = []
    app = FastAPI()

    @app.get("/")
    async def failing() -> None:
        large = Held()
        held.append(weakref.ref(large))
        raise ValueError

    if guarded:
        Guard(app, answers=None)

    async def several() -> None:
        for _ in range(3):
            answer = await ask(app)
            assert answer.status == 500
            answer.error = None

    gc.disable()
    try:
        asyncio.run(several())
        left = [one() for one in held]
    finally:
        gc.enable()
    assert left == [None] * 3

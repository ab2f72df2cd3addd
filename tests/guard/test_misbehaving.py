"""Applications and callers that break the rules: an answer that is documented, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import FileResponse, StreamingResponse

from buckler.guard import Guard, TimeLimit
from buckler.guard.audit.events import EventKind, SecurityEvent
from tests.guard.asgi import ask, get, post, scope
from tests.guard.driven import BOTH, END, START, Runs, Server, drive, layer_of, left, on_trio


async def says_nothing(scope: Any, receive: Any, send: Any) -> None:
    return


async def starts_twice(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    await send(START)


async def sends_a_body_first(scope: Any, receive: Any, send: Any) -> None:
    await send(END)


async def raises_after_start(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    raise KeyError("inside")


async def raises_a_group(scope: Any, receive: Any, send: Any) -> None:
    raise ExceptionGroup("several", [ValueError("a"), ExceptionGroup("more", [KeyError("b")])])


async def raises_generator_exit(scope: Any, receive: Any, send: Any) -> None:
    raise GeneratorExit


@BOTH
@pytest.mark.parametrize(
    ("app", "status", "raised"),
    [
        (says_nothing, 500, None),
        (starts_twice, 200, RuntimeError),
        (sends_a_body_first, 500, RuntimeError),
        (raises_after_start, 200, KeyError),
        (raises_a_group, 500, ExceptionGroup),
        (raises_generator_exit, 0, GeneratorExit),
    ],
)
def test_applications_that_break_the_rules(
    run: Runs, app: Any, status: int, raised: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "buckler.guard")
    layer = layer_of(app)
    server, error = run(drive(layer))
    assert server.status == status
    assert error is None if raised is None else isinstance(error, raised)
    if status:
        assert b"x-content-type-options" in server.names
    assert left(layer) == 0


def test_an_application_that_cancels_itself_is_not_late() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    layer = layer_of(app)
    server, error = asyncio.run(drive(layer))
    assert isinstance(error, asyncio.CancelledError)
    assert not server.sent
    assert left(layer) == 0


@BOTH
def test_a_body_that_never_comes_is_answered_in_time(run: Runs) -> None:
    class Slow(Server):
        async def receive(self) -> dict[str, Any]:
            import anyio

            await anyio.sleep(30)
            return {"type": "http.request"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    layer = layer_of(app, timeout=0.1)
    begun = time.monotonic()
    server, error = run(drive(layer, Slow()))
    assert time.monotonic() - begun < 10
    assert (server.status, error) == (503, None)
    assert left(layer) == 0


@BOTH
def test_an_application_that_answers_while_it_is_cancelled_is_answered_once(run: Runs) -> None:
    import anyio

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await anyio.sleep(30)
        finally:
            with anyio.CancelScope(shield=True):
                await send(START)
                await send(END)

    layer = layer_of(app, timeout=0.1)
    server, error = run(drive(layer))
    assert error is None
    assert [m["type"] for m in server.sent] == ["http.response.start", "http.response.body"]
    assert left(layer) == 0


def test_an_application_that_swallows_its_cancellation_leaves_nothing_behind() -> None:
    cancelling: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await send(START)
            await send(END)

    layer = layer_of(app, timeout=0.1)

    async def run() -> tuple[Server, Any]:
        found = await drive(layer)
        task = asyncio.current_task()
        assert task is not None
        cancelling.append(task.cancelling())
        return found

    server, error = asyncio.run(run())
    assert (server.status, error) == (200, None)
    assert cancelling == [0]
    assert left(layer) == 0


def test_an_answer_after_the_end_takes_no_place_for_ever() -> None:
    late: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        late.append(send)
        await send(START)
        await send(END)

    layer = layer_of(app, concurrency=2)

    async def run() -> None:
        for _ in range(5):
            server, _ = await asyncio.create_task(drive(layer))
            assert server.status == 200
            server.sent.clear()
            await late[-1](START)

    asyncio.run(run())
    assert left(layer) == 0


@BOTH
def test_no_more_requests_at_once_than_were_allowed(run: Runs) -> None:
    import anyio

    statuses: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await anyio.sleep(0.2)
        await send(START)
        await send(END)

    layer = layer_of(app, concurrency=3)

    async def one() -> None:
        server, _ = await drive(layer)
        statuses.append(server.status)

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(one)

    run(all_of_them())
    assert sorted(statuses) == [200] * 3 + [503] * 5
    assert left(layer) == 0


def test_background_tasks_run_after_the_answer_and_past_the_time_limit() -> None:
    app = FastAPI()
    done: list[str] = []

    async def later() -> None:
        await asyncio.sleep(0.5)
        done.append("done")

    async def fails() -> None:
        raise RuntimeError("in the background")

    @app.get("/works")
    async def works(tasks: BackgroundTasks) -> None:
        tasks.add_task(later)

    @app.get("/fails")
    async def failing(tasks: BackgroundTasks) -> None:
        tasks.add_task(fails)

    events: list[SecurityEvent] = []
    Guard(app, timeout=0.1, events=events.append)
    answer = get(app, "/works")
    assert (answer.status, done) == (200, ["done"])
    answer = get(app, "/fails")
    assert answer.status == 200
    assert isinstance(answer.error, RuntimeError)
    assert [e.status for e in events if e.kind is EventKind.FAILED] == [0], "its answer was no 500"


def test_a_stream_whose_reader_left_ends() -> None:
    app = FastAPI()
    ended: list[bool] = []

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            try:
                while True:
                    yield "x"
                    await asyncio.sleep(0.01)
            finally:
                ended.append(True)

        return StreamingResponse(parts())

    Guard(app)

    async def run() -> None:
        layer: Any = app
        server = Server({"type": "http.request"})
        await asyncio.wait_for(layer(scope(path="/stream"), server.receive, server.send), 20)

    asyncio.run(run())
    gc.collect()
    assert ended == [True]
    found: Any = app.middleware_stack
    assert left(found) == 0


def test_a_caller_that_leaves_in_the_middle_of_its_upload() -> None:
    app = FastAPI()

    @app.post("/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    Guard(app)
    first = {"type": "http.request", "body": b"half", "more_body": True}

    async def run() -> tuple[Server, Any]:
        await_stack: Any = app
        server = Server(first)
        headers = {"content-length": "100"}
        try:
            await await_stack(scope("POST", "/raw", headers), server.receive, server.send)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return server, error
        return server, None

    server, _ = asyncio.run(run())
    assert server.status in (0, 400, 500)
    found: Any = app.middleware_stack
    assert left(found) == 0


def test_an_application_that_hides_the_refusal_of_a_body_answers_nothing_else() -> None:
    app = FastAPI()

    @app.post("/hides")
    async def hides(request: Request) -> dict[str, str]:
        try:
            await request.body()
        except Exception:  # noqa: BLE001 - what an application may do
            return {"took": "it"}
        return {}

    @app.post("/silent")
    async def silent(request: Request) -> None: ...

    Guard(app, body=10)
    answer = post(app, "/hides", [b"x" * 8, b"x" * 8])
    assert answer.status == 413
    assert b"took" not in answer.body


def test_a_json_file_that_the_server_sends_by_its_path(tmp_path: Any) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"a": 1}')
    app = FastAPI()

    @app.get("/file")
    async def of_file() -> FileResponse:
        return FileResponse(file)

    Guard(app, answers="log")
    answer = get(app, "/file", extensions={"http.response.pathsend": {}})
    kinds = [message["type"] for message in answer.messages]
    assert kinds == ["http.response.start", "http.response.pathsend"]


def test_scopes_without_what_is_optional() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(END)

    async def run(kind: str) -> Server:
        asked = scope(kind=kind)
        for name in ("scheme", "root_path", "raw_path", "client", "server", "state"):
            asked.pop(name)
        server = Server({"type": "websocket.connect"} if kind == "websocket" else {})
        await layer_of(app)(asked, server.receive, server.send)
        return server

    assert asyncio.run(run("http")).status == 200
    asyncio.run(run("websocket"))


def test_parts_alone_on_trio_and_asyncio() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(END)

    alone: Any = TimeLimit(app, 5.0)
    for run in (asyncio.run, on_trio):
        server, error = run(drive(alone))
        assert (server.status, error) == (200, None)


def test_tasks_and_requests_are_not_kept() -> None:
    app = FastAPI()

    @app.get("/")
    async def home() -> dict[str, int]:
        return {"a": 1}

    Guard(app)

    async def run() -> None:
        for number in range(300):
            await asyncio.create_task(ask(app, "GET", "/", client=f"198.51.100.{number % 200}"))
        layer: Any = app.middleware_stack
        assert left(layer) == 0
        assert len(layer._known) == 1

    asyncio.run(run())

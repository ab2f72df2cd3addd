"""The short way into an application, and the long one through Starlette's layers: no difference that anybody could see."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from contextlib import AsyncExitStack
from types import FunctionType
from typing import Any

import pytest
from fastapi import FastAPI, Request, UploadFile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from buckler.guard import Guard
from tests.guard.asgi import Answer, ask

SHORT = [(b"content-length", b"2"), (b"content-type", b"text/plain")]
START = {"type": "http.response.start", "status": 200, "headers": SHORT}
BODY = {"type": "http.response.body", "body": b"ok"}
ACTS: dict[str, Any] = {
    "start": START,
    "body": BODY,
    "known": lambda: HTTPException(404),
    "teapot": lambda: HTTPException(418, "by its status"),
    "handled": lambda: KeyError("handled by its class"),
    "below": lambda: ArithmeticError("handled by what it is derived from"),
    "again": lambda: LookupError("whose handler raises"),
    "silent": lambda: TimeoutError("whose handler answers nothing"),
    "unknown": lambda: ValueError("nobody's"),
    "group": lambda: ExceptionGroup("of two", [ValueError("one"), KeyError("other")]),
    "leave": False,
    "leave and take": True,
}
EXITS = "fastapi_middleware_astack"
BEHAVIOUR = st.lists(st.sampled_from(sorted(ACTS)), max_size=4)


class Acting:
    """An ASGI application that sends and raises what it is told, behind the routes' own handling of errors."""

    def __init__(self, acts: list[str], seen: list[Any]) -> None:
        self.acts = acts
        self.seen = seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(sorted(map(str, scope)))
        try:
            self.seen.append(await receive())
        except HTTPException:
            if not scope["path"].endswith("/tolerant"):
                raise
        for act in self.acts:
            what = ACTS[act]
            if callable(what):
                raise what()
            if isinstance(what, bool):
                self.at_the_end(scope, what)
            else:
                await send(dict(what))

    def at_the_end(self, scope: Any, taking: bool) -> None:
        """Have the exit stack hear of the end, and take the error for its own or not."""

        async def leave(kind: object, error: BaseException | None, trace: object) -> bool:
            self.seen.append(("left", repr(error)))
            return taking

        stack = scope.get(EXITS)
        if stack is not None:  # Starlette has none
            stack.push_async_exit(leave)


def built(kind: str, acts: list[str], seen: list[Any]) -> Any:
    async def by_status(request: Request, error: Exception) -> Response:
        seen.append(("status", str(error), request.url.path))
        return PlainTextResponse("teapot", 418)

    def by_class(request: Request, error: Exception) -> Response:
        seen.append(("class", str(error), await_nothing(request)))
        return PlainTextResponse("handled", 409)

    async def raising(request: Request, error: Exception) -> Response:
        seen.append(("raising", str(error), repr(error.__cause__)))
        raise RuntimeError("of the handler") from error

    async def silent(request: Request, error: Exception) -> None:
        seen.append(("silent", str(error)))

    handlers: dict[Any, Any] = {
        418: by_status,
        KeyError: by_class,
        ArithmeticError: by_class,
        LookupError: raising,
        TimeoutError: silent,
    }
    app: Any = Starlette(exception_handlers=handlers) if kind == "starlette" else None
    app = app or FastAPI(exception_handlers=handlers, openapi_url=None)
    app.router.routes.append(Mount("/act", app=Acting(acts, seen)))
    app.router.routes.append(Route("/route", functools.partial(raised, acts), methods=["POST"]))
    return app


def await_nothing(request: Request) -> str:
    return request.method


async def raised(acts: list[str], request: Request) -> Response:
    for act in acts:
        if callable(ACTS[act]):
            raise ACTS[act]()
    return PlainTextResponse("ok")


def layer_of(app: Any, **options: Any) -> Any:
    Guard(app, answers=None, rate=None, body=1000, **options)
    app.middleware_stack = app.build_middleware_stack()
    return app.middleware_stack


def told(answer: Answer) -> Any:
    """All that a server sees, the number of an incident aside."""
    error, chain = answer.error, []
    while error is not None:
        chain.append((type(error), str(error)))
        error = error.__cause__
    messages = [{k: v for k, v in m.items() if k != "body"} for m in answer.messages]
    return messages, re.sub(rb"[0-9a-f]{16}", b"", answer.body), chain


class Both:
    """One application twice, entered by the short way and by the long one."""

    def __init__(self, kind: str) -> None:
        self.acts: list[str] = []
        self.seen: list[Any] = []
        self.short, self.long = built(kind, self.acts, self.seen), built(kind, self.acts, self.seen)
        assert layer_of(self.short).stack
        layer_of(self.long).put_around(lambda inner: inner)
        assert not self.long.middleware_stack.stack

    def do(self, acts: list[str], *asked: Any) -> list[Any]:
        self.acts[:] = acts
        found = []
        for app in (self.short, self.long):
            self.seen.clear()
            found.append((told(asyncio.run(ask(app, *asked))), list(self.seen)))
        return found


@pytest.fixture(scope="module")
def applications() -> dict[str, Both]:
    return {kind: Both(kind) for kind in ("starlette", "fastapi")}


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(["starlette", "fastapi"]),
    acts=BEHAVIOUR,
    method=st.sampled_from(["GET", "POST"]),
    path=st.sampled_from(["/act/", "/act/tolerant", "/route", "/nowhere"]),
    body=st.sampled_from([b"", b"short", [b"x" * 999, b"short"], [b"x" * 3000]]),
)
@example("fastapi", ["start", "handled"], "GET", "/act/", b"")
@example("starlette", ["start", "handled"], "GET", "/act/", b"")
@example("fastapi", ["start", "handled"], "POST", "/act/tolerant", [b"x" * 3000])
@example("fastapi", ["leave", "start", "body"], "GET", "/act/", b"")
@example("fastapi", ["leave and take", "leave", "start", "body", "unknown"], "GET", "/act/", b"")
@example("fastapi", ["leave", "leave and take", "handled"], "GET", "/act/", b"")
@example("fastapi", ["leave", "unknown"], "GET", "/act/", b"")
def test_what_an_application_does_arrives_the_same_by_both_ways(
    applications: dict[str, Both],
    kind: str,
    acts: list[str],
    method: str,
    path: str,
    body: bytes | list[bytes],
) -> None:
    short, long = applications[kind].do(acts, method, path, (), body)
    assert short == long


def traced(call: Any) -> Any:
    @functools.wraps(call)
    async def around(self: Any, scope: Any, receive: Any, send: Any) -> None:
        await call(self, scope, receive, send)

    return around


def test_a_layer_that_was_traced_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExceptionMiddleware, "__call__", traced(ExceptionMiddleware.__call__))
    assert not layer_of(built("fastapi", [], [])).stack


def names(stack: Any) -> tuple[Any, bool]:
    """Where the exit stack is put, and whether the router is passed by."""
    return stack.exits, not isinstance(stack.inner, Router)


def test_the_exit_stack_and_the_router_are_passed_by_where_this_fastapi_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asyncexitstack = pytest.importorskip("fastapi.middleware.asyncexitstack")
    closing = asyncexitstack.AsyncExitStackMiddleware
    assert names(layer_of(FastAPI()).stack) == (EXITS, True)
    with monkeypatch.context() as changed:
        changed.setattr(Router, "__call__", traced(Router.__call__))
        assert names(layer_of(FastAPI()).stack) == (EXITS, False)
    with monkeypatch.context() as changed:
        changed.setattr(closing, "__call__", traced(closing.__call__))
        stack = layer_of(FastAPI()).stack
        assert stack.exits is None
        assert type(stack.inner) is closing


async def raising_again(self: Any, scope: Any, receive: Any, send: Any) -> None:
    """As FastAPI 0.100 had it: an error that its stack has taken is raised all the same."""
    kept = None
    async with AsyncExitStack() as stack:
        scope[self.context_name] = stack
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            kept = error
            raise
    if kept is not None:
        raise kept


async def telling(self: Any, scope: Any, receive: Any, send: Any) -> None:
    async with AsyncExitStack() as stack:
        scope[self.context_name] = stack
        scope["seen"] = True
        await self.app(scope, receive, send)


async def asking_twice(self: Any, scope: Any, receive: Any, send: Any) -> None:
    for _ in range(2):
        async with AsyncExitStack() as stack:
            scope[self.context_name] = stack
            await self.app(scope, receive, send)


async def waiting(self: Any, scope: Any, receive: Any, send: Any) -> None:
    async with AsyncExitStack() as stack:
        scope[self.context_name] = stack
        await asyncio.sleep(0)
        await self.app(scope, receive, send)


@pytest.mark.parametrize("odd", [raising_again, telling, asking_twice, waiting])
def test_an_exit_stack_that_does_more_is_passed(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = pytest.importorskip("fastapi.middleware.asyncexitstack")
    call = FunctionType(odd.__code__.replace(co_filename=installed.__file__), odd.__globals__)
    call.__module__ = installed.__name__
    monkeypatch.setattr(installed.AsyncExitStackMiddleware, "__call__", call)
    assert layer_of(FastAPI()).stack.exits is None


async def taken(files: list[UploadFile], file: UploadFile) -> int:
    files.append(file)
    return len(await file.read())


def test_files_of_a_form_are_closed_behind_the_answer_by_both_ways() -> None:
    for way in ("short", "long"):
        files: list[UploadFile] = []
        app = FastAPI()
        app.post("/")(functools.partial(taken, files))
        layer = layer_of(app)
        if way == "long":
            layer.put_around(lambda inner: inner)
        head = ("content-type", "multipart/form-data; boundary=x")
        body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nok\r\n--x--\r\n'
        answer = asyncio.run(ask(app, "POST", "/", [head], body))
        assert (answer.status, answer.body) == (200, b"2")
        assert [file.file.closed for file in files] == [True]


def test_a_request_that_is_ended_leaves_its_exit_stack() -> None:
    pytest.importorskip("fastapi.middleware.asyncexitstack")
    left: list[str] = []
    app = FastAPI()

    @app.get("/")
    async def slow(request: Request) -> None:
        request.scope[EXITS].callback(left.append, "left")
        await asyncio.sleep(5)

    Guard(app, answers=None, timeout=0.05)
    assert asyncio.run(ask(app, "GET", "/")).status == 503
    assert app.middleware_stack.stack.exits == EXITS  # type: ignore[union-attr]
    assert left == ["left"]


class Adding:
    """A layer of the application's own."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def test_layers_stay_that_somebody_chose() -> None:
    assert layer_of(FastAPI()).stack
    own = FastAPI()
    own.add_middleware(Adding)
    assert not layer_of(own).stack
    assert not layer_of(FastAPI(debug=True)).stack
    assert not layer_of(FastAPI(exception_handlers={500: answered})).stack
    assert not layer_of(FastAPI(), errors=False).stack


async def answered(request: Request, error: Exception) -> Response:
    return PlainTextResponse("own", 500)


def test_a_bound_of_the_body_that_the_framework_keeps_stays() -> None:
    if "max_body_size" not in inspect.signature(FastAPI).parameters:
        pytest.skip("this FastAPI has none")
    app = FastAPI(max_body_size=10)

    @app.post("/")
    async def take(request: Request) -> int:
        return len(await request.body())

    assert not layer_of(app).stack
    assert asyncio.run(ask(app, "POST", "/", (), b"x" * 10)).status == 200
    assert asyncio.run(ask(app, "POST", "/", (), b"x" * 11)).status == 413


def test_a_handler_that_takes_too_long_is_ended_by_the_short_way_too() -> None:
    app = built("fastapi", ["teapot"], [])

    async def slow(request: Request, error: Exception) -> Response:
        await asyncio.sleep(5)
        return PlainTextResponse("late")

    app.add_exception_handler(418, slow)
    Guard(app, answers=None, timeout=0.05)
    assert asyncio.run(ask(app, "GET", "/act/")).status == 503
    assert app.middleware_stack.stack

"""What routes want otherwise, wherever it is written: dependencies, decorators, classes, mounts."""

from __future__ import annotations

import asyncio
import functools
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from buckler.guard import Guard, HeaderPolicy, RoutePolicy, with_policy
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.plans import Plans
from buckler.guard.policy import Policy
from buckler.guard.routes import read
from tests.guard.asgi import Answer, ask, get, post, scope


def framed(answer: Answer) -> str:
    return answer.header("cache-control") or ""


def wish(text: str) -> RoutePolicy:
    return RoutePolicy(cache_control=f"max-age={text}")


def test_policies_as_dependencies_at_every_level_and_in_nested_routers() -> None:
    inner = APIRouter(prefix="/inner", dependencies=[Depends(wish("3"))])
    outer = APIRouter(prefix="/outer", dependencies=[Depends(wish("2"))])
    app = FastAPI(dependencies=[Depends(wish("1"))])

    @app.get("/app")
    async def of_app() -> None: ...

    @outer.get("/own")
    async def of_outer() -> None: ...

    @inner.get("/own")
    async def of_inner() -> None: ...

    @inner.get("/route", dependencies=[Depends(wish("5"))])
    async def of_route() -> None: ...

    @inner.get("/argument")
    async def of_argument(x: Annotated[None, Depends(wish("6"))]) -> None: ...

    outer.include_router(inner, dependencies=[Depends(wish("4"))])
    app.include_router(outer)
    Guard(app)
    expected = {
        "/app": "1",
        "/outer/own": "2",
        "/outer/inner/own": "3",
        "/outer/inner/route": "5",
        "/outer/inner/argument": "6",
    }
    assert {path: framed(get(app, path)) for path in expected} == {
        path: f"max-age={text}" for path, text in expected.items()
    }


@pytest.mark.parametrize(
    "policy",
    [
        RoutePolicy(secrets=["token"]),
        RoutePolicy(rate=["5/second", "100/hour"]),
        RoutePolicy(headers=HeaderPolicy(extra={"x-a": "b"})),
    ],
)
def test_policies_whose_values_have_no_hash_are_dependencies_too(policy: RoutePolicy) -> None:
    app = FastAPI(dependencies=[Depends(policy)])

    @app.get("/")
    async def home() -> dict[str, int]:
        return {"a": 1}

    Guard(app)
    assert get(app).status == 200


def test_routes_added_to_a_router_after_it_was_included() -> None:
    app, router = FastAPI(), APIRouter(prefix="/v1")
    app.include_router(router)

    @router.get("/late", dependencies=[Depends(wish("9"))])
    async def late() -> None: ...

    Guard(app)
    answer = get(app, "/v1/late")
    if answer.status == 200:  # FastAPI 0.137 and later
        assert framed(answer) == "max-age=9"


def test_routes_added_while_the_application_starts() -> None:
    from contextlib import asynccontextmanager

    from starlette.testclient import TestClient

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        @app.get("/late")
        @with_policy(rate="1/hour")
        async def late() -> None: ...

        yield

    app = FastAPI(lifespan=lifespan)
    Guard(app)
    with TestClient(app) as client:
        assert [client.get("/late").status_code for _ in range(2)] == [200, 429]


def passing(handler: Any) -> Any:
    @functools.wraps(handler)
    async def inner(*args: Any, **more: Any) -> Any:
        return await handler(*args, **more)

    return inner


def test_policies_under_and_over_decorators_and_partials() -> None:
    app = FastAPI()

    @app.get("/under")
    @passing
    @with_policy(cache_control="max-age=1")
    async def under() -> None: ...

    @with_policy(cache_control="max-age=2")
    @app.get("/over")
    @passing
    async def over() -> None: ...

    @with_policy(cache_control="max-age=3")
    async def partly(a: int, b: int = 0) -> int:
        return a

    app.get("/partial")(functools.partial(partly, 1))
    Guard(app)
    assert [framed(get(app, path)) for path in ("/under", "/over", "/partial")] == [
        "max-age=1",
        "max-age=2",
        "max-age=3",
    ]


def test_policies_on_methods_of_classes() -> None:
    @with_policy(cache_control="max-age=1")
    class Things(HTTPEndpoint):
        async def get(self, request: Request) -> PlainTextResponse:
            return PlainTextResponse("got")

        @with_policy(cache_control="max-age=2", body=10)
        async def post(self, request: Request) -> PlainTextResponse:
            return PlainTextResponse(await request.body())

    app = Starlette(routes=[Route("/", Things)])
    Guard(app)
    assert framed(get(app)) == "max-age=1"
    assert framed(post(app, "/", b"x")) == "max-age=2"
    assert post(app, "/", b"x" * 11).status == 413
    assert asyncio.run(ask(app, "DELETE", "/")).status == 405


def test_subclasses_of_routes_are_routes() -> None:
    class Quiet(APIRoute):
        def get_route_handler(self) -> Any:
            handler = super().get_route_handler()

            async def quiet(request: Request) -> Any:
                return await handler(request)

            return quiet

    class Sockets(WebSocketRoute): ...

    class Channel(Sockets): ...

    router = APIRouter(route_class=Quiet)

    @router.get("/x")
    @with_policy(cache_control="max-age=1")
    async def x() -> None: ...

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()

    app = FastAPI()
    app.include_router(router)
    app.router.routes.append(Channel("/{any:path}", talk))

    @app.get("/y")
    @with_policy(cache_control="max-age=2")
    async def y() -> None: ...

    Guard(app)
    assert framed(get(app, "/x")) == "max-age=1"
    assert framed(get(app, "/y")) == "max-age=2", "a websocket took the plan of an http route"
    socket = scope(path="/anything", kind="websocket")
    plans = Plans(tuple(read(app)), Policy(), MemoryStore())
    assert plans.of(socket).template == "/{any:path}"


def test_a_path_that_needs_its_slash_is_redirected_with_the_headers() -> None:
    app = FastAPI()

    @app.get("/items/")
    async def items() -> None: ...

    Guard(app)
    answer = get(app, "/items")
    assert answer.status == 307
    assert answer.header("x-content-type-options") == "nosniff"


def test_head_and_options_and_what_is_not_allowed() -> None:
    app = FastAPI()

    @app.get("/x")
    @with_policy(rate="2/hour")
    async def x() -> None: ...

    Guard(app)
    for method, status in (("HEAD", 405), ("OPTIONS", 405), ("GET", 429)):
        answer = asyncio.run(ask(app, method, "/x"))
        assert answer.status == status
        assert answer.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("guarded", [False, True])
def test_an_application_mounted_in_another_keeps_its_own_guard(guarded: bool) -> None:
    inner = FastAPI()

    @inner.get("/x")
    @with_policy(rate="2/hour")
    async def x() -> None: ...

    Guard(inner)
    outer = FastAPI()
    outer.mount("/inner", inner)
    if guarded:
        Guard(outer)
    assert [get(outer, "/inner/x").status for _ in range(3)] == [200, 200, 429]
    answer = get(outer, "/inner/x")
    assert answer.header("x-content-type-options") == "nosniff"
    assert get(outer, "/inner/x", client="203.0.113.77").status == 200


def test_long_paths_are_not_remembered() -> None:
    app = FastAPI()
    Guard(app)
    assert get(app, "/" + "x" * 5000).status == 404
    layer: Any = app.middleware_stack
    assert not layer._known
    for number in range(5000):
        layer._plans.of(scope(path=f"/{number}"))
    assert len(layer._known) <= 4096


def test_files_of_a_frontend_have_the_headers(tmp_path: Any) -> None:
    app = FastAPI()
    if not hasattr(app, "frontend"):
        return
    (tmp_path / "index.html").write_text("<p>hello</p>")
    app.frontend("/", directory=tmp_path)

    @app.get("/api")
    async def api() -> dict[str, int]:
        return {}

    Guard(app, "site")
    for path in ("/", "/index.html", "/api"):
        answer = get(app, path)
        assert answer.status == 200, path
        assert answer.header("content-security-policy")


def test_a_method_that_a_route_does_not_take_is_that_of_the_next_route() -> None:
    app = FastAPI()

    @app.get("/x")
    @with_policy(cache_control="max-age=1")
    async def of_get() -> None: ...

    @app.head("/x")
    @with_policy(cache_control="max-age=2")
    async def of_head() -> None: ...

    Guard(app)
    assert framed(asyncio.run(ask(app, "GET", "/x"))) == "max-age=1"
    assert framed(asyncio.run(ask(app, "HEAD", "/x"))) == "max-age=2"

"""Which route a request is for: guard's finder against Starlette's and FastAPI's own routing."""

from __future__ import annotations

import asyncio
import functools
import uuid
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from buckler.guard import Guard, HeaderPolicy, RoutePolicy, with_policy
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.plans import Plan, Plans
from buckler.guard.policy import Policy
from buckler.guard.routes import read
from tests.guard.asgi import Answer, ask, get, post, scope

SEGMENTS = ["a", "b", "{}", "{}:int", "{}:path", "{}:uuid", "{}:float", "a.{}", ""]
GIVEN = ["a", "b", "1", "1.5", "", "x y", "a.b", "a\n", str(uuid.UUID(int=7)), "é"]
METHODS = [["GET"], ["POST"], ["GET", "POST"], ["HEAD"], None]


@st.composite
def paths(draw: Any) -> str:
    names = iter("pqrs")
    parts = []
    for segment in draw(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3)):
        name, _, kind = segment.partition(":")
        filled = name.format(next(names))
        if "{}" in name:
            filled = name.replace(
                "{}", "{" + filled.removeprefix("a.") + (f":{kind}" if kind else "") + "}"
            )
        parts.append(filled)
    return "/" + "/".join(parts)


@st.composite
def tables(draw: Any, depth: int = 2) -> list[tuple[Any, ...]]:
    kinds = ["route", "route", "route", "socket"] + (["mount", "host"] if depth else [])
    found: list[tuple[Any, ...]] = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5)):
        if kind == "route":
            found.append(("route", draw(paths()), draw(st.sampled_from(METHODS))))
        elif kind == "socket":
            found.append(("socket", draw(paths())))
        elif kind == "mount":
            place = draw(st.sampled_from(["", "/a", "/b", "/{t}", "/a/b"]))
            found.append(("mount", place, draw(tables(depth - 1))))
        else:
            name = draw(st.sampled_from(["api.example", "{sub}.example"]))
            found.append(("host", name, draw(tables(depth - 1))))
    return found


def built(table: list[tuple[Any, ...]], endpoints: list[Any]) -> list[BaseRoute]:
    """Routes, each with an endpoint whose time limit is its number."""
    routes: list[BaseRoute] = []
    for kind, place, *rest in table:
        if kind in ("mount", "host"):
            app = Starlette(routes=built(rest[0], endpoints))
            routes.append(Mount(place, app) if kind == "mount" else Host(place, app))
            continue

        def endpoint(request: Any) -> Any:
            return PlainTextResponse("x")

        async def socket(websocket: WebSocket) -> None:
            await websocket.close()

        chosen = endpoint if kind == "route" else socket
        endpoints.append(chosen)
        with_policy(timeout=float(len(endpoints)))(chosen)
        if kind == "route":
            routes.append(Route(place, chosen, methods=rest[0]))
        else:
            routes.append(WebSocketRoute(place, chosen))
    return routes


def plan_of(app: Any, asked: dict[str, Any]) -> Plan:
    plans = Plans(tuple(read(app)), Policy(timeout=None), MemoryStore())
    first = plans.of(asked)
    assert plans.of(asked) is first, "what is remembered is another plan"
    return first


async def routed(app: Any, asked: dict[str, Any]) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect" if asked["type"] == "websocket" else "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(asked, receive, send)


@settings(max_examples=500, deadline=None)
@given(
    table=tables(),
    parts=st.lists(st.sampled_from(GIVEN), min_size=1, max_size=4),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "WEBSOCKET"]),
    root=st.sampled_from(["", "", "/a", "/r", "/r/"]),
    prefixed=st.booleans(),
    host=st.sampled_from(["api.example", "API.example:8000", "x.example", "other"]),
)
def test_the_plan_is_that_of_the_route_that_answers(
    table: Any, parts: list[str], method: str, root: str, prefixed: bool, host: str
) -> None:
    endpoints: list[Any] = []
    app = Starlette(routes=built(table, endpoints))
    path = (root if prefixed else "") + "/" + "/".join(parts)
    kind = "websocket" if method == "WEBSOCKET" else "http"
    asked = scope(method, path, {"host": host}, kind=kind, root_path=root)
    plan = plan_of(app, dict(asked))
    asyncio.run(routed(app, asked))
    chosen = asked.get("endpoint")
    if chosen in endpoints:
        assert plan.timeout == endpoints.index(chosen) + 1, plan.template
    else:
        assert plan.timeout == float("inf"), plan.template


def test_a_path_that_two_root_paths_reach_has_the_plan_of_each() -> None:
    app = Starlette(
        routes=[
            Route("/v1/x", with_policy(timeout=1.0)(lambda request: PlainTextResponse("long"))),
            Route("/x", with_policy(timeout=2.0)(lambda request: PlainTextResponse("short"))),
        ]
    )
    Guard(app)
    for _ in range(2):
        assert get(app, "/v1/x").body == b"long"
        assert get(app, "/v1/x", root_path="/v1").body == b"short"
    layer: Any = app.middleware_stack
    assert {key: plan.timeout for key, plan in layer._known.items()} == {
        ("GET", "/v1/x", ""): 1.0,
        ("GET", "/v1/x", "/v1"): 2.0,
    }


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

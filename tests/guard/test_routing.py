"""Which route a request is for: guard's finder against Starlette's and FastAPI's own routing."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from buckler.guard import Guard, with_policy
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.plans import Plan, Plans
from buckler.guard.policy import Policy
from buckler.guard.routes import read
from tests.guard.asgi import get, scope

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


FILLED = {"": "a", "int": "7", "path": "b/a", "uuid": str(uuid.UUID(int=7)), "float": "1.5"}


def reached(table: list[tuple[Any, ...]], prefix: str = "") -> list[str]:
    """Paths that the routes of a table are for."""
    found = []
    for kind, place, *rest in table:
        filled = re.sub(r"\{\w+:?(\w*)\}", lambda one: FILLED[one[1]], place)
        if kind in ("mount", "host"):
            found += reached(rest[0], prefix + (filled if kind == "mount" else ""))
        else:
            found.append(prefix + filled)
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


@settings(max_examples=400, deadline=None)
@given(
    data=st.data(),
    table=tables(),
    parts=st.lists(st.sampled_from(GIVEN), min_size=1, max_size=4),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "WEBSOCKET"]),
    root=st.sampled_from(["", "", "/a", "/r", "/r/"]),
    prefixed=st.booleans(),
    doubled=st.sampled_from([False, False, True]),
    host=st.sampled_from(["api.example", "API.example:8000", "x.example", "other"]),
)
def test_the_plan_is_that_of_the_route_that_answers(
    data: Any,
    table: Any,
    parts: list[str],
    method: str,
    root: str,
    prefixed: bool,
    doubled: bool,
    host: str,
) -> None:
    endpoints: list[Any] = []
    app = Starlette(routes=built(table, endpoints))
    places = reached(table)
    place = data.draw(st.sampled_from([*places, "/" + "/".join(parts)]))
    if doubled:
        place = "//".join(place.rsplit("/", 1))
    path = (root if prefixed else "") + place
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


def test_a_doubled_slash_below_a_mount_is_not_the_route_below_it() -> None:
    endpoint = with_policy(timeout=1.0)(lambda request: PlainTextResponse("x"))
    app = Starlette(routes=[Mount("/a", routes=[Route("/x", endpoint)])])
    assert plan_of(app, scope(path="/a/x")).timeout == 1.0
    assert plan_of(app, scope(path="/a//x")).timeout == float("inf")
    assert get(app, "/a//x").status == 404

"""Run by other interpreters, whose FastAPI or Starlette is older: guard on what they have, without pytest."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import fastapi
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route

from buckler.guard import Guard, ProblemDetails, RoutePolicy, SecurityHeaders, with_policy
from tests.guard.asgi import Answer, ask, get, post, scope
from tests.guard.shop import shop

ANSWERS = {
    "/": 200,
    "/missing": 404,
    "/fails": 500,
    "/gone": 307,
    "/says-no": 403,
    "/v1/items/1": 200,
    "/v1/items/x": 422,
    "/inner/x": 200,
    "/static/a.css": 200,
    "/docs": 200,
}


def check_answers(folder: Path) -> None:
    app = shop(folder)
    for path, status in ANSWERS.items():
        answer = get(app, path)
        assert answer.status == status, (path, answer.status, answer.body)
        assert answer.values("x-content-type-options") == ["nosniff"], path
    assert asyncio.run(ask(app, "DELETE", "/")).status == 405
    assert len(get(app, "/two-cookies").values("set-cookie")) == 2
    assert get(app, "/stream").body == b"onetwothree"
    kind = {"content-type": "application/json"}
    assert post(app, "/json", b'{"a":1}', kind).status == 200
    assert post(app, "/json", [b"x" * 600_000] * 2, kind).status == 413
    assert post(app, "/json", b'{"a":' * 100 + b"1" + b"}" * 100, kind).status == 400
    body = post(app, "/v1/items/x", b"").body + get(app, "/v1/items/secret-value").body
    assert b"secret-value" not in body


def check_policies() -> None:
    def wish(text: str) -> Any:
        return Depends(RoutePolicy(cache_control=text, secrets=["a"]))

    inner = APIRouter(prefix="/inner", dependencies=[wish("3")])
    outer = APIRouter(prefix="/outer", dependencies=[wish("2")])
    app = FastAPI(dependencies=[wish("1")])

    @app.get("/app")
    async def of_app() -> None: ...

    @inner.get("/own")
    async def of_inner() -> None: ...

    @inner.get("/route", dependencies=[wish("5")])
    async def of_route() -> None: ...

    @inner.get("/marked")
    @with_policy(cache_control="6", rate="1/hour")
    async def marked() -> None: ...

    outer.include_router(inner, dependencies=[wish("4")])
    app.include_router(outer)
    Guard(app)
    found = {
        path: get(app, path).header("cache-control")
        for path in ("/app", "/outer/inner/own", "/outer/inner/route", "/outer/inner/marked")
    }
    assert list(found.values()) == ["1", "3", "5", "6"], found
    assert get(app, "/outer/inner/marked").status == 429


def check_starlette() -> None:
    inside = Starlette(
        routes=[Route("/x", with_policy(rate="1/hour")(lambda request: PlainTextResponse("x")))]
    )
    app = Starlette(routes=[Host("api.example", inside), Mount("/mount", inside)])
    Guard(app)
    behind = {"host": "api.example"}
    assert [get(app, "/x", behind).status for _ in range(2)] == [200, 429]
    assert [get(app, "/mount/x").status for _ in range(2)] == [200, 429]
    assert get(app, "/x").status == 404
    alone: Any = SecurityHeaders(Starlette(routes=[Route("/", lambda r: PlainTextResponse("x"))]))
    ProblemDetails(alone.app)
    answer: Answer = get(alone)
    assert (answer.status, answer.header("x-frame-options")) == (200, "DENY")


def check_mounted() -> None:
    outer = FastAPI()
    outer.mount("/shop", shop())
    answer = get(outer, "/shop/v1/items/1")
    assert (answer.status, answer.header("x-frame-options")) == (200, "DENY")
    assert get(outer, "/shop/v1/items/1", root_path="").status == 200


def check_websocket() -> None:
    sent: list[Any] = []

    async def run(origin: str) -> None:
        messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hi"}]

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "websocket.disconnect", "code": 1000}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        app: Any = shop()
        await app(scope(path="/ws", headers={"origin": origin}, kind="websocket"), receive, send)

    asyncio.run(run("http://shop.example"))
    asyncio.run(run("https://evil.example"))
    assert sent == ["websocket.accept", "websocket.send", "websocket.close"], sent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_answers(Path(folder))
    check_policies()
    check_starlette()
    check_mounted()
    check_websocket()
    heavy = {name for name in ("hypothesis", "pytest", "redis", "nh3") if name in sys.modules}
    assert not heavy, heavy
    print(f"fine on FastAPI {fastapi.__version__}")


if __name__ == "__main__":
    main()

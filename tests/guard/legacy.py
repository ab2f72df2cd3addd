"""Run by other interpreters, whose FastAPI or Starlette is older: guard on what they have, without pytest."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import fastapi
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route
from starlette.staticfiles import StaticFiles

from buckler.guard import (
    AuthPolicy,
    Guard,
    GuardError,
    MemoryStores,
    Principal,
    ProblemDetails,
    RoutePolicy,
    SecurityHeaders,
    User,
    authenticated,
    public,
    requires,
    with_policy,
)
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


def check_access() -> None:
    """Rules of access: of a router, a handler, a mount, a websocket, the documentation; deny by default."""
    app = FastAPI()
    router = APIRouter(prefix="/r", dependencies=[requires("orders:read")])

    async def me(who: Any) -> str:
        return str(who.id)

    async def feed(socket: Any, who: Any) -> None:
        await socket.accept()
        await socket.close()

    me.__annotations__["who"] = Annotated[Principal, authenticated]
    feed.__annotations__.update(socket=WebSocket, who=Annotated[Principal, authenticated])
    router.get("/me")(me)
    app.websocket("/feed")(feed)
    app.get("/open", dependencies=[public])(check_open)
    app.include_router(router)
    app.mount("/files", requires("orders:read")(StaticFiles(directory=".")))
    guard = Guard(
        app,
        secret="d5Nn0m2sVbq0_Jb7g0cS7S0d3o2v7f1e9w8y6u5t4r3e2w1q",
        database=MemoryStores(),
        roles={"clerk": ["orders:*"]},
        auth=AuthPolicy(ways=["session", "api_key"]),
        docs="signed_in",
    )
    identities = guard.identities

    async def key(name: str, *roles: str) -> str:
        await identities.stores.users.add(User(id=name, name=name))
        for role in roles:
            await identities.assign(name, role)
        return (await identities.keys.issue(name, "test")).key

    good, bare = asyncio.run(key("ann", "clerk")), asyncio.run(key("bob"))
    paths = ("/open", "/r/me", "/docs", "/openapi.json", "/files/pyproject.toml")

    def statuses(value: str) -> list[int]:
        headers = {"x-api-key": value} if value else {}
        return [get(app, path, headers).status for path in paths]

    assert statuses("") == [200, 401, 401, 401, 401]
    assert statuses(good) == [200] * 5, statuses(good)
    assert statuses(bare) == [200, 403, 200, 200, 403]
    words = {entry.template: entry.words() for entry in guard.access_table()}
    assert words["/r/me"] == "orders:read and signed in", words
    assert words["/feed"] == "signed in"
    silent = FastAPI()
    silent.get("/silent")(check_open)
    secret = "d5Nn0m2sVbq0_Jb7g0cS7S0d3o2v7f1e9w8y6u5t4r3e2w1q"
    Guard(silent, secret=secret, database=MemoryStores(), auth=AuthPolicy(ways=["session"]))
    refused = get(silent, "/silent")
    assert isinstance(refused.error, GuardError)
    assert "GET /silent" in str(refused.error)


async def check_open() -> str:
    return "open"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_answers(Path(folder))
    check_policies()
    check_starlette()
    check_mounted()
    check_websocket()
    check_access()
    heavy = {name for name in ("hypothesis", "pytest", "redis", "nh3") if name in sys.modules}
    assert not heavy, heavy
    print(f"fine on FastAPI {fastapi.__version__}")


if __name__ == "__main__":
    main()

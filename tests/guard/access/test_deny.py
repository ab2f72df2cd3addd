"""Deny by default: an application with identities does not start while a route is silent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from buckler.guard import Guard, GuardError, MemoryStores, authenticated, public, requires
from tests.guard.access.shop import SECRET, client, shop


def silent_app(tmp_path: Path) -> FastAPI:
    app = FastAPI()
    router = APIRouter(prefix="/r")

    @router.get("/a")
    async def a() -> str:
        return "a"

    @app.post("/b", dependencies=[public])
    async def b() -> str:
        return "b"

    @app.websocket("/w")
    async def w(socket: WebSocket) -> None:
        await socket.accept()

    app.include_router(router)
    app.mount("/files", StaticFiles(directory=tmp_path))

    async def raw(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("raw")(scope, receive, send)

    app.mount("/raw", raw)
    inner = FastAPI()

    @inner.get("/deep")
    async def deep() -> str:
        return "deep"

    app.mount("/inner", inner)
    return app


def test_each_silent_route_is_named_with_its_place(tmp_path: Path) -> None:
    app = silent_app(tmp_path)
    Guard(app, secret=SECRET, database=MemoryStores())
    with pytest.raises(GuardError) as told, TestClient(app):
        pass
    text = str(told.value)
    for line in (
        "GET /r/a",
        "WEBSOCKET /w",
        "* /files/{path:path}",
        "* /raw/{path:path}",
        "GET /inner/deep",
        "GET|HEAD /docs",
        "GET|HEAD /openapi.json",
        "GET|HEAD /inner/openapi.json",
    ):
        assert f"  {line}  " in text, line
    assert not any(f"{method} /b" in text for method in ("GET", "POST", "WEBSOCKET", "*"))
    line = 1 + Path(__file__).read_text().splitlines().index('    @router.get("/a")')
    assert f"{__file__}:{line}" in text
    assert "requires(" in told.value.hint


def test_without_start_up_no_request_passes(tmp_path: Path) -> None:
    app = silent_app(tmp_path)
    Guard(app, secret=SECRET, database=MemoryStores())
    asked = TestClient(app, raise_server_exceptions=False)
    for _ in range(2):
        for path in ("/r/a", "/b", "/files/x", "/docs", "/nowhere"):
            with pytest.raises(GuardError):
                TestClient(app).get(path)
            assert asked.get(path).status_code == 500


def test_a_server_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "silent.py").write_text(
        "from fastapi import FastAPI\n"
        "from buckler.guard import Guard, MemoryStores\n"
        "app = FastAPI(openapi_url=None)\n"
        "@app.get('/a')\n"
        "async def a(): return 1\n"
        f"Guard(app, secret={SECRET!r}, database=MemoryStores())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "silent:app", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "GET /a" in done.stderr
    assert "silent.py:4" in done.stderr
    assert "requires('orders:read')" in done.stderr


def test_every_way_to_say_it_is_enough(tmp_path: Path) -> None:
    app = FastAPI(dependencies=[authenticated])

    @app.get("/by-application")
    async def one() -> str:
        return "x"

    app.mount("/files", public(StaticFiles(directory=tmp_path)))
    inner = FastAPI(openapi_url=None)

    @inner.get("/deep")
    async def deep() -> str:
        return "x"

    app.mount("/inner", authenticated(inner))
    made = shop(app, docs="signed_in")
    with client(app) as asked:
        for path in ("/by-application", "/inner/deep", "/docs", "/openapi.json"):
            assert asked.get(path).status_code == 401
        assert asked.get("/files/none").status_code == 404
    assert all(not entry.silent for entry in made.guard.access_table())


def test_dependencies_of_the_application_do_not_cover_a_mount(tmp_path: Path) -> None:
    app = FastAPI(dependencies=[authenticated], openapi_url=None)
    app.mount("/files", StaticFiles(directory=tmp_path))
    Guard(app, secret=SECRET, database=MemoryStores())
    with pytest.raises(GuardError, match="/files"), TestClient(app):
        pass


def test_a_route_that_comes_later_is_not_served() -> None:
    app = FastAPI(openapi_url=None)
    shop(app)
    with client(app) as asked:
        assert asked.get("/late").status_code == 404

        @app.get("/late")
        async def late() -> str:
            return "late"

        for _ in range(2):
            assert asked.get("/late").status_code == 500


def test_a_route_that_comes_later_with_a_rule_is_served() -> None:
    app = FastAPI(openapi_url=None)
    made = shop(app)
    one = made.add("a", "reader")
    with client(app) as asked:
        assert asked.get("/late").status_code == 404

        @app.get("/late", dependencies=[requires("orders:read")])
        async def late() -> str:
            return "late"

        assert asked.get("/late").status_code == 401
        assert asked.get("/late", headers={"X-API-Key": one}).status_code == 200


def test_it_is_off_where_nobody_has_an_account_and_on_where_it_is_told() -> None:
    app = FastAPI()

    @app.get("/x")
    async def x() -> str:
        return "x"

    Guard(app)
    with client(app) as asked:
        assert asked.get("/x").status_code == 200

    told = FastAPI(openapi_url=None)
    told.get("/x")(x)
    Guard(told, deny=True)
    with pytest.raises(GuardError, match="/x"), TestClient(told):
        pass


def test_deny_off_is_told() -> None:
    app = FastAPI()

    @app.get("/x")
    async def x() -> str:
        return "x"

    made = shop(app, deny=False)
    with client(app) as asked:
        assert asked.get("/x").status_code == 200
    assert "deny_off" in [event.reason for event in made.events]


def test_a_permission_that_no_role_gives_is_told() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/x", dependencies=[requires("order:read")])
    @app.get("/y", dependencies=[requires("orders:read")])
    async def x() -> str:
        return "x"

    made = shop(app)
    with client(app):
        pass
    told = [event.message for event in made.events if event.reason == "permission_unknown"]
    assert len(told) == 1
    assert told[0].startswith("order:read: ")


def test_starlette_alone() -> None:
    async def page(request: Any) -> PlainTextResponse:
        return PlainTextResponse("page")

    app = Starlette(
        routes=[
            Route("/open", public(page)),
            Mount("/closed", authenticated(Starlette(routes=[Route("/page", page)]))),
        ]
    )
    made = Guard(app, secret=SECRET, database=MemoryStores())
    with TestClient(app, base_url="https://testserver") as asked:
        assert asked.get("/open").status_code == 200
        assert asked.get("/closed/page").status_code == 401
    assert [entry.words() for entry in made.access_table()] == ["public", "signed in"]

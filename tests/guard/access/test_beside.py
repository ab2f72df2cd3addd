"""Deny by default, attacked: what answers without standing in the list of routes, and what comes later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.testclient import TestClient

from buckler.guard import GuardError, authenticated, public, requires, routes
from tests.guard.access.shop import client, shop

FRONTEND = pytest.mark.skipif(
    not hasattr(FastAPI, "frontend"), reason="this FastAPI has no frontends"
)


async def spa(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("open")(scope, receive, send)


class Catching(BaseRoute):
    """A route that says of itself what it takes."""

    def matches(self, scope: Any) -> Any:
        return (Match.FULL if scope.get("path") == "/caught" else Match.NONE), {}

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await spa(scope, receive, send)


@public
class Welcome(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("welcome")


class Accounts(Welcome):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("accounts")


def frontend(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("index")
    return tmp_path


def refused(app: FastAPI) -> str:
    shop(app)
    with pytest.raises(GuardError) as told, TestClient(app):
        pass
    return str(told.value)


@FRONTEND
def test_a_frontend_has_to_say_who_may_read_it(tmp_path: Path) -> None:
    app = FastAPI()
    app.frontend("/", directory=frontend(tmp_path))
    router = APIRouter(prefix="/r")
    router.frontend("/f", directory=tmp_path)
    app.include_router(router, prefix="/v1")
    text = refused(app)
    assert "GET|HEAD /{path:path}" in text
    assert "GET|HEAD /v1/r/f/{path:path}" in text


@FRONTEND
@pytest.mark.parametrize("path", ["/", "/x.js", "/deep/link"])
def test_a_frontend_with_a_rule_is_served_by_it(tmp_path: Path, path: str) -> None:
    app = FastAPI()
    router = APIRouter(dependencies=[requires("orders:read")])
    router.frontend("/", directory=frontend(tmp_path), fallback="index.html")
    app.include_router(router)
    made = shop(app)
    key = made.add("ann", "reader")
    with client(app) as browser:
        page = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
        assert browser.get(path, headers=page).status_code == 401
        answer = browser.get(path, headers={**page, "X-API-Key": key})
        assert (answer.status_code, answer.text) == (200, "index")
    assert any(
        one.kind == "files" and one.words() == "orders:read" for one in made.guard.access_table()
    )


def test_a_routers_default_has_to_say_who_may_pass() -> None:
    app = FastAPI()
    app.router.default = spa
    assert "* /*" in refused(app)
    inner = FastAPI(openapi_url=None)
    inner.router.default = spa
    app = FastAPI()
    app.mount("/inner", inner)
    assert "* /inner/*" in refused(app)


def test_a_routers_default_that_is_public_is_served() -> None:
    app = FastAPI()
    shop(app)

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await spa(scope, receive, send)

    app.router.default = public(page)
    with client(app) as browser:
        assert browser.get("/anything").text == "open"


def test_a_route_of_another_kind_has_to_say_who_may_pass() -> None:
    app = FastAPI()
    app.router.routes.append(Catching())
    assert "* /(Catching)" in refused(app)
    app = FastAPI()
    app.router.routes.append(public(Catching()))
    shop(app)
    with client(app) as browser:
        assert browser.get("/caught").text == "open"


def test_a_class_is_not_public_since_its_base_is() -> None:
    app = FastAPI()
    app.router.routes += [Route("/welcome", Welcome), Route("/accounts", Accounts)]
    text = refused(app)
    assert "/accounts" in text
    assert "/welcome" not in text


def test_mounts_deeper_than_anybody_reads_are_silent() -> None:
    app = inner = FastAPI()
    for _ in range(10):
        further = FastAPI(openapi_url=None)
        inner.mount("/m", further)
        inner = further

    @inner.get("/x")
    async def x() -> str:
        return "open"

    assert "routes do not say" in refused(app)


def _method(app: FastAPI, inner: FastAPI, router: APIRouter) -> tuple[str, str]:
    @app.post("/x")
    async def post() -> str:
        return "open"

    return "POST", "/x"


def _inner(app: FastAPI, inner: FastAPI, router: APIRouter) -> tuple[str, str]:
    @inner.get("/later")
    async def later() -> str:
        return "open"

    return "GET", "/inner/later"


def _instead(app: FastAPI, inner: FastAPI, router: APIRouter) -> tuple[str, str]:
    app.router.routes.remove(next(r for r in app.routes if getattr(r, "path", "") == "/x"))

    @app.get("/y")
    async def y() -> str:
        return "open"

    return "GET", "/y"


def _default(app: FastAPI, inner: FastAPI, router: APIRouter) -> tuple[str, str]:
    app.router.default = spa
    return "GET", "/nothing"


@pytest.mark.parametrize("add", [_method, _inner, _instead, _default])
@pytest.mark.parametrize("asked", [False, True])
def test_what_comes_later_without_a_rule_is_not_served(
    add: Callable[[FastAPI, FastAPI, APIRouter], tuple[str, str]], asked: bool
) -> None:
    app, inner, router = FastAPI(), FastAPI(openapi_url=None), APIRouter()

    @app.get("/x", dependencies=[authenticated])
    async def x() -> str:
        return "x"

    @inner.get("/a", dependencies=[authenticated])
    async def a() -> str:
        return "a"

    app.include_router(router)
    app.mount("/inner", inner)
    shop(app)
    with client(app) as browser:
        if asked:  # what was asked for before is remembered
            for method, path in (("POST", "/x"), ("GET", "/inner/later"), ("GET", "/y")):
                assert browser.request(method, path).status_code in (404, 405)
        method, path = add(app, inner, router)
        answer = browser.request(method, path)
        assert (answer.status_code, answer.text) == (500, "")


def test_an_unknown_path_does_not_read_all_routes_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of them would keep the process busy: 25 ms for each of 300 routes (CWE-400)."""
    app = FastAPI()
    shop(app)
    readings: list[Any] = []
    original = routes._contexts

    def counted(listed: Any) -> Any:
        readings.append(listed)
        return original(listed)

    monkeypatch.setattr(routes, "_contexts", counted)
    with client(app) as browser:
        assert readings
        readings.clear()
        assert browser.get("/unknown").status_code == 404
    assert readings == []


def test_a_rule_goes_around_a_function_of_asgi() -> None:
    app = FastAPI()
    app.mount("/raw", requires("orders:read")(spa))
    key = shop(app).add("ann", "reader")
    with client(app) as browser:
        assert browser.get("/raw/x").status_code == 401
        assert browser.get("/raw/x", headers={"X-API-Key": key}).text == "open"

"""Mounted applications and folders of files: names, rates and wishes of what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host

from buckler.guard import ContentSecurityPolicy, Guard, with_policy
from tests.guard.asgi import get


def inner() -> FastAPI:
    app = FastAPI()

    @app.get("/x/{number}")
    async def x(number: int) -> dict[str, int]:
        return {}

    @app.get("/own")
    @with_policy(rate="5/hour")
    async def own() -> dict[str, int]:
        return {}

    return app


async def bare(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("bare")(scope, receive, send)


def outer(folder: Path, **options: Any) -> tuple[FastAPI, list[Any]]:
    (folder / "a.css").write_text("p{}")
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=folder))
    app.mount("/media", StaticFiles(directory=folder))
    app.mount("/inner", inner())
    app.mount("/t/{tenant}", inner())
    app.mount("/bare", bare)
    events: list[Any] = []
    Guard(app, events=events.append, rate="2/hour", **options)
    return app, events


@pytest.mark.parametrize(
    ("paths", "statuses", "name"),
    [
        (["/static/a.css", "/static/b", "/static/a.css"], [200, 404, 429], "/static/{path:path}"),
        (["/inner/a", "/inner/b/c", "/inner/d"], [404, 404, 429], "/inner/{path:path}"),
        (["/inner/x/1", "/inner/x/2", "/inner/x/3"], [200, 200, 429], "/inner/x/{number}"),
        (["/t/a/x/1", "/t/b/x/1", "/t/c/x/1"], [200, 200, 429], "/t/{tenant}/x/{number}"),
        (["/t/a/none", "/t/b/none", "/t/c/none"], [404, 404, 429], "/t/{tenant}/{path:path}"),
        (["/bare/a", "/bare/b", "/bare/c"], [200, 200, 429], "/bare/{path:path}"),
        (["/none", "/other", "/more"], [404, 404, 429], "*"),
    ],
)
def test_what_is_counted_together_and_how_it_is_named(
    tmp_path: Path, paths: list[str], statuses: list[int], name: str
) -> None:
    app, events = outer(tmp_path)
    assert [get(app, path).status for path in paths] == statuses
    assert [event.route for event in events if event.reason == "rate"] == [name]
    # What is mounted elsewhere, and what is next to it, has numbers of its own.
    others = {"/media/a.css", "/inner/x/9", "/t/a/x/9", "/bare/z", "/nowhere"} - {
        {"/inner/x/1": "/inner/x/9", "/t/a/x/1": "/t/a/x/9"}.get(paths[0], ""),
        {"/bare/a": "/bare/z", "/none": "/nowhere"}.get(paths[0], ""),
    }
    assert {path: get(app, path).status for path in others} == {
        path: 404 if path == "/nowhere" else 200 for path in others
    }


def test_a_wish_around_what_is_mounted_holds_for_all_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p{}")
    app = FastAPI()
    wish = with_policy(rate="3/hour", cache_control="public, max-age=60")
    app.mount("/static", wish(StaticFiles(directory=tmp_path)))
    app.mount("/zipped", GZipMiddleware(wish(inner())))
    app.mount("/wrapped", wish(GZipMiddleware(inner())))
    app.router.routes.append(Host("eu.shop.example", wish(inner())))
    Guard(app, rate="9/hour")
    eu = {"host": "eu.shop.example"}
    for path, headers in (
        ("/static/a.css", {}),
        ("/zipped/x/1", {}),
        ("/wrapped/x/1", {}),
        ("/x/1", eu),
    ):
        answer = get(app, path, headers)
        assert answer.status == 200, path
        assert answer.header("ratelimit-policy") == '"default";q=3;w=3600', path
        assert answer.header("cache-control") == "public, max-age=60", path
    # The handler's own wish is the nearer one.
    assert get(app, "/zipped/own").header("ratelimit-policy") == '"default";q=5;w=3600'
    assert get(app, "/elsewhere").header("ratelimit-policy") == '"default";q=9;w=3600'


@pytest.mark.parametrize("whose", ["application", "route"])
def test_a_route_may_have_a_policy_where_the_application_has_no_headers(whose: str) -> None:
    app = FastAPI()
    csp = ContentSecurityPolicy(default_src=("'self'",))
    none: dict[str, None] = {"headers": None} if whose == "route" else {}

    @app.get("/page")
    @with_policy(content_security_policy=csp, **none)
    async def page() -> dict[str, int]:
        return {}

    @app.get("/kept")
    @with_policy(cache_control="max-age=5", **none)
    async def kept() -> dict[str, int]:
        return {}

    @app.get("/off")
    @with_policy(content_security_policy=None, cache_control=None, **none)
    async def off() -> dict[str, int]:
        return {}

    Guard(app, **({"headers": None} if whose == "application" else {}))
    page_, kept_, off_ = (get(app, f"/{name}") for name in ("page", "kept", "off"))
    assert page_.header("content-security-policy") == csp.value()
    assert kept_.header("cache-control") == "max-age=5"
    for answer in (page_, kept_, off_):
        assert answer.header("x-frame-options") is None
    assert off_.header("content-security-policy") is None
    assert off_.header("cache-control") is None

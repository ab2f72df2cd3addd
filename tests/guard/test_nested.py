"""Several layers around one application, each with its own part: one number, one nonce, one principal."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from buckler.guard import (
    NONCE,
    ContentSecurityPolicy,
    EventKind,
    Guard,
    HeaderPolicy,
    Rate,
    RateLimit,
    SecurityHeaders,
    TimeLimit,
    csp_nonce,
    identify,
    request_id,
)
from tests.guard.asgi import ask, get, scope

SITE = HeaderPolicy(content_security_policy=ContentSecurityPolicy(script_src=(NONCE,)))
BY_PRINCIPAL = Rate(1, 60, by="principal")


def shop() -> FastAPI:
    app = FastAPI()

    @app.get("/page", response_class=HTMLResponse)
    async def page(request: Request) -> str:
        return f"<script nonce='{csp_nonce(request)}'></script>"

    @app.get("/mine")
    async def mine(request: Request) -> dict[str, str]:
        await identify(request, "ann")
        return {"id": request_id(request)}

    @app.get("/fails")
    async def fails(request: Request) -> None:
        raise RuntimeError("the inner word")

    return app


def inside() -> FastAPI:
    """A part inside of a guard."""
    app = shop()
    app.add_middleware(TimeLimit, seconds=5.0)
    Guard(app, "site", rate=BY_PRINCIPAL)
    return app


def mounted() -> FastAPI:
    """An application with a guard below another one."""
    outer, inner = FastAPI(), shop()
    Guard(inner, "site")
    outer.mount("/inner", inner)
    Guard(outer, "site", rate=BY_PRINCIPAL)
    return outer


@pytest.mark.parametrize(
    ("app", "path"),
    [
        (SecurityHeaders(RateLimit(shop(), "9/minute"), SITE), "/page"),
        (inside(), "/page"),
        (mounted(), "/inner/page"),
    ],
    ids=["parts", "inside", "mounted"],
)
def test_the_nonce_of_the_page_is_the_one_of_the_header(app: Any, path: str) -> None:
    answer = get(app, path)
    in_page = re.findall(r"nonce='([^']*)'", answer.body.decode())
    assert [
        f"'nonce-{n}'" in (answer.header("content-security-policy") or "") for n in in_page
    ] == [True]
    assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize(
    ("make", "path"), [(inside, "/mine"), (mounted, "/inner/mine")], ids=["inside", "mounted"]
)
def test_a_rate_by_principal_holds_for_every_layer(make: Any, path: str) -> None:
    app = make()
    answers = [get(app, path) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 429, 429]
    assert answers[0].header("cache-control") == "no-store"


def test_one_failure_is_told_once_under_the_number_that_the_caller_sees(caplog: Any) -> None:
    events: list[Any] = []
    app = shop()
    app.add_middleware(TimeLimit, seconds=5.0)
    Guard(app, events=events.append)
    with caplog.at_level(logging.ERROR):
        answer = get(app, "/fails")
    assert answer.status == 500
    numbers = re.findall(rb'"incident":\s*"([0-9a-f]{16})"', answer.body)
    assert len(numbers) == 1
    told = [event.request_id for event in events if event.kind is EventKind.FAILED]
    assert told == [numbers[0].decode()]
    logged = [r.getMessage() for r in caplog.records if "unhandled" in r.getMessage()]
    assert [numbers[0].decode() in line for line in logged] == [True]


def test_a_refusal_says_which_rate_it_is_of() -> None:
    app = shop()
    Guard(app, rate=["600/minute", Rate(2, 60, name="burst")])
    answers = [get(app, "/page") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].values("ratelimit") == ['"burst";r=0;t=30']
    assert answers[2].values("retry-after") == ["30"]


def test_what_is_remembered_of_methods_and_paths_has_bounds() -> None:
    app = shop()
    Guard(app, rate=None)
    layer: Any = app.build_middleware_stack()
    app.middleware_stack = layer
    for number in range(50):
        asyncio.run(ask(app, f"M{number}{'X' * 60_000}", "/page"))
    assert sum(len("".join(map(str, key))) for key in layer._known) < 50_000


def test_a_key_that_fails_at_a_handshake_is_told_as_any_failure() -> None:
    def key(inbound: Any) -> str:
        raise LookupError("the inner word")

    events: list[Any] = []
    sent: list[Any] = []
    app = shop()
    Guard(app, rate=Rate(1, 60, by=key), events=events.append)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    extensions = {"websocket.http.response": {}}
    with pytest.raises(LookupError):
        asyncio.run(app(scope(path="/ws", kind="websocket", extensions=extensions), receive, send))
    assert [m["type"] for m in sent] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert sent[0]["status"] == 500
    assert b"inner word" not in sent[1]["body"]
    assert [e.reason for e in events if e.kind is EventKind.FAILED] == ["LookupError"]

"""The layer around a whole application: every kind of answer passes through it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.testclient import TestClient

from buckler.guard import (
    Guard,
    GuardError,
    HeaderPolicy,
    RoutePolicy,
    csp_nonce,
    request_id,
    with_policy,
)
from tests.guard.asgi import get, post
from tests.guard.shop import shop

EXPECTED = {
    "content-security-policy": "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/fails", 500),
        ("/gone", 307),
        ("/says-no", 403),
        ("/nowhere", 404),
        ("/json", 405),
        ("/v1/items/x", 422),
        ("/v1/items/3", 200),
        ("/inner/x", 200),
        ("/inner/none", 404),
        ("/static/a.css", 200),
        ("/static/none", 404),
        ("/stream", 200),
    ],
)
def test_every_kind_of_answer_has_the_headers(tmp_path: Any, path: str, status: int) -> None:
    answer = get(shop(tmp_path), path)
    assert answer.status == status
    assert {name: answer.header(name) for name in EXPECTED} == EXPECTED


def test_too_large_bodies_are_answered_with_the_headers() -> None:
    answer = post(
        shop(), "/json", b'{"a": "' + b"x" * 2_000_000 + b'"}', {"content-type": "application/json"}
    )
    assert answer.status == 413
    assert answer.header("x-content-type-options") == "nosniff"


def test_chunks_are_counted() -> None:
    parts = [b'{"a": "'] + [b"x" * 100_000] * 20 + [b'"}']
    answer = post(shop(), "/json", parts, {"content-type": "application/json"})
    assert (answer.status, answer.error) == (413, None)
    small = post(shop(), "/json", [b'{"a":', b" 1}"], {"content-type": "application/json"})
    assert (small.status, small.body) == (200, b'{"keys":1}')


def test_hsts_is_sent_over_https_alone() -> None:
    assert get(shop()).header("strict-transport-security") is None
    secure = get(shop(), scheme="https")
    assert secure.header("strict-transport-security") == "max-age=63072000; includeSubDomains"


def test_two_cookies_stay_two_and_get_what_they_lack() -> None:
    cookies = get(shop(), "/two-cookies", scheme="https").values("set-cookie")
    assert cookies == [
        "a=1; Path=/; SameSite=lax; Secure; HttpOnly",
        "b=2; HttpOnly; Path=/; SameSite=strict; Secure",
    ]


def test_the_application_wins_but_for_telling_headers() -> None:
    answer = get(shop(), "/own")
    assert answer.header("x-frame-options") == "SAMEORIGIN"
    assert answer.header("x-powered-by") is None
    enforced = get(shop(headers=HeaderPolicy(enforce=True)), "/own")
    assert enforced.header("x-frame-options") == "DENY"


def test_personal_answers_are_not_kept() -> None:
    assert get(shop()).header("cache-control") is None
    assert get(shop(), headers={"authorization": "Bearer x"}).header("cache-control") == "no-store"
    assert get(shop(), headers={"cookie": "s=1"}).header("cache-control") == "no-store"
    assert get(shop(), "/two-cookies").header("cache-control") == "no-store"


def test_streams_stay_streams() -> None:
    answer = get(shop(), "/stream")
    bodies = [m["body"] for m in answer.messages if m["type"] == "http.response.body"]
    assert bodies == [b"one", b"two", b"three", b""]


def test_an_unhandled_error_tells_its_number_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events: list[Any] = []
    answer = get(shop(events=events.append), "/fails")
    assert isinstance(answer.error, RuntimeError)
    problem = json.loads(answer.body)
    assert answer.header("content-type") == "application/problem+json"
    assert problem == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "incident": problem["incident"],
    }
    assert f"incident {problem['incident']}" in caplog.text
    assert "secret of the inside" in caplog.text
    failed = [event for event in events if event.kind == "application.failed"]
    assert [(e.request_id, e.reason, e.route) for e in failed] == [
        (problem["incident"], "RuntimeError", "/fails")
    ]


def test_a_route_and_a_router_may_want_otherwise() -> None:
    app = FastAPI()
    router = APIRouter(dependencies=[Depends(RoutePolicy(body="10 B"))])

    @app.post("/wide")
    @with_policy(body="5 MB", headers=None)
    async def wide(body: dict[str, Any]) -> dict[str, int]:
        return {}

    @router.post("/narrow")
    async def narrow(body: dict[str, Any]) -> dict[str, int]:
        return {}

    app.include_router(router, prefix="/r")
    Guard(app)
    body, kind = b'{"a": "' + b"x" * 2_000_000 + b'"}', {"content-type": "application/json"}
    assert post(app, "/wide", body, kind).status == 200
    assert post(app, "/wide", body, kind).header("x-frame-options") is None
    assert post(app, "/r/narrow", b'{"a": 12345}', kind).status == 413
    assert post(app, "/r/narrow", b'{"a": 1}', kind).status == 200


def test_nonces_and_numbers_are_the_request_s_own() -> None:
    app = FastAPI()
    seen: list[tuple[str, str]] = []

    @app.get("/")
    async def home(request: Request) -> dict[str, int]:
        seen.append((csp_nonce(request), request_id(request)))
        return {}

    Guard(app, "site")
    first, second = get(app), get(app)
    for answer, (nonce, number) in zip((first, second), seen, strict=True):
        assert f"'nonce-{nonce}'" in (answer.header("content-security-policy") or "")
        assert len(number) == 16
    assert seen[0][0] != seen[1][0]


def test_wrong_use_is_an_error_that_says_what_to_do() -> None:
    app = FastAPI()
    Guard(app)
    with pytest.raises(GuardError, match="has a guard"):
        Guard(app)
    with pytest.raises(GuardError, match="no preset"):
        Guard(FastAPI(), "sight")  # type: ignore[arg-type]
    with pytest.raises(GuardError, match="no size"):
        Guard(FastAPI(), body="much")
    with pytest.raises(GuardError, match="no rate"):
        Guard(FastAPI(), rate="often")
    started = FastAPI()
    with TestClient(started), pytest.raises(GuardError, match="runs already"):
        Guard(started)


def test_weaker_choices_are_told_at_the_start() -> None:
    events: list[Any] = []
    app = FastAPI(debug=True)
    Guard(app, events=events.append, csrf=None)
    with TestClient(app):
        told = {event.reason for event in events if event.kind == "application.configuration"}
    assert told == {"csrf_off", "debug"}

"""The layer around a whole application: every kind of answer passes through it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import WebSocketDenialResponse

from buckler.guard import (
    Cors,
    Guard,
    GuardError,
    HeaderPolicy,
    RoutePolicy,
    csp_nonce,
    request_id,
    with_policy,
)
from tests.guard.asgi import Answer, ask, get, post

EXPECTED = {
    "content-security-policy": "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def shop(tmp_path: Any = None, **options: Any) -> FastAPI:
    app = FastAPI()
    router = APIRouter(prefix="/v1")

    @app.get("/")
    async def home() -> dict[str, int]:
        return {"a": 1}

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("secret of the inside")

    @app.get("/gone")
    async def gone() -> RedirectResponse:
        return RedirectResponse("/")

    @app.get("/says-no")
    async def says_no() -> None:
        raise HTTPException(403, "Members only")

    @app.get("/two-cookies")
    async def two_cookies(response: Response) -> dict[str, int]:
        response.set_cookie("a", "1")
        response.set_cookie("b", "2", samesite="strict", secure=True, httponly=True)
        return {}

    @app.get("/own")
    async def own(response: Response) -> dict[str, int]:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["X-Powered-By"] = "PHP/5.2"
        return {}

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> Any:
            for part in ("one", "two", "three"):
                yield part

        return StreamingResponse(parts(), media_type="text/plain")

    @app.post("/json")
    async def take(body: dict[str, Any]) -> dict[str, int]:
        return {"keys": len(body)}

    @app.websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    @router.get("/items/{item_id}")
    async def item(item_id: int) -> dict[str, int]:
        return {"id": item_id}

    app.include_router(router)
    inner = Starlette(routes=[Route("/x", lambda request: PlainTextResponse("x"))])
    app.mount("/inner", inner)
    if tmp_path is not None:
        (tmp_path / "a.css").write_text("p{}")
        app.mount("/static", StaticFiles(directory=tmp_path))
    Guard(app, **options)
    return app


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


def test_rates_are_per_route_and_address_and_said() -> None:
    app = shop(rate="3/minute")

    async def several() -> list[Answer]:
        return [await ask(app, "GET", f"/v1/items/{n}") for n in range(4)]

    answers = asyncio.run(several())
    assert [a.status for a in answers] == [200, 200, 200, 429]
    assert answers[0].header("ratelimit-policy") == '"default";q=3;w=60'
    assert answers[0].header("ratelimit") == '"default";r=2;t=20'
    assert answers[3].header("retry-after") == "20"
    assert get(app, "/").status == 200
    assert get(app, "/v1/items/1", client="198.51.100.8").status == 200
    assert get(app, "/v1/items/1").status == 429


def test_routes_that_take_a_password_are_asked_less_often() -> None:
    app = FastAPI()

    @app.post("/login")
    async def login(body: dict[str, str], password: str = "") -> dict[str, str]:
        return {}

    Guard(app, sign_in_rate="2/hour")
    kind = {"content-type": "application/json"}
    assert [post(app, "/login", b"{}", kind).status for _ in range(3)] == [200, 200, 429]


def test_slow_handlers_are_ended_and_answered() -> None:
    app = FastAPI()
    ended: list[str] = []

    @app.get("/slow")
    @with_policy(timeout=0.1)
    async def slow() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("cancelled")

    Guard(app)
    answer = get(app, "/slow")
    assert (answer.status, ended, answer.error) == (503, ["cancelled"], None)
    assert answer.header("x-content-type-options") == "nosniff"


def test_a_stream_may_last_longer_than_the_time_until_it_begins() -> None:
    app = FastAPI()

    @app.get("/long")
    @with_policy(timeout=0.1)
    async def long() -> StreamingResponse:
        async def parts() -> Any:
            for _ in range(4):
                await asyncio.sleep(0.1)
                yield "x"

        return StreamingResponse(parts())

    Guard(app)
    assert get(app, "/long").body == b"xxxx"


def test_no_more_than_so_many_at_once() -> None:
    app = FastAPI()

    @app.get("/wait")
    async def wait() -> dict[str, int]:
        await asyncio.sleep(0.2)
        return {}

    Guard(app, concurrency=2)

    async def three() -> list[int]:
        answers = await asyncio.gather(*(ask(app, "GET", "/wait") for _ in range(3)))
        later = await ask(app, "GET", "/wait")
        return [*sorted(a.status for a in answers), later.status]

    assert asyncio.run(three()) == [200, 200, 503, 200]


def test_cors_names_who_may_read() -> None:
    app = shop(cors=Cors(["https://app.example"], credentials=True))
    allowed = get(app, "/", {"origin": "https://app.example"})
    assert allowed.header("access-control-allow-origin") == "https://app.example"
    assert allowed.header("access-control-allow-credentials") == "true"
    assert (
        get(app, "/", {"origin": "https://evil.example"}).header("access-control-allow-origin")
        is None
    )
    asked = {"origin": "https://app.example", "access-control-request-method": "PUT"}
    preflight = asyncio.run(ask(app, "OPTIONS", "/json", asked))
    assert preflight.status == 204
    assert "PUT" in (preflight.header("access-control-allow-methods") or "")
    foreign = asyncio.run(ask(app, "OPTIONS", "/json", {**asked, "origin": "null"}))
    assert foreign.status == 403
    with pytest.raises(GuardError):
        Cors(["*"], credentials=True)
    with pytest.raises(GuardError):
        Cors(["null"])
    with pytest.raises(GuardError):
        Cors(pattern=r"https://.*")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site", "cookie": "s=1"}, 403),
        ({"sec-fetch-site": "same-site", "cookie": "s=1"}, 403),
        ({"sec-fetch-site": "same-origin", "cookie": "s=1"}, 200),
        ({"sec-fetch-site": "none", "cookie": "s=1"}, 200),
        ({"origin": "https://evil.example", "cookie": "s=1"}, 403),
        ({"origin": "null", "cookie": "s=1"}, 403),
        ({"origin": "http://shop.example", "cookie": "s=1"}, 200),
        ({"origin": "https://evil.example", "authorization": "Bearer t"}, 200),
        ({"origin": "https://evil.example", "authorization": "Basic dDp0"}, 403),
        ({"cookie": "s=1"}, 200),
    ],
)
def test_other_sites_do_not_act_for_visitors(headers: dict[str, str], status: int) -> None:
    answer = post(shop(), "/json", b"{}", {"content-type": "application/json", **headers})
    assert answer.status == status


def test_a_plain_form_of_another_site_is_refused_even_without_a_cookie() -> None:
    headers = {"sec-fetch-site": "cross-site", "content-type": "text/plain"}
    assert post(shop(), "/json", b"{}", headers).status == 403


def test_hosts() -> None:
    app = shop(hosts=["shop.example", "*.shop.example"])
    assert get(app).status == 200
    assert get(app, headers={"host": "eu.shop.example:8443"}).status == 200
    for host in (
        "evil.example",
        "shop.example.evil.example",
        "xshop.example",
        "shop.example@evil",
        "",
    ):
        assert get(app, headers={"host": host}).status == 400, host
    twice = [("host", "shop.example"), ("host", "evil.example")]
    assert asyncio.run(ask(shop(), "GET", "/", twice)).status == 400


def test_heads_have_bounds() -> None:
    many = [(f"x-{n}", "1") for n in range(200)]
    assert asyncio.run(ask(shop(), "GET", "/", many)).status == 431
    assert get(shop(), headers={"x-a": "x" * 40_000}).status == 431
    assert get(shop(), query=b"&".join(b"k%d=1" % n for n in range(10_000))).status == 414
    assert get(shop(), query=b"&".join(b"k=1" for n in range(300))).status == 400
    assert get(shop(), "/" + "x" * 9000).status == 414


def test_nesting_and_keys_of_json_have_bounds() -> None:
    kind = {"content-type": "application/json"}
    assert post(shop(), "/json", b'{"a":' * 200 + b"1" + b"}" * 200, kind).status == 400
    assert post(shop(), "/json", b'{"a": "' + b"[{" * 500 + b'"}', kind).status == 200
    names = b"{" + b",".join(b'"k%d":1' % n for n in range(12_000)) + b"}"
    assert post(shop(), "/json", names, kind).status == 400
    hidden = '{"a": "\\\\' + "\u2200" + '", "b": ' + "[" * 40 + "]" * 40 + "}"
    assert post(shop(), "/json", hidden.encode("utf-16"), kind).status == 400


def test_http_is_redirected_or_refused() -> None:
    redirect = shop(https="redirect")
    answer = get(redirect, "/v1/items/1", query=b"a=1", headers={"host": "shop.example:8000"})
    assert (answer.status, answer.header("location")) == (
        308,
        "https://shop.example/v1/items/1?a=1",
    )
    assert post(redirect, "/json", b"{}").status == 403
    assert get(redirect, scheme="https").status == 200
    assert get(shop(https="require")).status == 403


def test_the_address_behind_a_proxy() -> None:
    app = shop(rate="1/hour", proxies=["10.0.0.0/8"])
    behind = {"x-forwarded-for": "6.6.6.6, 203.0.113.5, 10.1.1.1"}
    assert get(app, headers=behind, client="10.0.0.1").status == 200
    again = {"x-forwarded-for": "7.7.7.7, 203.0.113.5"}
    assert get(app, headers=again, client="10.0.0.1").status == 429
    # Whoever is no proxy of ours may write what he likes.
    assert get(app, headers={"x-forwarded-for": "1.1.1.1"}, client="198.51.100.9").status == 200
    assert get(app, headers={"x-forwarded-for": "2.2.2.2"}, client="198.51.100.9").status == 429


def test_websockets_have_origins_sizes_and_rates() -> None:
    with TestClient(shop()) as client:
        with client.websocket_connect("/ws", headers={"origin": "http://testserver"}) as socket:
            socket.send_text("hello")
            assert socket.receive_text() == "hello"
        foreign = {"origin": "https://evil.example"}
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect("/ws", headers=foreign).__enter__()
        assert denied.value.status_code == 403
        assert denied.value.headers["x-content-type-options"] == "nosniff"
        with client.websocket_connect("/ws") as socket:
            socket.send_text("x" * 70_000)
            assert socket.receive()["code"] == 1009


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
    assert told == {"csrf_off", "any_host", "debug"}

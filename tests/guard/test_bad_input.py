"""Input made to break a server: the documented answer, no stall of the event loop, no memory without bound."""

from __future__ import annotations

import asyncio
import json
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Form, Request, UploadFile

from buckler.guard import Guard, Rate
from buckler.guard.limits.hosts import Hosts
from buckler.guard.limits.json_shape import JsonShape
from buckler.guard.limits.memory import MemoryCounter, Room
from tests.guard.asgi import Answer, ask, get, post, scope
from tests.guard.shop import shop
from tests.guard.watcher import watched

KIND = {"content-type": "application/json"}
LOOP_MS = 30
"""What the documentation promises; tests allow several times as much, for machines that are slower."""
SLACK = 5


def taker(**options: Any) -> FastAPI:
    """Takes a body and does not look at it: what the loop stands still for is guard's."""
    app = FastAPI()

    @app.post("/take")
    async def take(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/form")
    async def form(request: Request) -> dict[str, int]:
        async with request.form() as form:
            return {"fields": len(form.multi_items())}

    Guard(app, **{"rate": None, **options})
    return app


MEGABYTE = 999_000
PATHOLOGICAL: dict[str, tuple[bytes, int]] = {
    "5,000 keys": (json.dumps({f"key{n:07d}": n for n in range(5000)}).encode(), 200),
    "200 deep": (b'{"a":' * 200 + b"1" + b"}" * 200, 400),
    "open brackets": (b"[" * MEGABYTE, 400),
    "open objects": (b'{"a":' * (MEGABYTE // 5), 400),
    "empty lists": (b"[" + b"[]," * (MEGABYTE // 3) + b"[]]", 400),
    "lists eight deep": (b"[" + (b"[" * 8 + b"]" * 8 + b",") * 12_000 + b"1]", 200),
    "lists in lists": (b"[" + b"[[]]," * (MEGABYTE // 5) + b"1]", 400),
    "backslashes": (b'["' + b"\\" * (MEGABYTE - 4) + b'"]', 200),
    "backslashes, many brackets": (b"[" * 40 + b'"' + b'\\"' * (MEGABYTE // 2 - 99), 400),
    "an unclosed quote": (b'["' + b"[" * (MEGABYTE - 2), 200),
    "quotes": (b'"' * MEGABYTE, 200),
    "quotes and brackets": (b'"",[' * (MEGABYTE // 4), 400),
    "short texts": (b"[" * 33 + b'"",' * 300_000, 400),
    "colons in texts": (b'{"":"":,' * (MEGABYTE // 8), 400),
    "UTF-16": (("[" * 90_000).encode("utf-16"), 400),
    "UTF-32": (("[" * 90_000).encode("utf-32"), 400),
    "UTF-8 with BOM": (b"\xef\xbb\xbf" + b"[" * 100, 400),
    "NUL bytes": (b"\0" * MEGABYTE, 200),
    "NUL bytes and brackets": (b"[\0" * (MEGABYTE // 2), 400),
    "invalid UTF-8": (b'{"\xff\xfe": "\xc3"}', 200),
    "nothing": (b"", 200),
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_json_that_is_made_to_cost(name: str) -> None:
    body, status = PATHOLOGICAL[name]
    app = taker()

    async def run() -> tuple[Answer, float]:
        await ask(app, "POST", "/take", KIND, b"{}")
        async with watched() as stalls:
            answer = await ask(app, "POST", "/take", KIND, body)
        return answer, stalls.longest

    answer, stalled = asyncio.run(run())
    assert answer.status == status, answer.body
    assert stalled < LOOP_MS * SLACK


def test_a_body_in_tiny_chunks_takes_no_more_memory_than_its_size() -> None:
    meter = JsonShape(32, 10_000)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            meter.feed(b'"x', last=False)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 4 * 200_000


def test_an_endless_body_is_read_no_further_than_its_bound() -> None:
    app = taker(body=10_000)
    given = 0

    async def receive() -> dict[str, Any]:
        nonlocal given
        given += 1000
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    answer = Answer()

    async def send(message: Any) -> None:
        answer.messages.append(message)

    call: Any = app
    asyncio.run(call(scope("POST", "/take", {"transfer-encoding": "chunked"}), receive, send))
    assert answer.messages[0]["status"] == 413
    assert given <= 12_000


BOUNDARIES: dict[str, tuple[bytes, int]] = {
    "none": (b"multipart/form-data", 400),
    "empty": (b"multipart/form-data; boundary=", 400),
    "70 characters": (b"multipart/form-data; boundary=" + b"b" * 70, 200),
    "71 characters": (b"multipart/form-data; boundary=" + b"b" * 71, 400),
    "huge": (b"multipart/form-data; boundary=" + b"b" * 20_000, 400),
    "two": (b"multipart/form-data; boundary=b; boundary=c", 400),
    "in another's value": (b'multipart/form-data; x="; boundary=fake"; boundary=b', 200),
    "extended": (b"multipart/form-data; boundary*=utf-8''b", 400),
    "not the body's": (b"multipart/form-data; boundary=other", 400),
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_boundaries_of_forms(name: str) -> None:
    kind, status = BOUNDARIES[name]
    mark = b"b" * 70 if name == "70 characters" else b"b"
    body = b"--" + mark + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    body += b"\r\n--" + mark[:-1] + b"x\r\n--" + mark + b"--\r\n"
    answer = post(taker(), "/form", body, {"content-type": kind.decode()})
    assert answer.status == status, answer.body


def form_of(parts: int, files: int) -> bytes:
    field = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n'
    return field * parts + file * files + b"--b--\r\n"


@pytest.mark.parametrize(
    ("parts", "files", "status"), [(180, 20, 200), (200, 1, 413), (0, 21, 413), (0, 0, 200)]
)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_parts_and_files_are_counted_however_they_are_cut(
    parts: int, files: int, status: int, step: int
) -> None:
    body = form_of(parts, files)
    chunks = [body[at : at + step] for at in range(0, len(body), step)]
    kind = {"content-type": "multipart/form-data; boundary=b"}
    assert post(taker(), "/form", chunks, kind).status == status


def test_a_form_of_very_many_fields_is_refused_before_it_is_read() -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    app = taker()

    async def run() -> tuple[int, float]:
        async with watched() as stalls:
            answer = await ask(app, "POST", "/form", kind, b"a&" * 400_000)
        return answer.status, stalls.longest

    status, stalled = asyncio.run(run())
    assert status == 413
    assert stalled < LOOP_MS * SLACK
    assert post(app, "/form", b"a=1&" * 100, kind).status == 200


def test_duplicate_keys_in_query_json_and_form() -> None:
    app = FastAPI()

    @app.get("/one")
    async def one(q: int) -> dict[str, int]:
        return {"q": q}

    @app.post("/form")
    async def form(q: int = Form()) -> dict[str, int]:
        return {"q": q}

    Guard(app)
    assert get(app, "/one", query=b"q=1&q=x").status == 422
    assert get(app, "/one", query=b"q=1" + b"&q=1" * 10_000).status == 414
    assert get(app, "/one", query=b"q=1" + b"&q=1" * 1000).status == 400
    assert post(shop(), "/json", b'{"a":1,"a":2}', KIND).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("content-length", "1e3")],
        [("content-length", "-1")],
        [("content-length", "+1")],
        [("content-length", "\xb2")],
        [("content-length", "9" * 30)],
        [("content-length", "")],
        [("content-length", "1"), ("content-length", "1")],
        [("content-length", "1"), ("transfer-encoding", "chunked")],
        [("host", "a"), ("host", "b")],
        [("host", "a\x00b")],
        [("host", "a/b")],
        [("host", "x" * 300)],
        [("host", "[::1")],
        [("authorization", "Basic x"), ("authorization", "Basic y")],
    ],
)
def test_malformed_headers(headers: list[tuple[str, str]]) -> None:
    answer = asyncio.run(ask(shop(), "POST", "/json", headers, b""))
    assert answer.status == 400
    assert answer.error is None
    assert answer.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    "name", ["accept", "origin", "cookie", "sec-fetch-site", "x-forwarded-for"]
)
def test_headers_of_any_bytes(name: str) -> None:
    for value in ("\xff\xfe", "\x00", "a" * 20_000, ",,,;;;", '"', "\t"):
        answer = get(shop(proxies=["198.51.100.0/24"]), headers={name: value})
        assert answer.status == 200
        assert answer.error is None


@pytest.mark.parametrize(
    "path", ["/\x00", "/..", "/%2e", "//", "/\r\nset-cookie: a=b", "", "/é", "//evil.example"]
)
def test_paths_of_any_characters(path: str) -> None:
    answer = get(shop(https="redirect"), path, raw_path=b"")
    assert answer.status == 308
    where = answer.header("location") or ""
    assert where.startswith("https://shop.example/") or path == ""
    assert where.isprintable() and where.isascii()
    assert get(shop(), path).status == 404 or path == ""


def test_what_is_remembered_has_bounds() -> None:
    counter = MemoryCounter(Rate(5, 60), Room(100))
    for number in range(10_000):
        counter.take(f"198.51.{number // 250}.{number % 250}", 1000.0)
    assert len(counter.arrivals) <= 101
    hosts = Hosts()
    inbound: Any = type("Asked", (), {"headers": {}, "scope": {}})()
    for number in range(5000):
        inbound.headers = {b"host": b"h%d.example" % number}
        assert hosts.check(inbound) is None
    assert len(hosts.known) <= 1024


def test_a_flood_of_callers_and_paths_leaves_little_behind() -> None:
    app = shop(rate="5/minute")

    async def run() -> None:
        for number in range(6000):
            path = f"/{number}/" + "x" * (number % 900)
            await ask(app, "GET", path, client=f"2001:db8:{number:x}::1")

    asyncio.run(run())
    layer: Any = app.middleware_stack
    assert len(layer._known) <= 4096
    assert sum(sys.getsizeof(path) for _, path, _ in layer._known) < 4096 * 600
    assert not layer._flights.under_way and not layer._flights.late


def test_many_kinds_of_refusal_stall_nothing() -> None:
    app = shop()
    many = [(f"x-{n}", "1") for n in range(5000)]
    asked: list[Callable[[], Any]] = [
        lambda: ask(app, "GET", "/", many),
        lambda: ask(app, "GET", "/", [("cookie", "a=b; " * 6000)]),
        lambda: ask(app, "GET", "/", query=b"&" * 8000),
        lambda: ask(app, "GET", "/" + "/".join("a" * 4000)),
        lambda: ask(app, "GET", "/" + "%" * 8000),
        lambda: ask(app, "GET", "/", [("x-forwarded-for", "1.1.1.1," * 4000)]),
    ]

    async def run() -> float:
        await ask(app)
        async with watched() as stalls:
            for one in asked:
                answer = await one()
                assert answer.error is None
        return stalls.longest

    assert asyncio.run(run()) < LOOP_MS * SLACK * 2


def test_uploads_of_the_usual_clients() -> None:
    app = FastAPI()

    @app.post("/files")
    async def files(files: list[UploadFile], note: str = Form()) -> dict[str, Any]:
        return {"files": [file.filename for file in files], "note": note}

    Guard(app)
    from fastapi.testclient import TestClient

    with TestClient(app) as client:
        content = b"\r\n--not-the-boundary\r\n" * 1000
        answer = client.post(
            "/files",
            data={"note": "a"},
            files=[("files", (f"{n}.txt", content)) for n in range(20)],
        )
        assert answer.status_code == 200
        assert len(answer.json()["files"]) == 20
        more = [("files", (f"{n}.txt", content)) for n in range(21)]
        assert client.post("/files", data={"note": "a"}, files=more).status_code == 413

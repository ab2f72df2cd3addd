"""Leaked passwords, asked of a server of the test's own and found in a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import (
    Breached,
    BreachedFile,
    EgressPolicy,
    GuardError,
    LeaksUnknownError,
    SecurityEvent,
)
from tests.guard.auth.parts import BOTH, Runs, on_asyncio

# Published everywhere: SHA-1 of "password".
PASSWORD_S = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"


class Asked:
    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[Any] = []
        self.status = 200
        self.body = f"{'0' * 35}:0\r\n{PASSWORD_S[5:]}:9545824\r\n{'F' * 35}:3".encode()
        self.waits = threading.Event()
        self.waits.set()


@contextmanager
def served(asked: Asked) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.paths.append(self.path)
            asked.headers.append(self.headers)
            asked.waits.wait(5)
            self.send_response(asked.status)
            self.send_header("content-length", str(len(asked.body)))
            self.end_headers()
            self.wfile.write(asked.body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        asked.waits.set()
        server.shutdown()
        server.server_close()
        thread.join()


def asking(port: int, *, most: str = "512 KiB", timeout: float = 2.0, **options: Any) -> Breached:
    inside = EgressPolicy(
        allow_networks=["127.0.0.1/32"],
        schemes=["http"],
        ports=[port],
        max_bytes=most,
        timeout=timeout,
    )
    return Breached(url=f"http://127.0.0.1:{port}/range/", egress=inside, **options)


@BOTH
def test_five_digits_leave_and_nothing_else(run: Runs) -> None:
    asked = Asked()
    with served(asked) as port:
        leaks = asking(port)

        async def both() -> tuple[bool, bool]:
            return await leaks.holds("password"), await leaks.holds("seven blue umbrellas")

        assert run(both) == (True, False)
    other = sha1(b"seven blue umbrellas").hexdigest().upper()
    assert asked.paths == ["/range/5BAA6", f"/range/{other[:5]}"]
    assert asked.headers[0]["add-padding"] == "true"
    sent = "".join(str(headers) for headers in asked.headers).upper()
    assert PASSWORD_S[5:12] not in sent
    assert "PASSWORD" not in sent


@pytest.mark.parametrize(
    ("body", "at_least", "leaked"),
    [
        (f"{PASSWORD_S[5:]}:0", 1, False),
        (f"{PASSWORD_S[5:]}:1", 1, True),
        (f"{PASSWORD_S[5:].lower()}:7", 1, True),
        (f"{PASSWORD_S[5:]}:9", 10, False),
        (f"{PASSWORD_S[5:]}:10", 10, True),
        (f"{PASSWORD_S[5:34]}:10", 1, False),
        ("", 1, False),
        ("<html>not what was asked for</html>", 1, False),
    ],
)
def test_how_often_it_was_leaked(body: str, at_least: int, leaked: bool) -> None:
    asked = Asked()
    asked.body = body.encode()
    with served(asked) as port:
        leaks = asking(port, at_least=at_least)
        assert on_asyncio(lambda: leaks.holds("password")) == leaked


@pytest.mark.parametrize("what", ["status", "size", "time", "nobody"])
def test_a_failure_is_told_and_takes_the_password_or_not(what: str) -> None:
    asked = Asked()
    if what == "status":
        asked.status = 503
    if what == "size":
        asked.body = b"0" * 10_000
    if what == "time":
        asked.waits.clear()
    seen: list[SecurityEvent] = []
    with served(asked) as port:
        chosen: dict[str, Any] = {"most": "1 KB"} if what == "size" else {}
        chosen |= {"timeout": 0.2} if what == "time" else {}
        if what == "nobody":
            port = 9
        leaks = asking(port, events=seen.append, **chosen)
        assert on_asyncio(lambda: leaks.holds("password")) is False
        strict = asking(port, on_failure="closed", events=seen.append, **chosen)
        with pytest.raises(LeaksUnknownError) as raised:
            on_asyncio(lambda: strict.holds("password"))
    assert raised.value.hint
    assert [(event.reason, event.detail["taken"]) for event in seen] == [
        ("leaks_unknown", True),
        ("leaks_unknown", False),
    ]


def test_a_host_inside_is_not_called_unless_told() -> None:
    seen: list[SecurityEvent] = []
    with served(Asked()) as port:
        leaks = Breached(url=f"https://127.0.0.1:{port}/range/", events=seen.append)
        assert on_asyncio(lambda: leaks.holds("password")) is False
    assert len(seen) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ftp://x"},
        {"url": 5},
        {"timeout": 0},
        {"at_least": 0},
        {"on_failure": "maybe"},
        {"events": 5},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as raised:
        Breached(**options)
    assert raised.value.hint


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hashes.txt"
    known = [f"word{number}" for number in range(500)]
    lines = sorted(f"{sha1(w.encode()).hexdigest().upper()}:{n + 1}" for n, w in enumerate(known))
    path.write_text("\r\n".join(lines) + "\r\n")
    leaks, often = BreachedFile(path), BreachedFile(path, at_least=400)

    async def all_of() -> list[bool]:
        return [await leaks.holds(word) for word in known]

    assert all(on_asyncio(all_of))
    assert on_asyncio(lambda: leaks.holds("word500")) is False
    assert on_asyncio(lambda: often.holds("word398")) is False
    assert on_asyncio(lambda: often.holds("word399")) is True
    with pytest.raises(GuardError):
        BreachedFile(tmp_path / "none.txt")


@given(st.sets(st.integers(0, 10**6), max_size=40), st.integers(0, 10**6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_file_has_what_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, numbers: set[int], asked: int, end: bool
) -> None:
    path = tmp_path_factory.mktemp("hashes") / "some.txt"
    lines = sorted(sha1(str(number).encode()).hexdigest().upper() for number in numbers)
    path.write_text("\n".join(lines) + ("\n" if end and lines else ""))
    leaks = BreachedFile(path)

    async def found() -> set[int]:
        return {number for number in numbers | {asked} if await leaks.holds(str(number))}

    assert on_asyncio(found) == numbers

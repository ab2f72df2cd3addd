"""Keys of another issuer: fetched from a real server, once for many, kept while it is down, and no longer."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import httpx2
import pytest

from buckler.guard import (
    EgressPolicy,
    GuardError,
    KeySet,
    RemoteKeys,
    SecurityEvent,
    SigningKey,
    TokenError,
    TokenIssuer,
    TokenVerifier,
)
from tests.guard.auth.tokens import NOW, Clock, policy

every = pytest.mark.parametrize("backend", ["asyncio", "trio"])
FIRST, SECOND, THIRD = (SigningKey.generate("ES256", kid=name) for name in ("one", "two", "three"))


class Issuer:
    """A server of keys that can be changed, slowed down and broken."""

    def __init__(self) -> None:
        self.keys: list[Any] = [FIRST.public_jwk()]
        self.body: bytes | None = None
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.hold: threading.Event | None = None
        self.url = ""

    def answer(self) -> bytes:
        return self.body if self.body is not None else json.dumps({"keys": self.keys}).encode()


@contextmanager
def issuer() -> Iterator[Issuer]:
    found = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked += 1
            if found.hold is not None:
                found.hold.wait(10)
            body = found.answer()
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/jwks"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        if found.hold is not None:
            found.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


class World:
    """An issuer, keys fetched through egress, and a verifier; all by one clock."""

    def __init__(self, served: Issuer, **options: Any) -> None:
        self.served = served
        self.clock = Clock()
        self.events: list[SecurityEvent] = []
        port = int(served.url.split(":")[2].split("/")[0])
        inside = EgressPolicy(allow_networks=["127.0.0.0/8"], ports=[port], schemes=["http"])
        self.keys = RemoteKeys(
            served.url,
            **{"egress": inside, "clock": self.clock, "events": self.events.append} | options,
        )
        self.verifier = TokenVerifier(self.keys, policy(), clock=self.clock)

    def token(self, key: SigningKey = FIRST) -> str:
        return TokenIssuer(KeySet(key), policy(), clock=self.clock).issue("user-1", ttl=80_000)

    async def reason(self, text: str) -> str:
        try:
            await self.verifier.averify(text)
        except TokenError as error:
            return error.reason
        return "good"


def run(backend: str, play: Callable[[World], Awaitable[None]], **options: Any) -> None:
    with issuer() as served:
        world = World(served, **options)
        anyio.run(play, world, backend=backend)


@every
def test_fetched_once(backend: str) -> None:
    async def play(world: World) -> None:
        text = world.token()
        for _ in range(3):
            assert (await world.verifier.averify(text)).subject == "user-1"
        assert world.verifier.verify(text).subject == "user-1"
        assert world.served.asked == 1
        assert world.events == []

    run(backend, play)


@every
def test_with_a_client_of_the_applications_own(backend: str) -> None:
    async def play(world: World) -> None:
        async with httpx2.AsyncClient() as client:
            keys = RemoteKeys(world.served.url, client=client, clock=world.clock)
            verifier = TokenVerifier(keys, policy(), clock=world.clock)
            assert (await verifier.averify(world.token())).subject == "user-1"

    run(backend, play)


@every
def test_a_storm_of_unknown_names_is_one_fetch(backend: str) -> None:
    async def play(world: World) -> None:
        assert await world.reason(world.token()) == "good"
        world.clock.now += 31
        world.served.keys.append(SECOND.public_jwk())
        unknown = world.token(THIRD)
        fresh = world.token(SECOND)
        found: list[str] = []

        async def ask(text: str) -> None:
            found.append(await world.reason(text))

        async with anyio.create_task_group() as group:
            for number in range(200):
                group.start_soon(ask, fresh if number % 2 else unknown)
        assert world.served.asked == 2
        assert sorted(found) == ["good"] * 100 + ["key"] * 100
        # Quiet for a while, then one more.
        for _ in range(50):
            assert await world.reason(unknown) == "key"
        assert world.served.asked == 2
        world.clock.now += 30
        for _ in range(50):
            assert await world.reason(unknown) == "key"
        assert world.served.asked == 3

    run(backend, play)


@every
def test_a_first_storm_is_one_fetch(backend: str) -> None:
    async def play(world: World) -> None:
        found: list[str] = []

        async def ask() -> None:
            found.append(await world.reason(text))

        text = world.token()
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(ask)
        assert found == ["good"] * 50
        assert world.served.asked == 1

    run(backend, play)


@every
def test_stale_keys_count_while_the_issuer_is_down_but_not_for_ever(backend: str) -> None:
    async def play(world: World) -> None:
        world.served.headers = {"Cache-Control": "public, max-age=300"}
        text = world.token()
        assert await world.reason(text) == "good"
        world.served.status = 503
        world.clock.now += 299
        assert await world.reason(text) == "good"
        assert world.served.asked == 1
        world.clock.now += 1
        assert await world.reason(text) == "good"
        assert world.served.asked == 2
        world.clock.now += 999
        assert await world.reason(text) == "good"
        world.clock.now += 1
        assert await world.reason(text) == "keys"
        with pytest.raises(TokenError) as caught:
            world.verifier.verify(text)
        assert caught.value.reason == "key"
        assert {event.reason for event in world.events} == {"jwks_unavailable"}
        world.served.status = 200
        world.clock.now += 5
        assert await world.reason(text) == "good"

    run(backend, play, stale=1_000)


@every
def test_a_key_that_is_withdrawn_takes_its_tokens_with_it(backend: str) -> None:
    async def play(world: World) -> None:
        old = world.token()
        assert await world.reason(old) == "good"
        world.served.keys = [SECOND.public_jwk()]
        assert await world.reason(world.token(SECOND)) == "key"
        world.clock.now += 30
        assert await world.reason(world.token(SECOND)) == "good"
        assert await world.reason(old) == "key"

    run(backend, play)


@every
@pytest.mark.parametrize(
    ("stated", "fresh"),
    [
        ("max-age=5", 60),
        ("max-age=90", 90),
        ("no-store", 600),
        ("public, max-age=999999", 3_600),
        ("max-age=99999999999999999999", 600),
        ("max-age=x", 600),
        ("s-maxage=90", 600),
        ("", 600),
    ],
)
def test_how_long_a_set_is_new(backend: str, stated: str, fresh: int) -> None:
    async def play(world: World) -> None:
        if stated:
            world.served.headers = {"Cache-Control": stated}
        text = world.token()
        assert await world.reason(text) == "good"
        world.clock.now = NOW + fresh - 1
        assert await world.reason(text) == "good"
        assert world.served.asked == 1
        version = world.keys.version
        world.clock.now = NOW + fresh
        assert await world.reason(text) == "good"
        assert world.served.asked == 2
        # The same keys: what was verified stays so.
        assert world.keys.version == version

    run(backend, play)


@every
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [], "keys": []}',
        b'{"keys": ["a", 1, null, {}]}',
        b'{"keys": [' + b"{}," * 80 + b"{}]}",
        b'{"keys": []' + b" " * 300_000 + b"}",
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_answers_that_are_none(backend: str, body: bytes) -> None:
    async def play(world: World) -> None:
        text = world.token()
        assert await world.reason(text) == "good"
        world.served.body = body
        world.clock.now += 601
        assert await world.reason(text) == "good"
        assert world.served.asked == 2
        assert [event.reason for event in world.events] == ["jwks_unavailable"]

    run(backend, play)


@every
def test_one_who_goes_leaves_the_others_nothing_to_wait_for(backend: str) -> None:
    async def play(world: World) -> None:
        world.served.hold = threading.Event()
        text = world.token()
        found: list[str] = []

        async def ask() -> None:
            found.append(await world.reason(text))

        async with anyio.create_task_group() as group:
            with anyio.move_on_after(0.2):
                await world.reason(text)
            world.served.hold.set()
            world.clock.now += 5
            group.start_soon(ask)
            group.start_soon(ask)
        assert found == ["good", "good"]

    run(backend, play)


@every
def test_one_that_does_not_answer_is_waited_for_no_longer_than_said(backend: str) -> None:
    async def play(world: World) -> None:
        world.served.hold = threading.Event()
        with anyio.fail_after(5):
            assert await world.reason(world.token()) == "keys"

    run(backend, play, timeout=0.2)


@every
def test_others_go_on_with_what_there_is_during_a_fetch(backend: str) -> None:
    async def play(world: World) -> None:
        text = world.token()
        assert await world.reason(text) == "good"
        world.clock.now += 601
        world.served.hold = threading.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(world.reason, text)
            while world.served.asked < 2:
                await anyio.sleep(0.01)
            with anyio.fail_after(30):
                assert await world.reason(text) == "good"
            world.served.hold.set()
        assert world.served.asked == 2

    run(backend, play)


def test_egress_keeps_it_from_calling_inside() -> None:
    async def play(world: World) -> None:
        keys = RemoteKeys(world.served.url, clock=world.clock)
        verifier = TokenVerifier(keys, policy(), clock=world.clock)
        with pytest.raises(TokenError, match="cannot be fetched"):
            await verifier.averify(world.token())
        assert world.served.asked == 0

    run("asyncio", play)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://issuer.example/jwks"}, "https"),
        ({"url": "file:///etc/passwd"}, "https"),
        ({"url": "https://"}, "https"),
        ({"url": "https://issuer.example:99999/"}, "no address"),
        ({"url": "https://[::1"}, "no address"),
        ({"url": None}, "url is a text"),
        ({"client": object()}, "client has no get"),
        ({"egress": "all"}, "egress takes EgressPolicy"),
        ({"alg": "none"}, "no algorithm"),
        ({"min_age": 0}, "min_age"),
        ({"min_age": 100, "max_age": 50}, "shorter"),
        ({"stale": float("inf")}, "stale"),
        ({"quiet": -1}, "quiet"),
        ({"timeout": "5"}, "timeout"),
        ({"events": "log"}, "events"),
    ],
)
def test_options_that_are_none(options: dict[str, Any], said: str) -> None:
    with pytest.raises(GuardError, match=said):
        RemoteKeys(**({"url": "https://issuer.example/jwks"} | options))

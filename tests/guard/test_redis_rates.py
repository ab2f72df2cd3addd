"""Rates in a real Redis, shared by two applications; and what holds when it dies or hangs."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from buckler.guard import Guard, RedisStore
from buckler.guard.stores.redis.client import AT_ONCE
from tests.guard.asgi import ask


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("needs redis-server")
    place = tmp_path / "redis.sock"
    command = [
        program,
        "--port",
        "0",
        "--unixsocket",
        str(place),
        "--save",
        "",
        "--dir",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(place))
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        yield f"unix://{place}", process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def app(store: RedisStore, rate: str = "3/minute") -> FastAPI:
    made = FastAPI()

    @made.get("/")
    async def home() -> dict[str, int]:
        return {}

    Guard(made, rate=rate, store=store)
    return made


def statuses(store: RedisStore, count: int, *apps: FastAPI) -> list[int]:
    async def several() -> list[int]:
        answers = [await ask(apps[n % len(apps)], "GET", "/") for n in range(count)]
        await store.close()
        return [answer.status for answer in answers]

    return asyncio.run(several())


def test_two_processes_worth_of_applications_share_a_limit(server: Any) -> None:
    store = RedisStore(server[0])
    assert statuses(store, 5, app(store), app(store)) == [200, 200, 200, 429, 429]


def test_a_caller_gets_more_as_time_passes(server: Any) -> None:
    store = RedisStore(server[0])
    made = app(store, "2/second")

    async def run() -> tuple[int, float, int]:
        begun, allowed = time.monotonic(), 0
        while allowed < 1_000 and (await ask(made)).status == 200:
            allowed += 1
        passed = time.monotonic() - begun
        await asyncio.sleep(0.7)
        later = (await ask(made)).status
        await store.close()
        return allowed, passed, later

    allowed, passed, later = asyncio.run(run())
    assert 2 <= allowed <= 2 + passed / 0.5
    assert later == 200


@pytest.mark.parametrize(
    ("on_failure", "expected"),
    [("open", [200] * 5), ("closed", [429] * 5), ("local", [200, 200, 200, 429, 429])],
)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_redis_that_dies_or_hangs_does_what_was_stated(
    server: Any, how: signal.Signals, on_failure: Any, expected: list[int]
) -> None:
    url, process = server
    store = RedisStore(url, on_failure=on_failure, timeout=0.2, pause=60.0)
    process.send_signal(how)
    assert statuses(store, 5, app(store)) == expected
    assert store.failures == 1


@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGKILL])
def test_a_redis_that_is_lost_among_many_requests_keeps_none_of_them(
    server: Any, stop: signal.Signals
) -> None:
    url, process = server
    store = RedisStore(url, on_failure="open", timeout=0.2, pause=0.2)
    made = app(store, "1000000/minute")

    async def run() -> list[int]:
        async def one(number: int) -> int:
            await asyncio.sleep(number / 1000)
            if number == 60:
                process.send_signal(stop)
            return (await ask(made)).status

        try:
            return await asyncio.wait_for(asyncio.gather(*map(one, range(200))), 60)
        finally:
            await store.close()

    assert asyncio.run(run()) == [200] * 200
    assert store.failures
    layer: Any = made.middleware_stack
    assert not layer._flights.under_way


def test_rates_of_one_name_are_counted_apart(server: Any) -> None:
    store = RedisStore(server[0])
    made = FastAPI()

    @made.get("/login")
    async def page() -> dict[str, int]:
        return {}

    @made.post("/login")
    async def sign_in() -> dict[str, int]:
        return {}

    Guard(made, rate=["4/minute", "5/hour"], store=store)

    async def run() -> list[int]:
        found = [(await ask(made, "POST", "/login")).status for _ in range(5)]
        found.append((await ask(made, "GET", "/login")).status)
        await store.close()
        return found

    assert asyncio.run(run()) == [200, 200, 200, 200, 429, 200]


def burst(
    store: RedisStore,
    size: int,
    rate: str = "5/minute",
    *,
    stands: float = 0.0,
    client: Any = None,
) -> list[int]:
    """So many requests at once, to a handler that blocks the loop for a while."""
    made = FastAPI()

    @made.get("/")
    async def home() -> dict[str, int]:
        time.sleep(stands)
        return {}

    Guard(made, rate=rate, store=store)

    async def run() -> list[int]:
        try:
            return [one.status for one in await asyncio.gather(*(ask(made) for _ in range(size)))]
        finally:
            await store.close()
            if client is not None:
                await client.aclose()

    return sorted(asyncio.run(run()))


@pytest.mark.parametrize("on_failure", ["open", "closed", "local"])
def test_a_burst_is_no_redis_that_does_not_answer(server: Any, on_failure: Any) -> None:
    store = RedisStore(server[0], on_failure=on_failure)
    assert burst(store, 300) == [200] * 5 + [429] * 295
    assert not store.failures


def test_nor_is_a_client_of_others_that_has_no_connection_free(server: Any) -> None:
    from redis.asyncio import Redis

    client = Redis.from_url(server[0], max_connections=2)
    store = RedisStore(client, on_failure="open", timeout=10)
    assert burst(store, 50, client=client) == [200] * 5 + [429] * 45
    assert not store.failures


def test_nor_is_a_loop_that_stands_still(server: Any) -> None:
    store = RedisStore(server[0], on_failure="closed", timeout=0.1)
    assert burst(store, 40, "1000/minute", stands=0.15) == [200] * 40
    assert not store.failures


def test_nor_is_one_that_stands_still_in_every_turn(server: Any) -> None:
    # A connection that is made needs an answer to each of five commands before.
    url = server[0] + "?db=1&client_name=worker"
    store = RedisStore(url, on_failure="closed", timeout=0.1)

    async def run() -> float | None:
        found = asyncio.create_task(store.take("caller", 1.0, 60.0))
        while not found.done():
            time.sleep(0.15)
            await asyncio.sleep(0)
        await store.close()
        return found.result()

    assert asyncio.run(run()) == pytest.approx(1.0)
    assert not store.failures


@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGKILL])
def test_who_waits_for_a_redis_that_is_lost_does_not_try_it_again(
    server: Any, stop: signal.Signals
) -> None:
    from redis.asyncio import Redis

    asked = 0

    class Counting(Redis):
        def eval(self, *parts: Any) -> Any:
            nonlocal asked
            asked += 1
            return super().eval(*parts)

    client = Counting.from_url(server[0])
    store = RedisStore(client, on_failure="open", timeout=0.2, pause=60.0)
    server[1].send_signal(stop)
    assert burst(store, 300, client=client) == [200] * 300
    assert store.failures == 1
    assert asked <= AT_ONCE

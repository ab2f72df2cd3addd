"""What counts once, in a real Redis: to one of many workers, until its time is over; and what holds when it dies."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import pytest

from buckler.guard import GuardError, RedisReplays, StoreError
from tests.guard.test_redis_rates import server as server

NOW = 1_800_000_000.0


def run(work: Any) -> Any:
    return asyncio.run(work)


async def asked(store: RedisReplays, *keys: str, until: float) -> list[bool]:
    found = [await store.first(key, until) for key in keys]
    await store.close()
    return found


def test_once_for_each_key(server: Any) -> None:
    until = time.time() + 60
    assert run(asked(RedisReplays(server[0]), "a", "b", "a", "b", until=until)) == [
        True,
        True,
        False,
        False,
    ]
    assert run(asked(RedisReplays(server[0]), "a", "c", until=until)) == [False, True]
    other = RedisReplays(server[0], prefix="shop:")
    assert run(asked(other, "a", until=until)) == [True]


def test_to_one_of_many_workers(server: Any) -> None:
    async def main() -> int:
        stores = [RedisReplays(server[0]) for _ in range(4)]
        until = time.time() + 60
        found = await asyncio.gather(*(stores[n % 4].first("key", until) for n in range(400)))
        for store in stores:
            await store.close()
        return sum(found)

    assert run(main()) == 1


def test_it_is_forgotten_when_its_time_is_over(server: Any) -> None:
    from redis.asyncio import Redis

    async def main() -> tuple[float, int, int]:
        client: Any = Redis.from_url(server[0])
        store = RedisReplays(client, clock=lambda: NOW)
        begun = time.monotonic()
        await store.first("short", NOW + 0.5)
        await store.first("long", NOW + 60)
        short, long = [await client.pttl(f"buckler:once:{name}") for name in ("short", "long")]
        passed = (time.monotonic() - begun) * 1_000 + 2
        await client.aclose()
        return passed, short, long

    passed, short, long = run(main())
    assert 1_500 - passed <= short <= 1_500
    assert 61_000 - passed <= long <= 61_000


@pytest.mark.parametrize("until", [NOW, NOW - 1])
def test_what_is_over_already_does_not_count(server: Any, until: float) -> None:
    with pytest.raises(StoreError):
        run(asked(RedisReplays(server[0], clock=lambda: NOW), "a", until=until))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_redis_that_dies_or_hangs_lets_nobody_pass(server: Any, how: signal.Signals) -> None:
    url, process = server
    store = RedisReplays(url, timeout=0.2)
    process.send_signal(how)
    with pytest.raises(StoreError, match="does not say"):
        run(asked(store, "a", until=time.time() + 60))


def test_a_redis_whose_memory_is_full_lets_nobody_pass(server: Any) -> None:
    from redis.asyncio import Redis

    async def main() -> None:
        client: Any = Redis.from_url(server[0])
        await client.config_set("maxmemory", "1")
        try:
            with pytest.raises(StoreError):
                await RedisReplays(client).first("a", time.time() + 60)
        finally:
            await client.aclose()

    run(main())


@pytest.mark.parametrize(
    "options", [{"url": 7}, {"timeout": 0}, {"prefix": 7}, {"clock": 7}], ids=range(4)
)
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        RedisReplays(**({"url": "redis://localhost"} | options))

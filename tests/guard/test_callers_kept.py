"""What is remembered of callers: one bound for all rates, forgotten in time, of long keys a digest alone."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import Guard, GuardError, MemoryStore, Rate, with_policy
from buckler.guard.limits.memory import BATCH, LONGEST, SHARED, SWEEP_SECONDS
from tests.guard.asgi import get


def held(*counters: Any) -> int:
    return sum(len(counter.arrivals) for counter in counters)


def test_all_rates_of_a_store_have_one_bound() -> None:
    store = MemoryStore(most=300)
    counters = [store.counter(Rate(5, 60), f"/{n}") for n in range(6)]
    for number in range(6000):
        counters[number % 6].take(f"caller {number}", 1000.0)
    assert held(*counters) <= 300
    # Who is not remembered shares a number; who is has its own.
    assert counters[0].take("caller 0", 1000.0) > 0
    passed = sum(counters[0].take(f"another {n}", 1000.0) > 0 for n in range(9000))
    assert 0 < passed <= 5 * SHARED
    assert counters[0].take("another", 1000.0) < 0
    # As soon as somebody's time has come, there is room again.
    assert counters[0].take("another", 1090.0) == 12
    assert "another" in counters[0].arrivals


def test_who_fills_the_store_by_one_route_keeps_nobody_from_another() -> None:
    """A route that is seldom asked holds a caller for hours: few requests from many networks fill what there is."""
    app = FastAPI()

    @app.get("/")
    async def home() -> dict[str, int]:
        return {}

    @app.get("/mail")
    @with_policy(rate="3/day")
    async def mail() -> dict[str, int]:
        return {}

    Guard(app, rate="60/minute", store=MemoryStore(most=200))
    for number in range(300):
        get(app, "/mail", client=f"2001:db8:0:{number:x}::1")
    honest = [get(app, "/", client=f"203.0.113.{number}").status for number in range(200)]
    assert honest == [200] * 200


def test_who_does_not_come_again_is_forgotten_however_few_there_are() -> None:
    store = MemoryStore()
    counters = [store.counter(Rate(5, 60), f"/{n}") for n in range(3)]
    for number in range(9000):
        counters[number % 3].take(f"caller {number}", 1000.0)
    assert held(*counters) == 9000
    later = 1000.0 + 60 + SWEEP_SECONDS
    needed = 9000 // BATCH + 3
    for number in range(needed):
        before = held(*counters)
        counters[0].take(f"new {number}", later)
        # What one request does is bounded.
        assert before - held(*counters) <= BATCH
    assert held(*counters) == needed


def test_nobody_is_forgotten_before_the_time_has_come() -> None:
    store = MemoryStore()
    counter = store.counter(Rate(2, 3600), "/")
    assert [counter.take("a", 0.5) > 0 for _ in range(3)] == [True, True, False]
    for second in range(1, 1790, 5):
        counter.take(f"caller {second}", float(second))
        assert counter.take("a", float(second)) < 0
    assert counter.take("a", 1801.0) > 0


def test_a_store_does_not_count_what_a_plan_that_is_gone_remembered() -> None:
    store = MemoryStore(most=100)
    gone: Any = store.counter(Rate(5, 3600), "/")
    for number in range(100):
        gone.take(f"caller {number}", 1000.0)
    del gone
    gc.collect()
    counter = store.counter(Rate(5, 3600), "/")
    for number in range(50):
        assert counter.take(f"caller {number}", 1002.0) > 0
    assert held(counter) == 50


@settings(max_examples=50, deadline=None)
@given(
    keys=st.lists(st.text(min_size=LONGEST - 2, max_size=LONGEST + 60), min_size=2, max_size=9),
)
def test_long_keys_are_told_apart_as_short_ones_are(keys: list[str]) -> None:
    counter = MemoryStore().counter(Rate(1, 60), "/")
    keys = ["k" * LONGEST + key for key in keys] + keys
    seen: set[str] = set()
    for key in [*keys, *keys]:
        assert (counter.take(key, 1000.0) > 0) == (key not in seen)
        seen.add(key)


def test_of_a_long_key_a_digest_is_kept() -> None:
    app = FastAPI()

    @app.get("/")
    async def home() -> dict[str, int]:
        return {}

    def key(inbound: Any) -> str:
        return inbound.headers.get(b"x-api-key", b"").decode("latin-1")

    Guard(app, rate=Rate(2, 3600, by=key))
    get(app)
    get(app, headers={"x-api-key": "warm:" + "w" * 30_000})
    gc.collect()
    tracemalloc.start()
    try:
        for letter in "abcde":
            long = {"x-api-key": letter + ":" + letter * 30_000}
            assert [get(app, headers=long).status for _ in range(3)] == [200, 200, 429]
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 5 * 30_000


def test_a_key_that_is_an_address_counts_its_network() -> None:
    app = FastAPI()

    @app.get("/")
    async def home() -> dict[str, int]:
        return {}

    Guard(app, rate=Rate(1, 3600, by=lambda inbound: inbound.client))
    assert get(app, client="2001:db8:1:2::1").status == 200
    assert get(app, client="2001:db8:1:2::2").status == 429
    assert get(app, client="2001:db8:1:3::1").status == 200


def test_the_usual_request_calls_nothing_but_the_look_for_its_number() -> None:
    counter = MemoryStore().counter(Rate(600, 60), "/")
    counter.take("198.51.100.7", 1000.0)
    called: list[str] = []

    def look(frame: Any, event: str, argument: Any) -> None:
        if event in ("call", "c_call"):
            called.append(getattr(argument, "__name__", frame.f_code.co_name))

    sys.setprofile(look)
    try:
        counter.take("198.51.100.7", 1000.01)
        counter.take("198.51.100.7", 1070.0)
    finally:
        sys.setprofile(None)
    assert called == ["take", "get", "take", "get", "setprofile"]


@pytest.mark.parametrize("most", [0, -1, 1.5])
def test_a_store_remembers_somebody(most: Any) -> None:
    with pytest.raises(GuardError, match="most"):
        MemoryStore(most=most)

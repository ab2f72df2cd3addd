"""What counts once, what failed, what counts no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import MemoryStores
from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import Attempts, OneTimeToken
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio
TOKEN = OneTimeToken(
    digest="d1", purpose="reset", subject="alice", expires=500.0, data={"to": "é\0", "b": ""}
)


async def test_a_token_is_taken_once_by_one_of_many(stores: Stores) -> None:
    await stores.one_time.add(TOKEN)
    got = await at_once(lambda _: stores.one_time.take("d1", "reset", 100.0))
    assert [one for one in got if one is not None] == [TOKEN]
    assert await stores.one_time.take("d1", "reset", 100.0) is None


async def test_a_token_counts_for_its_purpose_alone(stores: Stores) -> None:
    await stores.one_time.add(TOKEN)
    assert await stores.one_time.take("d1", "verify", 100.0) is None
    assert await stores.one_time.take("d2", "reset", 100.0) is None
    assert await stores.one_time.take("d1", "reset", 100.0) == TOKEN


async def test_a_token_counts_until_it_expires(stores: Stores) -> None:
    await stores.one_time.add(TOKEN)
    assert await stores.one_time.take("d1", "reset", 500.0) is None
    assert await stores.one_time.take("d1", "reset", 499.9) == TOKEN


async def test_a_token_is_not_kept_twice(stores: Stores) -> None:
    await stores.one_time.add(TOKEN)
    with pytest.raises(StoreError):
        await stores.one_time.add(replace(TOKEN, subject="bob"))
    assert await stores.one_time.take("d1", "reset", 1.0) == TOKEN


async def test_tokens_are_dropped_by_purpose_and_subject(stores: Stores) -> None:
    for digest, purpose, subject in (
        ("1", "reset", "alice"),
        ("2", "reset", "alice"),
        ("3", "verify", "alice"),
        ("4", "reset", "bob"),
    ):
        await stores.one_time.add(replace(TOKEN, digest=digest, purpose=purpose, subject=subject))
    assert await stores.one_time.drop("reset", "alice") == 2
    assert await stores.one_time.drop("reset", "alice") == 0
    assert await stores.one_time.take("1", "reset", 1.0) is None
    assert await stores.one_time.take("3", "verify", 1.0) is not None
    assert await stores.one_time.take("4", "reset", 1.0) is not None


async def test_failures_are_counted_anew_after_the_window(stores: Stores) -> None:
    attempts = stores.attempts
    assert await attempts.get("a") is None
    assert await attempts.fail("a", 100.0, window=60.0) == Attempts(count=1, last=100.0)
    assert await attempts.fail("a", 159.0, window=60.0) == Attempts(count=2, last=159.0)
    # From the last one, not from the first: who keeps on trying stays counted.
    assert await attempts.fail("a", 218.0, window=60.0) == Attempts(count=3, last=218.0)
    assert await attempts.get("a") == Attempts(count=3, last=218.0)
    assert await attempts.fail("a", 278.0, window=60.0) == Attempts(count=1, last=278.0)
    assert await attempts.get("b") is None
    await attempts.clear("a")
    assert await attempts.get("a") is None
    await attempts.clear("a")


async def test_a_clock_that_lags_does_not_set_the_last_failure_back(stores: Stores) -> None:
    await stores.attempts.fail("a", 200.0, window=60.0)
    assert await stores.attempts.fail("a", 190.0, window=60.0) == Attempts(count=2, last=200.0)


async def test_no_failure_is_lost(stores: Stores) -> None:
    got = await at_once(lambda _: stores.attempts.fail("a", 100.0, window=60.0), 15)
    assert sorted(one.count for one in got) == list(range(1, 16))
    assert await stores.attempts.get("a") == Attempts(count=15, last=100.0)


@pytest.mark.parametrize("key", ["a\0b", "\ud800", "x" * 50_000, "", "é"])
async def test_whatever_a_stranger_calls_himself_is_counted(stores: Stores, key: str) -> None:
    await stores.attempts.fail(key, 1.0, window=60.0)
    await stores.attempts.fail("another", 1.0, window=60.0)
    assert await stores.attempts.fail(key, 1.0, window=60.0) == Attempts(count=2, last=1.0)
    assert await stores.revocations.revoke(key, 9.0)
    assert await stores.revocations.revoked(key)
    assert not await stores.revocations.revoked("another")


async def test_a_token_is_revoked_once(stores: Stores) -> None:
    revocations = stores.revocations
    assert not await revocations.revoked("a")
    got = await at_once(lambda _: revocations.revoke("a", 500.0))
    assert got.count(True) == 1
    assert await revocations.revoked("a")
    assert await revocations.revoked("b", "a")
    assert not await revocations.revoked("b", "c")
    assert not await revocations.revoked()


async def test_a_revocation_lasts_as_long_as_the_longest(stores: Stores) -> None:
    await stores.revocations.revoke("a", 500.0)
    assert not await stores.revocations.revoke("a", 800.0)
    assert not await stores.revocations.revoke("a", 600.0)
    await stores.prune(799.0)
    assert await stores.revocations.revoked("a")
    await stores.prune(800.0)
    assert not await stores.revocations.revoked("a")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30)), max_size=40))
def test_the_count_is_that_of_the_run_of_failures(steps: list[tuple[str, int]]) -> None:
    """Against the count of the last failures that each came within the window of the one before."""
    import anyio

    async def run() -> None:
        stores, now = MemoryStores(clock=lambda: 0.0), 0.0
        seen: dict[str, list[float]] = {"a": [], "b": []}
        for key, pause in steps:
            now += pause
            seen[key].append(now)
            run_length = 1
            moments = seen[key]
            for earlier, later in zip(moments[-2::-1], moments[:0:-1], strict=True):
                if later - earlier >= 10:
                    break
                run_length += 1
            got = await stores.attempts.fail(key, now, window=10.0)
            assert got == Attempts(count=run_length, last=now)

    anyio.run(run)

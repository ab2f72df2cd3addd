"""Second factors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import Passkey, TotpFactor
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio
PASSKEY = Passkey(
    id="x" * 1364,
    user_id="alice",
    public_key="pQECAyYgASFYIA",
    sign_count=2**32 - 1,
    name="phone",
    transports=frozenset({"internal", "hybrid"}),
    created=100.0,
)


async def test_the_secret_is_kept_and_replaced(stores: Stores) -> None:
    factors = stores.factors
    assert await factors.totp("alice") is None
    first = TotpFactor(user_id="alice", secret="s1")
    assert await factors.put_totp(first)
    assert await factors.totp("alice") == first
    second = TotpFactor(user_id="alice", secret="s2", confirmed=True, step=2**40)
    assert await factors.put_totp(second)
    assert await factors.totp("alice") == second
    assert not await factors.put_totp(replace(second, secret="s3", confirmed=False))
    assert not await factors.put_totp(replace(second, secret="s3"))
    assert await factors.totp("alice") == second
    assert await factors.drop_totp("alice")
    assert not await factors.drop_totp("alice")
    assert await factors.totp("alice") is None


async def test_a_secret_is_changed_if_it_is_the_one_that_was_read(stores: Stores) -> None:
    factors = stores.factors
    assert not await factors.change_totp("alice", "s2", instead_of="s1", confirmed=True)
    await factors.put_totp(TotpFactor(user_id="alice", secret="s1", step=7))
    assert not await factors.change_totp("alice", "s2", instead_of="s0", confirmed=True)
    assert not await factors.change_totp("bob", "s2", instead_of="s1", confirmed=True)
    got = await at_once(
        lambda n: factors.change_totp("alice", f"n{n}", instead_of="s1", confirmed=True)
    )
    assert got.count(True) == 1
    found = await factors.totp("alice")
    assert found is not None and found.secret.startswith("n")
    assert (found.confirmed, found.step) == (True, 7)


async def test_a_step_is_taken_once_and_none_before_it(stores: Stores) -> None:
    factors = stores.factors
    assert not await factors.use_step("alice", 5)
    await factors.put_totp(TotpFactor(user_id="alice", secret="s", confirmed=True))
    got = await at_once(lambda _: factors.use_step("alice", 100))
    assert got.count(True) == 1
    assert not await factors.use_step("alice", 99)
    assert not await factors.use_step("bob", 101)
    assert await factors.use_step("alice", 101)
    found = await factors.totp("alice")
    assert found is not None and found.step == 101


async def test_the_first_step_of_all_counts(stores: Stores) -> None:
    await stores.factors.put_totp(TotpFactor(user_id="alice", secret="s"))
    assert await stores.factors.use_step("alice", 0)


async def test_recovery_codes(stores: Stores) -> None:
    factors = stores.factors
    assert await factors.codes_left("alice") == 0
    assert not await factors.take_code("alice", "c1")
    await factors.put_codes("alice", ["c1", "c2", "c2", "c3"])
    await factors.put_codes("bob", ["c1"])
    assert await factors.codes_left("alice") == 3
    got = await at_once(lambda _: factors.take_code("alice", "c1"))
    assert got.count(True) == 1
    assert (await factors.codes_left("alice"), await factors.codes_left("bob")) == (2, 1)
    await factors.put_codes("alice", ["d1"])
    assert not await factors.take_code("alice", "c2")
    assert await factors.codes_left("alice") == 1
    await factors.put_codes("alice", [])
    assert await factors.codes_left("alice") == 0


async def test_of_two_sets_of_codes_at_once_one_is_left(stores: Stores) -> None:
    await at_once(lambda n: stores.factors.put_codes("alice", [f"{n}-{one}" for one in range(10)]))
    assert await stores.factors.codes_left("alice") == 10


async def test_passkeys(stores: Stores) -> None:
    factors = stores.factors
    got = await at_once(lambda _: factors.add_passkey(PASSKEY))
    assert got.count(True) == 1
    assert not await factors.add_passkey(replace(PASSKEY, user_id="bob"))
    assert await factors.passkey(PASSKEY.id) == PASSKEY
    assert await factors.passkey("other") is None
    newer = replace(PASSKEY, id="k2", created=200.0)
    assert await factors.add_passkey(newer)
    assert [one.id for one in await factors.passkeys("alice")] == ["k2", PASSKEY.id]
    assert list(await factors.passkeys("bob")) == []
    assert not await factors.drop_passkey("bob", "k2")
    assert await factors.drop_passkey("alice", "k2")
    assert not await factors.drop_passkey("alice", "k2")


async def test_the_counter_of_a_passkey_is_set_by_one_of_many(stores: Stores) -> None:
    factors = stores.factors
    await factors.add_passkey(replace(PASSKEY, id="k", sign_count=7))
    got = await at_once(lambda n: factors.use_passkey("k", before=7, sign_count=8 + n, used=150.0))
    assert got.count(True) == 1
    found = await factors.passkey("k")
    assert found is not None and found.sign_count >= 8 and found.used == 150.0
    assert not await factors.use_passkey("other", before=7, sign_count=8, used=1.0)


async def test_a_passkey_that_does_not_count_may_be_used_again(stores: Stores) -> None:
    await stores.factors.add_passkey(replace(PASSKEY, id="k", sign_count=0))
    for used in (1.0, 2.0):
        assert await stores.factors.use_passkey("k", before=0, sign_count=0, used=used)

"""All stores together: what belongs to an account goes with it, what has expired goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import TotpFactor, User
from tests.guard.stores.test_factors import PASSKEY
from tests.guard.stores.test_sessions import FAMILY, KEY, SESSION
from tests.guard.stores.test_sessions import TOKEN as REFRESH
from tests.guard.stores.test_tokens import TOKEN

pytestmark = pytest.mark.anyio


async def fill(stores: Stores, user_id: str, mark: str) -> None:
    """One of everything for an account."""
    await stores.roles.assign(user_id, "clerk")
    await stores.sessions.add(replace(SESSION, id=mark, digest=mark, user_id=user_id))
    await stores.refresh.begin(
        replace(FAMILY, id=mark, user_id=user_id), replace(REFRESH, digest=mark, family_id=mark)
    )
    await stores.keys.add(replace(KEY, id=mark, digest=mark, user_id=user_id))
    await stores.one_time.add(replace(TOKEN, digest=mark, subject=user_id))
    await stores.factors.put_totp(TotpFactor(user_id=user_id, secret="s"))
    await stores.factors.put_codes(user_id, ["c"])
    await stores.factors.add_passkey(replace(PASSKEY, id=mark, user_id=user_id))


async def left(stores: Stores, user_id: str, mark: str) -> list[bool]:
    """What of it is there."""
    return [
        await stores.users.get(user_id) is not None,
        await stores.standing(user_id) is not None,
        bool(await stores.roles.of(user_id)),
        user_id in await stores.roles.holders("clerk"),
        await stores.sessions.find(mark) is not None,
        await stores.refresh.find(mark) is not None,
        bool(await stores.refresh.of(user_id)),
        await stores.keys.find(mark) is not None,
        await stores.factors.totp(user_id) is not None,
        bool(await stores.factors.codes_left(user_id)),
        await stores.factors.passkey(mark) is not None,
        # Last: it is gone afterwards.
        await stores.one_time.take(mark, TOKEN.purpose, 1.0) is not None,
    ]


async def test_an_account_goes_with_all_that_belongs_to_it(
    stores: Stores, alice: User, bob: User
) -> None:
    await fill(stores, alice.id, "a")
    await fill(stores, bob.id, "b")
    before = await stores.roles.epoch()
    await stores.forget(alice.id)
    assert left_of(await left(stores, alice.id, "a")) == 0
    assert left_of(await left(stores, bob.id, "b")) == 12
    assert await stores.roles.epoch() > before
    await stores.forget(alice.id)
    await stores.forget("nobody")


async def test_nothing_is_left_for_the_next_account_of_that_name(
    stores: Stores, alice: User
) -> None:
    await stores.users.set_state(alice.id, verified=True, disabled=True, valid_from=5.0)
    await fill(stores, alice.id, "a")
    await stores.forget(alice.id)
    again = await stores.users.add(User(id=alice.id, name=alice.name, created=7.5))
    assert again is not None
    assert (again.verified, again.disabled, again.valid_from) == (False, False, 0.0)
    assert await stores.roles.of(again.id) == frozenset()
    assert again.created == 7.5


def left_of(found: list[bool]) -> int:
    return sum(found)


async def test_what_has_expired_goes_and_nothing_else(stores: Stores) -> None:
    for mark, expires in (("old", 500.0), ("new", 500.1)):
        await stores.sessions.add(replace(SESSION, id=mark, digest=mark, expires=expires))
        await stores.refresh.begin(
            replace(FAMILY, id=mark, expires=expires),
            replace(REFRESH, digest=mark, family_id=mark, expires=200.0),
        )
        await stores.refresh.issue(
            replace(REFRESH, digest=f"{mark}-2", family_id=mark, expires=900.0)
        )
        await stores.keys.add(replace(KEY, id=mark, digest=mark, expires=expires))
        await stores.one_time.add(replace(TOKEN, digest=mark, expires=expires))
        await stores.revocations.revoke(mark, expires)
        await stores.attempts.fail(mark, expires - 60.0, window=60.0)
    await stores.keys.add(replace(KEY, id="for good", digest="for good"))
    counts = await stores.prune(500.0)
    assert {name: count for name, count in counts.items() if count} == {
        "refresh_tokens": 2,
        "refresh_families": 1,
        "sessions": 1,
        "keys": 1,
        "one_time": 1,
        "attempts": 1,
        "revocations": 1,
    }
    for mark, there in (("old", False), ("new", True)):
        assert (await stores.sessions.find(mark) is not None) == there
        # A token that has expired by itself stays with its family: it may come again.
        assert (await stores.refresh.find(mark) is not None) == there
        assert (await stores.refresh.find(f"{mark}-2") is not None) == there
        assert (await stores.keys.find(mark) is not None) == there
        assert await stores.revocations.revoked(mark) == there
        assert (await stores.attempts.get(mark) is not None) == there
        assert (await stores.one_time.take(mark, TOKEN.purpose, 1.0) is not None) == there
    assert await stores.keys.find("for good") is not None
    assert set((await stores.prune(500.0)).values()) == {0}

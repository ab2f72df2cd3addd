"""Roles, who has them, and the number of the last change."""

from __future__ import annotations

import pytest

from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import Role, User
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio


async def test_a_role_is_kept_as_it_was_put(stores: Stores) -> None:
    clerk = Role(name="clerk", permissions=frozenset({"orders:read", "orders:*"}))
    boss = Role(name="boss", inherits=frozenset({"clerk"}))
    assert list(await stores.roles.all()) == []
    await stores.roles.put(clerk)
    await stores.roles.put(boss)
    assert list(await stores.roles.all()) == [boss, clerk]
    less = Role(name="clerk", permissions=frozenset({"orders:read"}))
    await stores.roles.put(less)
    assert list(await stores.roles.all()) == [boss, less]


async def test_assignments(stores: Stores, alice: User, bob: User) -> None:
    roles = stores.roles
    assert await roles.assign(alice.id, "clerk")
    assert not await roles.assign(alice.id, "clerk")
    assert await roles.assign(alice.id, "boss")
    assert await roles.assign(bob.id, "clerk")
    assert await roles.of(alice.id) == {"clerk", "boss"}
    assert list(await roles.holders("clerk")) == sorted([alice.id, bob.id])
    assert await roles.withdraw(alice.id, "clerk")
    assert not await roles.withdraw(alice.id, "clerk")
    assert await roles.of(alice.id) == {"boss"}
    assert await roles.of(bob.id) == {"clerk"}
    assert list(await roles.holders("nothing")) == []


async def test_every_change_raises_the_epoch_and_nothing_else_does(
    stores: Stores, alice: User
) -> None:
    roles = stores.roles
    seen = [await roles.epoch()]

    async def raised() -> bool:
        seen.append(await roles.epoch())
        assert seen[-1] >= seen[-2]
        return seen[-1] > seen[-2]

    assert not await raised()
    await roles.put(Role(name="clerk"))
    assert await raised()
    await roles.put(Role(name="clerk", permissions=frozenset({"a:b"})))
    assert await raised()
    await roles.assign(alice.id, "clerk")
    assert await raised()
    await roles.assign(alice.id, "clerk")
    assert not await raised()
    await roles.withdraw(alice.id, "boss")
    assert not await raised()
    await roles.withdraw(alice.id, "clerk")
    assert await raised()
    await roles.drop("nothing")
    assert not await raised()
    await roles.assign(alice.id, "clerk")
    assert await raised()
    await roles.drop("clerk")
    assert await raised()
    await stores.forget(alice.id)
    assert not await raised()


async def test_no_change_is_lost_in_the_epoch(stores: Stores) -> None:
    before = await stores.roles.epoch()
    await at_once(lambda number: stores.roles.assign(f"{number}", "clerk"))
    assert await stores.roles.epoch() == before + 12


async def test_a_role_goes_with_its_assignments(stores: Stores, alice: User) -> None:
    await stores.roles.put(Role(name="clerk"))
    await stores.roles.assign(alice.id, "clerk")
    await stores.roles.assign(alice.id, "boss")
    assert await stores.roles.drop("clerk")
    assert not await stores.roles.drop("clerk")
    assert await stores.roles.of(alice.id) == {"boss"}
    assert list(await stores.roles.all()) == []


async def test_a_role_is_assigned_once_by_many(stores: Stores, alice: User) -> None:
    got = await at_once(lambda _: stores.roles.assign(alice.id, "clerk"))
    assert got.count(True) == 1
    got = await at_once(lambda _: stores.roles.withdraw(alice.id, "clerk"))
    assert got.count(True) == 1


async def test_standing_tells_all_that_a_request_needs(stores: Stores, alice: User) -> None:
    standing = await stores.standing(alice.id)
    assert standing is not None
    assert (standing.user, standing.roles, standing.revoked) == (alice, frozenset(), False)
    assert standing.epoch == await stores.roles.epoch()
    for role in ("clerk", "boss", "auditor"):
        await stores.roles.assign(alice.id, role)
    await stores.users.set_state(alice.id, disabled=True, valid_from=9.5)
    await stores.revocations.revoke("jti-1", 99.0)
    standing = await stores.standing(alice.id, "jti-0", "jti-1")
    assert standing is not None
    assert standing.roles == {"clerk", "boss", "auditor"}
    assert standing.epoch == await stores.roles.epoch()
    assert (standing.user.disabled, standing.user.valid_from) == (True, 9.5)
    assert standing.revoked
    standing = await stores.standing(alice.id, "jti-0")
    assert standing is not None and not standing.revoked

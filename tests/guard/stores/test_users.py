"""Accounts, wherever they are."""

from __future__ import annotations

import uuid

import pytest

from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import User
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio


async def test_an_account_is_found_by_id_and_name_as_it_was_given(stores: Stores) -> None:
    kept = await stores.users.add(
        User(id="u1", name="zoë@example.com", password="$argon2id$x", created=1_700_000_000.25)
    )
    assert kept is not None
    assert (kept.name, kept.password) == ("zoë@example.com", "$argon2id$x")
    assert (kept.verified, kept.disabled, kept.valid_from) == (False, False, 0.0)
    assert kept.created == pytest.approx(1_700_000_000.25, abs=1e-6)
    assert await stores.users.get(kept.id) == kept
    assert await stores.users.by_name("zoë@example.com") == kept
    assert await stores.users.by_name("zoe@example.com") is None
    assert await stores.users.by_name("ZOË@example.com") is None


async def test_every_field_of_a_new_account_is_kept(stores: Stores) -> None:
    asked = User(
        id="u1", name="a", password=None, verified=True, disabled=True, created=5.5, valid_from=7.25
    )
    kept = await stores.users.add(asked)
    assert kept is not None
    assert (kept.password, kept.verified, kept.disabled) == (None, True, True)
    assert (kept.created, kept.valid_from) == (5.5, 7.25)


async def test_an_id_that_can_be_kept_stays_what_was_asked_for(kind: str, stores: Stores) -> None:
    asked = str(uuid.UUID(int=7))
    kept = await stores.users.add(User(id=asked, name="a"))
    assert kept is not None
    assert (kept.id == asked) == ("numbered" not in kind)
    assert await stores.users.get(kept.id) == kept


async def test_a_name_is_given_once_to_one_of_many(stores: Stores) -> None:
    got = await at_once(lambda number: stores.users.add(User(id=f"u{number}", name="same")))
    winners = [user for user in got if user is not None]
    assert len(winners) == 1
    assert await stores.users.by_name("same") == winners[0]
    assert len(await stores.users.page()) == 1


async def test_an_id_is_given_once(kind: str, stores: Stores) -> None:
    asked = str(uuid.UUID(int=9))
    assert await stores.users.add(User(id=asked, name="a")) is not None
    second = await stores.users.add(User(id=asked, name="b"))
    assert (second is None) == ("numbered" not in kind)


async def test_rename(stores: Stores, alice: User, bob: User) -> None:
    assert await stores.users.rename(alice.id, "carol@example.com")
    found = await stores.users.by_name("carol@example.com")
    assert found is not None and found.id == alice.id
    assert await stores.users.by_name(alice.name) is None
    assert not await stores.users.rename(alice.id, bob.name)
    assert not await stores.users.rename("nobody", "x")
    assert await stores.users.rename(bob.id, bob.name)
    assert await stores.users.by_name(bob.name) == bob


async def test_a_name_is_renamed_to_once(stores: Stores, alice: User, bob: User) -> None:
    ids = [alice.id, bob.id]
    got = await at_once(lambda number: stores.users.rename(ids[number], "wanted"), 2)
    assert sorted(got) == [False, True]


async def test_a_password_is_set_in_place_of_the_one_that_was_seen(
    stores: Stores, alice: User
) -> None:
    users = stores.users
    assert not await users.set_password(alice.id, "h1", instead_of="other")
    assert await users.set_password(alice.id, "h1", instead_of=None)
    assert not await users.set_password(alice.id, "h2", instead_of=None)
    got = await at_once(lambda n: users.set_password(alice.id, f"new{n}", instead_of="h1"))
    assert got.count(True) == 1
    found = await users.get(alice.id)
    assert found is not None and found.password is not None
    assert found.password.startswith("new")
    assert not await users.set_password("nobody", "h", instead_of=None)


async def test_what_is_not_asked_for_stays(stores: Stores, alice: User) -> None:
    users = stores.users
    assert await users.set_state(alice.id, verified=True)
    assert await users.set_state(alice.id, disabled=True)
    assert await users.set_state(alice.id, valid_from=1234.5)
    assert await users.set_state(alice.id)
    found = await users.get(alice.id)
    assert found is not None
    assert (found.verified, found.disabled, found.valid_from) == (True, True, 1234.5)
    assert (found.name, found.created) == (alice.name, alice.created)
    assert await users.set_state(alice.id, verified=False, disabled=False, valid_from=2.0)
    found = await users.by_name(alice.name)
    assert found is not None
    assert (found.verified, found.disabled, found.valid_from) == (False, False, 2.0)


async def test_nobody_has_no_state(stores: Stores, alice: User) -> None:
    for nobody in ("nobody", "0", "-1", "999999", str(uuid.UUID(int=1))):
        assert not await stores.users.set_state(nobody, disabled=True)
        assert not await stores.users.set_state(nobody)
        assert await stores.users.get(nobody) is None
        assert await stores.standing(nobody) is None
        assert not await stores.users.remove(nobody)


async def test_pages_go_on_behind_the_last_name(stores: Stores) -> None:
    names = ["b", "a", "B", "é", "c", "_", "z", "Z"]
    for name in names:
        await stores.users.add(User(id=f"id-{name}", name=f"{name}-name"))
    seen: list[str] = []
    while True:
        page = await stores.users.page(seen[-1] if seen else "", limit=3)
        assert len(page) <= 3
        if not page:
            break
        seen += [user.name for user in page]
    assert sorted(seen) == sorted({user.name for user in await stores.users.page()})
    assert len(seen) == len(set(seen)) >= 6
    assert await stores.users.page(limit=0) == []
    assert await stores.users.page(limit=-1) == []


async def test_the_order_of_pages_is_that_of_code_points(stores: Stores) -> None:
    names = ["b", "a", "C", "é", "Z", "_", "~"]
    for name in names:
        await stores.users.add(User(id=name, name=name))
    assert [user.name for user in await stores.users.page()] == sorted(names)


async def test_what_was_removed_is_gone(stores: Stores, alice: User, bob: User) -> None:
    assert await stores.users.remove(alice.id)
    assert not await stores.users.remove(alice.id)
    assert await stores.users.get(alice.id) is None
    assert await stores.users.by_name(alice.name) is None
    assert await stores.users.get(bob.id) == bob
    assert await stores.users.add(User(id="again", name=alice.name)) is not None


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 5000, "007", " 1", "+1", "1_0", "١", ""])
async def test_by_a_text_that_is_nobodys_nobody_is_found(
    stores: Stores, alice: User, text: str
) -> None:
    users = stores.users
    assert await users.get(text) is None
    assert await users.by_name(text) is None
    assert await stores.standing(text, text) is None
    assert not await users.remove(text)
    assert not await users.set_state(text, disabled=True)
    assert not await users.set_password(text, "h", instead_of=None)
    assert not await users.rename(text, "new")
    assert await stores.roles.of(text) == frozenset()
    await stores.forget(text)
    assert await users.get(alice.id) == alice


async def test_an_id_has_one_spelling(kind: str, stores: Stores) -> None:
    kept = await stores.users.add(User(id=str(uuid.UUID(int=0xABCDEF)), name="a"))
    assert kept is not None
    others = {
        kept.id.upper(),
        kept.id.replace("-", ""),
        f" {kept.id}",
        f"0{kept.id}",
        f"{{{kept.id}}}",
    }
    for other in others - {kept.id}:
        assert await stores.users.get(other) is None

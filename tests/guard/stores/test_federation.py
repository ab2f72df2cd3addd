"""Accounts at other providers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buckler.guard.stores.federation import ExternalIdentity, ExternalSession, ExternalToken
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import User
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio
ISSUER = "https://accounts.example"
IDENTITY = ExternalIdentity(
    issuer=ISSUER,
    subject="Zoë-1",
    user_id="alice",
    provider="op",
    email="zoë@mail.example",
    proven=True,
    created=100.0,
    used=100.0,
)
TOKEN = ExternalToken(
    user_id="alice", provider="op", version="v1", sealed="1.sealed", expires=500.0
)
SESSION = ExternalSession(
    session_id="s1",
    user_id="alice",
    provider="op",
    issuer=ISSUER,
    subject="Zoë-1",
    sid="there-1",
    sealed="1.sealed",
    expires=500.0,
)


async def test_an_identity_belongs_to_one_account(stores: Stores) -> None:
    kept = stores.external_identities
    assert await kept.find(ISSUER, "Zoë-1") is None
    assert await kept.add(IDENTITY)
    assert await kept.find(ISSUER, "Zoë-1") == IDENTITY
    # Another issuer's subject of the same name, and another case, are other people.
    assert await kept.find("https://other.example", "Zoë-1") is None
    assert await kept.find(ISSUER, "zoë-1") is None
    assert await kept.find(f"{ISSUER}/", "Zoë-1") is None
    assert not await kept.add(replace(IDENTITY, user_id="bob"))
    assert (await kept.find(ISSUER, "Zoë-1")) == IDENTITY
    await kept.touch(ISSUER, "Zoë-1", 200.0, "new@mail.example")
    assert await kept.find(ISSUER, "Zoë-1") == replace(
        IDENTITY, used=200.0, email="new@mail.example"
    )


async def test_of_many_who_link_one_identity_one_does(stores: Stores) -> None:
    kept = stores.external_identities
    got = await at_once(lambda n: kept.add(replace(IDENTITY, user_id=f"user-{n}")))
    assert got.count(True) == 1


async def test_the_last_identity_stays_where_one_has_to(stores: Stores) -> None:
    kept = stores.external_identities
    second = replace(IDENTITY, subject="2", provider="other", created=50.0)
    assert not await kept.drop("alice", "op", keep_one=False)
    await kept.add(IDENTITY)
    assert not await kept.drop("alice", "op", keep_one=True)
    assert not await kept.drop("bob", "op", keep_one=False)
    await kept.add(second)
    assert [one.subject for one in await kept.of("alice")] == ["2", "Zoë-1"]
    # Two at once: one is left, whichever.
    names = ("op", "other")
    got = await at_once(lambda n: kept.drop("alice", names[n % 2], keep_one=True))
    assert got.count(True) == 1
    (left,) = await kept.of("alice")
    assert await kept.drop("alice", left.provider, keep_one=False)
    assert await kept.of("alice") == []


async def test_tokens_are_replaced_by_who_read_the_last_ones(stores: Stores) -> None:
    kept = stores.external_tokens
    assert await kept.find("alice", "op") is None
    assert not await kept.replace(TOKEN, version="v1")
    await kept.put(TOKEN)
    assert await kept.find("alice", "op") == TOKEN
    assert await kept.find("alice", "other") is None
    following = replace(TOKEN, version="v2", sealed="1.other", expires=900.0)
    assert not await kept.replace(following, version="v0")
    assert await kept.replace(following, version="v1")
    assert not await kept.replace(replace(following, version="v3"), version="v1")
    assert await kept.find("alice", "op") == following
    again = replace(TOKEN, version="v9")
    await kept.put(again)
    assert await kept.find("alice", "op") == again
    assert not await kept.drop("alice", "op", version="v2")
    assert await kept.drop("alice", "op", version="v9")
    assert not await kept.drop("alice", "op")


async def test_one_of_many_has_the_lease(stores: Stores) -> None:
    kept = stores.external_tokens
    await kept.put(TOKEN)

    async def lease(now: float, version: str = "v1") -> bool:
        return await kept.lease("alice", "op", version=version, now=now, until=now + 30.0)

    got = await at_once(lambda n: lease(100.0))
    assert got.count(True) == 1
    assert not await lease(129.0)
    assert not await lease(130.0, "v0")
    assert await lease(130.0)
    following = replace(TOKEN, version="v2")
    assert await kept.replace(following, version="v1")
    assert await lease(131.0, "v2")


async def test_sessions_end_by_what_the_provider_names(stores: Stores) -> None:
    kept = stores.external_sessions
    others = [
        replace(SESSION, session_id="s2", sid="there-2"),
        replace(SESSION, session_id="s3", sid="there-3", subject="3", user_id="bob"),
        replace(SESSION, session_id="s4", issuer="https://other.example"),
        replace(SESSION, session_id="s5", provider="other", issuer="https://third.example"),
    ]
    for one in (SESSION, *others):
        await kept.add(one)
    # Of a session that goes on after another sign-in, what it was begun by last counts.
    again = replace(SESSION, sid="there-0")
    await kept.add(again)
    assert await kept.find("s1") == again
    await kept.add(SESSION)
    assert await kept.find("s1") == SESSION
    assert {one.session_id for one in await kept.of("alice", "op")} == {"s1", "s2", "s4"}
    assert list(await kept.take(ISSUER)) == []
    assert list(await kept.take(ISSUER, sid="there-1", subject="3")) == []
    assert list(await kept.take("https://nobody.example", subject="Zoë-1")) == []
    assert list(await kept.take(ISSUER, sid="there-1")) == [SESSION]
    assert list(await kept.take(ISSUER, sid="there-1")) == []
    assert await kept.find("s1") is None
    assert list(await kept.take(ISSUER, subject="Zoë-1")) == [others[0]]
    assert await kept.drop("s3")
    assert not await kept.drop("s3")
    assert await kept.find("s4") == others[2]


async def test_texts_that_no_database_keeps_find_nothing(stores: Stores) -> None:
    for odd in ("a\0b", "\ud800", "x" * 2000):
        assert await stores.external_identities.find(odd, odd) is None
        assert not await stores.external_identities.drop(odd, odd, keep_one=True)
        assert await stores.external_tokens.find(odd, odd) is None
        assert list(await stores.external_sessions.take(odd, sid=odd)) == []
        assert await stores.external_sessions.find(odd) is None


async def test_all_of_it_goes_with_the_account(stores: Stores, alice: User, bob: User) -> None:
    for user in (alice, bob):
        mine = replace(IDENTITY, user_id=user.id, subject=user.id)
        await stores.external_identities.add(mine)
        await stores.external_tokens.put(replace(TOKEN, user_id=user.id))
        await stores.external_sessions.add(replace(SESSION, session_id=user.id, user_id=user.id))
    await stores.forget(alice.id)
    for user, there in ((alice, False), (bob, True)):
        assert bool(await stores.external_identities.of(user.id)) is there
        assert bool(await stores.external_tokens.find(user.id, "op")) is there
        assert bool(await stores.external_sessions.find(user.id)) is there


async def test_sessions_that_have_ended_are_swept_away(stores: Stores) -> None:
    await stores.external_sessions.add(SESSION)
    await stores.external_sessions.add(replace(SESSION, session_id="s2", expires=500.1))
    assert (await stores.prune(500.0))["external_sessions"] == 1
    assert await stores.external_sessions.find("s1") is None
    assert await stores.external_sessions.find("s2") is not None

"""Sessions of browsers, families of refresh tokens, keys for programs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buckler.guard.stores.errors import StoreError
from buckler.guard.stores.interface import Stores
from buckler.guard.stores.records import NEVER, ApiKey, RefreshFamily, RefreshToken, Session
from tests.guard.stores.conftest import at_once

pytestmark = pytest.mark.anyio
SESSION = Session(
    id="s1",
    digest="d1",
    user_id="alice",
    created=100.0,
    used=100.0,
    expires=900.0,
    authenticated=90.5,
    factors=frozenset({"password", "totp"}),
    agent="Mozilla/5.0 “é”",
    client="2001:db8::1",
)
FAMILY = RefreshFamily(
    id="f1",
    user_id="alice",
    created=100.0,
    expires=900.0,
    scopes=frozenset(),
    factors=frozenset({"password"}),
    authenticated=99.5,
    agent="curl",
    client="192.0.2.1",
)
TOKEN = RefreshToken(digest="t1", family_id="f1", parent="", created=100.0, expires=500.0)
KEY = ApiKey(
    id="k1",
    digest="d1",
    user_id="alice",
    name="for the till",
    hint="bk_12",
    scopes=None,
    created=100.0,
)


async def test_a_session_is_kept_as_it_was_made(stores: Stores) -> None:
    sessions = stores.sessions
    await sessions.add(SESSION)
    assert await sessions.find("d1") == SESSION
    assert await sessions.find("D1") is None
    assert await sessions.find("a\0b") is None
    for same in (replace(SESSION, id="s2"), SESSION):
        with pytest.raises(StoreError):
            await sessions.add(same)


async def test_what_no_database_keeps_in_a_text_for_people_is_replaced(
    kind: str, stores: Stores
) -> None:
    await stores.sessions.add(replace(SESSION, agent="a\0b\ud800c\U0001f600"))
    found = await stores.sessions.find("d1")
    assert found is not None
    wanted = "a\0b\ud800c\U0001f600" if "memory" in kind else "a\ufffdb\ufffdc\U0001f600"
    assert found.agent == wanted


async def test_the_last_use_goes_forward_alone(stores: Stores) -> None:
    await stores.sessions.add(SESSION)
    await stores.sessions.touch("d1", 150.0)
    await stores.sessions.touch("d1", 120.0)
    await stores.sessions.touch("other", 500.0)
    assert await stores.sessions.find("d1") == replace(SESSION, used=150.0)


async def test_a_session_is_rotated_once(stores: Stores) -> None:
    await stores.sessions.add(SESSION)
    got = await at_once(
        lambda n: stores.sessions.rotate(
            "d1", replace(SESSION, digest=f"new{n}", factors=frozenset())
        )
    )
    assert got.count(True) == 1
    assert await stores.sessions.find("d1") is None
    (left,) = await stores.sessions.of("alice")
    assert left == replace(SESSION, digest=left.digest, factors=frozenset())
    assert left.digest.startswith("new")
    assert not await stores.sessions.rotate("other", SESSION)


async def test_a_session_that_was_revoked_does_not_come_back_by_rotation(stores: Stores) -> None:
    await stores.sessions.add(SESSION)
    assert await stores.sessions.revoke("alice", "s1")
    assert not await stores.sessions.rotate("d1", replace(SESSION, digest="d2"))
    assert list(await stores.sessions.of("alice")) == []


async def test_sessions_of_one_account_newest_first(stores: Stores) -> None:
    sessions = stores.sessions
    for number, created in enumerate((100.0, 300.0, 200.0)):
        await sessions.add(replace(SESSION, id=f"s{number}", digest=f"d{number}", created=created))
    await sessions.add(replace(SESSION, id="b", digest="b", user_id="bob"))
    assert [one.id for one in await sessions.of("alice")] == ["s1", "s2", "s0"]
    assert not await sessions.revoke("bob", "s1")
    assert not await sessions.revoke("alice", "b")
    assert await sessions.revoke("alice", "s1")
    assert not await sessions.revoke("alice", "s1")
    assert await sessions.revoke_all("alice", but="s2") == 1
    assert [one.id for one in await sessions.of("alice")] == ["s2"]
    assert await sessions.revoke_all("alice") == 1
    assert [one.id for one in await sessions.of("bob")] == ["b"]


async def test_a_family_is_kept_with_its_first_token(stores: Stores) -> None:
    await stores.refresh.begin(FAMILY, TOKEN)
    assert await stores.refresh.find("t1") == (TOKEN, FAMILY)
    assert await stores.refresh.find("t2") is None
    second = replace(TOKEN, digest="t2", parent="t1")
    await stores.refresh.issue(second)
    assert await stores.refresh.find("t2") == (second, FAMILY)
    with pytest.raises(StoreError):
        await stores.refresh.issue(second)
    with pytest.raises(StoreError):
        await stores.refresh.issue(replace(TOKEN, digest="t3", family_id="none"))
    assert await stores.refresh.find("t3") is None


async def test_no_scopes_are_not_all_scopes(stores: Stores) -> None:
    await stores.refresh.begin(FAMILY, TOKEN)
    await stores.refresh.begin(
        replace(FAMILY, id="f2", scopes=None), replace(TOKEN, digest="t2", family_id="f2")
    )
    first, second = await stores.refresh.find("t1"), await stores.refresh.find("t2")
    assert first is not None and second is not None
    assert (first[1].scopes, second[1].scopes) == (frozenset(), None)


async def test_the_head_is_set_by_one_of_many(stores: Stores) -> None:
    refresh = stores.refresh
    await refresh.begin(FAMILY, TOKEN)
    got = await at_once(lambda n: refresh.advance("f1", head="", to=f"t{n}"))
    assert got.count(True) == 1
    found = await refresh.find("t1")
    assert found is not None
    head = found[1].head
    assert not await refresh.advance("f1", head="", to="x")
    assert await refresh.advance("f1", head=head, to="x")
    assert not await refresh.advance("none", head="", to="x")


async def test_a_family_is_revoked_once_and_does_not_advance_then(stores: Stores) -> None:
    refresh = stores.refresh
    await refresh.begin(FAMILY, TOKEN)
    got = await at_once(lambda n: refresh.revoke("f1", 200.0 + n))
    assert got.count(True) == 1
    assert not await refresh.revoke("none", 1.0)
    found = await refresh.find("t1")
    assert found is not None and found[1].revoked is not None
    assert 200.0 <= found[1].revoked < 212.0
    assert not await refresh.advance("f1", head="", to="t1")
    assert list(await refresh.of("alice")) == []


async def test_families_of_one_account_newest_first(stores: Stores) -> None:
    refresh = stores.refresh
    for number, created in enumerate((100.0, 300.0, 200.0)):
        await refresh.begin(
            replace(FAMILY, id=f"f{number}", created=created),
            replace(TOKEN, digest=f"t{number}", family_id=f"f{number}"),
        )
    await refresh.begin(
        replace(FAMILY, id="b", user_id="bob"), replace(TOKEN, digest="b", family_id="b")
    )
    assert [one.id for one in await refresh.of("alice")] == ["f1", "f2", "f0"]
    assert await refresh.revoke_all("alice", 400.0, but="f2") == 2
    assert await refresh.revoke_all("alice", 500.0, but="f2") == 0
    assert [one.id for one in await refresh.of("alice")] == ["f2"]
    assert await refresh.revoke_all("alice", 400.0) == 1
    assert [one.id for one in await refresh.of("bob")] == ["b"]
    found = await refresh.find("t1")
    assert found is not None and found[1].revoked == 400.0


async def test_a_family_is_begun_whole_or_not_at_all(stores: Stores) -> None:
    await stores.refresh.begin(FAMILY, TOKEN)
    with pytest.raises(StoreError):
        await stores.refresh.begin(replace(FAMILY, id="f2"), replace(TOKEN, family_id="f2"))
    assert [one.id for one in await stores.refresh.of("alice")] == ["f1"]


async def test_keys(stores: Stores) -> None:
    keys = stores.keys
    await keys.add(KEY)
    narrow = replace(
        KEY, id="k2", digest="d2", scopes=frozenset({"a:b"}), created=200.0, expires=900.0
    )
    await keys.add(narrow)
    await keys.add(replace(KEY, id="b", digest="b", user_id="bob"))
    assert await keys.find("d1") == KEY
    assert await keys.find("d2") == narrow
    assert await keys.find("d3") is None
    assert [one.id for one in await keys.of("alice")] == ["k2", "k1"]
    with pytest.raises(StoreError):
        await keys.add(replace(KEY, id="k9"))


async def test_the_last_use_of_a_key(stores: Stores) -> None:
    await stores.keys.add(KEY)
    await stores.keys.touch("k1", 150.0)
    await stores.keys.touch("k1", 140.0)
    await stores.keys.touch("other", 140.0)
    found = await stores.keys.find("d1")
    assert found == replace(KEY, used=150.0)


async def test_a_key_ends_earlier_but_never_later(stores: Stores) -> None:
    keys = stores.keys
    await keys.add(KEY)
    assert KEY.expires == NEVER
    assert not await keys.expire("bob", "k1", 300.0)
    assert not await keys.expire("alice", "other", 300.0)
    assert await keys.expire("alice", "k1", 300.0)
    assert await keys.expire("alice", "k1", 400.0)
    found = await keys.find("d1")
    assert found is not None and found.expires == 300.0
    assert not await keys.revoke("bob", "k1")
    assert await keys.revoke("alice", "k1")
    assert not await keys.revoke("alice", "k1")
    assert await keys.find("d1") is None

"""What holds for one worker holds for two that share a database: waits, tokens of one use, replaced hashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.guard import (
    Accounts,
    Argon2Parameters,
    Links,
    Lockout,
    Mail,
    OneTime,
    PasswordError,
    Passwords,
    PasswordSignIn,
    SqlStores,
    TokenError,
)
from buckler.guard.stores.records import User
from buckler.guard.stores.sql import migrations
from tests.guard.auth.hashes import OTHERS, PASSWORD
from tests.guard.auth.parts import GOOD, SECRET, Clock, Counting, cheap
from tests.guard.stores.postgres import Cluster, cluster

pytestmark = pytest.mark.slow

Pair = tuple[SqlStores, SqlStores]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", "asyncpg"])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    """The stores of two workers."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    if request.param != "sqlite":
        url = request.getfixturevalue("postgresql").url(request.param)
    engine = create_async_engine(url)
    await migrations.upgrade(engine)
    await engine.dispose()
    made = SqlStores(url), SqlStores(url)
    for stores in made:
        await stores.open()
    yield made
    for user in await made[0].users.page():
        await made[0].forget(user.id)
    for stores in made:
        await stores.close()


async def account(pair: Pair, name: str, password: str | None) -> User:
    user = await pair[0].users.add(User(id=f"id-{name}", name=name, password=password))
    assert user is not None
    return user


@pytest.mark.anyio
async def test_waits(pair: Pair) -> None:
    clock = Clock()
    one, two = (Lockout(stores.attempts, secret=SECRET, clock=clock) for stores in pair)
    found = await asyncio.gather(*((one, two)[n % 2].begin("waits") for n in range(40)))
    assert sum(not attempt.locked for attempt in found) == 6
    assert (await one.begin("waits")).locked == (await two.begin("waits")).locked == "account"
    # The proof that one gave counts for the other.
    assert not (await two.begin("waits", device=one.device("waits"))).locked
    clock.now += 901
    found = await asyncio.gather(*((one, two)[n % 2].begin("waits") for n in range(20)))
    assert sum(not attempt.locked for attempt in found) == 1
    await two.clear("waits")
    assert not (await one.begin("waits")).locked


@pytest.mark.anyio
async def test_addresses(pair: Pair) -> None:
    clock = Clock()
    doors = [Lockout(stores.attempts, secret=SECRET, clock=clock) for stores in pair]
    locked = []
    for number in range(24):
        door = doors[number % 2]
        attempt = await door.begin(f"address{number}", client="192.0.2.99")
        await door.failed(attempt)
        locked.append(attempt.locked)
    assert locked == [""] * 21 + ["address"] * 3


@pytest.mark.anyio
async def test_a_token_counts_once(pair: Pair) -> None:
    one, two = (OneTime(stores.one_time) for stores in pair)
    token = await one.issue("reset", "u1", ttl=60, data={"name": "once"})
    takers = ((one, two)[n % 2].take(token, "reset") for n in range(20))
    found: list[Any] = await asyncio.gather(*takers, return_exceptions=True)
    good = [taken for taken in found if not isinstance(taken, TokenError)]
    assert [(taken.subject, taken.data) for taken in good] == [("u1", {"name": "once"})]
    await two.give_back(good[0])
    assert (await one.take(token, "reset")).subject == "u1"


@pytest.mark.anyio
async def test_both_replace_a_hash_and_both_enter(pair: Pair) -> None:
    await account(pair, "replaced", OTHERS["django pbkdf2"])
    doors = [
        PasswordSignIn(
            stores.users,
            passwords,
            Lockout(stores.attempts, secret=SECRET),
            lambda event: None,
        )
        for stores, passwords in zip(
            pair,
            (cheap(), Passwords(parameters=Argon2Parameters(memory="20 MiB", passes=2))),
            strict=True,
        )
    ]
    found = await asyncio.gather(*(door.sign_in("replaced", PASSWORD) for door in doors))
    assert [(user.password or "")[:9] for user in found] == ["$argon2id"] * 2
    assert (await doors[1].sign_in("replaced", PASSWORD)).password is not None


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["nobody", "\0", "\ud800", "x" * 9000])
async def test_names_that_are_none_are_refused_as_unknown(pair: Pair, name: str) -> None:
    door = PasswordSignIn(
        pair[0].users,
        Counting(),
        Lockout(pair[0].attempts, secret=SECRET),
        lambda event: None,
    )
    with pytest.raises(PasswordError) as raised:
        await door.sign_in(name, "x\0\ud800")
    assert raised.value.reason == "unknown"


@pytest.mark.anyio
async def test_the_way_of_an_account_over_two_workers(pair: Pair) -> None:
    mails: list[Mail] = []

    async def deliver(mail: Mail) -> None:
        mails.append(mail)

    def at(stores: SqlStores) -> tuple[Accounts, PasswordSignIn]:
        lockout, hasher = Lockout(stores.attempts, secret=SECRET), Counting()
        accounts = Accounts(
            stores.users,
            stores.one_time,
            stores.attempts,
            passwords=hasher,
            lockout=lockout,
            links=Links("https://shop.example"),
            deliver=deliver,
            tell=lambda event: None,
        )
        return accounts, PasswordSignIn(stores.users, hasher, lockout, lambda event: None)

    (one, _enter_one), (two, enter_two) = (at(stores) for stores in pair)
    await one.sign_up("Way@mail.example", GOOD)
    await one.outbox.drain()
    assert (await two.verify(mails[0].token)).verified
    await two.request_reset("way@mail.example")
    await two.outbox.drain()
    before = await enter_two.sign_in("way@mail.example", GOOD)
    await one.reset(mails[1].token, "nine green kettles")
    await one.outbox.drain()
    after = await enter_two.sign_in("way@mail.example", "nine green kettles")
    assert after.id == before.id
    assert after.valid_from > before.valid_from
    with pytest.raises(PasswordError):
        await enter_two.sign_in("way@mail.example", GOOD)

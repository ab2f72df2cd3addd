"""Many at once: what is counted as a guess is one, and what is bounded is bounded whoever comes at the same time."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from buckler.core.errors import BucklerError
from buckler.guard import (
    Lockout,
    MailKind,
    MemoryStores,
    PasswordError,
    Passwords,
    PasswordSignIn,
    SecurityEvent,
    TooBusyError,
)
from buckler.guard.auth import basic as basics
from buckler.guard.auth.basic import BasicAuthenticator
from buckler.guard.auth.credentials import Credentials, read
from buckler.guard.stores.records import User
from buckler.guard.stores.sql import SqlStores
from tests.guard.auth.accounts import Shop
from tests.guard.auth.parts import BOTH, GOOD, SECRET, Clock, Runs, cheap, on_asyncio


class Gate:
    """Accounts with real hashes, and Basic before them."""

    def __init__(self, passwords: Passwords) -> None:
        self.clock = Clock()
        self.passwords = passwords
        self.stores = MemoryStores(clock=self.clock)
        self.lockout = Lockout(self.stores.attempts, secret=SECRET, clock=self.clock)
        self.events: list[SecurityEvent] = []
        self.sign_in = PasswordSignIn(
            self.stores.users, passwords, self.lockout, self.events.append, self.clock
        )
        self.basic = BasicAuthenticator(self.sign_in, self.stores.users, clock=self.clock)

    async def add(self, name: str = "ann") -> None:
        stored = await self.passwords.hash(GOOD)
        await self.stores.users.add(User(id=name, name=name, password=stored))

    async def enter(self, name: str, password: str, client: str = "203.0.113.5") -> str:
        """Come in by Basic; who it is, or why not."""
        try:
            return (await self.basic.identify(came(name, password, client))).user_id
        except PasswordError as error:
            return error.reason
        except TooBusyError:
            return "busy"

    @property
    def checks(self) -> list[str]:
        """How each check of a password ended."""
        return [event.reason for event in self.events]


def came(name: str, password: str, client: str) -> Credentials:
    pair = base64.b64encode(f"{name}:{password}".encode())
    headers = [(b"authorization", b"Basic " + pair)]
    return read({"type": "http", "scheme": "https", "headers": headers, "client": (client, 5)})


async def at_once(call: Callable[[int], Awaitable[Any]], number: int) -> list[Any]:
    found: list[Any] = [None] * number

    async def one(at: int) -> None:
        try:
            found[at] = await call(at)
        except BucklerError as error:
            found[at] = type(error)

    async with anyio.create_task_group() as group:
        for at in range(number):
            group.start_soon(one, at)
    return found


@BOTH
def test_many_with_the_right_password_are_one_check_and_lock_nobody_out(run: Runs) -> None:
    gate = Gate(cheap(workers=1, queue=4))

    async def main() -> None:
        await gate.add()
        assert await at_once(lambda _: gate.enter("ann", GOOD), 200) == ["ann"] * 200
        assert gate.checks == ["password"]
        # The same when what is remembered has ended, and from many addresses.
        gate.clock.now += 60
        found = await at_once(lambda at: gate.enter("ann", GOOD, f"198.51.100.{at}"), 200)
        assert found == ["ann"] * 200

    run(main)
    assert gate.checks == ["password"] * 2


@BOTH
def test_many_with_one_wrong_password_are_one_guess(run: Runs) -> None:
    gate = Gate(cheap(workers=1, queue=4))

    async def main() -> None:
        await gate.add()
        assert await at_once(lambda _: gate.enter("ann", "wrong"), 50) == ["password"] * 50
        # Another address is told what it is refused for itself.
        found = await at_once(lambda at: gate.enter("ann", "wrong", f"198.51.100.{at}"), 3)
        assert found == ["password"] * 3

    run(main)
    assert gate.checks == ["password"] * 4


@BOTH
def test_whoever_is_checked_for_all_may_go(run: Runs) -> None:
    gate, found = Gate(cheap(workers=1)), list[str]()
    scope: anyio.CancelScope

    async def waits(name: str) -> None:
        found.append(await gate.enter(name, GOOD))

    async def leaves() -> None:
        with scope:
            await gate.enter("ann", GOOD)

    async def main() -> None:
        nonlocal scope
        scope = anyio.CancelScope()
        await gate.add("ann")
        await gate.add("bob")
        async with anyio.create_task_group() as group:
            group.start_soon(waits, "bob")  # has the one place, so that the next one waits for it
            await anyio.sleep(0.005)
            group.start_soon(leaves)
            await anyio.sleep(0.005)
            group.start_soon(waits, "ann")
            await anyio.sleep(0.005)
            assert found == []
            scope.cancel()

    run(main)
    assert scope.cancelled_caught
    assert found == ["bob", "ann"]


def test_the_pair_that_was_hashed_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basics, "MOST_REMEMBERED", 2)
    gate = Gate(cheap())

    async def main() -> None:
        for name in ("ann", "bob", "eve"):
            await gate.add(name)
            assert await gate.enter(name, GOOD) == name
        for name in ("eve", "bob"):
            assert await gate.enter(name, GOOD) == name

    on_asyncio(main)
    assert len(gate.checks) == 3


@BOTH
def test_who_is_turned_away_has_not_guessed(run: Runs) -> None:
    """A program whose requests find the queue full tries again, and is not locked out for it."""
    gate = Gate(cheap(workers=1, queue=1))

    async def main() -> None:
        await gate.add()
        found = await at_once(lambda at: gate.sign_in.sign_in("ann", f"wrong {at}"), 40)
        assert (found.count(TooBusyError), found.count(PasswordError)) == (38, 2)
        assert (await gate.sign_in.sign_in("ann", GOOD)).id == "ann"

    run(main)


def test_who_is_turned_away_while_changing_a_password_has_not_guessed() -> None:
    shop = Shop(passwords=cheap(workers=1, queue=1))
    shop.sign_up()

    async def main() -> None:
        user = await shop.stores.users.by_name("alice@mail.example")
        assert user is not None
        found = await at_once(
            lambda at: shop.accounts.change_password(user, f"wrong {at}", "nine green kettles"), 40
        )
        assert (found.count(TooBusyError), found.count(PasswordError)) == (38, 2)
        await shop.accounts.change_password(user, GOOD, "nine green kettles")

    shop.do(main)


def test_mails_are_bounded_whoever_asks_at_once(tmp_path: Path) -> None:
    async def main() -> list[MailKind]:
        stores = SqlStores(f"sqlite+aiosqlite:///{tmp_path}/shop.db", create=True)
        await stores.open()
        shop = Shop(stores=stores)
        accounts = shop.accounts
        await accounts.sign_up("alice@mail.example", GOOD)
        await accounts.outbox.drain()
        await at_once(lambda _: accounts.request_reset("alice@mail.example"), 30)
        await accounts.outbox.drain()
        await stores.close()
        return [mail.kind for mail in shop.mails]

    assert on_asyncio(main) == [MailKind.VERIFY, *[MailKind.RESET] * 3]

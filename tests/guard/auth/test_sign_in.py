"""Sign-in: one answer and one work whatever the reason, and what is told of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from buckler.guard import (
    Argon2Parameters,
    GuardError,
    Lockout,
    MemoryStores,
    NameRefusedError,
    PasswordError,
    Passwords,
    PasswordSignIn,
    SecurityEvent,
    TooBusyError,
    normalise,
)
from buckler.guard.auth.password.hashing import Hasher
from buckler.guard.stores.records import User
from tests.guard.auth.hashes import OTHERS, PASSWORD
from tests.guard.auth.parts import BOTH, GOOD, SECRET, Clock, Counting, Runs, cheap, on_asyncio

ALICE = User(id="u1", name="alice", password=GOOD[::-1], verified=True)


class Door:
    """A sign-in with all its parts."""

    def __init__(self, *users: User, passwords: Hasher | None = None) -> None:
        self.clock = Clock()
        self.stores = MemoryStores(clock=self.clock)
        self.hasher = Counting()
        self.lockout = Lockout(self.stores.attempts, secret=SECRET, clock=self.clock)
        self.events: list[SecurityEvent] = []
        self.sign_in = PasswordSignIn(
            self.stores.users,
            passwords or self.hasher,
            self.lockout,
            self.events.append,
            self.clock,
        )
        for user in users:
            on_asyncio(lambda user=user: self.stores.users.add(user))

    def enter(self, name: str = "alice", password: str = GOOD, **more: str) -> User:
        found: User = on_asyncio(lambda: self.sign_in.sign_in(name, password, **more))
        return found

    def refused(self, name: str = "alice", password: str = "wrong", **more: str) -> PasswordError:
        with pytest.raises(PasswordError) as raised:
            self.enter(name, password, **more)
        return raised.value


def test_the_right_one_enters() -> None:
    door = Door(ALICE)
    assert door.enter(client="192.0.2.1").id == "u1"
    event = door.events[0]
    assert (event.kind, event.principal, event.client) == ("sign_in.succeeded", "u1", "192.0.2.1")
    assert event.time == door.clock.now


REASONS: dict[str, tuple[list[User], str, str]] = {
    "password": ([ALICE], "alice", "wrong"),
    "unknown": ([ALICE], "bob", GOOD),
    "disabled": ([replace(ALICE, disabled=True)], "alice", GOOD),
    "no_password": ([replace(ALICE, password=None)], "alice", GOOD),
    "unknown ": ([ALICE], "al\u200bice", GOOD),
    "unknown  ": ([ALICE], "", GOOD),
    "unknown   ": ([ALICE], "x" * 10_000, GOOD),
    "unknown    ": ([ALICE], "\ud800", GOOD),
}


@pytest.mark.parametrize("case", REASONS)
def test_one_answer_and_one_calculation_whatever_the_reason(case: str) -> None:
    users, name, password = REASONS[case]
    door = Door(*users)
    error = door.refused(name, password)
    assert (error.reason, error.message) == (
        case.strip(),
        "the name and the password do not belong together",
    )
    assert len(door.hasher.verified) == 1
    assert door.hasher.hashed == []
    assert [(event.kind, event.reason) for event in door.events] == [
        ("sign_in.failed", case.strip())
    ]
    # An event that told the name would tell the password of whoever typed it into the wrong field.
    assert not name or name not in repr(door.events) or name == "alice"
    assert GOOD not in repr(door.events)


class Strict:
    """A store that takes what PostgreSQL takes as text."""

    def __init__(self, users: Any) -> None:
        self.users = users

    async def by_name(self, name: str) -> User | None:
        assert "\0" not in name
        assert name.encode()
        assert len(name) <= 254
        found: User | None = await self.users.by_name(name)
        return found


@pytest.mark.parametrize("name", ["\0", "a\0b", "\ud800", "x" * 10_000, "\u202e", ""])
def test_no_name_reaches_the_store_that_it_could_not_take(name: str) -> None:
    door = Door(ALICE)
    entering = PasswordSignIn(
        Strict(door.stores.users),  # type: ignore[arg-type]
        door.hasher,
        door.lockout,
        door.events.append,
    )
    with pytest.raises(PasswordError) as raised:
        on_asyncio(lambda: entering.sign_in(name, GOOD))
    assert raised.value.reason == "unknown"


def test_a_disabled_or_locked_account_is_not_even_checked() -> None:
    for users in ([replace(ALICE, disabled=True)], [ALICE]):
        door = Door(*users)
        for _ in range(6):
            door.refused()
        door.hasher.verified.clear()
        error = door.refused("alice", GOOD)
        assert error.message == "the name and the password do not belong together"
        assert door.hasher.verified == [None]
        assert (door.events[-1].kind, door.events[-1].reason) == (
            "sign_in.locked",
            "locked_account",
        )


def test_unknown_names_are_locked_as_known_ones_are() -> None:
    told = []
    for name in ("alice", "nobody", "\u200b"):
        door = Door(ALICE)
        for _ in range(8):
            door.refused(name)
        told.append([(event.kind, event.reason.startswith("locked")) for event in door.events])
    assert told[0] == told[1] == told[2]
    assert told[0][-1] == ("sign_in.locked", True)


def test_an_address_that_tries_many_names_waits() -> None:
    door = Door(ALICE)
    reasons = [door.refused(f"name{number}", client="192.0.2.9").reason for number in range(22)]
    assert reasons == ["unknown"] * 21 + ["locked_address"]
    assert door.refused("alice", GOOD, client="192.0.2.9").reason == "locked_address"
    assert door.hasher.verified == [None] * 23
    assert door.enter(client="192.0.2.10").id == "u1"


def test_the_owner_s_device_enters_while_strangers_guess() -> None:
    door = Door(ALICE)
    proof = door.lockout.device(door.enter().name)
    for _ in range(50):
        door.refused(client="203.0.113.5")
    door.refused("alice", GOOD, client="192.0.2.1")
    assert door.enter(client="192.0.2.1", device=proof).id == "u1"
    assert door.events[-1].detail["known_device"] is True


def test_a_name_in_any_spelling() -> None:
    door = Door(replace(ALICE, name="straßen@mail.example".casefold()))
    for name in (
        "STRASSEN@mail.example",
        " Straßen@Mail.Example ",
        "ｓｔｒａｓｓｅｎ＠mail.example",
    ):
        assert door.enter(name).id == "u1"


@BOTH
def test_an_old_hash_is_replaced_once(run: Runs) -> None:
    stored = OTHERS["django pbkdf2"]
    door = Door(replace(ALICE, password=stored), passwords=cheap())

    async def main() -> tuple[User, User]:
        first = await door.sign_in.sign_in("alice", PASSWORD)
        return first, await door.sign_in.sign_in("alice", PASSWORD)

    first, second = run(main)
    assert (first.password or "").startswith("$argon2id$")
    assert second.password == first.password


def test_a_hash_that_cannot_be_checked_is_told_by_its_reason() -> None:
    door = Door(replace(ALICE, password="5f4dcc3b5aa765d61d8327deb882cf99"), passwords=cheap())
    assert door.refused("alice", "password").reason == "hash_weak"


Change = Callable[[MemoryStores], Awaitable[Any]]


@pytest.mark.parametrize(
    "change",
    [
        lambda stores: stores.users.set_password("u1", "another", instead_of=GOOD[::-1]),
        lambda stores: stores.users.set_state("u1", disabled=True),
        lambda stores: stores.users.remove("u1"),
    ],
    ids=["password", "disabled", "removed"],
)
@pytest.mark.parametrize("replacement", [None, "new"])
def test_what_changes_during_the_check_counts(change: Change, replacement: str | None) -> None:
    door = Door(ALICE)
    door.hasher.replacement = replacement
    door.hasher.meanwhile = lambda: change(door.stores)
    assert door.refused("alice", GOOD).reason == "changed"
    kept = on_asyncio(lambda: door.stores.users.get("u1"))
    assert kept is None or kept.password in ("another", GOOD[::-1], "new")


def test_two_at_once_that_replace_the_hash_both_enter() -> None:
    """The other one's new hash is another text for the same password."""
    dear = Passwords(parameters=Argon2Parameters(memory="20 MiB", passes=2))
    stored = on_asyncio(lambda: cheap().hash(GOOD))
    door = Door(replace(ALICE, password=stored), passwords=dear)

    async def main() -> list[User]:
        import asyncio

        return await asyncio.gather(*(door.sign_in.sign_in("alice", GOOD) for _ in range(2)))

    assert [user.id for user in on_asyncio(main)] == ["u1", "u1"]


def test_busy_is_told_as_busy() -> None:
    door = Door(ALICE, passwords=cheap(workers=1, queue=1))

    async def main() -> list[Any]:
        import asyncio

        tries = (door.sign_in.sign_in(f"name{n}", "wrong") for n in range(5))
        return await asyncio.gather(*tries, return_exceptions=True)

    found = [type(error) for error in on_asyncio(main)]
    assert (found.count(TooBusyError), found.count(PasswordError)) == (3, 2)


def test_a_listener_that_fails_ends_no_sign_in(caplog: pytest.LogCaptureFixture) -> None:
    door = Door(ALICE)

    def fails(event: SecurityEvent) -> None:
        raise OSError("disk full")

    entered = PasswordSignIn(door.stores.users, door.hasher, door.lockout, fails)
    assert on_asyncio(lambda: entered.sign_in("alice", GOOD)).id == "u1"
    assert "disk full" in caplog.text
    with pytest.raises(GuardError):
        PasswordSignIn(door.stores.users, door.hasher, door.lockout, "log")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("x" * 255, "too_long"),
        ("ﷺ" * 200, "too_long"),
        ("a\0b", "characters"),
        ("a\nb", "characters"),
        ("a\u202eb", "characters"),
        ("a\u200bb", "characters"),
        ("a\ud800b", "characters"),
        ("a\ue000b", "characters"),
        ("a\u2028b", "characters"),
    ],
)
def test_names_that_nobody_can_have(name: str, reason: str) -> None:
    with pytest.raises(NameRefusedError) as raised:
        normalise(name)
    assert raised.value.reason == reason


@given(st.text(max_size=100))
@example("\u0390")  # whose folding is three characters, of which NFKC makes one
@example("\u1fb3\u0345")
def test_a_normalised_name_stays_as_it_is(name: str) -> None:
    try:
        found = normalise(name)
    except NameRefusedError:
        return
    assert normalise(found) == found
    assert unicodedata.is_normalized("NFKC", found)
    assert normalise(f"  {found} ") == found
    if found.isascii():
        assert normalise(found.upper()) == found


def test_letters_of_two_scripts_stay_two() -> None:
    assert normalise("p\u0430ypal") != normalise("paypal")

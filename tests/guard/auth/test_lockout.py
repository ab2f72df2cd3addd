"""Waits: their schedule, who they stop and whom they do not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import Delays, GuardError, Lockout, MemoryStores
from tests.guard.auth.parts import SECRET, Clock, on_asyncio


class Door:
    """A lockout with its clock."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.stores = MemoryStores(clock=self.clock)
        self.lockout = Lockout(self.stores.attempts, secret=SECRET, clock=self.clock, **options)

    def guess(self, name: str = "alice", client: str = "", device: str = "") -> str:
        """A wrong password; why it was not looked at, or nothing."""

        async def run() -> str:
            attempt = await self.lockout.begin(name, client=client, device=device)
            await self.lockout.failed(attempt)
            return attempt.locked

        return str(on_asyncio(run))

    def enter(self, name: str = "alice", client: str = "", device: str = "") -> str:
        """The right password; the new proof of the device, or nothing."""

        async def run() -> str:
            attempt = await self.lockout.begin(name, client=client, device=device)
            return "" if attempt.locked else await self.lockout.succeeded(attempt)

        return str(on_asyncio(run))

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds


def test_the_schedule_is_the_one_in_the_docs() -> None:
    door = Door()
    waits = []
    for _ in range(16):
        waited = 0
        while door.guess():
            door.wait(1)
            waited += 1
        waits.append(waited)
    assert waits == [0] * 6 + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900]


def test_what_has_to_wait_does_not_make_the_wait_longer() -> None:
    door = Door()
    for _ in range(6):
        door.guess()
    for _ in range(20):
        door.wait(0.09)
        assert door.guess() == "account"
    door.wait(0.3)
    assert door.enter()


def test_nobody_is_locked_out_for_longer_than_the_cap() -> None:
    door = Door()
    for _ in range(500):
        door.guess()
        door.wait(901)
    door.guess()
    door.wait(900)
    assert door.enter()


def test_a_success_begins_again_and_so_does_a_day() -> None:
    for calm in (False, True):
        door = Door()
        for _ in range(5):
            door.guess()
        if calm:
            door.wait(86_401)
        else:
            assert door.enter()
        assert [door.guess() for _ in range(6)] == [""] * 6
        assert door.guess() == "account"


def test_unknown_names_wait_as_known_ones_do() -> None:
    door = Door()
    assert [door.guess("nobody") for _ in range(7)] == [""] * 6 + ["account"]
    assert door.guess("somebody") == ""


def test_many_at_once_get_no_more_than_one_after_the_other() -> None:
    door = Door()

    async def run() -> list[str]:
        found = await asyncio.gather(*(door.lockout.begin("alice") for _ in range(200)))
        return [attempt.locked for attempt in found]

    assert on_asyncio(run).count("") == 6
    door.wait(3600)
    assert on_asyncio(run).count("") == 1


def test_addresses() -> None:
    door = Door()
    assert [door.guess(f"name{n}", client="192.0.2.7") for n in range(22)] == [""] * 21 + [
        "address"
    ]
    assert door.guess("other", client="::ffff:192.0.2.7") == "address"
    assert door.guess("other", client="192.0.2.8") == ""
    # A success of the attacker's own account does not begin the count again.
    door.wait(2)
    assert door.enter("mallory", client="192.0.2.7")
    assert door.guess("victim1", client="192.0.2.7") == ""
    assert door.guess("victim2", client="192.0.2.7") == "address"


def test_ipv6_is_one_network_of_64_bits() -> None:
    door = Door()
    for number in range(21):
        assert door.guess(f"name{number}", client=f"2001:db8:1:2:{number:x}::1") == ""
    assert door.guess("other", client="2001:db8:1:2:ffff:ffff:ffff:ffff") == "address"
    assert door.guess("other", client="2001:db8:1:3::1") == ""


@pytest.mark.parametrize("client", ["", "unix", "testclient", "1.2.3.4.5", "fe80::1%eth0"])
def test_what_is_no_address_stops_nobody(client: str) -> None:
    door = Door(address=Delays(free=1))
    found = [door.guess(f"name{number}", client=client) for number in range(5)]
    assert found == (
        [""] * 5 if "fe80" not in client else ["", "", "address", "address", "address"]
    )


def test_a_device_that_was_there_before_is_not_stopped_by_strangers() -> None:
    door = Door()
    proof = door.enter(client="192.0.2.7")
    for _ in range(50):
        door.guess(client="192.0.2.7")
    assert door.guess(client="203.0.113.1") == "account"
    assert door.enter(client="192.0.2.7", device=proof)
    # Nor by those who guess other people's passwords from behind the same address.
    for number in range(25):
        door.guess(f"name{number}", client="192.0.2.7")
    assert door.guess("bob", client="192.0.2.7") == "address"
    assert door.enter(client="192.0.2.7", device=proof)


def test_a_stolen_device_proof_has_waits_of_its_own() -> None:
    door = Door()
    proof = door.enter()
    assert [door.guess(device=proof) for _ in range(7)] == [""] * 6 + ["device"]
    # Which are nobody else's.
    assert door.guess() == ""
    assert door.guess(device=door.lockout.device("alice")) == ""


def test_proofs() -> None:
    door = Door()
    proof = door.lockout.device("alice")
    assert door.lockout.knows("alice", proof)
    assert not door.lockout.knows("bob", proof)
    other = Lockout(door.stores.attempts, secret="t" * 48, clock=door.clock)
    assert not other.knows("alice", proof)
    again = Lockout(door.stores.attempts, secret=SECRET.encode(), clock=door.clock)
    assert again.knows("alice", proof)
    door.wait(30 * 86_400 - 1)
    assert door.lockout.knows("alice", proof)
    door.wait(1)
    assert not door.lockout.knows("alice", proof)


@given(st.data())
def test_a_proof_that_was_changed_is_none(data: st.DataObject) -> None:
    lockout = Door().lockout
    proof = lockout.device("alice")
    at = data.draw(st.integers(0, len(proof) - 1))
    new = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda c: c != proof[at]))
    changed = proof[:at] + new + proof[at + 1 :]
    assert not lockout.knows("alice", changed)
    assert not lockout.knows("alice", proof[:at])
    assert not lockout.knows("alice", proof + new)


@given(st.text())
def test_no_text_is_a_proof(text: str) -> None:
    assert not Door().lockout.knows("alice", text)


def test_the_wait_ends_when_the_owner_showed_who_they_are() -> None:
    door = Door()
    for _ in range(9):
        door.guess()
    assert door.guess() == "account"
    on_asyncio(lambda: door.lockout.clear("alice"))
    assert door.enter()


@pytest.mark.parametrize(
    ("made", "options"),
    [
        (Delays, {"free": 0}),
        (Delays, {"first": 0}),
        (Delays, {"cap": 1}),
        (Delays, {"cap": 7200}),
        (Delays, {"window": 900}),
        (Delays, {"window": float("inf")}),
        (Door, {"account": 5}),
        (Door, {"device_days": 0}),
    ],
)
def test_options_are_checked(made: Any, options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as raised:
        made(**options)
    assert raised.value.hint


def test_a_short_secret_is_refused() -> None:
    for secret in ("", "s" * 31, b"short", None):
        with pytest.raises(GuardError, match="32 bytes"):
            Lockout(MemoryStores().attempts, secret=secret)  # type: ignore[arg-type]

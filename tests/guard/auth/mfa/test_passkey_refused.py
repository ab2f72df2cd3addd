"""Passkeys that lie, are replayed, copied, or of somebody else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import EventKind
from tests.guard.auth.mfa.authenticator import (
    BS,
    UP,
    UV,
    Authenticator,
    EdDsa,
    b64,
    unb64,
)
from tests.guard.auth.mfa.parts import ANN, BOB, add, enter, kit_of, passkey_refused
from tests.guard.auth.parts import on_asyncio

IN = EventKind.SIGN_IN_SUCCEEDED
OUT = EventKind.SIGN_IN_FAILED


LIES: list[tuple[str, dict[str, Any], str]] = [
    ("origin", {"origin": "https://testserver.evil.example"}, "origin"),
    ("plain", {"origin": "http://testserver"}, "origin"),
    ("port", {"origin": "https://testserver:8443"}, "origin"),
    ("upper", {"origin": "https://TESTSERVER"}, "origin"),
    ("rp", {"rp_id": "evil.example"}, "invalid"),
    ("parent", {"rp_id": "server"}, "invalid"),
    ("not verified", {"flags": UP}, "invalid"),
    ("not present", {"flags": UV}, "invalid"),
    ("backed up without being able to", {"flags": UP | UV | BS}, "invalid"),
    ("frame", {"client": {"crossOrigin": True}}, "cross_origin"),
    ("frame as text", {"client": {"crossOrigin": "true"}}, "cross_origin"),
    ("challenge", {"client": {"challenge": b64(bytes(32))}}, "challenge"),
    ("no challenge", {"client": {"challenge": ""}}, "challenge"),
    ("a challenge that is a list", {"client": {"challenge": []}}, "challenge"),
    ("a get for a create", {"client": {"type": "webauthn.get"}}, "invalid"),
    ("another type", {"client": {"type": "payment.get"}}, "invalid"),
]


@pytest.mark.parametrize(("lie", "reason"), [one[1:] for one in LIES], ids=[one[0] for one in LIES])
def test_a_registration_that_lies_is_refused(lie: dict[str, Any], reason: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        assert await passkey_refused(add(kit, Authenticator(**lie))) == reason
        assert await kit.factors.passkeys("u1") == []
        assert kit.reasons(EventKind.INPUT_REFUSED) == [f"passkey_{reason}"]

    on_asyncio(main)


@pytest.mark.parametrize(("lie", "reason"), [one[1:] for one in LIES], ids=[one[0] for one in LIES])
def test_a_sign_in_that_lies_is_refused(lie: dict[str, Any], reason: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        for name, value in lie.items():
            setattr(device, name, value)
        if device.client.get("type") == "webauthn.get":
            device.client["type"] = "webauthn.create"
        for user_id in ("u1", None):
            assert await passkey_refused(enter(kit, device, user_id)) == reason
        (kept,) = await kit.factors.passkeys("u1")
        assert kept.used is None
        assert kit.reasons(OUT) == [f"passkey_{reason}"] * 2

    on_asyncio(main)


def test_a_challenge_counts_once_for_its_account_and_its_purpose() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        asked = await kit.factors.begin_passkey(ANN)
        answer = device.make(asked.options)
        # Another account's, which uses it up.
        assert await passkey_refused(kit.factors.add_passkey(BOB, asked.ticket, answer, "x")) == (
            "other_account"
        )
        assert (
            await passkey_refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x"))
            == "unknown"
        )
        await add(kit, device)
        asked = await kit.factors.begin_sign_in()
        answer = device.use(asked.options)
        assert (
            await passkey_refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x"))
            == "unknown"
        )
        assert await kit.factors.finish_sign_in(asked.ticket, answer) == "u1"
        assert await passkey_refused(kit.factors.finish_sign_in(asked.ticket, answer)) == "unknown"
        late = await kit.factors.begin_sign_in()
        answer = device.use(late.options)
        kit.clock.now += 301
        assert await passkey_refused(kit.factors.finish_sign_in(late.ticket, answer)) == "unknown"
        assert await passkey_refused(kit.factors.finish_sign_in("no ticket", answer)) == "form"
        # An answer to another challenge, by a ticket that counts.
        fresh = await kit.factors.begin_sign_in()
        assert (
            await passkey_refused(kit.factors.finish_sign_in(fresh.ticket, answer)) == "challenge"
        )

    on_asyncio(main)


@pytest.mark.parametrize("count", [1, 2, 0])
def test_a_copied_authenticator_is_told_of(count: int) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        await enter(kit, device)
        device.count, device.counts = count, False
        assert await passkey_refused(enter(kit, device)) == "cloned"
        (event,) = [one for one in kit.events if one.kind is OUT]
        assert (event.reason, str(event.severity), event.principal) == (
            "passkey_cloned",
            "alert",
            "u1",
        )
        (kept,) = await kit.factors.passkeys("u1")
        assert kept.sign_count == 2
        device.count, device.counts = 2, True
        assert await enter(kit, device) == "u1"

    on_asyncio(main)


def test_a_counter_without_a_signature_raises_no_alarm() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        await enter(kit, device)
        stranger = Authenticator(id=device.id, handle=device.handle)
        assert await passkey_refused(enter(kit, stranger)) == "invalid"
        assert kit.reasons(OUT) == ["passkey_invalid"]

    on_asyncio(main)


def test_nobody_comes_in_as_somebody_else() -> None:
    async def main() -> None:
        kit = await kit_of()
        anns, bobs = Authenticator(), Authenticator()
        await add(kit, anns)
        await add(kit, bobs, BOB)
        asked = await kit.factors.begin_sign_in("u1")
        answer = bobs.use(asked.options)
        assert (
            await passkey_refused(kit.factors.finish_sign_in(asked.ticket, answer))
            == "other_account"
        )
        # Bob's key, that names Ann's credential, and the other way round.
        bobs_id, bobs.id = bobs.id, anns.id
        assert await passkey_refused(enter(kit, bobs)) == "handle"
        bobs.handle = anns.handle
        assert await passkey_refused(enter(kit, bobs)) == "invalid"
        bobs.id = bobs_id
        assert await passkey_refused(enter(kit, bobs)) == "handle"
        assert await passkey_refused(enter(kit, Authenticator(handle=anns.handle))) == "unknown"
        assert not await kit.factors.drop_passkey("u2", b64(anns.id))
        assert await enter(kit, anns) == "u1"
        assert await passkey_refused(kit.factors.begin_sign_in("u3")) == "no_factor"

    on_asyncio(main)


def test_a_disabled_account_does_not_come_in() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        await kit.stores.users.set_state("u1", disabled=True)
        assert await passkey_refused(enter(kit, device)) == "disabled"
        await kit.stores.users.remove("u1")
        assert await passkey_refused(enter(kit, device)) == "disabled"
        assert kit.reasons(IN) == []

    on_asyncio(main)


def test_a_reset_ends_challenges_that_are_under_way() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        asked = await kit.factors.begin_passkey(ANN)
        await add(kit, Authenticator())
        await kit.factors.drop_all("u1", by="boss")
        answer = device.make(asked.options)
        assert (
            await passkey_refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x"))
            == "unknown"
        )

    on_asyncio(main)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_byte_that_differs_is_refused(data: st.DataObject) -> None:
    """Of everything that is signed, and of the signature."""

    async def main() -> None:
        kit = await kit_of()
        device = Authenticator(EdDsa())
        await add(kit, device)
        asked = await kit.factors.begin_sign_in()
        answer = device.use(asked.options)
        response = answer["response"]
        name = data.draw(st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
        raw = bytearray(unb64(response[name]))
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] ^= data.draw(st.integers(1, 255))
        response[name] = b64(bytes(raw))
        assert await passkey_refused(kit.factors.finish_sign_in(asked.ticket, answer))

    on_asyncio(main)


def test_a_new_passkey_has_the_id_that_its_authenticator_signed() -> None:
    async def main() -> None:
        kit = await kit_of()
        asked = await kit.factors.begin_passkey(ANN)
        answer = Authenticator().make(asked.options)
        answer["id"] = answer["rawId"] = b64(bytes(32))
        work = kit.factors.add_passkey(ANN, asked.ticket, answer, "x")
        assert await passkey_refused(work) == "invalid"

    on_asyncio(main)

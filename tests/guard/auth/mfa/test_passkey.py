"""Passkeys against an authenticator of the tests' own: what counts, and everything that does not."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import CredentialError, EventKind, FactorError, GuardError
from buckler.guard.stores.records import Passkey
from tests.guard.auth.mfa.authenticator import (
    BS,
    UP,
    UV,
    Authenticator,
    EdDsa,
    Es256,
    Rs256,
    b64,
    cbor,
    unb64,
)
from tests.guard.auth.mfa.parts import ANN, BOB, Kit
from tests.guard.auth.parts import BOTH, Runs, on_asyncio

REGISTERED = EventKind.CREDENTIAL_CHANGED
IN = EventKind.SIGN_IN_SUCCEEDED
OUT = EventKind.SIGN_IN_FAILED


async def kit_of(**options: Any) -> Kit:
    kit = Kit(**options)
    await kit.open()
    return kit


async def add(kit: Kit, device: Authenticator, user: Any = ANN, **more: Any) -> Passkey:
    asked = await kit.factors.begin_passkey(user)
    answer = device.make(asked.options, **more)
    return await kit.factors.add_passkey(user, asked.ticket, answer, "laptop")


async def enter(kit: Kit, device: Authenticator, user_id: str | None = None) -> str:
    asked = await kit.factors.begin_sign_in(user_id)
    return await kit.factors.finish_sign_in(asked.ticket, device.use(asked.options))


async def refused(work: Any) -> str:
    with pytest.raises(CredentialError) as told:
        await work
    return told.value.reason


@BOTH
@pytest.mark.parametrize("key", [Es256, EdDsa, Rs256])
def test_registered_and_used(run: Runs, key: Callable[[], Any]) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator(key())
        made = await add(kit, device)
        assert (made.user_id, made.name, made.sign_count) == ("u1", "laptop", 1)
        assert made.transports == {"internal", "hybrid"}
        assert await kit.factors.ways("u1") == {"passkey"}
        kit.clock.now += 5
        assert await enter(kit, device, "u1") == "u1"
        assert await enter(kit, device) == "u1"
        (kept,) = await kit.factors.passkeys("u1")
        assert (kept.sign_count, kept.used) == (3, kit.clock())
        assert kit.reasons() == ["passkey_added", "passkey", "passkey"]
        assert kit.events[0].detail == {"synced": True, "backed_up": True}

    run(main)


def test_what_is_asked_of_the_browser() -> None:
    async def main() -> None:
        kit = await kit_of(base_url="https://Shop.Example:443/app", service="The Shop")
        first = await kit.factors.begin_passkey(ANN)
        options = first.options
        assert options["rp"] == {"name": "The Shop", "id": "shop.example"}
        assert options["attestation"] == "none"
        assert options["authenticatorSelection"] == {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        }
        assert {one["alg"] for one in options["pubKeyCredParams"]} == {-7, -8, -257}
        assert len(unb64(options["challenge"])) >= 16
        assert 300_000 <= options["timeout"] <= 600_000
        assert options["excludeCredentials"] == []
        # 64 bytes at most, the same each time, and nothing of the account in it.
        handle = unb64(options["user"]["id"])
        again = (await kit.factors.begin_passkey(ANN)).options
        other = (await kit.factors.begin_passkey(BOB)).options
        assert unb64(again["user"]["id"]) == handle != unb64(other["user"]["id"])
        assert len(handle) == 32 and b"u1" not in handle and b"ann" not in handle
        assert options["challenge"] != again["challenge"]
        assert first.ticket not in repr(first)
        json.dumps(options)
        device = Authenticator(origin="https://shop.example")
        made = await add(kit, device)
        (known,) = (await kit.factors.begin_passkey(ANN)).options["excludeCredentials"]
        assert (known["id"], known["type"]) == (made.id, "public-key")
        named = (await kit.factors.begin_sign_in("u1")).options
        assert [one["id"] for one in named["allowCredentials"]] == [made.id]
        assert (named["rpId"], named["userVerification"]) == ("shop.example", "required")
        nameless = (await kit.factors.begin_sign_in()).options
        assert nameless["allowCredentials"] == []

    on_asyncio(main)


def test_devices_that_do_not_count_always_say_nought() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator(counts=False)
        await add(kit, device)
        for _ in range(3):
            assert await enter(kit, device) == "u1"

    on_asyncio(main)


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
        assert await refused(add(kit, Authenticator(**lie))) == reason
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
            assert await refused(enter(kit, device, user_id)) == reason
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
        assert await refused(kit.factors.add_passkey(BOB, asked.ticket, answer, "x")) == (
            "other_account"
        )
        assert await refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x")) == "unknown"
        await add(kit, device)
        asked = await kit.factors.begin_sign_in()
        answer = device.use(asked.options)
        assert await refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x")) == "unknown"
        assert await kit.factors.finish_sign_in(asked.ticket, answer) == "u1"
        assert await refused(kit.factors.finish_sign_in(asked.ticket, answer)) == "unknown"
        late = await kit.factors.begin_sign_in()
        answer = device.use(late.options)
        kit.clock.now += 301
        assert await refused(kit.factors.finish_sign_in(late.ticket, answer)) == "unknown"
        assert await refused(kit.factors.finish_sign_in("no ticket", answer)) == "form"
        # An answer to another challenge, by a ticket that counts.
        fresh = await kit.factors.begin_sign_in()
        assert await refused(kit.factors.finish_sign_in(fresh.ticket, answer)) == "challenge"

    on_asyncio(main)


@BOTH
def test_of_one_answer_many_times_at_once_one_counts(run: Runs) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        asked = await kit.factors.begin_sign_in()
        answer = device.use(asked.options)
        got: list[str] = []

        async def attempt() -> None:
            try:
                got.append(await kit.factors.finish_sign_in(asked.ticket, answer))
            except CredentialError as error:
                got.append(error.reason)

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(attempt)
        assert sorted(got) == ["u1"] + ["unknown"] * 19

    run(main)


@pytest.mark.parametrize("count", [1, 2, 0])
def test_a_copied_authenticator_is_told_of(count: int) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        await enter(kit, device)
        device.count, device.counts = count, False
        assert await refused(enter(kit, device)) == "cloned"
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
        assert await refused(enter(kit, stranger)) == "invalid"
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
        assert await refused(kit.factors.finish_sign_in(asked.ticket, answer)) == "other_account"
        # Bob's key, that names Ann's credential, and the other way round.
        bobs_id, bobs.id = bobs.id, anns.id
        assert await refused(enter(kit, bobs)) == "handle"
        bobs.handle = anns.handle
        assert await refused(enter(kit, bobs)) == "invalid"
        bobs.id = bobs_id
        assert await refused(enter(kit, bobs)) == "handle"
        assert await refused(enter(kit, Authenticator(handle=anns.handle))) == "unknown"
        assert not await kit.factors.drop_passkey("u2", b64(anns.id))
        assert await enter(kit, anns) == "u1"
        assert await refused(kit.factors.begin_sign_in("u3")) == "no_factor"

    on_asyncio(main)


def test_a_device_that_says_nothing_of_the_account_is_good_for_a_known_one_alone() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        for user_id, outcome in (("u1", "u1"), (None, "handle")):
            asked = await kit.factors.begin_sign_in(user_id)
            answer = device.use(asked.options)
            del answer["response"]["userHandle"]
            try:
                got = await kit.factors.finish_sign_in(asked.ticket, answer)
            except FactorError as error:
                got = error.reason
            assert got == outcome

    on_asyncio(main)


def test_a_passkey_is_registered_once_and_gone_when_it_is_removed() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        made = await add(kit, device)
        assert await refused(add(kit, device)) == "taken"
        assert await refused(add(kit, device, BOB)) == "taken"
        device.handle = unb64((await kit.factors.begin_passkey(ANN)).options["user"]["id"])
        assert await enter(kit, device) == "u1"
        assert await kit.factors.drop_passkey("u1", made.id)
        assert not await kit.factors.drop_passkey("u1", made.id)
        assert await refused(enter(kit, device)) == "unknown"
        assert "last_factor_removed" in kit.reasons(REGISTERED)

    on_asyncio(main)


def test_a_disabled_account_does_not_come_in() -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        await kit.stores.users.set_state("u1", disabled=True)
        assert await refused(enter(kit, device)) == "disabled"
        await kit.stores.users.remove("u1")
        assert await refused(enter(kit, device)) == "disabled"
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
        assert await refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x")) == "unknown"

    on_asyncio(main)


def test_there_is_an_end_of_passkeys() -> None:
    async def main() -> None:
        kit = await kit_of()
        for _ in range(20):
            await add(kit, Authenticator(EdDsa()))
        assert await refused(kit.factors.begin_passkey(ANN)) == "too_many"

    on_asyncio(main)


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "\x00", "\u202e"])
def test_a_name_is_one_line(name: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        asked = await kit.factors.begin_passkey(ANN)
        answer = Authenticator().make(asked.options)
        assert await refused(kit.factors.add_passkey(ANN, asked.ticket, answer, name)) == "name"

    on_asyncio(main)


STATEMENTS: list[dict[str, Any]] = [
    {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x" * 70, "x5c": [b"no certificate"]}},
    {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x" * 70}},
    {"fmt": "tpm", "attStmt": {"ver": "2.0", "certInfo": b"x", "pubArea": b"x"}},
    {"fmt": "of another year", "attStmt": {}},
    {"fmt": "none", "attStmt": {"sig": b"x"}},
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_is_said_of_the_make_is_not_read(statement: dict[str, Any]) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device, statement=statement)
        assert await enter(kit, device) == "u1"

    on_asyncio(main)


class Odd(Es256):
    """A key that is none."""

    def __init__(self, cose: dict[int, Any]) -> None:
        super().__init__()
        self._cose = cose

    def cose(self) -> dict[int, Any]:
        return self._cose


KEYS: list[dict[int, Any]] = [
    {},
    {1: 2},
    {1: 2, 3: -7},
    {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)},
    {1: 2, 3: -7, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32},
    {1: 2, 3: -7, -1: 99, -2: b"\x01" * 32, -3: b"\x01" * 32},
    {1: 1, 3: -8, -1: 6, -2: b"short"},
    {1: 1, 3: -8, -1: 7, -2: bytes(57)},
    {1: 3, 3: -65535, -1: b"\xff" * 256, -2: b"\x01\x00\x01"},
    {1: 3, 3: -257, -1: b"", -2: b"\x03"},
    {1: 7, 3: -48, -1: bytes(1312)},
    {1: "x", 3: [], -1: {}},
    {1: 4, 3: 5, -1: b"a symmetric key"},
]


@pytest.mark.parametrize("cose", KEYS, ids=range(len(KEYS)))
def test_a_key_that_cannot_verify_is_not_kept(cose: dict[int, Any]) -> None:
    async def main() -> None:
        kit = await kit_of()
        assert await refused(add(kit, Authenticator(Odd(cose)))) == "invalid"

    on_asyncio(main)


def without(path: str) -> Callable[[Any], Any]:
    def change(answer: Any) -> Any:
        *outer, last = path.split(".")
        found = answer
        for name in outer:
            found = found[name]
        del found[last]
        return answer

    return change


def put(path: str, value: Any) -> Callable[[Any], Any]:
    def change(answer: Any) -> Any:
        *outer, last = path.split(".")
        found = answer
        for name in outer:
            found = found[name]
        found[last] = value(found[last]) if callable(value) else value
        return answer

    return change


MALFORMED: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda answer: {},
    "a list": lambda answer: [answer],
    "none": lambda answer: None,
    "a text": lambda answer: json.dumps(answer),
    "no id": without("id"),
    "two ids": put("rawId", b64(b"another")),
    "id of a number": put("id", 5),
    "id padded": put("id", lambda text: text + "="),
    "id too long": put("id", "A" * 1368),
    "id of base64": put("id", lambda text: b64encode(b"\xff" * 33).decode()),
    "id with nul": put("id", "\x00"),
    "id of other letters": put("id", "é" * 8),
    "another type": put("type", "password"),
    "no type": without("type"),
    "no response": without("response"),
    "response of a list": put("response", []),
    "no client data": without("response.clientDataJSON"),
    "client data of a number": put("response.clientDataJSON", 5),
    "client data without json": put("response.clientDataJSON", b64(b"\xff\xfe")),
    "client data of a list": put("response.clientDataJSON", b64(b"[]")),
    "client data nested": put("response.clientDataJSON", b64(b"[" * 20_000)),
    "client data without end": put("response.clientDataJSON", "A" * 1_000_000),
    "client data with blanks": put("response.clientDataJSON", lambda text: f" {text}"),
}
OF_A_NEW_ONE: dict[str, Callable[[Any], Any]] = {
    "no attestation": without("response.attestationObject"),
    "attestation of rubbish": put("response.attestationObject", b64(b"\xff" * 100)),
    "attestation of a list": put("response.attestationObject", b64(cbor([1, 2]))),
    "attestation without data": put("response.attestationObject", b64(cbor({"fmt": "none"}))),
    "attestation with a text": put("response.attestationObject", b64(cbor({"authData": "x"}))),
    "attestation nested": put("response.attestationObject", b64(b"\x81" * 20_000)),
    "attestation promises": put("response.attestationObject", b64(b"\x5b" + b"\xff" * 8)),
    "attestation without end": put("response.attestationObject", "A" * 1_000_000),
}
OF_A_USED_ONE: dict[str, Callable[[Any], Any]] = {
    "no signature": without("response.signature"),
    "empty signature": put("response.signature", ""),
    "no data": without("response.authenticatorData"),
    "handle of a number": put("response.userHandle", 5),
    "handle empty": put("response.userHandle", ""),
    "handle too long": put("response.userHandle", "A" * 10_000),
    "signature without end": put("response.signature", "A" * 1_000_000),
}


@pytest.mark.parametrize("name", [*MALFORMED, *OF_A_NEW_ONE])
def test_a_malformed_registration_is_refused(name: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        asked = await kit.factors.begin_passkey(ANN)
        answer = (MALFORMED | OF_A_NEW_ONE)[name](Authenticator().make(asked.options))
        begun = time.perf_counter()
        assert await refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x")) == "form"
        assert time.perf_counter() - begun < 5

    on_asyncio(main)


@pytest.mark.parametrize("name", [*MALFORMED, *OF_A_USED_ONE])
def test_a_malformed_sign_in_is_refused(name: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        asked = await kit.factors.begin_sign_in("u1")
        answer = (MALFORMED | OF_A_USED_ONE)[name](device.use(asked.options))
        reason = await refused(kit.factors.finish_sign_in(asked.ticket, answer))
        assert reason in ("form", "unknown")
        assert kit.reasons(OUT) == [f"passkey_{reason}"]

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
        await refused(kit.factors.finish_sign_in(asked.ticket, answer))

    on_asyncio(main)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_no_bytes_are_an_attestation_nor_raise_something_else(whole: bytes, tail: bytes) -> None:
    async def main() -> None:
        kit = await kit_of()
        for made in (whole, cbor({"fmt": "none", "attStmt": {}, "authData": whole + tail})):
            asked = await kit.factors.begin_passkey(ANN)
            answer = Authenticator(EdDsa()).make(asked.options)
            answer["response"]["attestationObject"] = b64(made) or "AA"
            await refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x"))

    on_asyncio(main)


@pytest.mark.parametrize(
    ("base_url", "rp_id", "origin"),
    [
        ("https://shop.example", "shop.example", "https://shop.example"),
        ("https://shop.example/", "shop.example", "https://shop.example"),
        ("https://shop.example:8443/app", "shop.example", "https://shop.example:8443"),
        ("https://SHOP.example:443", "shop.example", "https://shop.example"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://shop.localhost", "shop.localhost", "http://shop.localhost"),
        ("https://xn--caf-dma.example", "xn--caf-dma.example", "https://xn--caf-dma.example"),
    ],
)
def test_the_site_is_the_configured_one(base_url: str, rp_id: str, origin: str) -> None:
    async def main() -> None:
        kit = await kit_of(base_url=base_url)
        assert kit.factors.offers_passkeys
        device = Authenticator(origin=origin)
        assert (await kit.factors.begin_passkey(ANN)).options["rp"]["id"] == rp_id
        await add(kit, device)
        assert await enter(kit, device) == "u1"

    on_asyncio(main)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "http://shop.example",
        "https://127.0.0.1:8000",
        "http://127.0.0.1",
        "https://[::1]",
        "https://10.0.0.5",
        "https://2130706433",
        "https://café.example",
        "https://ann@shop.example",
        "https://shop.example:port",
        "ftp://localhost",
        "shop.example",
        "https://",
        "https://localhost.evil.example@x",
        "http://notlocalhost",
    ],
)
def test_where_browsers_know_no_passkeys_there_are_none(base_url: str) -> None:
    async def main() -> None:
        kit = await kit_of(base_url=base_url)
        assert not kit.factors.offers_passkeys
        for work in (lambda: kit.factors.begin_passkey(ANN), lambda: kit.factors.begin_sign_in()):
            with pytest.raises(GuardError) as told:
                await work()
            assert "base_url='https://shop.example'" in (told.value.hint or "")
        # Codes need no address.
        assert (await kit.factors.begin_totp(ANN)).secret
        await kit.factors.drop_all("u1")

    on_asyncio(main)

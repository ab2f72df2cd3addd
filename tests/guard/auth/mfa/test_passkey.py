"""Passkeys against an authenticator of the tests' own: what is asked for, kept, used and removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from buckler.guard import CredentialError, EventKind, FactorError, GuardError
from tests.guard.auth.mfa.authenticator import (
    Authenticator,
    EdDsa,
    Es256,
    Rs256,
    unb64,
)
from tests.guard.auth.mfa.parts import ANN, BOB, add, enter, kit_of, passkey_refused
from tests.guard.auth.parts import BOTH, Runs, on_asyncio

REGISTERED = EventKind.CREDENTIAL_CHANGED


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
        assert await passkey_refused(add(kit, device)) == "taken"
        assert await passkey_refused(add(kit, device, BOB)) == "taken"
        device.handle = unb64((await kit.factors.begin_passkey(ANN)).options["user"]["id"])
        assert await enter(kit, device) == "u1"
        assert await kit.factors.drop_passkey("u1", made.id)
        assert not await kit.factors.drop_passkey("u1", made.id)
        assert await passkey_refused(enter(kit, device)) == "unknown"
        assert "last_factor_removed" in kit.reasons(REGISTERED)

    on_asyncio(main)


def test_there_is_an_end_of_passkeys() -> None:
    async def main() -> None:
        kit = await kit_of()
        for _ in range(20):
            await add(kit, Authenticator(EdDsa()))
        assert await passkey_refused(kit.factors.begin_passkey(ANN)) == "too_many"

    on_asyncio(main)


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "\x00", "\u202e"])
def test_a_name_is_one_line(name: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        asked = await kit.factors.begin_passkey(ANN)
        answer = Authenticator().make(asked.options)
        assert (
            await passkey_refused(kit.factors.add_passkey(ANN, asked.ticket, answer, name))
            == "name"
        )

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

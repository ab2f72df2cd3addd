"""Codes of authenticator apps: the vectors of the RFCs, an independent implementation, single use, bounds."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import anyio
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import CredentialError, Delays, EventKind, FactorError, GuardError, User
from buckler.guard.auth.mfa import totp
from tests.guard.auth.mfa.parts import ANN, BOB, KEY, OLD, Kit
from tests.guard.auth.parts import BOTH, Runs, on_asyncio

SEED = b"12345678901234567890"
# RFC 4226, appendix D.
HOTP = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split()
# RFC 6238, appendix B: the column of SHA-1, eight digits.
TOTP = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


def test_the_vectors_of_rfc_4226() -> None:
    assert [totp.hotp(SEED, counter) for counter in range(10)] == HOTP


@pytest.mark.parametrize(("time", "code"), TOTP)
def test_the_vectors_of_rfc_6238(time: int, code: str) -> None:
    assert totp.hotp(SEED, totp.step_at(time), 8) == code
    assert totp.matching(SEED, code[2:], time) == [time // 30]


@given(st.binary(min_size=14, max_size=64), st.integers(0, 2**63 - 1))
def test_another_implementation_says_the_same(secret: bytes, counter: int) -> None:
    from base64 import b32encode

    assert totp.hotp(secret, counter) == pyotp.HOTP(b32encode(secret).decode()).at(counter)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("12345", None),
        ("1234567", None),
        ("12345a", None),
        ("١٢٣٤٥٦", None),
        ("１２３４５６", None),
        ("123456\n", None),
        ("", None),
        ("-12345", None),
    ],
)
def test_what_counts_as_a_code(typed: str, code: str | None) -> None:
    assert totp.code_of(typed) == code


def at(setup: totp.TotpSetup, now: float) -> str:
    """What the owner's app shows, by an implementation that is not ours."""
    return pyotp.parse_uri(setup.uri).at(int(now))


async def ready(kit: Kit, user: User = ANN) -> tuple[totp.TotpSetup, tuple[str, ...]]:
    """An account with an authenticator app."""
    setup = await kit.factors.begin_totp(user)
    codes = await kit.factors.confirm_totp(user, at(setup, kit.clock()))
    kit.clock.now += 60
    kit.events.clear()
    return setup, codes


async def refused(kit: Kit, code: str, user: User = ANN) -> str:
    with pytest.raises(CredentialError) as told:
        await kit.factors.verify(user.id, code)
    assert code not in str(told.value) or not code
    return told.value.reason


def test_the_address_is_read_as_it_was_meant() -> None:
    async def main() -> None:
        for service, name in (
            ("Shop", "ann@shop.example"),
            ("Shop: the & only?", "a/b:c#d%20?secret=x&issuer=Evil"),
            ("Café 日本", "ann ☂ zoë"),
        ):
            kit = Kit(service=service)
            setup = await kit.factors.begin_totp(User(id="u1", name=name))
            parts = urlsplit(setup.uri)
            issuer, _, account = parts.path.removeprefix("/").partition(":")
            query = parse_qs(parts.query)
            assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
            assert (unquote(issuer), unquote(account)) == (service, name)
            assert parts.path.count("/") == 1
            assert query == {"secret": [setup.secret], "issuer": [service]}
            assert pyotp.parse_uri(setup.uri).issuer == service
            assert len(setup.secret) == 32
            assert setup.secret not in repr(setup)

    on_asyncio(main)


def test_long_names_are_cut_to_what_a_picture_holds() -> None:
    async def main() -> None:
        kit = Kit(service="日" * 500)
        setup = await kit.factors.begin_totp(User(id="u1", name="\U0001f600" * 254))
        assert len(setup.uri) < 600
        assert len(setup.qr) < 20_000

    on_asyncio(main)


def test_the_picture_stands_under_any_policy() -> None:
    async def main() -> None:
        found = ElementTree.fromstring((await Kit().factors.begin_totp(ANN)).qr)
        for element in found.iter():
            assert element.tag.rpartition("}")[2] in ("svg", "title", "g", "path")
            for name, value in element.attrib.items():
                assert not name.startswith("on")
                assert "style" not in name and "href" not in name
                assert "url(" not in value and ":" not in value

    on_asyncio(main)


@BOTH
def test_it_counts_when_a_code_was_shown(run: Runs) -> None:
    async def main() -> None:
        kit = Kit()
        setup = await kit.factors.begin_totp(ANN)
        assert await kit.factors.ways("u1") == frozenset()
        assert await refused(kit, at(setup, kit.clock())) == "no_factor"
        with pytest.raises(FactorError) as told:
            await kit.factors.confirm_totp(ANN, "000000")
        assert told.value.reason == "code"
        codes = await kit.factors.confirm_totp(ANN, at(setup, kit.clock()))
        assert len(codes) == 10
        assert await kit.factors.ways("u1") == {"totp", "recovery"}
        # The code that confirmed it was seen by whoever looked over the shoulder.
        assert await refused(kit, at(setup, kit.clock())) == "code_used"
        kit.clock.now += 30
        assert await kit.factors.verify("u1", at(setup, kit.clock())) == "totp"
        assert kit.reasons(EventKind.CREDENTIAL_CHANGED) == ["totp_added", "codes_made"]
        assert kit.reasons(EventKind.SIGN_IN_SUCCEEDED) == ["totp"]
        assert kit.reasons(EventKind.SIGN_IN_FAILED) == ["no_factor", "code_used"]

    run(main)


def test_a_setup_that_was_not_finished_begins_again_and_a_finished_one_does_not() -> None:
    async def main() -> None:
        kit = Kit()
        with pytest.raises(FactorError, match="being set up"):
            await kit.factors.confirm_totp(ANN, "123456")
        first = await kit.factors.begin_totp(ANN)
        second = await kit.factors.begin_totp(ANN)
        with pytest.raises(FactorError):
            await kit.factors.confirm_totp(ANN, at(first, kit.clock()))
        await kit.factors.confirm_totp(ANN, at(second, kit.clock()))
        for again in (kit.factors.begin_totp(ANN), kit.factors.confirm_totp(ANN, "123456")):
            with pytest.raises(FactorError) as told:
                await again
            assert told.value.reason == "exists"
        kit.clock.now += 30
        assert await kit.factors.verify("u1", at(second, kit.clock())) == "totp"
        assert await kit.factors.drop_totp("u1")
        await kit.factors.begin_totp(ANN)
        assert await kit.factors.ways("u1") == frozenset()

    on_asyncio(main)


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_one_step_to_either_side_counts(steps: int, good: bool) -> None:
    async def main() -> None:
        kit = Kit()
        setup, _ = await ready(kit)
        kit.clock.now += 90
        code = at(setup, kit.clock() + steps * 30)
        if good:
            assert await kit.factors.verify("u1", code) == "totp"
        else:
            assert await refused(kit, code) == "code"

    on_asyncio(main)


def test_no_step_counts_after_a_later_one() -> None:
    async def main() -> None:
        kit = Kit()
        setup, _ = await ready(kit)
        earlier, later = at(setup, kit.clock()), at(setup, kit.clock() + 30)
        assert await kit.factors.verify("u1", later) == "totp"
        assert await refused(kit, earlier) == "code_used"
        assert await refused(kit, later) == "code_used"

    on_asyncio(main)


@BOTH
def test_of_many_at_once_one_gets_in(run: Runs) -> None:
    async def main() -> None:
        kit = Kit(delays=Delays(free=100))
        setup, _ = await ready(kit)
        code = at(setup, kit.clock())
        got: list[str] = []

        async def attempt() -> None:
            try:
                got.append(await kit.factors.verify("u1", code))
            except FactorError as error:
                got.append(error.reason)

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(attempt)
        assert sorted(got) == ["code_used"] * 49 + ["totp"]

    run(main)


def test_an_account_takes_no_code_of_another() -> None:
    async def main() -> None:
        kit = Kit()
        setup, _ = await ready(kit)
        await ready(kit, BOB)
        code = at(setup, kit.clock())
        assert await refused(kit, code, BOB) == "code"
        assert await kit.factors.verify("u1", code) == "totp"

    on_asyncio(main)


def test_guesses_have_to_wait_and_the_owner_does_not_wait_for_good() -> None:
    async def main() -> None:
        kit = Kit()
        setup, codes = await ready(kit)
        for _ in range(6):
            assert await refused(kit, "000000") == "code"
        assert await refused(kit, at(setup, kit.clock())) == "locked_factor"
        assert kit.reasons(EventKind.SIGN_IN_LOCKED) == ["locked_factor"]
        # Recovery codes cannot be guessed: whoever knows the password keeps no owner out.
        assert await kit.factors.verify("u1", codes[0]) == "recovery"
        for _ in range(6):
            await refused(kit, "000000")
        kit.clock.now += 3
        assert await kit.factors.verify("u1", at(setup, kit.clock())) == "totp"

    on_asyncio(main)


def test_a_code_that_counts_ends_the_count() -> None:
    async def main() -> None:
        kit = Kit()
        setup, _ = await ready(kit)
        for _ in range(4):
            for _ in range(4):
                assert await refused(kit, "000000") == "code"
            assert await kit.factors.verify("u1", at(setup, kit.clock())) == "totp"
            kit.clock.now += 30

    on_asyncio(main)


def test_in_a_day_nobody_guesses_often() -> None:
    async def main() -> None:
        kit = Kit()
        await ready(kit)
        end = kit.clock() + 86_400
        while kit.clock() < end:
            await refused(kit, "000000")
            kit.clock.now += 10
        tried = kit.reasons(EventKind.SIGN_IN_FAILED)
        # Six free or early ones, eleven doublings up to an hour, and one an hour.
        assert 24 <= len(tried) <= 45

    on_asyncio(main)


@pytest.mark.parametrize(
    "typed", ["", "x", "0" * 1_000_000, "\ud800", "12\x0034", "é" * 64, "-" * 64]
)
def test_garbage_is_refused(typed: str) -> None:
    async def main() -> None:
        kit = Kit()
        await ready(kit)
        assert await refused(kit, typed) == "code"
        with pytest.raises(FactorError):
            await kit.factors.confirm_totp(BOB, typed)

    on_asyncio(main)


@given(st.text(max_size=80))
def test_no_text_is_a_code_but_codes(typed: str) -> None:
    code = totp.code_of(typed)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdigit())


def test_what_is_kept_is_encrypted_for_its_owner() -> None:
    async def main() -> None:
        kit = Kit()
        setup, _ = await ready(kit)
        kept = await kit.stores.factors.totp("u1")
        assert kept is not None and setup.secret not in json.dumps(kept.secret)
        await ready(kit, BOB)
        # Whoever writes the table puts their own secret into the owner's row.
        await kit.stores.factors.drop_totp("u2")
        await kit.stores.factors.put_totp(
            type(kept)(user_id="u2", secret=kept.secret, confirmed=True)
        )
        assert await refused(kit, at(setup, kit.clock()), BOB) == "unreadable"
        assert str(kit.events[-1].severity) == "error"

    on_asyncio(main)


def broken(secret: str) -> list[Any]:
    return [secret[:-2] + "AA", secret[:20], "", "1.", "2" + secret[1:], secret + "=", "1.é"]


@pytest.mark.parametrize("number", range(7))
def test_a_secret_that_was_changed_is_none(number: int) -> None:
    async def main() -> None:
        kit = Kit()
        setup, _ = await ready(kit)
        kept = await kit.stores.factors.totp("u1")
        assert kept is not None
        wrong = broken(kept.secret)[number]
        await kit.stores.factors.change_totp("u1", wrong, instead_of=kept.secret, confirmed=True)
        assert await refused(kit, at(setup, kit.clock())) == "unreadable"

    on_asyncio(main)


def test_another_key_takes_over() -> None:
    async def main() -> None:
        kit = Kit(keys=[OLD])
        setup, _ = await ready(kit)
        before = await kit.stores.factors.totp("u1")
        kit.factors = kit.again(keys=[KEY, OLD])
        assert await kit.factors.verify("u1", at(setup, kit.clock())) == "totp"
        after = await kit.stores.factors.totp("u1")
        assert before is not None and after is not None and after.secret != before.secret
        assert (after.confirmed, after.step) == (True, totp.step_at(kit.clock()))
        kit.clock.now += 30
        kit.factors = kit.again(keys=[KEY])
        assert await kit.factors.verify("u1", at(setup, kit.clock())) == "totp"
        unchanged = await kit.stores.factors.totp("u1")
        assert unchanged is not None and unchanged.secret == after.secret
        kit.clock.now += 30
        kit.factors = kit.again(keys=[OLD])
        assert await refused(kit, at(setup, kit.clock())) == "unreadable"

    on_asyncio(main)


@pytest.mark.parametrize(
    "options",
    [
        {"keys": []},
        {"keys": [b"short"]},
        {"keys": ["x" * 32]},
        {"service": ""},
        {"service": 5},
        {"delays": 5},
    ],
)
def test_wrong_options_are_told_with_what_to_write(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as told:
        Kit(**options)
    assert told.value.hint

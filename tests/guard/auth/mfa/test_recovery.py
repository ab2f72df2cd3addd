"""Recovery codes: long, readable, single use, and gone with the factor that they stand in for."""

from __future__ import annotations

import re

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import CredentialError, EventKind, FactorError
from buckler.guard.auth.mfa import recovery
from tests.guard.auth.mfa.parts import ANN, BOB, Kit
from tests.guard.auth.mfa.test_totp import ready
from tests.guard.auth.parts import BOTH, Runs, on_asyncio

FORM = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}")


def test_they_are_long_and_hold_no_two_characters_that_look_alike() -> None:
    codes = [code for _ in range(50) for code in recovery.new_codes()]
    assert all(FORM.fullmatch(code) for code in codes)
    assert len(set(codes)) == 500
    # ASVS 5.0 V6.5.2: a plain hash is enough from 112 bits on.
    assert len(recovery.ALPHABET) ** 24 >= 2**112
    assert {character for code in codes for character in code} == {*recovery.ALPHABET, "-"}


@BOTH
def test_each_counts_once(run: Runs) -> None:
    async def main() -> None:
        kit = Kit()
        _, codes = await ready(kit)
        got: list[str] = []

        async def attempt() -> None:
            try:
                got.append(await kit.factors.verify("u1", codes[3]))
            except CredentialError as error:
                got.append(error.reason)

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(attempt)
        assert sorted(got) == ["code"] * 19 + ["recovery"]
        assert await kit.factors.codes_left("u1") == 9
        used = [event for event in kit.events if event.reason == "code_used"]
        assert [(event.detail["left"], str(event.severity)) for event in used] == [(9, "warning")]

    run(main)


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code,
        lambda code: code.lower(),
        lambda code: code.replace("-", ""),
        lambda code: f"  {code.replace('-', ' ')} ",
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: code.replace("0", "o").replace("1", "I"),
    ],
)
def test_they_are_taken_as_people_type_them(typed: object) -> None:
    async def main() -> None:
        kit = Kit()
        _, codes = await ready(kit)
        for code in codes:
            assert await kit.factors.verify("u1", typed(code)) == "recovery"  # type: ignore[operator]
        assert await kit.factors.ways("u1") == {"totp"}

    on_asyncio(main)


def test_nobody_else_can_use_them_and_the_store_has_digests_alone() -> None:
    async def main() -> None:
        kit = Kit()
        _, codes = await ready(kit)
        await ready(kit, BOB)
        with pytest.raises(FactorError):
            await kit.factors.verify("u2", codes[0])
        digest = recovery.digest(codes[0], "u1")
        assert len(digest) == 64 and codes[0] not in digest
        assert digest != recovery.digest(codes[0], "u2")
        with pytest.raises(FactorError):  # what the table shows is no code
            await kit.factors.verify("u1", digest)
        assert await kit.factors.verify("u1", codes[0]) == "recovery"

    on_asyncio(main)


def test_new_ones_take_the_place_of_all() -> None:
    async def main() -> None:
        kit = Kit()
        _, old = await ready(kit)
        new = await kit.factors.new_codes("u1")
        assert not set(old) & set(new)
        with pytest.raises(FactorError):
            await kit.factors.verify("u1", old[0])
        assert await kit.factors.verify("u1", new[0]) == "recovery"
        assert await kit.factors.codes_left("u1") == 9
        assert "codes_made" in kit.reasons(EventKind.CREDENTIAL_CHANGED)

    on_asyncio(main)


def test_they_stand_in_for_a_factor_and_go_with_the_last_one() -> None:
    async def main() -> None:
        kit = Kit()
        with pytest.raises(FactorError) as told:
            await kit.factors.new_codes("u1")
        assert told.value.reason == "no_factor"
        await ready(kit)
        assert await kit.factors.drop_totp("u1")
        assert not await kit.factors.drop_totp("u1")
        assert await kit.factors.ways("u1") == frozenset()
        assert await kit.factors.codes_left("u1") == 0
        assert kit.reasons(EventKind.CREDENTIAL_CHANGED) == ["totp_removed", "last_factor_removed"]

    on_asyncio(main)


def test_an_administrator_resets_all() -> None:
    async def main() -> None:
        kit = Kit()
        await ready(kit)
        await ready(kit, BOB)
        assert await kit.factors.drop_all("u1", by="boss")
        assert await kit.factors.ways("u1") == frozenset()
        assert await kit.factors.ways("u2") == {"totp", "recovery"}
        (event,) = [one for one in kit.events if one.reason == "factors_reset"]
        assert (event.principal, event.detail["subject"]) == ("boss", "u1")
        assert not await kit.factors.drop_all("u1", by="boss")
        assert (await kit.factors.begin_totp(ANN)).secret

    on_asyncio(main)


@given(st.text(max_size=70))
def test_no_other_text_is_one(typed: str) -> None:
    code = recovery.code_of(typed)
    assert code is None or (len(code) == 24 and set(code) <= set(recovery.ALPHABET))

"""Which new passwords may be taken: the requirements of NIST SP 800-63B-4, 3.1.1.2, one by one."""

from __future__ import annotations

import asyncio
import base64
import random
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import GuardError, PasswordPolicy, PasswordPolicyError

POLICY = PasswordPolicy(service=["Tea Shop", "teashop.example"])


def refused(password: str, **about: Any) -> str:
    try:
        POLICY.check(password, **about)
    except PasswordPolicyError as error:
        return error.reason
    return ""


def test_messages_say_what_to_do_and_nothing_of_the_password() -> None:
    for password in ("xq7", "changeme", "alice-teashop-9", "1" * 20, "x\0" * 10, "x" * 2000):
        with pytest.raises(PasswordPolicyError) as raised:
            POLICY.check(password, name="alice")
        assert raised.value.message.endswith(".")
        assert password not in raised.value.message


@pytest.mark.parametrize(
    "password",
    [
        "seven blue umbrellas",
        "sevenblueumbrella",
        "               x               ",
        "vqzjxkwpmbdhgrt",
        "VQZJXKWPMBDHGRT",
        "849302716540923",
        "!?!?.,:;+-*/()=&",
        "Пароль для магазина",
        "我喜欢在下雨天喝热茶看一本好书吃饼干",
        "🫖🍵🍪☕🥐🍰🧁🥧🍫🍬🍭🍮🍯🥛🍼",
        "e\u0301o\u0308" * 7 + "u\u0308a\u0301",
        "tea shops in the rain",
        "x" + "seven blue umbrellas " * 40,
    ],
)
def test_every_character_and_no_composition(password: str) -> None:
    assert refused(password, name="alice@mail.example") == ""


def test_length_is_counted_in_code_points_of_normal_form_c() -> None:
    assert refused("qxwzvkjpbmdhgr") == "too_short"
    assert refused("qxwzvkjpbmdhgrt") == ""
    assert refused("qxwzvkj", second_factor=True) == "too_short"
    assert refused("qxwzvkjp", second_factor=True) == ""
    # Fourteen letters with their marks apart are twenty-eight code points, of which normal form C makes fourteen.
    assert refused("e\u0301" * 7 + "o\u0308" * 7) == "too_short"
    assert refused("🫖🍵🍪☕🥐🍰🧁🥧🍫🍬🍭🍮🍯🥛") == "too_short"


def test_64_characters_are_taken_and_1_024_bytes_are_the_end() -> None:
    words = "correct horse battery staple by the river in the afternoon sun. "
    assert len(words) == 64
    assert POLICY.check(words) == words
    end = words * 16
    assert POLICY.check(end) == end
    assert refused(end + "x") == "too_long"


@pytest.mark.parametrize(
    ("password", "name"),
    [
        ("admin", "alice"),
        ("Admin", ""),
        ("adminadmin", ""),
        ("changeme", ""),
        ("CHANGE-ME", ""),
        ("pass word pass word", ""),
        ("alice@shop.example", "alice@shop.example"),
        ("alice-the-great-one", "alice-the-great-one@mail.example"),
        ("AliceTheGreatOne", "alice.the.great.one"),
    ],
)
def test_default_credentials(password: str, name: str) -> None:
    assert refused(password, name=name) == "default"


@pytest.mark.parametrize(
    ("password", "name", "reason"),
    [
        ("alice-teashop-2024", "alice@mail.example", "context"),
        ("AliceAliceAlice1", "alice@mail.example", "context"),
        ("teashop.example!", "bob", "context"),
        ("Tea Shop Tea Shop 1", "bob", "context"),
        # What is left is a password by itself.
        ("alice walks in the rain", "alice@mail.example", ""),
        ("my teashop has blue umbrellas", "bob", ""),
        # Short names are in every other word.
        ("an anana can ran an", "an@mail.example", ""),
        # A name without letters is in no password.
        ("!?!?.,:;+-*/()=&", "-", ""),
    ],
)
def test_names_of_the_context_count_for_nothing(password: str, name: str, reason: str) -> None:
    assert refused(password, name=name) == reason


@pytest.mark.parametrize(
    "password",
    [
        "1234567890123456789",
        "qwertyuiopasdfghjkl",
        "abcdefghijklmnopq",
        "987654321098765432",
        "aaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "dragondragondragon",
        "passwordpassword1"[:16] + "password",
        "qwertyuiopasdfghjkl!1",
        "QwErTyUiOpAsDfGhJkL",
    ],
)
def test_common(password: str) -> None:
    assert refused(password) in ("common", "default")


@given(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=24, max_size=64
    )
)
def test_what_is_taken_is_what_is_hashed_and_is_never_cut(password: str) -> None:
    try:
        found = POLICY.check(password)
    except PasswordPolicyError as error:
        assert error.reason in {"common", "default", "too_short"}  # noqa: PT017 - else it is a bug
        return
    assert unicodedata.normalize("NFC", password) == found
    assert POLICY.check(found) == found


def test_of_passwords_by_chance_none_is_refused() -> None:
    """A manager's passwords: 20,000 of each kind; the filter alone errs once in a million."""
    chance = random.Random(9)
    kinds = (
        lambda: base64.b64encode(chance.randbytes(12)).decode(),
        lambda: chance.randbytes(10).hex(),
        lambda: f"{chance.randrange(10**15):015}",
    )
    for kind in kinds:
        assert sum(refused(kind(), name="alice@mail.example") != "" for _ in range(20_000)) <= 2


@pytest.mark.parametrize("password", ["seven blue\0 umbrellas", "seven blue \ud800 umbrellas"])
def test_what_cannot_be_typed_again(password: str) -> None:
    assert refused(password) == "characters"


class Known:
    async def holds(self, password: str) -> bool:
        return password == "seven blue umbrellas"


def test_leaks_are_asked_last() -> None:
    policy = PasswordPolicy(leaks=Known())
    assert asyncio.run(policy.judge("eight blue umbrellas")) == "eight blue umbrellas"
    for password, reason in (("seven blue umbrellas", "leaked"), ("short", "too_short")):
        with pytest.raises(PasswordPolicyError) as raised:
            asyncio.run(policy.judge(password))
        assert raised.value.reason == reason


@pytest.mark.parametrize(
    "options",
    [
        {"minimum": 7},
        {"with_factor": 6},
        {"minimum": 500},
        {"minimum": "15"},
        {"service": "shop"},
        {"service": [1]},
        {"common": "yes"},
        {"leaks": True},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(GuardError) as raised:
        PasswordPolicy(**options)
    assert raised.value.hint

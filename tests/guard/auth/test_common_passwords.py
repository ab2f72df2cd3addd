"""The filter of common passwords: every word of its lists, and next to none besides."""

from __future__ import annotations

import os
import random
import runpy
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard.auth.password.common import FILE, Fuse, folded, is_common, shipped
from tests.conftest import ROOT

SCRIPT = runpy.run_path(str(ROOT / "scripts/common_passwords.py"))
DATA = Path(os.environ.get("BUCKLER_DATA", ROOT.parent / "shared/data"))
build, normal, words = SCRIPT["build"], SCRIPT["normal"], SCRIPT["words"]
EVERYBODY_S = """123456 123456789 12345678 password qwerty123 qwerty1 111111 12345 secret 123123 1234567890
1234567 000000 qwerty abc123 password1 iloveyou 11111111 dragon monkey letmein 987654321 mynoob 666666 18atcskd2w
7777777 1q2w3e4r 654321 555555 3rjs1la7qe google 1q2w3e4r5t 123qwe zxcvbnm 1q2w3e princess sunshine football
charlie aa123456 donald admin welcome login flower passw0rd master hello freedom whatever qazwsx trustno1
baseball superman batman starwars shadow michael ashley hunter jordan""".split()
"""From the yearly lists of SplashData and NordPass, of which none is among the sources of the filter."""


def zxcvbn_s() -> list[str]:
    """The 30,000 words of zxcvbn, a package of its own."""
    lists: Any = pytest.importorskip("zxcvbn.frequency_lists", reason="zxcvbn is not installed")
    return list(lists.FREQUENCY_LISTS["passwords"])


def test_what_everybody_has() -> None:
    assert [word for word in EVERYBODY_S if not shipped().knows(word)] == []
    assert [word for word in EVERYBODY_S if not is_common(word.upper())] == []


def test_no_word_of_an_independent_list_is_missed() -> None:
    found = zxcvbn_s()
    assert len(found) > 10_000
    assert [word for word in found if not shipped().knows(folded(word))] == []


def test_no_word_of_the_lists_themselves_is_missed() -> None:
    lists = sorted(DATA.glob("passwords/*"))
    if not lists:
        pytest.skip("the lists are not in $BUCKLER_DATA/passwords")
    known = normal(word for path in lists for word in words(path))
    assert len(known) >= shipped().words
    assert sum(not shipped().knows(word) for word in known) == 0


def test_one_in_a_million_besides() -> None:
    """2**-20 of 400,000 words is 0.4; more than 4 come once in 10,000 runs where the rate is as stated."""
    chance = random.Random(5)
    letters = string.ascii_letters + string.digits
    told = sum(shipped().knows("".join(chance.choices(letters, k=16))) for _ in range(400_000))
    assert told <= 4


def test_it_is_small_and_states_how_many_words_it_has() -> None:
    assert FILE.stat().st_size < 3_000_000
    assert shipped().words == 963_534
    assert "963,534 words" in FILE.with_suffix(".md").read_text()


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=200))
@settings(max_examples=50, deadline=None)
def test_a_filter_of_any_words_has_them_all(some: set[str]) -> None:
    fuse = Fuse(build(some))
    assert all(fuse.knows(word) for word in some)
    assert fuse.words == len(some)


def test_a_filter_of_some_words_has_few_others() -> None:
    fuse = Fuse(build({f"word{number}" for number in range(20_000)}))
    assert all(fuse.knows(f"word{number}") for number in range(20_000))
    assert sum(fuse.knows(f"other{number}") for number in range(100_000)) <= 3


@pytest.mark.parametrize("cut", [1, 30, 1_000_000])
def test_a_file_that_is_cut_is_none(cut: int) -> None:
    data = FILE.read_bytes()
    with pytest.raises(ValueError, match="common passwords"):
        Fuse(data[:-cut])
    with pytest.raises(ValueError, match="common passwords"):
        Fuse(b"X" + data[1:])


@pytest.mark.parametrize(
    ("password", "common"),
    [
        ("administrator", True),
        ("Administrator1!", True),
        ("ADMINISTRATOR!!!!", True),
        ("administrator12345", False),
        ("administrator of teapots", False),
        ("footballfootball", True),
        ("xyxyxyxyxyxyxyxy", True),
        ("teapotsteapotsinrain", False),
        ("5678901234", True),
        ("3210987654", True),
        ("mnopqrstuv", True),
        ("tea at 5 each day 4321", False),
    ],
)
def test_decorations_and_repetitions(password: str, common: bool) -> None:
    assert is_common(password) == common

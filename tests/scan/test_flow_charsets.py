"""What a pattern leaves of a text, against the pattern itself: no text that fits holds what would do harm."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.scan.engines.source.flow.charsets import (
    DANGEROUS,
    clean_after,
    clean_group,
    kept_after,
)
from buckler.scan.engines.source.flow.values import ALL, bit

CLASSES = st.sampled_from(
    [
        "[a-z]",
        "[A-Za-z0-9_]",
        r"\w",
        r"\d",
        "[^<>]",
        "[^'\"]",
        ".",
        r"[\w.-]",
        r"[^/\\]",
        r"\S",
        "a|b",
        "(?:x|y/)",
        "é",
    ]
)
REPEATS = st.sampled_from(["", "+", "*", "{1,20}", "?"])
PATTERNS = st.lists(st.tuples(CLASSES, REPEATS), min_size=1, max_size=4).map(
    lambda parts: "".join(f"(?:{inner}){repeat}" for inner, repeat in parts)
)


ELSEWHERE = re.compile(r"(?:https?:|[\\/]{2})[\\/]*\w+\.\w")


def claimed(kinds: int) -> list[str]:
    return [kind for kind in DANGEROUS if DANGEROUS[kind] and kinds & bit(kind)]


def harmful(text: str, kind: str) -> bool:
    """For addresses: it names a host of its own, as a pattern may well list paths with slashes; a formula is one at
    the beginning alone."""
    if kind == "csv":
        return text[:1] in set(DANGEROUS[kind])
    if kind in ("ssrf", "redirect"):
        return ELSEWHERE.match(text) is not None
    return bool(set(text) & set(DANGEROUS[kind]))


@settings(max_examples=150, deadline=None)
@given(PATTERNS, st.data())
def test_what_fits_a_pattern_holds_nothing_that_the_pattern_rules_out(pattern: str, data) -> None:
    kinds = clean_after(pattern, whole=True)
    text = data.draw(st.from_regex(re.compile(pattern), fullmatch=True))
    if kinds == ALL:
        assert re.fullmatch(r"[\w-]*", text)
    else:
        assert [kind for kind in claimed(kinds) if harmful(text, kind)] == []


@settings(max_examples=100, deadline=None)
@given(PATTERNS, st.data())
def test_a_group_holds_nothing_that_it_rules_out(pattern: str, data) -> None:
    whole = f"x({pattern})y"
    kinds = clean_group(whole, 1)
    text = data.draw(st.from_regex(re.compile(whole), fullmatch=True))
    found = re.fullmatch(whole, text)
    assert found is not None
    if kinds != ALL:
        assert [kind for kind in claimed(kinds) if harmful(found.group(1), kind)] == []


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["[^a-z]", r"\W+", r"[^\w.-]", "[<>]", r"[\r\n]+", r"[^0-9]*"]),
    st.text(max_size=40),
)
def test_what_is_left_after_a_substitution_is_harmless(pattern: str, text: str) -> None:
    kinds = kept_after(pattern)
    left = re.sub(pattern, "", text)
    if kinds == ALL:
        assert re.fullmatch(r"[\w-]*", left)
    else:
        assert [kind for kind in claimed(kinds) if harmful(left, kind)] == []


def test_a_pattern_without_anchors_shows_nothing() -> None:
    assert clean_after(r"[a-z]+", whole=False) == 0
    assert clean_after(r"^[a-z]+", whole=False) == 0
    assert clean_after(r"^[a-z]+$", whole=False) & bit("sql", "path", "shell") == bit(
        "sql", "path", "shell"
    )


def test_a_dollar_lets_a_line_end_through() -> None:
    assert re.match(r"^[a-z]+$", "abc\n")
    assert not clean_after(r"^[a-z]+$", whole=False) & bit("header")
    assert clean_after(r"^[a-z]+\Z", whole=False) & bit("header")


def test_what_is_no_pattern_shows_nothing() -> None:
    assert clean_after("(", whole=True) == 0
    assert kept_after("[") == 0
    assert clean_group("(a", 1) == 0

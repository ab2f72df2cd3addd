"""Exponential patterns are told from those that only look like them, and really are."""

from __future__ import annotations

import re
import time

import pytest

from buckler.scan.languages.regex import is_exponential
from buckler.scan.rules.injection.regex_dos import RegexDenialOfService

EXPONENTIAL = [
    (r"^(a+)+$", "a", "!"),
    (r"^([a-z0-9]+[._-]?)+@shop[.]example$", "a", "!"),
    (r"^(\w+\s?)+$", "a", "!"),
    (r"^(?:aa|a|ab)+$", "a", "!"),
    (r"^(.*,)*x$", ",", "!"),
    (r'^("(\\.|[^"])*")$', "\\a", "!"),
    (r"^(a{1,3})+$", "a", "!"),
    (r"^(?:[a-z]+|[a-z]+-)*$", "a", "!"),
    (r"(?i)^(?:[A-Z]+x?)+$", "b", "!"),
    (r"(a*)*b", "a", ""),
]
HARMLESS = [
    r"^(\w+\s)+$",
    r"^(a|ab)+$",
    r"(a+)+",
    r"^\w+(?:\s\w+)*$",
    r"^(?>a+)+$",
    r"^(a++)+$",
    r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$",
    r'^("([^"\\]|\\.)*")$',
    r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
    r"^\d{1,3}(\.\d{1,3}){3}$",
    r"^(?=.*\d)(?=.*[a-z]).{8,}$",
    r"^(a)\1+$",
    "(",
]


def seconds(pattern: str, text: str) -> float:
    compiled = re.compile(pattern)
    begun = time.perf_counter()
    compiled.search(text)
    return time.perf_counter() - begun


@pytest.mark.parametrize(("pattern", "pump", "end"), EXPONENTIAL)
def test_time_doubles_with_each_letter(pattern: str, pump: str, end: str) -> None:
    assert is_exponential(pattern)
    start = '"' if pattern.startswith('^("') else ""
    count = 8
    while (first := seconds(pattern, start + pump * count + end)) < 0.01 and count < 60:
        count += 1
    assert seconds(pattern, start + pump * (count + 4) + end) > 4 * first


@pytest.mark.parametrize("pattern", HARMLESS)
def test_harmless_patterns_are_left_alone(pattern: str) -> None:
    assert not is_exponential(pattern)


def test_a_match_that_cannot_fail_is_harmless_unless_it_must_reach_the_end() -> None:
    assert not is_exponential(r"(\w+\s?)*")
    assert is_exponential(r"(\w+\s?)*", whole=True)


def test_the_patterns_of_the_good_example_are_fast() -> None:
    text = RegexDenialOfService.good[0].main
    for pattern in re.findall(r"re\.compile\(r([\"'])(.*)\1\)", text):
        assert seconds(pattern[1], "a" * 5000 + "!") < 0.5

"""Exponential patterns are told from those that only look like them."""

from __future__ import annotations

import re

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
    (r"^(?:a{0,2}b?)+$", "a", "!"),
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
    r"^/(?:\.{0,2}/)+$",
    r"^(?:\.[a-z]{1,3}|\[\d{1,4}\])+$",
    "(",
]


@pytest.mark.parametrize(("pattern", "pump", "end"), EXPONENTIAL)
def test_exponential_patterns_are_told(pattern: str, pump: str, end: str) -> None:
    assert is_exponential(pattern)
    start = '"' if pattern.startswith('^("') else ""
    # The pump is one that makes the match fail late: short enough here to fail at once.
    assert re.search(pattern, start + pump * 4 + end) is None or not end


@pytest.mark.parametrize("pattern", HARMLESS)
def test_harmless_patterns_are_left_alone(pattern: str) -> None:
    assert not is_exponential(pattern)


def test_a_match_that_cannot_fail_is_harmless_unless_it_must_reach_the_end() -> None:
    assert not is_exponential(r"(\w+\s?)*")
    assert is_exponential(r"(\w+\s?)*", whole=True)


def test_the_patterns_of_the_good_example_are_harmless() -> None:
    patterns = re.findall(r"re\.compile\(r([\"'])(.*)\1\)", RegexDenialOfService.good[0].main)
    assert patterns
    assert not any(is_exponential(pattern) for _, pattern in patterns)

"""The grade, computed by hand from the published formula (docs/report.md)."""

from __future__ import annotations

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.score import score


def made(rule: str, severity: Severity, confidence: Confidence = Confidence.PROVED) -> Finding:
    return Finding(rule, "m", severity, confidence, Location())


@pytest.mark.parametrize(
    ("findings", "value", "grade"),
    [
        ([], 100, "A+"),
        ([made("A", Severity.LOW)], 98, "A+"),
        ([made("A", Severity.MEDIUM)], 89, "B"),
        ([made("A", Severity.HIGH)], 64, "D"),
        ([made("A", Severity.CRITICAL)], 29, "F"),
        ([made("A", Severity.HIGH, Confidence.SUSPECTED)], 95, "A"),
        # 100 - 2 - 2/4 - 2/4 = 97
        ([made("A", Severity.LOW)] * 3, 97, "A+"),
        # 100 - 2 - 2 - 2 = 94
        ([made(r, Severity.LOW) for r in "ABC"], 94, "A"),
        ([made(r, Severity.CRITICAL) for r in "ABC"], 0, "F"),
    ],
)
def test_the_formula(findings, value, grade) -> None:
    made_score = score(findings)
    assert (made_score.value, made_score.grade) == (value, grade)


def test_a_fingerprint_survives_moved_lines_but_not_another_place() -> None:
    base = Finding(
        "INJ001",
        "m",
        Severity.HIGH,
        Confidence.PROVED,
        Location("a.py", 3, "GET /", "query:q"),
        anchor="x = 1",
    )
    moved = Finding(
        "INJ001",
        "n",
        Severity.LOW,
        Confidence.SUSPECTED,
        Location("a.py", 9, "GET /", "query:q"),
        anchor="  x  =  1",
    )
    other = Finding(
        "INJ001",
        "m",
        Severity.HIGH,
        Confidence.PROVED,
        Location("a.py", 3, "GET /", "query:r"),
        anchor="x = 1",
    )
    assert base.fingerprint == moved.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("path", "same"),
    [
        (".venv/lib/python3.13/site-packages/labels-1.dist-info/METADATA", True),
        ("../../venvs/shop/lib/python3.11/site-packages/labels-1.dist-info/METADATA", True),
        ("venv/Lib/site-packages/labels-1.dist-info/METADATA", True),
        (".venv/lib/python3.13/site-packages/labels-2.dist-info/METADATA", False),
        ("site-packages.txt", False),
    ],
)
def test_an_environment_may_lie_anywhere(path: str, same: bool) -> None:
    def at(path: str) -> str:
        place = Location(path, 1)
        return Finding("PKG004", "m", Severity.HIGH, Confidence.OBSERVED, place).fingerprint

    here = at(".venv/lib/python3.11/site-packages/labels-1.dist-info/METADATA")
    assert (at(path) == here) is same


def test_two_views_of_one_weakness_are_one_finding() -> None:
    live = made("A", Severity.MEDIUM)
    source = made("A", Severity.HIGH, Confidence.SUSPECTED)
    merged = source.merged(live)
    assert (merged.confidence, merged.severity) == (Confidence.PROVED, Severity.HIGH)

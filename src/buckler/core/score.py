"""The grade: versioned data and one small formula (docs/grade.md).

A change of this table changes grades that people compare over time, so it carries a
version, and CHANGELOG names every change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from buckler.core.finding import Confidence, Finding, Severity

VERSION = "score/1"

POINTS = {
    Severity.CRITICAL: 40.0,
    Severity.HIGH: 20.0,
    Severity.MEDIUM: 6.0,
    Severity.LOW: 2.0,
    Severity.INFO: 0.0,
}
"""What the first finding of a rule takes away from 100."""

WEIGHT = {Confidence.PROVED: 1.0, Confidence.OBSERVED: 1.0, Confidence.SUSPECTED: 0.25}
"""A suspicion counts a quarter."""

REPEAT = 0.25
"""Each further finding of the same rule counts a quarter of the first: it has one cause."""

GRADES = ((97, "A+"), (90, "A"), (80, "B"), (65, "C"), (50, "D"), (30, "E"), (0, "F"))
"""Least score of each grade, best first."""

CEILING = {Severity.CRITICAL: 29, Severity.HIGH: 64, Severity.MEDIUM: 89}
"""The best score with a proved or observed finding of this severity."""


@dataclass(frozen=True, slots=True)
class Score:
    """0 (worst) to 100, and the grade that it gives."""

    value: int
    grade: str
    version: str = VERSION


def score(findings: Iterable[Finding]) -> Score:
    """Grade a list of findings.

    Takes ``POINTS`` for the first finding of each rule and ``REPEAT`` of it for each further
    one, weighted by confidence, from 100; then applies ``CEILING``.
    """
    total = 100.0
    ceiling = 100
    seen: set[str] = set()
    ranked = sorted(findings, key=lambda f: (f.severity.rank, f.confidence.rank, f.rule))
    for finding in ranked:
        factor = REPEAT if finding.rule in seen else 1.0
        seen.add(finding.rule)
        total -= POINTS[finding.severity] * WEIGHT[finding.confidence] * factor
        if finding.confidence is not Confidence.SUSPECTED:
            ceiling = min(ceiling, CEILING.get(finding.severity, 100))
    value = max(0, min(round(total), ceiling))
    return Score(value, next(grade for least, grade in GRADES if value >= least))

"""Every rule's bad examples are found by that rule, its good ones are not: by real scans.

Where nothing but files is read, all of them always. Of the others, whose application is run, with
BUCKLER_EVERYTHING=1 all, else the first bad one of each rule and the first good one of every other.
"""

from __future__ import annotations

import os

import pytest

from buckler.core.registry import Registry
from buckler.core.rule import Example, Rule

RULES = Registry.load("buckler.scan.rules")
NEAR = 2
READING = {
    "check_source": "source",
    "flows": "source",
    "check_call": "source",
    "check_project": "packages",
    "check_package": "packages",
    "check_inventory": "packages",
}


def engines_of(rule: Rule) -> tuple[str, ...]:
    """The engines that a rule needs where those run nothing, else none: the scan decides."""
    hooks = [hook for hook in rule.hooks() if hook != "check_site"]
    return tuple(dict.fromkeys(READING[h] for h in hooks)) if set(hooks) <= set(READING) else ()


def cases(kind: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.id}-{number}")
        for at, rule in enumerate(RULES)
        for number, example in enumerate(getattr(rule, kind))
        if engines_of(rule) or is_chosen(kind, at, number)
    ]


def is_chosen(kind: str, at: int, number: int) -> bool:
    """Whether an example whose application is run is among those that are run always."""
    if os.environ.get("BUCKLER_EVERYTHING"):
        return True
    return number == 0 if kind == "bad" else number == 0 and at % 2 == 0


def findings_of(rule, example, project, scan):
    folder = project(
        {**example.sources(), "pyproject.toml": f"[tool.buckler]\n{example.settings}\n"}
    )
    report = scan(folder, select=(rule.id,), engines=engines_of(rule))
    assert not report.failed, report.failed
    return report.findings


@pytest.mark.parametrize(("rule", "example"), cases("bad"))
def test_the_bad_example_is_found(rule: Rule, example: Example, project, scan) -> None:
    found = findings_of(rule, example, project, scan)
    assert found, f"{rule.id} says nothing of its own bad example"
    if example.line is not None:
        lines = [f.location.line for f in found]
        assert any(line and abs(line - example.line) <= NEAR for line in lines), lines


@pytest.mark.parametrize(("rule", "example"), cases("good"))
def test_the_good_example_is_not(rule: Rule, example: Example, project, scan) -> None:
    assert [f.message for f in findings_of(rule, example, project, scan)] == []


@pytest.mark.parametrize("rule", list(RULES), ids=lambda rule: rule.id)
def test_the_rule_is_whole(rule: Rule) -> None:
    rule.validate()
    assert rule.fix is None or rule.fix.summary

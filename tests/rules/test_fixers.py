"""Each rule with a fixer turns its bad examples into code in which it finds nothing any more.

The source engine looks before and after. What only the running application shows is in
``tests/fix/test_proved.py``, since each of these costs two scans.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from buckler.core.finding import Finding
from buckler.core.registry import Registry
from buckler.core.rule import Example, Rule
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.interface import Fixes
from buckler.scan.fix.writing import written

RULES = Registry.load("buckler.scan.rules")
FIXERS = [rule for rule in RULES if isinstance(rule, Fixes)]
SHOWN_BY_SOURCE = ("check_source", "check_call", "flows")
BY_RUN = frozenset({"ACC011"})
"""Rules whose fixers repair what a run shows; what they say of source alone has no repair."""
BY_SOURCE = [
    rule
    for rule in FIXERS
    if rule.id not in BY_RUN and any(hasattr(rule, hook) for hook in SHOWN_BY_SOURCE)
]


def found(folder: Path, rules: list[Rule]) -> list[Finding]:
    gaps: list[object] = []
    findings = list(SourceEngine(folder, rules, gaps.append).run())
    assert [gap for gap in gaps if "parse" in str(gap)] == []
    return findings


def laid_out(folder: Path, example: Example) -> Path:
    for name, text in example.sources().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def repaired_once(folder: Path, rule: Rule) -> int:
    """Apply the repairs of all findings of a rule, one after the other; how many there were."""
    amount = 0
    for _ in range(20):
        for finding in found(folder, [rule]):
            repair = rule.fix_source(draft_of(folder, finding.location.path), finding)
            if repair is None:
                continue
            for file in written(folder, [repair]):
                if file.path.endswith(".py"):
                    ast.parse(file.data)
                (folder / file.path).write_bytes(file.data)
            amount += 1
            break
        else:
            return amount
    raise AssertionError(f"{rule.id} repairs without an end")


def places(findings: list[Finding]) -> Counter[tuple[str, str | None]]:
    return Counter((f.rule, f.location.path) for f in findings)


@pytest.mark.parametrize("rule", BY_SOURCE, ids=lambda rule: rule.id)
def test_the_bad_examples_are_repaired(rule: Rule, tmp_path: Path) -> None:
    total = 0
    for number, example in enumerate(rule.bad):
        folder = laid_out(tmp_path / str(number), example)
        before, own = found(folder, list(RULES)), found(folder, [rule])
        amount = repaired_once(folder, rule)
        after = found(folder, list(RULES))
        assert len(found(folder, [rule])) <= len(own) - amount
        assert places(after) - places(before) == Counter(), "the repair brought a finding"
        total += amount
    assert total, f"{rule.id} has a fixer that repairs none of its bad examples"


@pytest.mark.parametrize("rule", BY_SOURCE, ids=lambda rule: rule.id)
def test_good_examples_are_left_alone(rule: Rule, tmp_path: Path) -> None:
    for number, example in enumerate(rule.good):
        assert repaired_once(laid_out(tmp_path / str(number), example), rule) == 0


@pytest.mark.parametrize("rule", FIXERS, ids=lambda rule: rule.id)
def test_a_rule_with_a_fixer_says_how_it_fixes(rule: Rule) -> None:
    assert rule.fix is not None
    assert rule.fixable in ("safe", "reviewed")


@pytest.mark.parametrize("rule", list(RULES), ids=lambda rule: rule.id)
def test_no_rule_without_a_fixer_claims_one(rule: Rule) -> None:
    data = rule.fix_data()
    if not isinstance(rule, Fixes):
        assert rule.fixable == ""
        assert data is None or data["safe"] is False

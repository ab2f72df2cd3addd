"""Bad examples that only the running application shows: attacked, repaired, attacked again in a copy.

Those that source shows are in ``tests/rules/test_fixers.py``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buckler.core.registry import Registry
from buckler.core.rule import Rule
from buckler.core.settings import load
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options
from buckler.scan.fix.apply import apply
from buckler.scan.fix.interface import Fixes
from buckler.scan.fix.look import Looker
from buckler.scan.fix.plan import plan
from buckler.scan.fix.verify import Verifier

HOOKS = ("check_source", "check_call", "flows")
ATTACKED = ("INJ001", "INJ002", "INJ004", "INJ009")
"""Of those that source shows as well: one for each way in which an attack is sent again."""


def shown_by_running() -> list[list[Rule]]:
    """The rules with a fixer that only the running application shows; those with the same example together."""
    groups: dict[str, list[Rule]] = {}
    for rule in Registry.load("buckler.scan.rules"):
        source = any(hasattr(rule, hook) for hook in HOOKS)
        if isinstance(rule, Fixes) and (rule.id in ATTACKED or not source):
            groups.setdefault(f"{rule.bad[0].sources()}{rule.bad[0].settings}", []).append(rule)
    return list(groups.values())


@pytest.mark.parametrize("rules", shown_by_running(), ids=lambda rules: rules[0].id)
def test_a_bad_example_is_repaired_with_proof(rules: list[Rule], project) -> None:
    """The first example that can be repaired; those before it are left to a person by the rule."""
    ids = tuple(rule.id for rule in rules)
    for example in rules[0].bad:
        files = {**example.sources(), "pyproject.toml": f"[tool.buckler]\n{example.settings}\n"}
        folder: Path = project(files)
        settings = replace(load(folder), engines=("app", "attack", "packages"), select=ids)
        target = discover(str(folder), settings)
        looker = Looker(settings, Options(), rules, lambda event: None)
        before = looker.look(target)
        made = plan(folder, before.report.findings, rules, unsafe=True)
        if not made.repairs:
            continue
        repaired = [item.rule.id for item in (*made.repairs, *made.later)]
        assert sorted(set(repaired)) == sorted(ids)
        tried = Verifier(target, looker, before).verify(made.repairs)
        assert [outcome.against for outcome in tried.outcomes] == [""] * len(tried.outcomes)
        assert all("finding gone" in outcome.shown for outcome in tried.outcomes)
        apply(folder, tried.files)
        assert tried.after is not None
        left = plan(folder, tried.after.report.findings, rules, unsafe=True)
        assert left.repairs == ()
        return
    raise AssertionError(f"{', '.join(ids)}: none of the bad examples is repaired")

"""Bad examples that only the running application shows: attacked, repaired, attacked again in a copy.

Those that source shows are in ``tests/rules/test_fixers.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.core.registry import Registry
from buckler.core.rule import Rule
from buckler.core.settings import Settings
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options
from buckler.scan.fix.apply import apply
from buckler.scan.fix.interface import Fixes
from buckler.scan.fix.look import Looker
from buckler.scan.fix.plan import plan
from buckler.scan.fix.verify import Verifier

FIXERS = [
    rule
    for rule in Registry.load("buckler.scan.rules")
    if isinstance(rule, Fixes) and not hasattr(rule, "check_source")
]


@pytest.mark.parametrize("rule", FIXERS, ids=lambda rule: rule.id)
def test_a_bad_example_is_repaired_with_proof(rule: Rule, project) -> None:
    """The first example that can be repaired; those before it are left to a person by the rule."""
    for example in rule.bad:
        folder: Path = project(example.sources())
        settings = Settings(engines=("app", "attack"), select=(rule.id,))
        target = discover(str(folder), settings)
        looker = Looker(settings, Options(), [rule], lambda event: None)
        before = looker.look(target)
        made = plan(folder, before.report.findings, [rule], unsafe=True)
        if not made.repairs:
            continue
        tried = Verifier(target, looker, before).verify(made.repairs)
        assert [outcome.against for outcome in tried.outcomes] == [""] * len(tried.outcomes)
        assert all("finding gone" in outcome.shown for outcome in tried.outcomes)
        apply(folder, tried.files)
        assert tried.after is not None
        left = plan(folder, tried.after.report.findings, [rule], unsafe=True)
        assert left.repairs == ()
        return
    raise AssertionError(f"{rule.id} repairs none of its bad examples")

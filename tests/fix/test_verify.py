"""Repairs that do not hold are sorted out, and cost none of those that do."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Rule
from buckler.core.settings import Settings
from buckler.scan.discover import discover
from buckler.scan.engines.app.session import Options
from buckler.scan.engines.interface import Module
from buckler.scan.fix.apply import apply
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.fix.look import Looker
from buckler.scan.fix.plan import plan
from buckler.scan.fix.project_tests import ProjectTests
from buckler.scan.fix.verify import Tried, Verifier
from buckler.scan.python.index import index_of

Change = Callable[[Draft, ast.Call], None]


class Calls(Rule):
    """Finds every call of one name and repairs it in the way that it is given."""

    severity = Severity.HIGH
    title = "A call"

    def __init__(
        self, number: int, name: str, change: Change | None = None, safe: bool = True
    ) -> None:
        self.id = f"CFG{number}"
        self._name = name
        self._change = change
        self._safe = safe

    def check_source(self, module: Module) -> Iterable[Finding]:
        for call in index_of(module).called(self._name):
            place = Location(module.path, call.lineno)
            yield self.found("called", confidence=Confidence.OBSERVED, location=place)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        if self._change is None:
            return None
        for call in draft.calls_at(finding):
            if getattr(call.func, "id", "") == self._name:
                self._change(draft, call)
                return draft.repair(
                    "calls it", safe=self._safe, changes="" if self._safe else "all"
                )
        return None


def becomes(text: str) -> Change:
    return lambda draft, call: draft.replace(call, text)


def verified(
    folder: Path,
    rules: list[Rule],
    engines: tuple[str, ...] = ("source",),
    tests: str = "",
    unsafe: bool = False,
) -> tuple[Tried, dict[str, str]]:
    settings = Settings(engines=engines)
    target = discover(str(folder), settings)
    looker = Looker(settings, Options(), rules, lambda event: None)
    before = looker.look(target)
    made = plan(folder, before.report.findings, rules, unsafe=unsafe)
    ran = ProjectTests(tests, folder) if tests else None
    tried = Verifier(target, looker, before, ran).verify(made.repairs)
    return tried, {o.planned.rule.id: o.against for o in tried.outcomes}


def test_the_good_ones_are_kept(tmp_path: Path) -> None:
    lines = ["good()", "broken()", "same()", "worse()", "fine()", "odd()"]
    (tmp_path / "main.py").write_text("\n".join(lines) + "\n")
    rules: list[Rule] = [
        Calls(901, "good", becomes("safe()")),
        Calls(902, "broken", becomes("safe(")),
        Calls(903, "same", becomes("same()  # looked at")),
        Calls(904, "worse", becomes("evil()")),
        Calls(905, "fine", becomes("safe()")),
        Calls(906, "evil"),
        Calls(907, "odd", lambda draft, call: 1 / 0),
    ]
    tried, against = verified(tmp_path, rules)
    assert against["CFG901"] == against["CFG905"] == ""
    assert "cannot be made" in against["CFG902"]
    assert "still there" in against["CFG903"]
    assert "something new is found: CFG906" in against["CFG904"]
    assert "CFG907" not in against, "an error of a fixer is that finding's own"
    apply(tmp_path, tried.files)
    assert (tmp_path / "main.py").read_text().splitlines() == [
        "safe()", "broken()", "same()", "worse()", "safe()", "odd()",
    ]  # fmt: skip
    assert tried.after is not None
    assert len(tried.after.findings) == 4


def test_two_repairs_that_do_not_go_together(tmp_path: Path) -> None:
    """Each is fine alone; with both, a third rule fires."""

    class Both(Rule):
        id, severity, title = "CFG911", Severity.HIGH, "Both"

        def check_source(self, module: Module) -> Iterable[Finding]:
            if len(index_of(module).called("left", "right")) == 2:
                yield self.found(
                    "both", confidence=Confidence.OBSERVED, location=Location(module.path, 1)
                )

    (tmp_path / "main.py").write_text("one()\ntwo()\n")
    rules: list[Rule] = [
        Calls(909, "one", becomes("left()")),
        Calls(910, "two", becomes("right()")),
        Both(),
    ]
    tried, against = verified(tmp_path, rules)
    assert against["CFG909"] == ""
    assert "does not go together" in against["CFG910"]
    apply(tmp_path, tried.files)
    assert (tmp_path / "main.py").read_text() == "left()\ntwo()\n"


def test_repairs_that_touch_the_same_text_are_for_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("outer(inner())\n")
    rules: list[Rule] = [Calls(912, "outer", becomes("safe()")), Calls(913, "inner", becomes("1"))]
    findings = [f for rule in rules for f in _found(rule, tmp_path)]
    made = plan(tmp_path, findings, rules)
    assert [item.rule.id for item in made.repairs] == ["CFG912"]
    assert [item.rule.id for item in made.later] == ["CFG913"]


def test_the_same_change_for_two_findings_is_one_repair(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("bad(bad())\n")
    rule = Calls(914, "bad", becomes("safe()"))
    made = plan(tmp_path, _found(rule, tmp_path), [rule])
    assert [len(item.findings) for item in made.repairs] == [2]


def test_a_repair_of_another_finding_is_none(tmp_path: Path) -> None:
    """As many are gone as were to go, but not the one that was meant."""

    def other(draft: Draft, call: ast.Call) -> None:
        draft.replace(next(c for c in draft.index.called("bad") if c is not call), "safe()")

    (tmp_path / "main.py").write_text("bad()\n(bad())\n")
    rule = Calls(922, "bad", other)
    settings = Settings(engines=("source",))
    target = discover(str(tmp_path), settings)
    looker = Looker(settings, Options(), [rule], lambda event: None)
    before = looker.look(target)
    first = before.report.findings[0]
    made = plan(tmp_path, before.report.findings, [rule], fingerprint=first.fingerprint)
    tried = Verifier(target, looker, before).verify(made.repairs)
    assert [outcome.against for outcome in tried.outcomes] == ["the finding is still there"]


def test_what_is_to_be_reviewed_is_made_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("bad()\n")
    rule = Calls(915, "bad", becomes("safe()"), safe=False)
    findings = _found(rule, tmp_path)
    assert not plan(tmp_path, findings, [rule]).repairs
    assert len(plan(tmp_path, findings, [rule]).review) == 1
    assert len(plan(tmp_path, findings, [rule], unsafe=True).repairs) == 1


def _found(rule: Rule, folder: Path) -> list[Finding]:
    text = (folder / "main.py").read_text()
    module = Module("main.py", ast.parse(text), text.splitlines(), folder)
    return list(rule.check_source(module))


def test_tests_that_fail_afterwards_speak_against(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "def price():\n    return cheap() or 1\n\n\ndef cheap(): ...\n"
    )
    (tmp_path / "check.py").write_text("import shop; assert shop.price() == 1\n")
    command = f"{sys.executable} check.py"
    tried, against = verified(tmp_path, [Calls(916, "cheap", becomes("2"))], tests=command)
    assert "tests fail" in against["CFG916"]
    assert tried.files == ()
    tried, against = verified(tmp_path, [Calls(917, "cheap", becomes("0"))], tests=command)
    assert "tests pass" in tried.outcomes[0].shown


def test_tests_that_failed_before_show_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("x = bad\n\n\ndef f(): return bad()\n")
    command = f"{sys.executable} -c raise(SystemExit(1))"
    tried, against = verified(tmp_path, [Calls(918, "bad", becomes("0"))], tests=command)
    assert against["CFG918"] == ""
    assert any("failed before" in text for text in tried.outcomes[0].unshown)


APP = """from fastapi import FastAPI

app = FastAPI()


def total():
    return {"sum": 1}


@app.get("/total")
def read() -> dict[str, int]:
    return total()
"""


def test_answers_to_benign_requests_must_stay(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP)
    rule = Calls(919, "total", becomes('{"amount": 2}'))
    tried, against = verified(tmp_path, [rule], engines=("source", "app", "attack"))
    assert "GET /total answers a benign request in another way" in against["CFG919"]
    assert tried.files == ()


def test_an_application_that_does_not_start_any_more_speaks_against(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP + "\n\nstart = total()\n")
    rule = Calls(920, "total", becomes("total_[0]"))
    _, against = verified(tmp_path, [rule], engines=("source", "app", "attack"))
    assert "does not run any more" in against["CFG920"]


def test_a_project_that_changed_meanwhile_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("bad()\n")
    rule = Calls(921, "bad", becomes("safe()"))
    tried, _ = verified(tmp_path, [rule])
    (tmp_path / "main.py").write_text("bad()  # saved\n")
    from buckler.core.errors import ApplyError

    with pytest.raises(ApplyError, match="changed on disk"):
        apply(tmp_path, tried.files)


def test_one_that_does_not_hold_costs_none_at_the_same_place(tmp_path: Path) -> None:
    """All are of one rule in one file, so a finding that is still there could be that of any of them."""

    def change(draft: Draft, call: ast.Call) -> None:
        good = ast.unparse(call.args[0]) != "2"
        draft.replace(call, "safe()" if good else "call(2)  # looked at")

    (tmp_path / "main.py").write_text("call(1)\ncall(2)\ncall(3)\n")
    tried, _ = verified(tmp_path, [Calls(923, "call", change)])
    assert [o.holds for o in tried.outcomes] == [True, False, True]
    apply(tmp_path, tried.files)
    assert (tmp_path / "main.py").read_text() == "safe()\ncall(2)\nsafe()\n"

"""What makes a scan fail: not a suspicion, and always a rule that broke."""

from __future__ import annotations

import json
from pathlib import Path

PROVED = """
import sqlite3

from fastapi import FastAPI

app = FastAPI()


@app.get("/things")
def things(q: str = "x") -> list[str]:
    db = sqlite3.connect(":memory:")
    return [n for (n,) in db.execute(f"SELECT name FROM things WHERE name = '{q}'")]
"""
GUESSED = (
    "import random\n"
    + PROVED
    + """

@app.get("/token")
def token() -> float:
    token = random.random()
    return token
"""
)
FINE = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def root(q: str = "x") -> str:
    return "x"
"""
GUIDE = "\n\n    ".join(
    f"## {head}\n    Text."
    for head in (
        "What it is",
        "Why it matters",
        "How to fix",
        "How to check",
        "Roll-out",
        "References",
    )
)
RULE = f'''
from buckler.core.finding import Severity
from buckler.core.rule import Example, Rule


class Broken(Rule):
    """It breaks.

    {GUIDE}
    """

    id = "ZZZ"
    name = "broken-rule"
    title = "Broken rule"
    severity = Severity.LOW
    cwe = (1,)
    owasp = ("A05:2025",)
    bad = (Example("x = 1"),)
    good = (Example("x = 1"),)
    sinks = ("sql",)
    lead = 1

    def HOOK:
        raise ValueError("on purpose")
'''
HOOKS = {
    "INJ991": "check_source(self, module)",
    "INJ992": "check_app(self, app)",
    "INJ993": "check_observations(self, app, seen)",
    "INJ994": "attack(self, slot, mint)",
    "INJ995": "check_project(self, project)",
    "INJ996": "likes(self, slot)",
}


def test_a_suspicion_alone_is_shown_graded_and_not_one(run, project) -> None:
    folder = project({"main.py": GUESSED})
    arguments = ("scan", str(folder), "--json", "--select")
    done = run(*arguments, "AUT009", "--fail-on", "info")
    report = json.loads(done.stdout)
    assert [(f["id"], f["confidence"]) for f in report["findings"]] == [("AUT009", "suspected")]
    assert (done.returncode, report["score"]) == (0, 95)
    assert report["exit"] == {
        "code": 0,
        "reason": "no finding of severity info or worse; 1 suspected, which do not count",
    }
    done = run(*arguments, "AUT009,INJ001")
    report = json.loads(done.stdout)
    assert [f["confidence"] for f in report["findings"]] == ["proved", "suspected"]
    assert done.returncode == 1
    assert report["exit"]["reason"] == "1 finding of severity high or worse"


def test_a_rule_that_breaks_costs_nothing_but_itself(run, project) -> None:
    rules = {
        f"rules/{name.lower()}.py": RULE.replace("ZZZ", name)
        .replace("HOOK", hook)
        .replace("broken-rule", f"broken-{name.lower()}")
        .replace("class Broken", f"class Broken{name}")
        for name, hook in HOOKS.items()
    }
    rules["rules/inj996.py"] = rules["rules/inj996.py"].replace('("sql",)', '("template",)')
    rules["rules/inj996.py"] += "\n    def attack(self, slot, mint):\n        return ()\n"
    settings = '[tool.buckler]\nrules = ["rules"]\nexclude-files = ["rules/*"]\n'
    folder = project({"main.py": PROVED, "pyproject.toml": settings, **rules})
    done = run("scan", str(folder), "--project-rules", "--json", "--select", "INJ001,INJ99")
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert [(f["id"], f["confidence"]) for f in report["findings"]] == [("INJ001", "proved")]
    assert report["broken"] == sorted(HOOKS)
    assert report["provisional"] is True
    gaps = {g["what"]: g["why"] for g in report["coverage"]["gaps"]}
    for name, hook in HOOKS.items():
        why = f"internal error in rule {name} ({hook.partition('(')[0]}): ValueError: on purpose"
        assert gaps[f"rule {name}"] == why
    said = run("scan", str(folder), "--project-rules", "--select", "INJ001,INJ991", "-v")
    assert "The grade is provisional: internal error in rule INJ991" in said.stdout
    assert 'raise ValueError("on purpose")' in said.stderr


def test_a_rule_that_does_not_import_is_named(run, project) -> None:
    settings = '[tool.buckler]\nrules = ["rules"]\n'
    folder = project({"main.py": FINE, "pyproject.toml": settings, "rules/one.py": "1 / 0\n"})
    done = run("scan", str(folder), "--project-rules")
    assert done.returncode == 3
    assert "rules/one.py cannot be imported as a rule: ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_rule_that_breaks_comes_before_too_little_reached(run, project) -> None:
    rule = RULE.replace("ZZZ", "INJ991").replace("HOOK", HOOKS["INJ991"])
    settings = '[tool.buckler]\nrules = ["rules"]\nexclude-files = ["rules/*"]\n'
    broken = FINE.replace("from fastapi", "import nothing_of_that_name\nfrom fastapi")
    folder: Path = project({"main.py": broken, "pyproject.toml": settings, "rules/one.py": rule})
    broken_too = ("--project-rules", "--select", "INJ001,INJ991")
    assert run("scan", str(folder), *broken_too).returncode == 3
    assert run("scan", str(folder), "--select", "INJ001").returncode == 4

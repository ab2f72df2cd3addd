"""``replay``: a proof that could not be tried is not said to be gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = """
import sqlite3

from fastapi import FastAPI

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE things (name TEXT)")


@app.get("/things")
def things(q: str = "x") -> list[str]:
    return [n for (n,) in db.execute(f"SELECT name FROM things WHERE name = '{q}'")]


@app.get("/safe")
def safe() -> str:
    return "x"
"""


@pytest.fixture
def folder(project) -> Path:
    return project({"app/__init__.py": "", "app/main.py": MAIN})


@pytest.fixture
def fingerprint(run, folder: Path) -> str:
    done = run("scan", str(folder), "--select", "INJ001", "--json")
    return json.loads(done.stdout)["findings"][0]["fingerprint"]


def test_what_does_not_run_is_four(run, folder: Path, fingerprint: str) -> None:
    broken = "import nothing_of_that_name\n" + MAIN
    (folder / "app/main.py").write_text(broken, encoding="utf-8")
    done = run("replay", fingerprint, str(folder))
    assert done.returncode == 4
    assert "could not be tried again" in done.stdout
    assert "nothing_of_that_name" in done.stdout


def test_the_id_of_a_rule_names_its_only_finding(run, folder: Path, fingerprint: str) -> None:
    by_rule, by_fingerprint = (run("replay", name, str(folder)) for name in ("inj001", fingerprint))
    assert by_rule.returncode == by_fingerprint.returncode == 1
    assert by_rule.stdout == by_fingerprint.stdout
    other = run("replay", "ACC001", str(folder))
    assert other.returncode == 2
    assert f"buckler replay {fingerprint[:8]}  INJ001  GET /things  query:q" in other.stderr


def test_of_several_findings_of_a_rule_one_has_to_be_named(run, folder: Path) -> None:
    second = MAIN[MAIN.index('@app.get("/things")') : MAIN.index('@app.get("/safe")')]
    second = second.replace("things(", "more(").replace('"/things"', '"/more"')
    (folder / "app/main.py").write_text(MAIN + "\n\n" + second, encoding="utf-8")
    found = json.loads(run("scan", str(folder), "--select", "INJ001", "--json").stdout)["findings"]
    done = run("replay", "INJ001", str(folder))
    assert done.returncode == 2
    assert "2 findings have INJ001; name one" in done.stderr
    assert len(found) == 2
    for one in found:
        assert f"buckler replay {one['fingerprint'][:8]}  INJ001  " in done.stderr


def test_an_operation_that_is_gone_is_four(run, folder: Path, fingerprint: str) -> None:
    gone = MAIN.replace('"/things"', '"/goods"')
    (folder / "app/main.py").write_text(gone, encoding="utf-8")
    done = run("replay", fingerprint, str(folder))
    assert done.returncode == 4
    assert "the operation is gone: there is no GET /things" in done.stdout


@pytest.mark.parametrize("place", ["tests", "tests/security/sql", "."])
def test_the_test_finds_the_project_from_any_folder(
    run, folder: Path, fingerprint: str, place: str
) -> None:
    text = run("replay", fingerprint, str(folder), "--pytest").stdout
    test = folder / place / "test_hole.py"
    test.parent.mkdir(parents=True, exist_ok=True)
    test.write_text(text, encoding="utf-8")
    said = _pytest(test)
    assert "INJ001 SQL injection at GET /things query:q: still holds" in said
    fixed = MAIN.replace(
        "f\"SELECT name FROM things WHERE name = '{q}'\")",
        '"SELECT name FROM things WHERE name = ?", (q,))',
    )
    (folder / "app/main.py").write_text(fixed, encoding="utf-8")
    assert "1 passed" in _pytest(test)


def test_a_test_outside_of_the_project_says_what_to_do(
    run, folder: Path, fingerprint: str, tmp_path: Path
) -> None:
    test = tmp_path / "test_hole.py"
    test.write_text(run("replay", fingerprint, str(folder), "--pytest").stdout, encoding="utf-8")
    said = _pytest(test)
    assert "holds app/main.py" in said
    assert "error" in said


def _pytest(test: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
        capture_output=True,
        text=True,
        cwd=test.parent,
        timeout=120,
        check=False,
    )
    return done.stdout


def test_the_help_says_where_the_test_goes(run) -> None:
    said = " ".join(run("replay", "--help").stdout.split())
    assert "redirect it to a file" in said
    assert "4 it could not be tried" in said

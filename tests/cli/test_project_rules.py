"""A project's own rules are its code, run outside of the box: only who asks for them gets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MAIN = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef root() -> str:\n    return 'x'\n"
SETTINGS = '[tool.buckler]\nrules = ["security"]\n'
RULE = """
from pathlib import Path

Path(__file__).with_name("imported").write_text("x")
"""


@pytest.fixture
def folder(project) -> Path:
    return project({"main.py": MAIN, "pyproject.toml": SETTINGS, "security/x.py": RULE})


def imported(folder: Path) -> bool:
    return (folder / "security/imported").exists()


@pytest.mark.parametrize("engines", ["source,packages", "source,app"])
def test_a_scan_imports_none_unless_asked(run, folder: Path, engines: str) -> None:
    done = run("scan", str(folder), "--engines", engines, "--json")
    assert not imported(folder)
    assert "has rules of its own (security)" in done.stderr
    assert "--project-rules" in done.stderr
    gaps = {g["what"]: g for g in json.loads(done.stdout)["coverage"]["gaps"]}
    assert gaps["rules of the project"]["how_to_include"] == "--project-rules"
    done = run("scan", str(folder), "--engines", engines, "--json", "--project-rules")
    assert imported(folder)
    assert "rules of its own" not in done.stderr


@pytest.mark.parametrize("command", [("rules",), ("rule", "INJ001")])
def test_the_lists_import_none_unless_asked(run, folder: Path, command: tuple[str, ...]) -> None:
    done = run(*command, cwd=folder)
    assert (done.returncode, imported(folder)) == (0, False)
    assert "--project-rules" in done.stderr
    assert run(*command, "--project-rules", cwd=folder).returncode == 0
    assert imported(folder)


def test_replay_imports_none_unless_asked(run, folder: Path, tmp_path: Path) -> None:
    place = {"path": "main.py", "line": 1, "operation": "GET /", "slot": None}
    finding = {"id": "INJ001", "title": "x", "message": "x", "fingerprint": "ab", "location": place}
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"schema": "buckler-report/1", "findings": [finding]}))
    done = run("replay", "ab", str(folder), "--report", str(report))
    assert (done.returncode, imported(folder)) == (0, False)
    assert "--project-rules" in done.stderr
    test = run("replay", "ab", str(folder), "--report", str(report), "--pytest").stdout
    assert "project_rules=False" in test
    run("replay", "ab", str(folder), "--report", str(report), "--project-rules")
    assert imported(folder)


def test_routes_imports_none(run, folder: Path) -> None:
    assert run("routes", str(folder)).returncode == 0
    assert not imported(folder)

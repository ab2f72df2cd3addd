"""What an application says reaches a terminal without its escape sequences (CWE-150)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ESC = "\x1b]0;evil\x07"
MAIN = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/a\\x1b]0;evil\\x07")
def a() -> str:
    return "x"
"""
BROKEN = 'print("\\x1b]0;evil\\x07", flush=True)\nraise RuntimeError("\\x1b]0;evil\\x07")\n' + MAIN


def harmless(text: str) -> None:
    assert "evil" in text
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("command", ["scan", "routes"])
def test_of_an_application_that_fails(run, project, command: str) -> None:
    done = run(command, str(project({"main.py": BROKEN})), *(["-v"] * (command == "scan")))
    harmless(done.stderr + done.stdout)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_of_routes(run, project, options: tuple[str, ...]) -> None:
    done = run("routes", str(project({"main.py": MAIN})), *options)
    harmless(done.stdout)


def test_of_the_label_while_it_runs(run, project) -> None:
    settings = '[tool.buckler]\napp = "main:app\\u001b]0;evil\\u0007"\n'
    done = run("scan", str(project({"main.py": MAIN, "pyproject.toml": settings})))
    harmless(done.stderr)


def test_of_names_of_rules(run, project) -> None:
    settings = '[tool.buckler]\nrules = ["\\u001b]0;evil\\u0007"]\n'
    folder = project({"main.py": MAIN, "pyproject.toml": settings})
    harmless(run("scan", str(folder), "--engines", "source").stderr)


def test_of_replay(run, project, tmp_path: Path) -> None:
    folder = project({"main.py": MAIN})
    place = {"path": None, "operation": f"GET /{ESC}", "slot": None}
    finding = {"id": "INJ001", "title": ESC, "message": "", "fingerprint": "ab", "location": place}
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"schema": "buckler-report/1", "findings": [finding]}))
    harmless(run("replay", "ab", str(folder), "--report", str(report)).stdout)
    harmless(run("replay", "ab", str(folder), "--report", str(report), "--pytest").stdout)

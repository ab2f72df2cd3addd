"""What the box stopped is listed once for each program and place, and never what an attack set off."""

from __future__ import annotations

from pathlib import Path

from buckler.scan.refusals import gaps

CODE = """
import subprocess

from fastapi import FastAPI

app = FastAPI()


@app.get("/log")
def log(ref: str = "HEAD") -> str:
    return subprocess.run(["git", "log", ref], capture_output=True, text=True).stdout


@app.get("/dig")
def dig(name: str) -> str:
    return subprocess.run(f"echo '{name}'", shell=True, capture_output=True, text=True).stdout
"""


def test_only_ordinary_requests_leave_gaps(project, scan) -> None:
    report = scan(project({"main.py": CODE}))
    stopped = [g.what for g in report.coverage.gaps if g.what.startswith("process")]
    assert len(stopped) == 2
    assert not any("O'Brien" in what or "eyJ" in what for what in stopped)
    assert any(f.rule == "INJ002" for f in report.findings)


def test_one_line_for_a_program_at_a_place() -> None:
    items = [
        ("process", "git log 1", "a.py:4"),
        ("process", "git log 2", "a.py:4"),
        ("process", "/bin/sh -c git gc", "a.py:9"),
        ("process", "ls /x", "a.py:4"),
        ("connection", "db:5432", "a.py:1"),
        ("connection", "db:5433", "a.py:1"),
    ]
    listed = list(gaps(items, Path("/x")))
    assert [g.what for g in listed] == [
        "process: git log 1 and 1 more",
        "process: /bin/sh -c git gc",
        "process: ls .",
        "connection: db:5432",
        "connection: db:5433",
    ]
    assert listed[-1].how_to_include == "--allow db:5433"

"""Known findings: said apart, by severity; the file that is written is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MAIN = """
import sqlite3
import subprocess

from fastapi import FastAPI

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE things (name TEXT)")


@app.get("/things")
def things(q: str = "x") -> list[str]:
    return [n for (n,) in db.execute(f"SELECT name FROM things WHERE name = '{q}'")]


@app.get("/ping")
def ping(host: str = "x") -> str:
    return subprocess.run(f"ping {host}", shell=True, capture_output=True).stdout.decode()
"""
BASELINE = ("--select", "INJ001,INJ002", "--baseline", "known.json")


@pytest.fixture
def folder(project) -> Path:
    return project({"main.py": MAIN})


def test_known_findings_are_counted_by_severity(run, folder: Path) -> None:
    done = run("scan", str(folder), *BASELINE, "--update-baseline")
    assert done.returncode == 0
    assert f"wrote {folder / 'known.json'}: 2 known findings" in done.stderr
    assert len(json.loads((folder / "known.json").read_text(encoding="utf-8"))["findings"]) == 2
    for said in (done.stdout, run("scan", str(folder), *BASELINE).stdout):
        assert "2 known findings in the baseline are not graded: 2 critical" in said
        assert "no new finding" in said
    page = run("scan", str(folder), *BASELINE, "--format", "html").stdout
    assert "2 known findings in the baseline are not graded: 2 critical" in page
    marked = run("scan", str(folder), *BASELINE, "--format", "markdown").stdout
    assert "2 known findings in the baseline are not graded: 2 critical." in marked


def test_one_known_finding(run, folder: Path) -> None:
    run("scan", str(folder), *BASELINE, "--update-baseline", "--select", "INJ001")
    table = json.loads((folder / "known.json").read_text(encoding="utf-8"))
    table["findings"] = [row for row in table["findings"] if row["rule"] == "INJ001"]
    (folder / "known.json").write_text(json.dumps(table), encoding="utf-8")
    done = run("scan", str(folder), *BASELINE)
    assert done.returncode == 1
    assert "1 known finding in the baseline is not graded: 1 critical" in done.stdout
    assert "no new finding" not in done.stdout

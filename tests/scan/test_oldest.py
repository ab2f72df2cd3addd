"""The oldest that is supported: FastAPI 0.100 on Python 3.9 gives the findings of the newest.

The agent runs inside the application's interpreter, so its code must be fit for that one, and read
the routes, parameters and schemas of a FastAPI that kept them elsewhere.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from buckler.core.report import Report
from tests.conftest import ROOT, scan_folder

OLDEST = ROOT / ".venvs/fastapi-0.100"
PYDANTIC_1 = ROOT / ".venvs/fastapi-0.100-pydantic-1"
MAIN = """\
import sqlite3
import subprocess
from pathlib import Path

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.responses import HTMLResponse
from fastapi.security import APIKeyHeader
from pydantic import BaseModel

HERE = Path(__file__).parent
KEYS = {"k-alice-1111": "alice", "k-bob-2222": "bob"}

app = FastAPI()
scheme = APIKeyHeader(name="X-API-Key")
database = sqlite3.connect(str(HERE / "rows.db"), check_same_thread=False)
database.execute("CREATE TABLE IF NOT EXISTS plants (id INTEGER PRIMARY KEY, name TEXT, stock INTEGER)")
if not database.execute("SELECT count(*) FROM plants").fetchone()[0]:
    database.execute("INSERT INTO plants (name, stock) VALUES ('fern', 3), ('ivy', 4)")
database.commit()


def caller(key: str = Depends(scheme)) -> str:
    if key not in KEYS:
        raise HTTPException(401, "unknown key")
    return KEYS[key]


class Person(BaseModel):
    name: str
    password_hash: str


class Change(BaseModel):
    amount: int = 1


@app.get("/plants")
def plants(q: str = "") -> list:
    return database.execute("SELECT id, name FROM plants WHERE name LIKE '%" + q + "%'").fetchall()


@app.get("/plants/{plant_id}")
def plant(plant_id: int) -> list:
    return database.execute("SELECT name FROM plants WHERE id = ?", (plant_id,)).fetchall()


@app.put("/plants/{plant_id}")
def rename(plant_id: int, name: str = "moss", who: str = Depends(caller)) -> dict:
    database.execute("UPDATE plants SET name = ? WHERE id = ?", (name, plant_id))
    database.commit()
    return {"by": who}


@app.post("/plants/{plant_id}/stock")
def restock(plant_id: int, change: Change) -> dict:
    database.execute("UPDATE plants SET stock = stock + ? WHERE id = ?", (change.amount, plant_id))
    database.commit()
    return {"ok": True}


@app.get("/notes/{name:path}")
def note(name: str, who: str = Depends(caller)) -> dict:
    try:
        return {"text": open(HERE / "notes" / name).read()}
    except (OSError, ValueError):
        raise HTTPException(404, "no such note") from None


@app.get("/hello", response_class=HTMLResponse)
def hello(name: str = "you") -> str:
    return "<p>Hello " + name + "</p>"


@app.get("/disk")
def disk(folder: str = ".", who: str = Depends(caller)) -> dict:
    done = subprocess.run("ls " + folder, shell=True, capture_output=True, text=True)
    return {"names": done.stdout.split()}


@app.get("/me", response_model=Person)
def me(who: str = Depends(caller)) -> dict:
    return {"name": who, "password_hash": "5f4dcc3b"}


@app.get("/enter")
def enter(response: Response, who: str = Depends(caller)) -> dict:
    response.set_cookie("session", "s-" + who, samesite="none")
    return {"ok": True}
"""
PROJECT = """\
[tool.buckler.identities.alice]
header = "X-API-Key: k-alice-1111"

[tool.buckler.identities.bob]
header = "X-API-Key: k-bob-2222"
"""
FOUND = {
    ("INJ001", "GET /plants", "query:q"),
    ("INJ002", "GET /disk", "query:folder"),
    ("INJ010", "GET /hello", "query:name"),
    ("INJ004", "GET /notes/{name}", "path:name"),
    ("ACC001", "POST /plants/{plant_id}/stock", None),
    ("EXP002", "GET /me", None),
    ("CFG004", "GET /enter", None),
}
PROVED = {"INJ001", "INJ002", "INJ004", "INJ010", "ACC001"}


@pytest.fixture
def garden(project: Callable[..., Path]) -> Path:
    return project(
        {"main.py": MAIN, "pyproject.toml": PROJECT, "notes/spring.txt": "Sow after the frost.\n"}
    )


def what(report: Report) -> Counter[tuple[str, ...]]:
    """Findings of the application; those of its packages and its Python are meant to differ."""
    return Counter(
        (
            f.rule,
            f.severity.value,
            f.confidence.value,
            str(f.location.operation),
            str(f.location.slot),
            f"{f.location.path}:{f.location.line}",
        )
        for f in report.findings
        if not f.rule.startswith("PKG")
    )


def said(report: Report) -> str:
    gaps = "; ".join(f"{gap.what}: {gap.why}" for gap in report.coverage.gaps)
    return f"{report.failed} {report.target['fastapi']} {report.target['python']} {gaps}"


def compare(folder: Path, python: Path) -> Report:
    newest = scan_folder(folder)
    oldest = scan_folder(folder, python=str(python))
    assert not newest.failed, said(newest)
    assert not oldest.failed, said(oldest)
    assert oldest.target["fastapi"] == "0.100.0"
    places = {(f.rule, f.location.operation, f.location.slot) for f in newest.findings}
    assert places >= FOUND
    assert {f.rule for f in newest.findings if f.confidence == "proved"} >= PROVED
    before, after = what(newest), what(oldest)
    lost = [f"only on the newest: {item}" for item in sorted((before - after).elements())]
    new = [f"only on the oldest: {item}" for item in sorted((after - before).elements())]
    assert "\n".join(lost + new) == ""
    assert oldest.coverage.reached_share == newest.coverage.reached_share == 1.0
    return oldest


@pytest.mark.slow
def test_fastapi_0_100_gives_the_same_findings(garden: Path) -> None:
    if not OLDEST.exists():
        pytest.skip(".venvs/fastapi-0.100 is not there: python scripts/interpreters.py makes it")
    report = compare(garden, OLDEST)
    assert not report.reached_too_little
    # Python 3.9 had its last release in October 2025 (PEP 596).
    assert [f.rule for f in report.findings if f.rule.startswith("PKG")] == ["PKG009"]


@pytest.mark.slow
def test_pydantic_1_gives_the_same_findings(garden: Path) -> None:
    if not PYDANTIC_1.exists():
        pytest.skip(".venvs/fastapi-0.100-pydantic-1 is not there: scripts/interpreters.py")
    python = PYDANTIC_1 / "bin/python"
    command = [str(python), "-c", "import pydantic; print(pydantic.VERSION)"]
    assert subprocess.run(command, capture_output=True, text=True).stdout.startswith("1.")
    compare(garden, PYDANTIC_1)

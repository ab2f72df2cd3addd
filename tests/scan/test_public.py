"""Public on purpose: an operation that the settings list is not reported as unprotected."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from buckler.core.errors import UsageError

MAIN = """\
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader

app = FastAPI()
scheme = APIKeyHeader(name="X-API-Key")
stock = {1: 3}


def caller(key: str = Depends(scheme)) -> str:
    if key != "k-carol-3333":
        raise HTTPException(401, "unknown key")
    return "carol"


@app.put("/plants/{plant_id}")
def change(plant_id: int, who: str = Depends(caller)) -> str:
    return who


@app.post("/plants/{plant_id}/stock")
def restock(plant_id: int, amount: int = 1) -> int:
    stock[plant_id] = stock.get(plant_id, 0) + amount
    return stock[plant_id]


@app.post("/plants/{plant_id}/wishes")
def wish(plant_id: int, text: str = "") -> str:
    return text


@app.get("/health")
def health() -> str:
    return "ok"


@app.post("/auth/token")
def sign_in(name: str = "") -> str:
    return name
"""
IDENTITY = '[tool.buckler.identities.carol]\nheader = "X-API-Key: k-carol-3333"\n'
STOCK = "POST /plants/{plant_id}/stock"
WISHES = "POST /plants/{plant_id}/wishes"


def open_ones(folder: Path, scan, **changes) -> set[str | None]:
    report = scan(folder, select=("ACC001",), **changes)
    assert not report.failed, report.failed
    assert report.coverage.reached_share == 1.0
    return {f.location.operation for f in report.findings if f.rule == "ACC001"}


@pytest.fixture
def folder(project: Callable[[dict[str, str]], Path]) -> Path:
    return project({"main.py": MAIN, "pyproject.toml": IDENTITY})


def test_what_nobody_declared_is_reported(folder: Path, scan) -> None:
    assert open_ones(folder, scan) == {STOCK, WISHES}


def test_a_listed_operation_is_not(folder: Path, scan) -> None:
    assert open_ones(folder, scan, public=(STOCK,)) == {WISHES}


def test_the_list_is_read_from_the_project_file(folder: Path, scan) -> None:
    table = f'[tool.buckler]\npublic = ["{STOCK}", "{WISHES}"]\n'
    (folder / "pyproject.toml").write_text(table + IDENTITY)
    assert open_ones(folder, scan) == set()


@pytest.mark.parametrize(
    "listed", ["GET /plants/{plant_id}/stock", "POST /plants/{plant_id}", "POST /plants/1/stock"]
)
def test_another_method_or_path_declares_nothing(listed: str, folder: Path, scan) -> None:
    with pytest.raises(UsageError, match=re.escape(listed)):
        open_ones(folder, scan, public=(listed,))


def test_a_listed_operation_is_still_attacked(project, scan) -> None:
    page = (
        "\n\n@app.post('/page')\ndef page(name: str = '') -> HTMLResponse:\n"
        "    return HTMLResponse('<p>' + name)\n"
    )
    main = "from fastapi.responses import HTMLResponse\n" + MAIN + page
    report = scan(project({"main.py": main}), public=("POST /page",))
    assert ("INJ010", "POST /page") in {(f.rule, f.location.operation) for f in report.findings}
    assert ("ACC001", "POST /page") not in {(f.rule, f.location.operation) for f in report.findings}


def test_steps_below_a_sign_in_are_public_by_nature(project, scan) -> None:
    steps = """

@app.post("/sign-in/code")
def send_code(name: str = "") -> str:
    stock[7] = 1
    return name


@app.get("/sign-in/people")
def people() -> list[dict[str, str]]:
    return [{"email": "carol@plants.example", "phone": "+4930901820"}]
"""
    folder = project({"main.py": MAIN + steps, "pyproject.toml": IDENTITY})
    found = open_ones(folder, scan)
    assert "POST /sign-in/code" not in found
    assert "GET /sign-in/people" in found

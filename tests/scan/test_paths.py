"""A folder beside the one that is meant, whose name begins like it (CWE-22)."""

from __future__ import annotations

import pytest

CODE = """
import os
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

app = FastAPI()
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sheets")


@app.get("/sheet")
def sheet(name: str = "a.txt") -> PlainTextResponse:
    path = os.path.realpath(os.path.join(FOLDER, name))
    if CHECK:
        raise HTTPException(404)
    if not os.path.exists(path):
        raise HTTPException(404)
    with open(path) as file:
        return PlainTextResponse(file.read())
"""
FILES = {"sheets/a.txt": "one\n", "sheets-old/b.txt": "two\n"}


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("not path.startswith(FOLDER)", ["proved"]),
        ("not str(path).startswith(str(Path(FOLDER)))", ["proved"]),
        ("not path.startswith(FOLDER + os.sep)", []),
        ("not Path(path).is_relative_to(FOLDER)", []),
        ("os.path.commonpath([path, FOLDER]) != FOLDER", []),
    ],
)
def test_a_prefix_without_its_separator(check: str, expected: list[str], project, scan) -> None:
    folder = project({"main.py": CODE.replace("CHECK", check), **FILES})
    report = scan(folder, select=("INJ004",))
    assert [f.confidence for f in report.findings] == expected
    assert sorted(p.name for p in folder.iterdir()) == ["main.py", "sheets", "sheets-old"]

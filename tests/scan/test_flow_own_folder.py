"""Folders that are a caller's own, cells that may be empty, options from elsewhere: right beside wrong."""

from __future__ import annotations

import pytest

HEAD = """
import csv
import io
import sqlite3
from pathlib import Path
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.responses import FileResponse

import options

app = FastAPI()
BASE = Path("/srv/data")


def person(authorization: Annotated[str, Header()]) -> dict:
    with sqlite3.connect("shop.db") as con:
        con.row_factory = sqlite3.Row
        row = con.execute("select id from people where token = ?", (authorization,)).fetchone()
    if row is None:
        raise HTTPException(401)
    return dict(row)
"""
OPTIONS = """
STRICT = {"algorithms": ["HS256"], "options": {"require": ["exp"]}}
LAX = {"algorithms": ["HS256"], "options": {"require": ["exp"], "verify_exp": False}}
"""
FILES = """

@app.get("/files/{name:path}")
def file(name: str, FOLDER):
    base = BASE / MINE
    target = (base / name).resolve()
    if not target.is_relative_to(WHERE) or not target.is_file():
        raise HTTPException(404)
    return FileResponse(target)
"""
RAISES = """

@app.get("/files/{name:path}")
def file(name: str, FOLDER):
    base = BASE / MINE
    target = (base / name).resolve()
    target.relative_to(WHERE)
    return FileResponse(target)
"""
CELL = """

def cell(value) -> str:
    value = str(value)
    return "'" + value if TEST else value


@app.get("/table")
def table(name: str) -> Response:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([cell(name)])
    return Response(buffer.getvalue(), media_type="text/csv")
"""
TOKEN = """

@app.get("/me")
def me(authorization: Annotated[str, Header()], key: str) -> str:
    return jwt.decode(authorization, key, **options.KIND)["sub"]
"""
PERSON = ("user: Annotated[dict, Depends(person)]", 'str(user["id"])')
QUERY = ("folder: str", "folder")


def code(text: str, **parts: str) -> str:
    for name, part in parts.items():
        text = text.replace(name, part)
    return text


def files(text: str, folder: tuple[str, str], where: str) -> str:
    return code(text, FOLDER=folder[0], MINE=folder[1], WHERE=where)


@pytest.mark.parametrize(
    ("rule", "text", "told"),
    [
        ("INJ004", files(FILES, PERSON, "base"), ""),
        ("INJ004", files(RAISES, PERSON, "base"), ""),
        ("INJ004", files(FILES, QUERY, "BASE"), ""),
        ("INJ004", files(FILES, QUERY, "base"), "folder"),
        ("INJ004", files(RAISES, QUERY, "base"), "folder"),
        ("INJ004", files(FILES, PERSON, "target.parent"), "name"),
        ("INJ021", code(CELL, TEST='value[:1] in "=+-@" and value'), ""),
        ("INJ021", code(CELL, TEST='value and value[0] in "=+-@"'), ""),
        ("INJ021", code(CELL, TEST='value[:1] in "=+-@" and len(value) > 9'), "name"),
        ("AUT003", code(TOKEN, KIND="STRICT"), ""),
        ("AUT003", code(TOKEN, KIND="LAX"), "exp"),
    ],
)
def test_right_and_wrong(rule: str, text: str, told: str, project, scan) -> None:
    folder = project({"main.py": HEAD + text, "options.py": OPTIONS})
    report = scan(folder, select=(rule,), engines=("source",))
    assert not report.broken
    messages = [finding.message for finding in report.findings]
    assert len(messages) == bool(told), messages
    assert all(f" {told}" in message for message in messages)

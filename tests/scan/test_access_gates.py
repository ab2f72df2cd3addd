"""Schemes that are declared and do not hold, and how grave a missing one is."""

from __future__ import annotations

import pytest

GATES = """\
import base64
import json
import os

from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes

app = FastAPI()
bearer = HTTPBearer()
machine = APIKeyHeader(name="X-Machine-Key", auto_error=False)
either = APIKeyHeader(name="X-Either-Key", auto_error=False)
MACHINE_KEY = os.environ.get("TIDE_MACHINE_KEY")


def me(given=Depends(bearer)) -> dict:
    try:
        claims = json.loads(base64.urlsafe_b64decode(given.credentials.split(".")[1] + "=="))
    except (ValueError, IndexError):
        raise HTTPException(401)
    if not given.credentials.endswith(".ann-signature"):
        raise HTTPException(401)
    return claims


def service(key: str | None = Depends(machine)) -> None:
    if key != MACHINE_KEY:
        raise HTTPException(401)


def strict(key: str | None = Depends(machine)) -> None:
    if MACHINE_KEY is None or key != MACHINE_KEY:
        raise HTTPException(401)


def loose(wanted: SecurityScopes, user: dict = Depends(me)) -> dict:
    if len(wanted.scopes) > 9:
        raise HTTPException(403)
    return user


def held(wanted: SecurityScopes, user: dict = Depends(me)) -> dict:
    if not set(wanted.scopes) <= set(user["scope"].split()):
        raise HTTPException(403)
    return user


@app.get("/figures", dependencies=[Depends(me), Depends(service)])
def figures() -> dict:
    return {"tides": 4}


@app.get("/safe/figures", dependencies=[Depends(me), Depends(strict)])
def safe_figures() -> dict:
    return {"tides": 4}


@app.get("/open", dependencies=[Depends(service)])
def let_in() -> dict:
    return {"tides": 4}


@app.get("/cache")
def cache(user: dict = Security(loose, scopes=["cache:write"])) -> dict:
    return {"dropped": True}


@app.get("/safe/cache")
def safe_cache(user: dict = Security(held, scopes=["cache:write"])) -> dict:
    return {"dropped": True}


@app.get("/safe/read")
def safe_read(user: dict = Security(held, scopes=["read"])) -> dict:
    return {"read": True}
"""
TOKEN = "e30.eyJzdWIiOiAiYW5uIiwgInNjb3BlIjogInJlYWQifQ.ann-signature"
IDENTITY = f'[tool.buckler.identities.ann]\nheader = "Authorization: Bearer {TOKEN}"\n'

OPEN = """\
import sqlite3

from fastapi import FastAPI, Header, HTTPException

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE berth (name TEXT)")
kept: list[str] = []


@app.post("/berths")
def berth(name: str = "Vera") -> dict:
    db.execute("INSERT INTO berth VALUES (?)", (name,))
    return {"ok": True}


@app.post("/marks")
def mark(name: str = "Vera") -> dict:
    kept.append(name)
    return {"ok": True}


@app.get("/crew")
def crew() -> list:
    return [{"email": "ann@example.com", "phone": "0123456"}, {"email": "bob@example.com"}]


@app.post("/paid")
def paid(x_signature: str = Header("")) -> dict:
    if x_signature != "0" * 40:
        raise HTTPException(401)
    return {"ok": True}
"""
SIGN_IN = """

from fastapi import Depends  # noqa: E402
from fastapi.security import APIKeyHeader  # noqa: E402


@app.get("/own", dependencies=[Depends(APIKeyHeader(name="X-Key"))])
def own() -> dict:
    return {}
"""


def of(report, rule: str) -> set[tuple[str | None, str]]:
    assert not report.failed, report.failed
    return {
        (f.location.operation, str(f.confidence.value)) for f in report.findings if f.rule == rule
    }


def test_a_key_that_is_compared_with_a_setting_that_is_not_set(project, scan) -> None:
    report = scan(project({"main.py": GATES, "pyproject.toml": IDENTITY}), select=("ACC003",))
    assert of(report, "ACC003") == {("GET /figures", "proved"), ("GET /open", "proved")}


def test_scopes_that_the_token_has_not_got(project, scan) -> None:
    report = scan(project({"main.py": GATES, "pyproject.toml": IDENTITY}), select=("ACC004",))
    assert of(report, "ACC004") == {("GET /cache", "proved")}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "",
            {
                ("/berths", "medium", "proved"),
                ("/marks", "medium", "observed"),
                ("/crew", "medium", "proved"),
            },
        ),
        (
            SIGN_IN,
            {
                ("/berths", "high", "proved"),
                ("/marks", "high", "proved"),
                ("/crew", "high", "proved"),
            },
        ),
    ],
    ids=["nobody is asked", "somebody is asked"],
)
def test_one_judgement_of_what_nobody_has_to_sign_in_for(project, scan, more, expected) -> None:
    report = scan(project({"main.py": OPEN + more}), select=("ACC001",))
    assert not report.failed, report.failed
    found = {
        (str(f.location.operation).partition(" ")[2], f.severity.value, f.confidence.value)
        for f in report.findings
        if f.rule == "ACC001" and f.location.operation != "GET /own"
    }
    assert found == expected

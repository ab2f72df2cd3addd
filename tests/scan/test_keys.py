"""Identities whose sign-in answers with an API key, and those whose sign-up is all they need."""

from __future__ import annotations

import pytest

from buckler.core.errors import SettingsError
from buckler.core.settings import parse

CODE = """
import secrets

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

app = FastAPI()
KEYS: dict[str, str] = {}


class Who(BaseModel):
    name: str


@app.post("/keys", status_code=201)
def make(who: Who) -> dict[str, dict[str, str]]:
    made = secrets.token_hex(8)
    KEYS[made] = who.name
    return {"data": {"value": made}}


def caller(x_api_key: str = Header()) -> str:
    if x_api_key not in KEYS:
        raise HTTPException(401)
    return KEYS[x_api_key]


@app.get("/me")
def me(name: str = Depends(caller)) -> str:
    return name
"""
REQUEST = {
    "request": "POST /keys",
    "json": {"name": "ann"},
    "token": "data.value",
    "header": "X-API-Key",
}


@pytest.mark.parametrize("kind", ["login", "signup"])
def test_the_key_of_the_answer_is_sent_in_its_header(kind: str, project, scan) -> None:
    identities = parse({"identities": {"ann": {kind: REQUEST}}}).identities
    report = scan(project({"main.py": CODE}), select=("HDR001",), identities=identities)
    assert not [g for g in report.coverage.gaps if "identity" in g.what]
    (row,) = [r for r in report.coverage.operations if r.operation == "GET /me"]
    assert (row.reached, row.identity, row.status) == (True, "ann", 200)


def test_a_sign_up_that_fails_is_a_gap_where_there_is_no_login(project, scan) -> None:
    bad = {**REQUEST, "request": "POST /nowhere"}
    identities = parse({"identities": {"ann": {"signup": bad}}}).identities
    report = scan(project({"main.py": CODE}), select=("HDR001",), identities=identities)
    (gap,) = [g for g in report.coverage.gaps if g.what == "identity ann"]
    assert "404" in gap.why
    assert "signup" in gap.how_to_include


def test_a_header_is_a_text() -> None:
    with pytest.raises(SettingsError):
        parse({"identities": {"a": {"login": {"request": "POST /", "header": 1}}}})

"""Tokens that have run out, and what stands in the header of a token."""

from __future__ import annotations

import pytest

from buckler.core.settings import parse

SIGN_IN = """
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

app = FastAPI()
KEY = secrets.token_hex(32)
SHOWN = HTTPBearer()


class Who(BaseModel):
    name: str
    password: str


@app.post("/session")
def session(who: Who) -> dict[str, str]:
    if who.password != "grey-otter-51":
        raise HTTPException(401)
    claims = {"sub": who.name, "iat": int(time.time()), "exp": int(time.time()) + 600}
    return {"token": jwt.encode(claims, KEY, algorithm="HS256", headers={"kid": "main"})}

"""
LOGIN = {"request": "POST /session", "json": {"name": "ann", "password": "grey-otter-51"}}
IDENTITIES = parse({"identities": {"ann": {"login": LOGIN}}}).identities

LENIENT = """
def caller(sent: HTTPAuthorizationCredentials = Depends(SHOWN)) -> str:
    try:
        claims = jwt.decode(sent.credentials, KEY, algorithms=["HS256"], options=dict(verify_exp=MINUTES > 5))
    except jwt.PyJWTError as error:
        raise HTTPException(401) from error
    return str(claims["sub"])


MINUTES = 5
"""
STRICT = LENIENT.replace(", options=dict(verify_exp=MINUTES > 5)", "")
ROUTE = """

@app.get("/shelf")
def shelf(name: str = Depends(caller)) -> dict[str, str]:
    return {"of": name}
"""


def test_a_token_that_ran_out_and_is_taken_is_proved(project, scan) -> None:
    report = scan(
        project({"main.py": SIGN_IN + LENIENT + ROUTE}),
        select=("AUT003",),
        identities=IDENTITIES,
    )
    (found,) = report.findings
    assert (found.confidence, found.location.operation) == ("proved", "GET /shelf")
    line = (SIGN_IN + LENIENT).split("claims = jwt.decode")[0].count("\n") + 1
    assert (found.location.path, found.location.line) == ("main.py", line)


@pytest.mark.parametrize(
    "code",
    [
        STRICT + ROUTE,
        LENIENT + ROUTE.replace("/shelf", "/session/renew"),
    ],
    ids=["checked", "renewed"],
)
def test_a_token_that_is_refused_or_renewed_is_no_finding(code: str, project, scan) -> None:
    report = scan(project({"main.py": SIGN_IN + code}), select=("AUT003",), identities=IDENTITIES)
    assert report.findings == ()


BY_STATEMENT = """
import sqlite3

BASE = sqlite3.connect(":memory:", check_same_thread=False)
BASE.execute("CREATE TABLE keys (name TEXT, value TEXT)")
BASE.execute("INSERT INTO keys VALUES ('main', ?)", (KEY,))


def caller(sent: HTTPAuthorizationCredentials = Depends(SHOWN)) -> str:
    try:
        name = jwt.get_unverified_header(sent.credentials)["kid"]
        row = BASE.execute(f"SELECT value FROM keys WHERE name = '{name}'").fetchone()
        return str(jwt.decode(sent.credentials, row[0], algorithms=["HS256"])["sub"])
    except (jwt.PyJWTError, KeyError, TypeError) as error:
        raise HTTPException(401) from error
"""
BY_ADDRESS = """
import json
import urllib.request


def caller(sent: HTTPAuthorizationCredentials = Depends(SHOWN)) -> str:
    try:
        header = jwt.get_unverified_header(sent.credentials)
        if "jku" in header:
            with urllib.request.urlopen(header["jku"], timeout=2) as answer:
                key = json.load(answer)["key"]
        else:
            key = KEY
        return str(jwt.decode(sent.credentials, key, algorithms=["HS256"])["sub"])
    except (jwt.PyJWTError, OSError, ValueError) as error:
        raise HTTPException(401) from error
"""
BY_NAME = """
KEYS = {"main": KEY}


def caller(sent: HTTPAuthorizationCredentials = Depends(SHOWN)) -> str:
    try:
        key = KEYS[jwt.get_unverified_header(sent.credentials)["kid"]]
        return str(jwt.decode(sent.credentials, key, algorithms=["HS256"])["sub"])
    except (jwt.PyJWTError, KeyError) as error:
        raise HTTPException(401) from error
"""


@pytest.mark.parametrize(
    ("code", "rule"), [(BY_STATEMENT, "INJ001"), (BY_ADDRESS, "EGR001")], ids=["kid", "jku"]
)
def test_what_the_header_of_a_token_leads_to_is_proved(code: str, rule: str, project, scan) -> None:
    report = scan(
        project({"main.py": SIGN_IN + code + ROUTE}), select=(rule,), identities=IDENTITIES
    )
    (found,) = report.findings
    assert (found.confidence, found.location.slot) == ("proved", "header:authorization")


def test_a_key_of_a_fixed_list_is_no_finding(project, scan) -> None:
    report = scan(
        project({"main.py": SIGN_IN + BY_NAME + ROUTE}),
        select=("INJ001", "INJ004", "EGR001", "AUT001", "AUT002", "AUT003"),
        identities=IDENTITIES,
    )
    assert report.findings == ()

"""Guessing of short codes: which operation sends one, and what may be said of a counter that nobody sees."""

from __future__ import annotations

APP = """
import secrets
import sqlite3
from collections import Counter

from fastapi import Body, FastAPI, HTTPException

app = FastAPI()
wrong = Counter()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table members (username text primary key, code text)")
db.execute("insert into members values ('ann', '')")


@app.post("/login")
def login(username: str = Body(), password: str = Body()) -> str:
    if wrong["login"] >= 5:
        raise HTTPException(429)
    if username == "ann" and secrets.compare_digest(password, "seven-kettles-and-a-gate"):
        return secrets.token_urlsafe(16)
    wrong["login"] += 1
    raise HTTPException(401)


@app.post("SENDER")
def sender(username: str = Body(embed=True)) -> bool:
    db.execute("update members set code = ? where username = ?", (f"{secrets.randbelow(10**6):06}", username))
    wrong.clear()
    return True


@app.post("/code")
def enter(username: str = Body(), code: str = Body(max_length=6)) -> str:
    row = db.execute("select code from members where username = ?", (username,)).fetchone()
    if wrong[username] >= 5 or row is None or not row[0] or not secrets.compare_digest(row[0], code):
        wrong[username] += 1
        raise HTTPException(401)
    return secrets.token_urlsafe(16)
"""
SETTINGS = """[tool.buckler]
identities.ann.login = { request = "POST /login", json = { username = "ann", password = "seven-kettles-and-a-gate" } }
"""


def told(scan, project, sender: str) -> list[str]:
    folder = project({"main.py": APP.replace("SENDER", sender), "pyproject.toml": SETTINGS})
    report = scan(folder, select=("AUT011",), engines=("app", "attack"))
    assert {o.operation for o in report.coverage.operations if o.reached} >= {"POST /code"}
    return [f.confidence.value for f in report.findings if f.location.operation == "POST /code"]


def test_a_counter_that_nobody_sees_makes_it_a_suspicion(scan, project) -> None:
    """The sixth right code would be refused: who says that nothing counts would be wrong."""
    assert told(scan, project, "/code/send") == ["suspected"]


def test_what_only_sounds_like_sending_sends_no_code(scan, project) -> None:
    """``/tasks`` has ``ask`` in it, and stands beside everything at the top."""
    assert told(scan, project, "/tasks") == []

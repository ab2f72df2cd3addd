"""A sign-in that does for unknown names the work that a password costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

RULE = Registry.load("buckler.scan.rules")["AUT012"]
LATE = "POST /in hashes the password only where the name exists, which takes longer."
TOLD = "POST /in tells by its answer whether an account exists."
HEAD = """import bcrypt
from fastapi import FastAPI, HTTPException
from pwdlib import PasswordHash

from passwords import check, same

app = FastAPI()
hasher = PasswordHash.recommended()
USERS = {}


@app.post("/in")
def sign_in(name: str, password: str) -> str:
    user = USERS.get(name)
"""
PASSWORDS = """import hashlib


def make_hash(password: str, salt: bytes = b"salt") -> str:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()


def check(password: str, stored: str) -> bool:
    return hashlib.scrypt(password.encode(), salt=b"salt", n=2**14, r=8, p=1).hex() == stored


def same(password: str, stored: str) -> bool:
    return password == stored
"""


def repaired(folder: Path, code: str, message: str) -> tuple[str, bool] | None:
    """The lines behind the head, and whether it is safe."""
    (folder / "passwords.py").write_text(PASSWORDS)
    (folder / "main.py").write_text(HEAD + code)
    line = HEAD.splitlines().index('@app.post("/in")') + 1
    place = Location("main.py", line, "POST /in", "query:name")
    finding = Finding("AUT012", message, Severity.LOW, Confidence.OBSERVED, place)
    repair = RULE.fix_source(draft_of(folder, "main.py"), finding)
    if repair is None:
        return None
    made = {m.path: m.after for m in written(folder, [repair])}
    return made["main.py"].partition("USERS.get(name)\n")[2], repair.safe


TWO = """    if user is None:
        raise HTTPException(401, "no")
    if not {check}:
        raise HTTPException(401, "no")
    return name
"""
ONE = """    if user is None or not {check}:
        raise HTTPException(401, "no")
    return name
"""
CHECKS = [
    ("hasher.verify(password, user.hash)", "hasher.hash(password)"),
    ("check(password, user.password_hash)", "make_hash(password)"),
    (
        "bcrypt.checkpw(password.encode(), user.hashed)",
        "bcrypt.hashpw(password.encode(), bcrypt.gensalt())",
    ),
]


@pytest.mark.parametrize(("check", "work"), CHECKS)
def test_the_same_work_before_the_refusal(check: str, work: str, tmp_path: Path) -> None:
    code = TWO.format(check=check)
    after = code.replace("None:\n", f"None:\n        {work}\n", 1)
    assert repaired(tmp_path, code, LATE) == (after, True)


@pytest.mark.parametrize(("check", "work"), CHECKS)
def test_the_same_work_before_one_condition(check: str, work: str, tmp_path: Path) -> None:
    code = ONE.format(check=check)
    after = f"    if user is None:\n        {work}\n{code}"
    assert repaired(tmp_path, code, LATE) == (after, True)


def test_where_the_answers_differ_both_become_alike(tmp_path: Path) -> None:
    code = TWO.format(check=CHECKS[0][0]).replace('"no"', '"no such name"', 1)
    after = TWO.format(check=CHECKS[0][0]).replace(
        "None:\n", "None:\n        hasher.hash(password)\n", 1
    )
    assert repaired(tmp_path, code, TOLD) == (after, False)


@pytest.mark.parametrize(
    "check",
    [
        "same(password, user.password_hash)",
        "hasher.verify(password, user.name)",
        "hasher.verify(password=password, hash=user.hash)",
        "unknown(password, user.hash)",
        "hasher.verify(*given(user.hash))",
    ],
)
def test_what_is_left_alone(check: str, tmp_path: Path) -> None:
    assert repaired(tmp_path, TWO.format(check=check), LATE) is None
    assert repaired(tmp_path, ONE.format(check=check), LATE) is None

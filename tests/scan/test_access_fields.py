"""Mass assignment where values must be unique, and owners that must exist."""

from __future__ import annotations

SIGN_UP = """\
import sqlite3

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT UNIQUE, role TEXT, town TEXT)")
db.execute("INSERT INTO person VALUES (31, 'ann@example.com', 'user', ''), (32, 'bob@example.com', 'user', '')")


class New(BaseModel):
    email: str
    role: str = "user"


class Change(BaseModel):
    model_config = ConfigDict(extra="allow")
    email: str | None = None


class Boat(BaseModel):
    owner_id: int
    name: str = "Vera"


def me(x_key: str = Header("")) -> int:
    if x_key not in ("ann-key-123", "bob-key-123"):
        raise HTTPException(401)
    return 31 if x_key == "ann-key-123" else 32


def insert(email: str, role: str) -> dict:
    if db.execute("SELECT 1 FROM person WHERE email = ?", (email,)).fetchone():
        raise HTTPException(409, "taken")
    db.execute("INSERT INTO person (email, role) VALUES (?, ?)", (email, role))
    return {"ok": True}


@app.get("/me")
def who(user: int = Depends(me)) -> dict:
    email, role = db.execute("SELECT email, role FROM person WHERE id = ?", (user,)).fetchone()
    return {"id": user, "email": email, "role": role}


@app.post("/signup", status_code=201)
def sign_up(data: New) -> dict:
    return insert(data.email, data.role)


@app.post("/register", status_code=201)
def register(data: New) -> dict:
    return insert(data.email, "user")


@app.patch("/users/me")
def change(data: Change, user: int = Depends(me)) -> dict:
    for name, value in data.model_dump(exclude_unset=True).items():
        if name in ("email", "role", "town"):
            db.execute(f"UPDATE person SET {name} = ? WHERE id = ?", (value, user))
    email, role = db.execute("SELECT email, role FROM person WHERE id = ?", (user,)).fetchone()
    return {"id": user, "email": email, "role": role}


@app.post("/boats", status_code=201)
def boat(data: Boat, user: int = Depends(me)) -> dict:
    if data.owner_id not in (31, 32):
        raise HTTPException(422, "no such person")
    return {"id": 1, "owner_id": data.owner_id}


@app.post("/dinghies", status_code=201)
def dinghy(data: Boat, user: int = Depends(me)) -> dict:
    return {"id": 1, "owner_id": user}
"""
IDENTITIES = """\
[tool.buckler.identities.ann]
header = "X-Key: ann-key-123"
[tool.buckler.identities.bob]
header = "X-Key: bob-key-123"
"""


def test_fields_are_tried_with_values_that_nobody_has(project, scan) -> None:
    folder = project({"main.py": SIGN_UP, "pyproject.toml": IDENTITIES})
    report = scan(folder, select=("ACC010",))
    assert not report.failed, report.failed
    found = {(f.location.operation, f.location.slot) for f in report.findings}
    assert found == {
        ("POST /signup", "json:role"),
        ("PATCH /users/me", "json:role"),
        ("POST /boats", "json:owner_id"),
    }

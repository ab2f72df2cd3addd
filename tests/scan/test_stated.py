"""What the rules of guard state of who may pass, as scan understands it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[[dict[str, str]], Path]
MAIN = """\
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from buckler.guard import Guard, MemoryStores, public, requires, with_policy

app = FastAPI()
Guard(
    app,
    secret="k7Zq2m9XvB4tR8yLw3nF6sJ1dG5hP0cAeU2iOzQx",
    database=MemoryStores(),
    docs="public",
    DENY,
)
kept: list[str] = []


@app.post("/wishes", dependencies=[WISHES])
def wish(text: str = "") -> int:
    kept.append(text)
    return len(kept)


@app.get("/figures", dependencies=[requires("figures:read")])
def figures() -> list[int]:
    return [1, 2]


class Enrolled(BaseModel):
    recovery_codes: list[str]
    totp_secret: str


@app.post("/factors", dependencies=[requires()])
@with_policy(secrets=[SHOWN])
def enrol() -> Enrolled:
    return Enrolled(recovery_codes=[], totp_secret="")


box = FastAPI(openapi_url=None)


@box.post("/notes", dependencies=[public])
def note(text: str = "") -> int:
    kept.append(text)
    return len(kept)


app.mount("/open", BOX(box))
app.mount("/closed", requires("notes:write")(box))
"""
PUBLIC = {"WISHES": "public", "BOX": "public", "DENY": "deny=True", "SHOWN": '"totp_secret"'}
SILENT = {
    "WISHES": "",
    "BOX": "",
    "DENY": "deny=False",
    "SHOWN": '"nothing"',
    ", dependencies=[public]": "",
}


def made(project: Write, words: dict[str, str]) -> Path:
    text = MAIN
    for word, instead in words.items():
        text = text.replace(word, instead)
    return project({"main.py": text})


def found(report: Any, rule: str) -> set[str | None]:
    assert not report.failed, report.failed
    return {f.location.operation for f in report.findings if f.rule == rule}


@pytest.mark.parametrize(
    ("words", "missing"),
    [(PUBLIC, set()), (SILENT, {"POST /wishes", "POST /open/notes"})],
    ids=["said", "not said"],
)
def test_public_is_on_purpose_where_it_is_said(
    project: Write, scan: Any, words: dict[str, str], missing: set[str]
) -> None:
    report = scan(made(project, words), select=("ACC001", "ACC005"))
    reached = {row.operation for row in report.coverage.operations if row.reached}
    assert reached == {"POST /wishes", "POST /open/notes"}
    assert found(report, "ACC001") == missing
    assert found(report, "ACC005") == set()


def test_permissions_are_compared_by_guard(project: Write, scan: Any) -> None:
    assert found(scan(made(project, PUBLIC), select=("ACC004",)), "ACC004") == set()


RESOURCE = """\
from typing import Annotated
from fastapi import FastAPI
from buckler.guard import AccessToken, ResourceServer

app = FastAPI(openapi_url=None)
api = ResourceServer("https://api.example", ["https://id.example"])


@app.get("/orders")
def orders(token: Annotated[AccessToken, api.requires("orders:read")]) -> list[int]:
    return [1, 2]
"""


def test_scopes_are_compared_by_a_server_of_resources(project: Write, scan: Any) -> None:
    report = scan(project({"main.py": RESOURCE}), select=("ACC001", "ACC004"))
    assert found(report, "ACC001") == found(report, "ACC004") == set()


@pytest.mark.parametrize(
    ("shown", "field"),
    [('"totp_secret"', "recovery_codes"), ('"recovery_codes"', "totp_secret")],
)
def test_what_is_answered_on_purpose_is_named_field_by_field(
    project: Write, scan: Any, shown: str, field: str
) -> None:
    report = scan(made(project, {**PUBLIC, "SHOWN": shown}), select=("EXP002",), engines=("app",))
    assert [f.message for f in report.findings] == [
        f"The answer of POST /factors has the field {field}."
    ]


RESET = """\
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
HEAD

class NewPassword(BaseModel):
    token: str
    password: str


@app.post("/password/reset")
def reset(body: NewPassword) -> str:
    raise HTTPException(400, "This link does not count any more")
"""
LIBRARY = """\
from fastapi import FastAPI
from buckler.guard import AuthPolicy, Guard, MemoryStores

app = FastAPI()


async def deliver(mail: object) -> None:
    print(mail)


guard = Guard(
    app,
    secret="k7Zq2m9XvB4tR8yLw3nF6sJ1dG5hP0cAeU2iOzQx",
    database=MemoryStores(),
    auth=AuthPolicy(base_url="https://shop.example", deliver=deliver),
    docs="public",
)
app.include_router(guard.identities.router())
"""


def test_a_password_behind_a_token_is_suspected_in_the_project_alone(
    project: Write, scan: Any
) -> None:
    own = project({"main.py": RESET.replace("HEAD", "\napp = FastAPI()\n")})
    report = scan(own, select=("AUT008",))
    assert found(report, "AUT008") == {"POST /password/reset"}
    assert [f.confidence for f in report.findings] == ["suspected"]
    (own / "main.py").write_text(LIBRARY, encoding="utf-8")
    assert found(scan(own, select=("AUT008",)), "AUT008") == set()

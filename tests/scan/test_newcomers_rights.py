"""Two who may not do the same are no pair: what one of them reads would be told as a hole."""

from __future__ import annotations

import pytest

HEAD = """
import enum
import hashlib
import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="enter")
TOKENS: dict[str, str] = {}
PEOPLE: dict[str, dict] = {}
GRANTED: dict[str, str] = {}


def stretched(password: str) -> bytes:
    return hashlib.scrypt(password.encode(), salt=b"12345678", n=2, r=8, p=1)


class Role(str, enum.Enum):
    EDITOR = "editor"
    VIEWER = "viewer"
    CHIEF = "admin"


class Level(enum.IntEnum):
    READER = 1
    WRITER = 5
    CHIEF = 9


class User:
    def __init__(self, email: str, hashed: bytes, **others: object) -> None:
        PEOPLE[email] = {"hash": hashed, **others}


def me(token: Annotated[str, Depends(bearer)]) -> str:
    if token not in TOKENS:
        raise HTTPException(401)
    return TOKENS[token]


@app.post("/enter")
def enter(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict:
    if form.username not in PEOPLE or PEOPLE[form.username]["hash"] != stretched(form.password):
        raise HTTPException(401)
    token = secrets.token_urlsafe(24)
    TOKENS[token] = form.username
    return {"access_token": token}


@app.get("/users/me")
def shown(name: Annotated[str, Depends(me)]) -> dict:
    return {"name": name, "role": GRANTED.get(name)}
"""
ENUM = """
User("ann@mill.example", stretched("grind-the-corn-7"), role=Role.VIEWER)
User("bert@mill.example", hashed=stretched("turn-the-wheel-8"), role=Role.EDITOR)
User("cleo@mill.example", stretched("stop-the-mill-9"), role=Role.VIEWER)
User("dora@mill.example", stretched("sell-the-corn-3"), role=Role.CHIEF)
"""
RECORDS = """
@dataclass{slots}
class Account:
    login: str
    password: str
    level: Level


for one in (
    Account("ann", "grind-the-corn-7", Level.READER),
    Account("bert", "turn-the-wheel-8", Level.WRITER),
    Account("cleo", "stop-the-mill-9", Level.READER),
    Account("dora", "sell-the-corn-3", Level.CHIEF),
):
    PEOPLE[one.login] = {{"hash": stretched(one.password), "level": one.level}}
"""
SCOPES = """
def add(username, password, scopes):
    PEOPLE[username] = {"hash": stretched(password), "scopes": scopes}


add("ann", "grind-the-corn-7", {"read"})
add("bert", "turn-the-wheel-8", {"read", "write"})
add("cleo", "stop-the-mill-9", {"read"})
add("dora", "sell-the-corn-3", {"read", "admin"})
"""
GRANTS = """
for name, password, role in (
    ("ann", "grind-the-corn-7", "clerk-1"),
    ("bert", "turn-the-wheel-8", "clerk-2"),
    ("cleo", "stop-the-mill-9", "clerk-1"),
    ("dora", "sell-the-corn-3", "administrator"),
):
    GRANTED[name] = role
del role
for name, password in (("ann", "grind-the-corn-7"), ("bert", "turn-the-wheel-8"), ("cleo", "stop-the-mill-9"), ("dora", "sell-the-corn-3")):
    PEOPLE[name] = {"hash": stretched(password)}
"""
CONSTANTS = """
CHIEF_MAIL = "dora@mill.example"
CHIEF_PASSWORD = "sell-the-corn-3"


def start() -> None:
    for email, password, group in (
        ("ann@mill.example", "grind-the-corn-7", "north"),
        ("bert@mill.example", "turn-the-wheel-8", "south"),
        ("cleo@mill.example", "stop-the-mill-9", "north"),
    ):
        User(email, stretched(password), department=group)
    User(email=CHIEF_MAIL, hashed=stretched(CHIEF_PASSWORD), is_staff=True)


start()
"""


@pytest.mark.parametrize(
    "text",
    [
        ENUM,
        RECORDS.format(slots=""),
        RECORDS.format(slots="(slots=True)"),
        SCOPES,
        GRANTS,
        CONSTANTS,
    ],
    ids=["enumeration", "numbers", "slots", "scopes", "told by the application", "constants"],
)
def test_only_those_of_a_kind_are_a_pair(project, scan, text: str) -> None:
    report = scan(project({"main.py": HEAD + text, "pyproject.toml": ""}), engines=("app",))
    assert not report.failed, report.failed
    found = report.coverage.identities
    assert [(one.name, one.role == "admin") for one in found] == [
        ("ann", False),
        ("cleo", False),
        ("dora", True),
    ]


def test_what_is_told_of_each_alone_makes_nobody_the_administrator(project, scan) -> None:
    """A scope with the account's own name in it differs, and says nothing of who may do more."""
    text = """
class Newcomer(BaseModel):
    username: str
    password: str


@app.post("/register", status_code=201)
def register(body: Newcomer) -> dict:
    PEOPLE[body.username] = {"hash": stretched(body.password)}
    GRANTED[body.username] = f"own:{body.username}"
    return {}
"""
    report = scan(project({"main.py": HEAD + text, "pyproject.toml": ""}), engines=("app",))
    assert [one.role for one in report.coverage.identities] == ["user", "user"]


ALONE = """
import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel

app = FastAPI()
"""
BASIC = """
MILLER_USER = "walter"
MILLER_PASSWORD = "grind-the-corn-7"
DATABASE_URL = "sqlite://"


@app.get("/notes")
def notes(given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> list[str]:
    if given.username != MILLER_USER or not secrets.compare_digest(given.password, MILLER_PASSWORD):
        raise HTTPException(401)
    return []
"""
KEYS = """
class Settings(BaseModel):
    read_api_key: str = "grind-the-corn-7"
    write_api_key: str = "turn-the-wheel-8"
    admin_api_key: str = "sell-the-corn-3"


config = Settings()


@app.get("/notes")
def notes(x_mill_key: Annotated[str, Header()] = "") -> list[str]:
    if x_mill_key not in config.model_dump().values():
        raise HTTPException(401)
    return []
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BASIC, [("walter", "miller")]),
        (KEYS, [("read_api_key", "read"), ("admin_api_key", "admin")]),
    ],
    ids=["constants", "settings"],
)
def test_one_account_or_key_of_the_settings(project, scan, text: str, expected) -> None:
    report = scan(project({"main.py": ALONE + text, "pyproject.toml": ""}), engines=("app",))
    assert [(one.name, one.role) for one in report.coverage.identities] == expected


def test_a_tenant_is_told_at_the_sign_in_and_only_writing_is_closed(project, scan) -> None:
    text = """
class Entry(BaseModel):
    tenant_id: str
    email: str
    password: str


for row in (
    {"tenantId": "north", "email": "ann@mill.example", "password": "grind-the-corn-7"},
    {"tenantId": "south", "email": "bert@mill.example", "password": "turn-the-wheel-8"},
):
    PEOPLE[row["tenantId"] + row["email"]] = {"hash": stretched(row["password"])}


@app.post("/sign-in")
def sign_in(body: Entry) -> dict:
    one = PEOPLE.get(body.tenant_id + body.email)
    if one is None or one["hash"] != stretched(body.password):
        raise HTTPException(401)
    token = secrets.token_urlsafe(24)
    TOKENS[token] = body.email
    return {"data": {"session": {"access_token": token}}}


@app.post("/notes/{number}")
def add(number: int, name: Annotated[str, Depends(me)]) -> dict:
    return {"number": number}
"""
    head = HEAD[: HEAD.index('@app.post("/enter")')]
    report = scan(project({"main.py": head + text, "pyproject.toml": ""}), engines=("app",))
    assert [one.name for one in report.coverage.identities] == ["ann", "bert"]


@pytest.mark.parametrize("field", ["username", "email"])
def test_two_sign_up_where_nothing_is_declared(project, scan, field: str) -> None:
    text = f"""
from fastapi import Request


@app.post("/sign-up")
async def sign_up(request: Request) -> dict:
    sent = await request.json()
    name, password = sent["{field}"], sent["password"]
    if name in PEOPLE or ("mail" in "{field}") != ("@" in name):
        raise HTTPException(409)
    PEOPLE[name] = {{"hash": stretched(password)}}
    return {{}}
"""
    report = scan(project({"main.py": HEAD + text, "pyproject.toml": ""}), engines=("app",))
    assert [one.source for one in report.coverage.identities] == ["signup", "signup"]


FORM = """
from typing import Literal

from fastapi import Form


@app.post("/register", status_code=201)
def register(
    email: Annotated[str, Form()],
    password: Annotated[str, Form({password})],
    role: Annotated[Literal["admin", "clerk", "owner"], Form()],
) -> dict:
    if email in PEOPLE or role != "clerk":
        raise HTTPException(409)
    PEOPLE[email] = {{"hash": stretched(password)}}
    return {{}}
"""
NESTED = """
class Credentials(BaseModel):
    email: str
    password: str


class Profile(BaseModel):
    name: str
    role: Role = Role.VIEWER
    kind_of_role: Role


class Newcomer(BaseModel):
    credentials: Credentials
    profile: Profile


@app.post("/register", status_code=201)
def register(body: Newcomer) -> dict:
    if body.profile.role != Role.VIEWER or body.profile.kind_of_role == Role.CHIEF:
        raise HTTPException(409)
    PEOPLE[body.credentials.email] = {"hash": stretched(body.credentials.password)}
    return {}
"""


@pytest.mark.parametrize(
    "text",
    [
        FORM.format(password=""),
        FORM.format(password="max_length=12"),
        FORM.format(password='pattern="^[A-Z][a-z]+[0-9]+[!?]$"'),
        NESTED,
    ],
    ids=["form", "short password", "pattern", "nested"],
)
def test_a_form_asks_for_the_humblest_role_and_the_password_that_was_set_signs_in(
    project, scan, text: str
) -> None:
    report = scan(project({"main.py": HEAD + text, "pyproject.toml": ""}), engines=("app",))
    assert [one.source for one in report.coverage.identities] == ["signup", "signup"]


def test_people_of_a_comprehension(project, scan) -> None:
    text = """
PEOPLE.update({f"miller{n}": {"hash": stretched(f"grind-the-corn-{n}")} for n in range(3)})
"""
    report = scan(project({"main.py": HEAD + text, "pyproject.toml": ""}), engines=("app",))
    assert [one.name for one in report.coverage.identities] == ["miller0", "miller1"]

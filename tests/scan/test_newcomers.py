"""A scan that nobody gives identities signs up by itself, or signs in with what the application brings along."""

from __future__ import annotations

import pytest

from buckler.core.report import IdentityUsed

HEAD = """
import hashlib
import os
import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request, Response
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBasicCredentials, OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel, EmailStr, Field
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
SALT = os.urandom(16)
PEOPLE: dict[str, dict] = {}
TOKENS: dict[str, str] = {}


def stretched(password: str) -> bytes:
    return hashlib.scrypt(password.encode(), salt=SALT, n=2**12, r=8, p=1)


def issued(name: str) -> str:
    token = secrets.token_urlsafe(24)
    TOKENS[token] = name
    return token


def checked(name: str, password: str) -> str:
    one = PEOPLE.get(name)
    if one is None or not secrets.compare_digest(one["hash"], stretched(password)):
        raise HTTPException(401)
    return name

"""
BEARER = """
bearer = OAuth2PasswordBearer(tokenUrl="enter")


def me(token: Annotated[str, Depends(bearer)]) -> dict:
    if token not in TOKENS:
        raise HTTPException(401)
    return {"name": TOKENS[token], **{k: v for k, v in PEOPLE[TOKENS[token]].items() if k != "hash"}}


@app.get("/notes")
def notes(one: Annotated[dict, Depends(me)]) -> list[str]:
    return []


@app.get("/me")
def shown(one: Annotated[dict, Depends(me)]) -> dict:
    return one
"""
ENTER = """
@app.post("/enter")
def enter(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict:
    return {"access_token": issued(checked(form.username, form.password)), "token_type": "bearer"}
"""
REGISTER = """
class Newcomer(BaseModel):
    email: EmailStr
    password: str = Field(min_length=12)
    password_again: str
    agrees: bool
    role: str = "user"


@app.post("/register", status_code=201)
def register(body: Newcomer) -> dict:
    if body.email in PEOPLE or body.password != body.password_again or not body.agrees:
        raise HTTPException(409)
    PEOPLE[body.email] = {"hash": stretched(body.password), "role": body.role}
    return {"email": body.email}
"""


@pytest.fixture
def signed_in(project, scan):
    """Name, role and source of each identity of a scan, and whether the operations were reached signed in."""

    def run(text: str, *, settings: str = "", reached: str = "GET /notes") -> list[IdentityUsed]:
        folder = project({"main.py": HEAD + text, "pyproject.toml": settings})
        report = scan(folder, engines=("app",))
        assert not report.failed, report.failed
        found = report.coverage.identities
        row = next(r for r in report.coverage.operations if r.operation == reached)
        assert row.authenticated == bool(found)
        return found

    return run


def kinds(found: list[IdentityUsed]) -> list[tuple[str, str, str]]:
    return [(one.role, one.source, one.request) for one in found]


def test_two_sign_up_where_anybody_may(signed_in) -> None:
    found = signed_in(BEARER + ENTER + REGISTER)
    assert kinds(found) == [("user", "signup", "POST /register")] * 2
    assert found[0].name != found[1].name


def test_who_signs_up_first_may_be_the_administrator(signed_in) -> None:
    text = REGISTER.replace('"role": body.role', '"role": "user" if PEOPLE else "admin"')
    found = signed_in(BEARER + ENTER + text)
    assert kinds(found) == [
        ("admin", "signup", "POST /register"),
        ("user", "signup", "POST /register"),
        ("user", "signup", "POST /register"),
    ]


def test_rights_are_not_asked_for(signed_in) -> None:
    """A role that has to be chosen is the humblest; the flag of an administrator is not set."""
    text = REGISTER.replace(
        'role: str = "user"',
        'role: Literal["admin", "owner", "reader"]\n    is_admin: bool = False',
    ).replace('"role": body.role', '"role": body.role, "chief": body.is_admin')
    gate = """
@app.get("/chief")
def chief(one: Annotated[dict, Depends(me)]) -> dict:
    if one["role"] == "admin" or one["chief"]:
        raise HTTPException(500)
    return one
"""
    found = signed_in(
        "from typing import Literal\n" + BEARER + ENTER + text + gate, reached="GET /chief"
    )
    assert kinds(found) == [("user", "signup", "POST /register")] * 2


def test_the_answer_to_a_sign_up_may_be_the_token(signed_in) -> None:
    text = """
class Name(BaseModel):
    username: str
    password: str


@app.post("/signup")
def signup(body: Name) -> dict:
    if body.username in PEOPLE:
        raise HTTPException(409)
    PEOPLE[body.username] = {"hash": stretched(body.password)}
    return {"account": {"name": body.username}, "session": {"token": issued(body.username)}}
"""
    assert kinds(signed_in(BEARER + text)) == [("user", "signup", "POST /signup")] * 2


def test_a_session_by_a_form_and_people_of_a_table(signed_in) -> None:
    text = """
app.add_middleware(SessionMiddleware, secret_key=secrets.token_hex(32))
for name, role in (("ann", "clerk"), ("bert", "clerk"), ("root", "admin")):
    PEOPLE[name] = {"hash": stretched(f"{name}-of-the-mill-9"), "role": role}


@app.post("/login")
def login(request: Request, login: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict:
    request.session["who"] = checked(login, password)
    return {}


@app.get("/notes")
def notes(request: Request) -> list[str]:
    if request.session.get("who") not in PEOPLE:
        raise HTTPException(401)
    return []
"""
    found = signed_in(text)
    assert [(one.name, one.role) for one in found] == [
        ("ann", "clerk"),
        ("bert", "clerk"),
        ("root", "admin"),
    ]
    assert {(one.source, one.request) for one in found} == {("application", "POST /login")}


def test_a_helper_that_is_given_records(signed_in) -> None:
    """Names and roles stand in a frame further out, or in an object that is handed in."""
    text = """
class Given(BaseModel):
    email: str
    secret: str
    is_superuser: bool = False


def add(given: Given) -> None:
    PEOPLE[given.email] = {"hash": stretched(given.secret), "is_superuser": given.is_superuser}


def start() -> None:
    add(Given(email="ann@mill.example", secret="grind-the-corn-7"))
    add(Given(email="bert@mill.example", secret="turn-the-wheel-8"))
    add(Given(email="chief@mill.example", secret="own-the-mill-99", is_superuser=True))


start()
"""
    found = signed_in(BEARER + ENTER + text)
    assert [(one.name, one.role) for one in found] == [
        ("ann", "user"),
        ("bert", "user"),
        ("chief", "admin"),
    ]


def test_accounts_that_are_written_out(signed_in) -> None:
    text = """
PEOPLE.update({
    "ann": {"hash": stretched("grind-the-corn-7"), "role": "user"},
    "bert": {"hash": stretched("turn-the-wheel-8"), "role": "user"},
})
"""
    found = signed_in(BEARER + ENTER + text)
    assert [(one.name, one.role) for one in found] == [("ann", "user"), ("bert", "user")]


def test_accounts_of_different_rights_are_not_taken_for_a_pair(signed_in) -> None:
    text = """
PEOPLE.update({
    "ann": {"hash": stretched("grind-the-corn-7"), "may_export": True, "level": 1},
    "bert": {"hash": stretched("turn-the-wheel-8"), "may_export": False, "level": 1},
})
"""
    found = signed_in(BEARER + ENTER + text)
    assert [one.name for one in found] == ["ann"]


def test_plain_passwords_and_basic(signed_in) -> None:
    text = """
basic = HTTPBasic()
USERS = {"ann": "grind-the-corn-7", "bert": "turn-the-wheel-8"}


@app.get("/notes")
def notes(given: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[str]:
    known = USERS.get(given.username, "")
    if not known or not secrets.compare_digest(known, given.password):
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    return []
"""
    found = signed_in(text)
    assert [(one.name, one.source, one.request) for one in found] == [
        ("ann", "application", ""),
        ("bert", "application", ""),
    ]


@pytest.mark.parametrize(
    "reads",
    [
        'token: Annotated[str, Depends(APIKeyHeader(name="X-Mill-Key"))]',
        'token: Annotated[str, Header(alias="X-Mill-Key")]',
        "request: Request",
    ],
)
def test_keys_of_which_digests_are_kept(signed_in, reads: str) -> None:
    text = f"""
KNOWN = {{}}
for name in ("ann", "bert"):
    key = f"mill-{{name}}-5f2c"
    KNOWN[hashlib.sha256(key.encode()).hexdigest()] = name


@app.get("/notes")
def notes({reads}) -> list[str]:
    {'token = request.headers.get("x-mill-key", "")' if reads == "request: Request" else ""}
    if hashlib.sha256(token.encode()).hexdigest() not in KNOWN:
        raise HTTPException(401)
    return []
"""
    assert [one.name for one in signed_in(text)] == ["ann", "bert"]


def test_where_any_password_will_do_nobody_signs_in(signed_in) -> None:
    """An answer that holds a token in any case says nothing; what it opens is looked at, too."""
    text = """
@app.post("/enter")
def enter(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict:
    return {"access_token": secrets.token_urlsafe(8)}


PEOPLE.update({"ann": {"hash": stretched("grind-the-corn-7")}})
"""
    assert signed_in(BEARER + text) == []


def test_an_account_that_has_to_be_confirmed_is_none(project, scan) -> None:
    text = ENTER.replace("issued(", "issued(confirmed(").replace(
        "form.password))", "form.password)))"
    )
    held = """
def confirmed(name: str) -> str:
    raise HTTPException(403, "look into your mail")
"""
    folder = project({"main.py": HEAD + BEARER + held + text + REGISTER, "pyproject.toml": ""})
    report = scan(folder, engines=("app",))
    assert report.coverage.identities == []
    gap = next(g for g in report.coverage.gaps if g.what == "signing in")
    assert "POST /enter" in gap.why and "identities" in gap.how_to_include


@pytest.mark.parametrize(
    "settings",
    ['[tool.buckler]\naccounts = "none"\n', '[tool.buckler.identities.ann]\nheader = "X-A: b"\n'],
)
def test_nothing_of_it_where_the_settings_say_so(project, scan, settings: str) -> None:
    counted = """
COUNT = []


@app.middleware("http")
async def count(request: Request, following):
    if request.url.path == "/register":
        COUNT.append(1)
    if len(COUNT) > 3:
        raise RuntimeError("more were made than exploring makes")
    return await following(request)
"""
    folder = project(
        {"main.py": HEAD + BEARER + ENTER + REGISTER + counted, "pyproject.toml": settings}
    )
    report = scan(folder, engines=("app",))
    assert all(one.source == "settings" for one in report.coverage.identities)


def test_what_belongs_to_one_is_asked_for_by_the_other(project, scan) -> None:
    """The whole way: nobody is named, and an object of somebody else is proved."""
    text = """
NOTES: list[dict] = []


class Note(BaseModel):
    text: str


@app.post("/notes", status_code=201)
def add(note: Note, one: Annotated[dict, Depends(me)]) -> dict:
    NOTES.append({"id": len(NOTES) + 1, "owner": one["name"], "text": note.text})
    return NOTES[-1]


@app.get("/notes/{number}")
def read(number: int, one: Annotated[dict, Depends(me)]) -> dict:
    found = next((n for n in NOTES if n["id"] == number), None)
    if found is None:
        raise HTTPException(404)
    return found
"""
    bearer = BEARER.replace(
        "-> list[str]:\n    return []",
        '-> list:\n    return [n for n in NOTES if n["owner"] == one["name"]]',
    )
    folder = project({"main.py": HEAD + bearer + ENTER + REGISTER + text, "pyproject.toml": ""})
    report = scan(folder, select=("ACC009",))
    assert [(f.location.operation, str(f.confidence)) for f in report.findings] == [
        ("GET /notes/{number}", "proved")
    ]


def test_a_constructor_of_hashlib_that_a_class_keeps_is_not_bound(project, scan) -> None:
    """joserfc keeps it so: ``hash_alg = hashlib.sha256``, called as ``self.hash_alg(...)``."""
    text = """
class Algorithm:
    made_by = hashlib.sha256


@app.get("/digest")
def digest() -> str:
    return Algorithm().made_by(b"abc").hexdigest()
"""
    folder = project({"main.py": HEAD + text, "pyproject.toml": ""})
    report = scan(folder, engines=("app",))
    assert [row.status for row in report.coverage.operations] == [200]

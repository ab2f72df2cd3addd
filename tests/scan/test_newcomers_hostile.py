"""What an application keeps among its accounts may be odd: looking at it runs none of its code, and takes no time."""

from __future__ import annotations

import pytest

ODD = '''
import hashlib
import sys
import types

from fastapi import FastAPI, Header, HTTPException

app = FastAPI()
RAN = []


class Meta(type):
    def __getattribute__(cls, name):
        RAN.append(f"class {name}")
        return super().__getattribute__(name)


class Odd(metaclass=Meta):
    """Everything that may be asked of it runs code of the project."""

    __hash__ = None

    @property
    def __dict__(self):
        RAN.append("__dict__")
        raise RuntimeError

    @property
    def __class__(self):
        RAN.append("__class__")
        raise RuntimeError

    def __getattr__(self, name):
        RAN.append(name)
        raise RuntimeError

    def __eq__(self, other):
        RAN.append("__eq__")
        raise RuntimeError

    def __str__(self):
        RAN.append("__str__")
        raise RuntimeError


class Mapping(dict):
    def items(self):
        RAN.append("items")
        raise RuntimeError

    def __iter__(self):
        RAN.append("__iter__")
        raise RuntimeError


class Row(tuple):
    _fields = 7

    def __iter__(self):
        RAN.append("row")
        raise RuntimeError


class Lazy(types.ModuleType):
    def __getattr__(self, name):
        RAN.append(name)
        raise RuntimeError

    @property
    def __dict__(self):
        RAN.append("module's __dict__")
        raise RuntimeError

    @property
    def __file__(self):
        RAN.append("module's __file__")
        raise RuntimeError


class NoModule:
    __slots__ = ()
    __file__ = __file__


class Account:
    __module__ = 5

    def __init__(self):
        self.account = self

    @property
    def password(self):
        RAN.append("password")
        return "of-a-property-7"


sys.modules["a strange\\nname"] = Lazy("strange")
sys.modules["no_module"] = NoModule()
globals()["users", 1] = {"ann": "grind-the-corn-7"}
globals()["users" * 1_000_000] = {"ann": "grind-the-corn-7"}
USERS = {
    "odd": Odd(),
    "mapping": Mapping(a=1),
    5: 6,
    ("a", "b"): "c",
    "control\\x00": "\\x1b[2J-is-no-password",
    "big": "x" * 5_000_000,
    "row": Row((1, 2)),
    "account": Account(),
}
USERS["itself"] = USERS
accounts = [Odd(), Row(("a", "b"))]
users_odd = Odd()
number = 1 << 100_000
users_number = [{"name": "ann", "level": number}]


def stretched(password, odd, mapping, account, row, big, bigger):
    return hashlib.scrypt(password, salt=b"12345678", n=2, r=8, p=1)


stretched(b"turn-the-wheel-8", Odd(), Mapping(a=1), Account(), Row((1, 2)), "x" * 5_000_000, b"x" * 5_000_000)


API_KEYS = {"ann": "mill-key-5f2c"}


@app.get("/notes")
def notes(x_mill_key: str = Header("")) -> list[str]:
    if RAN or x_mill_key not in API_KEYS.values():
        raise HTTPException(401)
    return []
'''


def test_nothing_of_the_project_runs_when_its_objects_are_looked_at(project, scan) -> None:
    report = scan(project({"main.py": ODD, "pyproject.toml": ""}), engines=("app",))
    assert not report.failed, report.failed
    assert [one.name for one in report.coverage.identities] == ["ann"]


FLOOD = """
import hashlib
import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="enter")
TOKENS: dict[str, str] = {}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def stretched(password: str) -> bytes:
    return hashlib.scrypt(password.encode(), salt=b"12345678", n=2, r=8, p=1)


GOODS = [digest(f"article-{number}") for number in range(200)]
PEOPLE = {"ann": stretched("grind-the-corn-7"), "bert": stretched("turn-the-wheel-8")}; PEOPLE.update(cleo=stretched("stop-the-mill-9"), dora=stretched("sell-the-corn-3"))


@app.post("/enter")
def enter(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict:
    if form.username not in PEOPLE or PEOPLE[form.username] != stretched(form.password):
        raise HTTPException(401)
    token = secrets.token_urlsafe(24)
    TOKENS[token] = form.username
    return {"access_token": token}


def me(token: Annotated[str, Depends(bearer)]) -> str:
    if token not in TOKENS:
        raise HTTPException(401)
    return token


@app.get("/leave/logout")
def leave(token: Annotated[str, Depends(me)]) -> dict:
    del TOKENS[token]
    return {}


@app.get("/notes")
def notes(token: Annotated[str, Depends(me)]) -> list[str]:
    return []
"""


def test_digests_of_goods_leave_room_for_people(project, scan) -> None:
    """And people on one line are told apart, and nobody is thrown out while it is tried who gets in."""
    report = scan(project({"main.py": FLOOD, "pyproject.toml": ""}), engines=("app",))
    assert [one.name for one in report.coverage.identities] == ["ann", "bert"]
    row = next(r for r in report.coverage.operations if r.operation == "GET /notes")
    assert row.authenticated


@pytest.mark.parametrize("status", [400, 429])
def test_who_is_refused_in_another_way_is_not_let_in(project, scan, status: int) -> None:
    """A second factor is missing, or too much was asked for."""
    text = FLOOD.replace("range(200)", "range(0)")
    text = text.replace("    return token\n", f"    raise HTTPException({status})\n", 1)
    report = scan(project({"main.py": text, "pyproject.toml": ""}), engines=("app",))
    assert report.coverage.identities == []

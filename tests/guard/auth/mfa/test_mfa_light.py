"""What second factors need is imported when they are made, and named where it is missing."""

from __future__ import annotations

import pytest

from tests.guard.auth.test_light import run

APPLICATION = """
from fastapi import FastAPI
from buckler.guard import AuthPolicy, Guard, GuardError, MemoryStores
app = FastAPI()
auth = AuthPolicy(ways=["session"], base_url="https://shop.example"{more})
guard = Guard(app, secret="d5Nn0m2sVbq0_Jb7g0cS7S0d3o2v7f1e9w8y6u5t4r3e2w1q", database=MemoryStores(), auth=auth, docs="public")
try:
    app.include_router(guard.identities.router())
    print(any("factors" in entry.template for entry in guard.access_table()))
except GuardError as error:
    print(error.hint)
"""


def without(*names: str) -> str:
    """The beginning of a program on a machine that has not these packages."""
    return f"""
import sys
from importlib.abc import MetaPathFinder
class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(name=name)
        return None
sys.meta_path.insert(0, Missing())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {names!r} else found(name, package)
"""


def test_names_cost_nothing_of_what_they_need() -> None:
    code = """
import sys
import buckler.guard as guard
for name in ("SecondFactors", "PasskeyOptions", "TotpSetup", "FactorError"):
    getattr(guard, name)
heavy = {"cryptography", "webauthn", "segno", "cbor2", "fastapi", "starlette", "anyio", "pydantic", "sqlalchemy"}
print(sorted(heavy & sys.modules.keys()))
"""
    assert run(code) == "[]"


@pytest.mark.parametrize(
    ("missing", "call"),
    [
        ("cryptography", ""),
        ("segno", "asyncio.run(factors.begin_totp(user))"),
        ("webauthn", "asyncio.run(factors.begin_passkey(user))"),
        ("webauthn", "asyncio.run(factors.begin_sign_in())"),
    ],
)
def test_what_is_missing_is_named(missing: str, call: str) -> None:
    code = f"""
import asyncio
from buckler.guard import GuardError, MemoryStores, SecondFactors, User
user = User(id="u1", name="ann")
try:
    factors = SecondFactors(MemoryStores(), keys=[bytes(32)], service="Shop", base_url="https://shop.example", tell=print)
    {call}
except GuardError as error:
    print(error.hint)
"""
    assert run(without(missing) + code) == "pip install 'buckler[mfa]'"


def test_an_application_without_them_has_the_other_routes() -> None:
    assert run(without("segno", "webauthn") + APPLICATION.format(more="")) == "False"
    assert run(APPLICATION.format(more="")) == "True"


def test_whoever_asks_everybody_for_a_factor_is_told_at_the_start() -> None:
    asking = APPLICATION.format(more=", second_factor=True")
    assert run(without("segno", "webauthn") + asking) == "pip install 'buckler[mfa]'"
    assert run(asking) == "True"

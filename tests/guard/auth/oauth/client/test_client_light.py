"""What sign-in with providers needs is imported when it is made, and named where it is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
MADE = """
from fastapi import FastAPI
from buckler.guard import AuthPolicy, Guard, GuardError, MemoryStores, Provider, SignInWith
guard = Guard(
    FastAPI(openapi_url=None),
    secret="s9F-kQ2mz8vKz1pLw4fT9xQ2m-8vKz-1pLwAbCdEfGh",
    database=MemoryStores(),
    auth=AuthPolicy(ways=["session"], base_url="https://shop.example", sign_in_page="/sign-in"),
)
try:
    SignInWith(guard.identities, Provider("op", issuer="https://a.example", client_id="c"))
    print("made")
except GuardError as error:
    print(error.hint)
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_names_cost_nothing_of_what_they_need() -> None:
    code = """
import sys
import buckler.guard as guard
import buckler.guard.auth.oauth.client as client
for name in ("SignInWith", "Provider", "SignInError", "ProviderError"):
    getattr(guard, name)
client.google(client_id="c", client_secret="s")
heavy = {"joserfc", "httpx", "httpx2", "fastapi", "starlette", "sqlalchemy", "pydantic"}
print(sorted(heavy & sys.modules.keys()))
"""
    assert run(code) == "[]"


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("joserfc", "pip install 'buckler[auth]'"),
        ("httpx2", "pip install 'buckler[http]'; for httpx: buckler.guard.egress.for_httpx"),
        ("nothing", "made"),
    ],
)
def test_what_is_missing_is_named(missing: str, said: str) -> None:
    assert run(f"import sys; sys.modules[{missing!r}] = None\n{MADE}") == said

"""What tokens need is imported when a key is made, and named where it is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKED = "import sys; sys.modules['joserfc'] = sys.modules['cryptography'] = None\n"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_names_cost_nothing_of_what_they_need() -> None:
    code = """
import sys
import buckler.guard as guard
for name in ("SigningKey", "KeySet", "TokenPolicy", "TokenVerifier", "TokenIssuer", "RefreshRotation", "RemoteKeys",
             "RevocationList", "jwks_route", "SignatureVerifier"):
    getattr(guard, name)
heavy = {"joserfc", "cryptography", "httpx", "httpx2", "fastapi", "starlette", "anyio", "sqlalchemy", "pydantic"}
print(sorted(heavy & sys.modules.keys()))
"""
    assert run(code) == "[]"


@pytest.mark.parametrize(
    "call",
    [
        "SigningKey.generate()",
        "SigningKey.from_secret('0' + '123456789abcdefghijklmnopqrstuvwxyz')",
        "SigningKey.from_secret(b'\\x30' + bytes(range(64)))",
        "SigningKey.from_jwk({'kty': 'oct', 'k': 'MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6'})",
        "SigningKey.from_pem('-----BEGIN PUBLIC KEY-----')",
        "RemoteKeys('https://issuer.example/jwks')",
    ],
)
def test_what_is_missing_is_named(call: str) -> None:
    code = f"""
from buckler.guard import GuardError, RemoteKeys, SigningKey
try:
    {call}
except GuardError as error:
    print(error.hint)
"""
    assert run(BLOCKED + code) == "pip install 'buckler[auth]'"


def test_refresh_tokens_need_neither() -> None:
    code = """
import asyncio
from buckler.guard import MemoryStores, RefreshRotation
async def main():
    rotation = RefreshRotation(MemoryStores().refresh)
    begun = await rotation.begin("user-1")
    print((await rotation.rotate(begun.token)).family.user_id)
asyncio.run(main())
"""
    assert run(BLOCKED + code) == "user-1"

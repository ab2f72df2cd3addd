"""Names of passwords cost nothing of what they need until it is used."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import buckler.guard as guard
for name in ("Accounts", "Breached", "Links", "Lockout", "OneTime", "PasswordPolicy", "PasswordSignIn", "Passwords"):
    getattr(guard, name)
guard.PasswordPolicy()
guard.Lockout(guard.MemoryStores().attempts, secret="s" * 48)
heavy = {"anyio", "argon2", "bcrypt", "fastapi", "httpx2", "pwdlib", "pydantic", "sqlalchemy", "starlette", "trio"}
print(sorted(heavy & sys.modules.keys()))
print(guard.PasswordPolicy is not None, guard.auth.password.common.shipped.cache_info().currsize)
"""


def test_names_cost_nothing_of_what_they_need() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["[]", "True 0"], done.stderr

"""What a server of resources needs is imported when it is used."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import buckler.guard as guard
for name in ("AccessToken", "ResourceServer", "JwtIssuer", "IntrospectionIssuer", "LocalIssuer", "CertificateHeader",
             "DpopNonces", "RedisReplays"):
    getattr(guard, name)
heavy = {"joserfc", "cryptography", "httpx", "httpx2", "fastapi", "starlette", "anyio", "sqlalchemy", "pydantic", "redis"}
print(sorted(heavy & sys.modules.keys()))
"""


def test_names_cost_nothing_of_what_they_need() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr

"""AUT021 at an authorization server: what its metadata lists, and what its clients are registered for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import Scan

METADATA = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/.well-known/openid-configuration")
def metadata() -> dict[str, object]:
    return {
        "issuer": "https://id.example",
        "token_endpoint": "https://id.example/token",
        "grant_types_supported": GRANTS,
    }
"""
SERVER = """
import os

from fastapi import FastAPI

from buckler.guard import AuthorizationServer, AuthPolicy, Guard, MemoryStores, OAuthClient

app = FastAPI(openapi_url=None)
guard = Guard(
    app,
    secret=os.environ.get("SECRET", "n7-Qv2kXw9-rT4mZb8-Ld6pYc3-Hs5gJf1"),
    database=MemoryStores(),
    auth=AuthPolicy(base_url="https://id.example", ways=["session"]),
)
server = AuthorizationServer(
    guard.identities,
    clients=[OAuthClient(id="old", redirect_uris=["https://old.example/"], grants=["GRANT"])],
)
app.include_router(server.router())
"""


def test_metadata_that_lists_them(project: Callable[..., Path], scan: Scan) -> None:
    listed = METADATA.replace("GRANTS", '["authorization_code", "password", "implicit"]')
    report = scan(project({"main.py": listed}), select=("AUT021",))
    (finding,) = report.findings
    assert "implicit and the password" in finding.message
    fine = METADATA.replace("GRANTS", '["authorization_code", "refresh_token"]')
    assert scan(project({"main.py": fine}), select=("AUT021",)).findings == ()


def test_a_client_of_guard(project: Callable[..., Path], scan: Scan) -> None:
    report = scan(project({"main.py": SERVER.replace("GRANT", "implicit")}), select=("AUT021",))
    said = {finding.message for finding in report.findings}
    assert "A client is registered for the implicit grant." in said
    assert "The metadata of this authorization server offers the implicit grant." in said
    fine = SERVER.replace("GRANT", "authorization_code")
    assert scan(project({"main.py": fine}), select=("AUT021",)).findings == ()

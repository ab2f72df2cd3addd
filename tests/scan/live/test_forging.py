"""Tokens that a running site takes though nobody gave them out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from fastapi import FastAPI, Header, HTTPException

from buckler.core.finding import Confidence
from buckler.core.report import Report
from buckler.core.settings import IdentitySettings, Settings
from tests.scan.live.serving import look, serve

STRONG = "kJ8fQ2vLr0Xy6TnZpW4sBd9uHcMe3GaE"
KNOWN = "a-string-secret-at-least-256-bits-long"
"""As jwt.io shows it, and so in many programs."""
RULES = {"AUT001", "AUT002", "SEC002", "AUT004"}


def checked(key: str) -> Callable[[str], dict[str, Any]]:
    return lambda token: jwt.decode(token, key, algorithms=["HS256"])


def unsigned(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def none_too(token: str) -> dict[str, Any]:
    """A check by hand that believes the header (RFC 8725, 2.1)."""
    head, claims, _ = token.split(".")
    padded = head + "=" * (-len(head) % 4)
    if json.loads(base64.urlsafe_b64decode(padded))["alg"].lower() == "none":
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=="))
        return found
    return jwt.decode(token, STRONG, algorithms=["HS256"])


def site(read: Callable[[str], dict[str, Any]]) -> FastAPI:
    app = FastAPI()
    app.state.refused = 0

    def who(authorization: str) -> str:
        try:
            return str(read(authorization.removeprefix("Bearer "))["sub"])
        except (jwt.PyJWTError, ValueError, KeyError) as error:
            app.state.refused += 1
            raise HTTPException(401) from error

    @app.get("/me")
    def me(authorization: str = Header("")) -> dict[str, str]:
        return {"name": who(authorization)}

    for number in range(9):

        @app.get(f"/part{number}")
        def part(authorization: str = Header("")) -> dict[str, str]:
            return {"read by": who(authorization)}

    return app


def scanned(app: FastAPI, key: str, **bounds: Any) -> Report:
    token = jwt.encode({"sub": "alice"}, key, algorithm="HS256")
    alice = IdentitySettings("alice", headers={"Authorization": f"Bearer {token}"})
    with serve(app) as url:
        return look(url, Settings(identities=(alice,)), **bounds)


def told(report: Report) -> set[tuple[str, Confidence]]:
    return {(f.rule, f.confidence) for f in report.findings if f.rule in RULES}


@pytest.mark.parametrize(
    ("read", "key", "rule"),
    [
        (unsigned, STRONG, "AUT001"),
        (none_too, STRONG, "AUT002"),
        (checked(KNOWN), KNOWN, "SEC002"),
    ],
    ids=["no signature is checked", "none is an algorithm", "the key is known"],
)
def test_what_is_taken_is_proved(
    read: Callable[[str], dict[str, Any]], key: str, rule: str
) -> None:
    report = scanned(site(read), key)
    assert told(report) == {(rule, Confidence.PROVED)}
    (found,) = (f for f in report.findings if f.rule == rule)
    assert (found.location.operation or "").startswith("GET /")
    assert found.proof[0].data["response"]["status"] == 200


def test_what_is_refused_is_not() -> None:
    app = site(checked(STRONG))
    assert told(scanned(app, STRONG)) == set()
    assert app.state.refused > 3  # it was tried


def test_it_takes_a_word() -> None:
    assert told(scanned(site(unsigned), STRONG, permitted=False)) == set()

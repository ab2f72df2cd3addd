"""Claims that nobody checked and that are only logged decide nothing."""

from __future__ import annotations

import pytest

READ = """
import jwt


def who(token: str) -> str:
    return jwt.decode(token, options={"verify_signature": False}).get("sub", "?")
"""
MAIN = """
import logging

from fastapi import FastAPI, Request

from read import who

app = FastAPI()
log = logging.getLogger(__name__)


@app.get("/")
def home(request: Request) -> str:
    name = who(request.headers.get("authorization", ""))
    log.info("%r asks", name)
    return {answer}
"""


@pytest.mark.parametrize(("answer", "count"), [("'hello'", 0), ("name", 1)])
def test_what_is_only_logged_is_no_decision(answer: str, count: int, project, scan) -> None:
    folder = project({"read.py": READ, "main.py": MAIN.replace("{answer}", answer)})
    report = scan(folder, select=("AUT001",), engines=("source",))
    assert not report.broken
    assert len(report.findings) == count

"""What stands beside input is not input: the other part of a pair, what is kept under a key."""

from __future__ import annotations

import pytest

PAIR = """
import socket
from urllib.parse import urlsplit

import httpx2
from fastapi import FastAPI

app = FastAPI()


def resolved(url: str) -> tuple[str, str] | None:
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    return socket.gethostbyname("partner.example"), parts.hostname


@app.get("/ask")
def ask(url: str) -> int:
    found = resolved(url)
    if found is None:
        return 0
    address, host = found
    return httpx2.get(f"https://{USED}/").status_code
"""
CACHE = """
import pickle

from fastapi import FastAPI

app = FastAPI()
known: dict[str, bytes] = {}


@app.get("/goods")
def goods(tag: str, sent: str) -> list[str]:
    hit = known.get(tag)
    if hit:
        return pickle.loads(hit)
    known[tag] = KEPT
    return [tag]
"""


@pytest.mark.parametrize(
    ("rule", "text", "count"),
    [
        ("EGR001", PAIR.replace("USED", "address"), 0),
        ("EGR001", PAIR.replace("USED", "host"), 1),
        ("INJ008", CACHE.replace("KEPT", "pickle.dumps([tag])"), 0),
        ("INJ008", CACHE.replace("KEPT", "sent.encode()"), 1),
    ],
)
def test_only_the_part_that_is_input_is_told(
    rule: str, text: str, count: int, project, scan
) -> None:
    report = scan(project({"main.py": text}), select=(rule,), engines=("source",))
    assert not report.broken
    assert len(report.findings) == count, [finding.message for finding in report.findings]

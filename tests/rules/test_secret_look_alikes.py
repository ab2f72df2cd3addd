"""Code around secrets and passwords that looks like a weakness and is none, each beside one that is."""

from __future__ import annotations

import pytest

HEAD = """
import base64
import hashlib
import hmac
import os
import secrets

import bcrypt
from fastapi import FastAPI

app = FastAPI()
"""
CACHE = """

class Known:
    def __init__(self) -> None:
        self._key = KEY
        self._seen: dict[bytes, str] = {}

    def name(self, name: str, password: str) -> str:
        made = hmac.digest(self._key, f"{name}/{password}".encode(), "sha256")
        return self._seen.setdefault(made, name)
"""
HANDED = """

def _short(password: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(password).digest())


def matching(stored: bytes, shortened):
    def matches(password: bytes) -> bool:
        return CHECK

    return matches


def checker(stored: bytes):
    return matching(stored, _short)
"""
HKDF = """
SALT = b"shop links"


def derived(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(SALT, WHAT, "sha256")
"""
SLOW = "bcrypt.hashpw(shortened(password), stored) == stored"


@pytest.mark.parametrize(
    ("rule", "code", "count"),
    [
        ("AUT006", CACHE.replace("KEY", "secrets.token_bytes(32)"), 0),
        ("AUT006", CACHE.replace("KEY", "os.environ['SHOP_KEY'].encode()"), 1),
        ("AUT006", HANDED.replace("CHECK", SLOW), 0),
        ("AUT006", HANDED.replace("CHECK", "shortened(password) == stored"), 1),
        ("SEC002", HKDF.replace("WHAT", "secret"), 0),
        ("SEC002", HKDF.replace("WHAT", "message"), 1),
        ("SEC001", 'JWT_SECRET = "urn:shop:token-type:jwt2"\n', 0),
        ("SEC001", 'JWT_SECRET = "orn:shop:token-type:jwt2"\n', 1),
    ],
)
def test_what_looks_alike(rule: str, code: str, count: int, project, scan) -> None:
    report = scan(project({"main.py": HEAD + code}), select=(rule,), engines=("source",))
    assert not report.broken
    assert len(report.findings) == count, [f.message for f in report.findings]

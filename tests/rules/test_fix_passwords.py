"""Repairs of how passwords and tokens of others are checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.rules.repairing import application, fixed

CONTEXT = """
from fastapi import FastAPI
from passlib.context import CryptContext

app = FastAPI()
hashes = CryptContext({arguments})
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('schemes=["md5_crypt"]', 'schemes=["pbkdf2_sha256", "md5_crypt"], pbkdf2_sha256__rounds=600_000'),
        (
            '["hex_sha1", "bcrypt"], deprecated="auto"',
            '["pbkdf2_sha256", "hex_sha1", "bcrypt"], deprecated="auto", pbkdf2_sha256__rounds=600_000',
        ),
    ],
)  # fmt: skip
def test_new_passwords_are_hashed_slowly(before: str, after: str, tmp_path: Path) -> None:
    assert fixed("AUT006", CONTEXT.format(arguments=before), tmp_path) == CONTEXT.format(
        arguments=after
    )


def test_a_column_that_may_be_too_short_is_reviewed(tmp_path: Path) -> None:
    (tmp_path / "tables.py").write_text("secret = Column(String(64))\n")
    assert fixed("AUT006", CONTEXT.format(arguments='["md5_crypt"]'), tmp_path, safe=False)


@pytest.mark.parametrize(
    "arguments",
    [
        'schemes=["md5_crypt", "pbkdf2_sha256"]',
        'schemes=["md5_crypt"], default="md5_crypt"',
        'schemes=["md5_crypt", "bcrypt"], deprecated=["bcrypt"]',
        'schemes=["unix_disabled", "md5_crypt"]',
        "schemes=SCHEMES",
    ],
)
def test_contexts_for_a_person(arguments: str, tmp_path: Path) -> None:
    text = CONTEXT.replace("app =", 'SCHEMES = ["md5_crypt"]\napp =').format(arguments=arguments)
    assert fixed("AUT006", text, tmp_path) is None


REGISTER = """
import bcrypt
from fastapi import FastAPI, Form

app = FastAPI()


@app.post("/register")
def register(password: str = Form()):
    return len({call})
"""


def test_what_bcrypt_would_cut_off_is_refused(tmp_path: Path) -> None:
    text = REGISTER.format(call="bcrypt.hashpw(password.encode(), bcrypt.gensalt(4))")
    made = fixed("AUT022", text, tmp_path, safe=False)
    assert (
        "    if len(password.encode()) > 72:\n        raise HTTPException(422)\n    return" in made
    )
    client = TestClient(application(made))
    assert client.post("/register", data={"password": "a" * 72}).json() == 60
    assert client.post("/register", data={"password": "ä" * 40}).status_code == 422


def test_a_password_that_is_put_together_is_for_a_person(tmp_path: Path) -> None:
    text = REGISTER.format(call="bcrypt.hashpw(('a' + password).encode(), bcrypt.gensalt(4))")
    assert fixed("AUT022", text, tmp_path) is None


TOKENS = """
import jwt
from fastapi import FastAPI, Header

app = FastAPI()
keys = jwt.PyJWKClient("https://login.mill.example/jwks", timeout=3)


@app.get("/me")
def me(authorization: str = Header()):
    key = keys.get_signing_key_from_jwt(authorization)
    {line}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'return jwt.decode(authorization, key.key, algorithms=["RS256"], options={"verify_aud": False})',
            'return jwt.decode(authorization, key.key, algorithms=["RS256"], options={}, audience=environ["TOKEN_AUDIENCE"])',
        ),
        (
            'options = {"verify_aud": False, "require": ["exp"]}\n    return jwt.decode(authorization, key.key, ["RS256"], options=options)',
            'options = {"require": ["exp"]}\n    return jwt.decode(authorization, key.key, ["RS256"], options=options, audience=environ["TOKEN_AUDIENCE"])',
        ),
        (
            'return jwt.decode(authorization, key.key, ["RS256"], options=dict(verify_aud=False))',
            None,
        ),
    ],
)  # fmt: skip
def test_tokens_of_a_provider(before: str, after: str | None, tmp_path: Path) -> None:
    made = fixed("AUT014", TOKENS.format(line=before), tmp_path, safe=False)
    if after is None:
        assert made is None
    else:
        wanted = TOKENS.format(line=after).replace("environ[", "os.environ[")
        assert made == wanted.replace("import jwt\n", "import os\n\nimport jwt\n", 1)

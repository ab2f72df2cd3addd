"""Which texts are secrets, which only look like them, and which files git leaves out."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
from itsdangerous import TimestampSigner

from buckler.scan.engines.attack.jwt import encode, guess, made_up, parse
from buckler.scan.engines.packages.project_files import check_project
from buckler.scan.model.secrets import is_weak_key, known_format, url_password
from buckler.scan.python.literals import is_secret
from buckler.scan.rules.secrets.in_repository import SecretInRepository


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwt_secret", "acorn-oak-2023"),
        ("MAIL_PASSWORD", "Hq7vX2pLw9Zt4Rk8"),
        ("db_password", "greenhouse-Keys"),
        ("API_KEY", "ao_live_8c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua"),
        ("feed_key", "Wd81LmZ0qPc7Vx2sRt5b"),
        ("Authorization", "Bearer 8c1fT5mWqz27LdXe0RvKj3Nb"),
    ],
)
def test_secrets(name: str, value: str) -> None:
    assert is_secret(name, value, loose=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "changeme"),
        ("password", "your-password-123"),
        ("PASSWORD_HASH", "Hq7vX2pLw9Zt4Rk8"),
        ("admin_password", "$argon2id$v=19$m=65536,t=3,p=4$c29tZQ$aGFzaA"),
        ("admin_password", "4870159e4a676529e07f7850d9492e65a9461d022b3e14a8"),
        ("token", "access_token"),
        ("TOKEN_URL", "/auth/token-2026"),
        ("CSRF_TOKEN", "X-CSRF-Token"),
        ("token_type", "bearer"),
        ("key", "sort-key-2"),
        ("title", "Hq7vX2pLw9Zt4Rk8"),
        ("PUBLIC_KEY", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="),
    ],
)
def test_no_secrets(name: str, value: str) -> None:
    assert not is_secret(name, value, loose=False)


def test_formats_and_their_examples() -> None:
    assert known_format("key = 'AKIA" + "Q3ZT7LMN5WXY2RSP'")
    assert not known_format("AKIA" + "IOSFODNN7EXAMPLE")
    assert url_password("postgresql://shop:oak-Barrel-19@db/shop") == "oak-Barrel-19"
    assert not url_password("postgresql://postgres:postgres@localhost/shop")


def test_keys_that_are_weak() -> None:
    assert is_weak_key("secret")
    assert is_weak_key("a" * 40)
    assert not is_weak_key("R7vX2pLw9Zt4Rk8Hq7vX2pLw9Zt4Rk8Hq")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_the_key_of_a_token_is_guessed(algorithm: str) -> None:
    assert guess(jwt.encode({"sub": "a"}, "changeme", algorithm=algorithm)) == "changeme"
    assert guess(jwt.encode({"sub": "a"}, "R7vX2pLw9Zt4Rk8H" * 4, algorithm=algorithm)) is None


def test_the_key_of_a_session_cookie_is_guessed() -> None:
    assert guess(TimestampSigner("change-me").sign(b"eyJhIjoxfQ==").decode()) == "change-me"
    assert guess(TimestampSigner("R7vX2pLw9Zt4Rk8H").sign(b"eyJhIjoxfQ==").decode()) is None


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_made_tokens_are_what_a_library_reads() -> None:
    token = made_up()
    text = encode(token.header, token.claims, "secret")
    assert jwt.decode(text, "secret", algorithms=["HS256"]) == token.claims
    assert parse(text) == token
    assert parse("no token") is None


@pytest.mark.parametrize(
    ("ignore", "found"),
    [
        ("", True),
        (".env\n", False),
        ("*.env*\n", False),
        (".env\n!.env\n", True),
        ("/.env\n", False),
        ("# .env\n", True),
        ("app/\n", True),
    ],
)
def test_what_git_leaves_out_is_not_in_the_repository(
    tmp_path: Path, ignore: str, found: bool
) -> None:
    (tmp_path / ".env").write_text("PAYMENT_API_KEY=ao_8c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua\n")
    (tmp_path / ".gitignore").write_text(ignore)
    assert bool(list(check_project(tmp_path, [SecretInRepository()]))) is found

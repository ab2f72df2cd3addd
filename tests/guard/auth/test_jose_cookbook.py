"""The JOSE cookbook (RFC 7520, RFC 7797, RFC 8037): each serialisation is read, or named with the reason it is not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from buckler.guard import GuardError, KeySet, SignatureVerifier, SigningKey, TokenError
from buckler.guard.auth.jwt.encryption import DecryptionKey
from tests.guard.auth.vectors import load, names

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

FOLDERS = ("jws", "jwe", "curve25519", "rfc7797")
FILES = {
    name.removeprefix("jose-cookbook/"): load(name)
    for folder in FOLDERS
    for name in names(f"jose-cookbook/{folder}")
}
JSON_FORM = "a JSON serialisation: a request carries a token in a header, in compact form alone"
DETACHED = "its payload is detached: a token carries its claims"
UNENCODED = "b64 and crit: a header that changes how it is read is refused (RFC 8725, 3.10)"
PASSWORD = "PBES2: the sender sets what the key costs, and passwords are no keys"
REASONS = {
    "jws/4_5.signature_with_detached_content.json": DETACHED,
    "jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json": PASSWORD,
    "rfc7797/hmac-sha2_b64_false.json": UNENCODED,
}


def serialisations() -> list[Any]:
    return [
        pytest.param(name, form, value, id=f"{name}-{form}")
        for name, whole in FILES.items()
        for form, value in whole["output"].items()
    ]


def keys_of(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys, each with the algorithm of the example: as RFC 8725, 3.1 wants it, a key has one."""
    if "pwd" in given:
        secret = base64.urlsafe_b64encode(given["pwd"].encode()).decode().rstrip("=")
        return [{"kty": "oct", "k": secret, "alg": given["alg"]}]
    keys, algs = given["key"], given["alg"]
    if isinstance(keys, dict):
        keys, algs = [keys], [algs]
    return [{**key, "alg": alg} for key, alg in zip(keys, algs, strict=True)]


def read(given: dict[str, Any], token: str) -> bytes | None:
    """What it holds, by the first key that reads it; None where it is refused."""
    for key in keys_of(given):
        try:
            if "plaintext" in given:
                return DecryptionKey(key).decrypt(token)
            return SignatureVerifier(KeySet(SigningKey.from_jwk(key))).verify(token).payload
        except (GuardError, TokenError):
            continue
    return None


@pytest.mark.parametrize(("name", "form", "token"), serialisations())
def test_serialisation(name: str, form: str, token: Any) -> None:
    reason = REASONS.get(name) or (JSON_FORM if form in ("json", "json_flat") else None)
    given = FILES[name]["input"]
    expected = given.get("payload", given.get("plaintext")).encode()
    found = read(given, token if isinstance(token, str) else json.dumps(token))
    assert found == (None if reason else expected), reason


def test_all_of_them_are_looked_at() -> None:
    found = [param.values[1] for param in serialisations()]
    assert {form: found.count(form) for form in set(found)} == {
        "compact": 17,
        "json": 25,
        "json_flat": 23,
    }

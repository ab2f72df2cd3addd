"""Project Wycheproof's vectors of JSON Web Signature, Key and Encryption, every one of them.

Whether a vector counts as accepted is what an application would see: a key that is refused when it is made
refuses every token.
"""

from __future__ import annotations

from typing import Any

import pytest

from buckler.guard import GuardError, KeySet, SignatureVerifier, SigningKey, TokenError
from buckler.guard.auth.jwt.encryption import DecryptionKey
from tests.guard.auth.vectors import load

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

FILES = {
    name: load(f"wycheproof/json_web_{name}_test.json")
    for name in ("crypto", "encryption", "key", "signature")
}
OTHER_ALGORITHM = "the key says another algorithm than the token"
NO_ALGORITHM = "the key names an algorithm that does not exist (ES521)"
NO_BASE64 = "the token holds a character that is not of base64url"

REFUSED_THOUGH_VALID = {
    ("signature", 346): OTHER_ALGORITHM,
    ("signature", 347): NO_ALGORITHM,
    ("signature", 350): OTHER_ALGORITHM,
    ("signature", 351): NO_ALGORITHM,
    ("signature", 372): NO_BASE64,
    ("signature", 373): NO_BASE64,
    ("encryption", 132): OTHER_ALGORITHM,
}
TAKEN_THOUGH_INVALID = {
    ("signature", 367): "byte by byte the token and the key of 357, which is valid",
    ("signature", 370): "byte by byte the token and the key of 357, which is valid",
}


def cases() -> list[Any]:
    found = []
    for name, whole in FILES.items():
        for group in whole["testGroups"]:
            for test in group["tests"]:
                label = f"{name}-{test['tcId']}-{test['comment']}"
                found.append(pytest.param(name, group, test, id=label))
    return found


def keys_of(group: dict[str, Any]) -> list[dict[str, Any]]:
    whole = group.get("public") or group["private"]
    return whole.get("keys", [whole])


def signature_counts(group: dict[str, Any], token: Any) -> bool:
    try:
        verifier = SignatureVerifier(KeySet(*map(SigningKey.from_jwk, keys_of(group))))
        verifier.verify(token)
    except (GuardError, TokenError):
        return False
    return True


def decrypted(group: dict[str, Any], token: Any) -> bytes | None:
    try:
        return DecryptionKey(group["private"]).decrypt(token)
    except (GuardError, TokenError):
        return None


def taken(group: dict[str, Any], test: dict[str, Any]) -> bool:
    if "jws" in test:
        return signature_counts(group, test["jws"])
    plain = decrypted(group, test["jwe"])
    if plain is not None and "pt" in test:
        assert plain.hex() == test["pt"]
    return plain is not None


@pytest.mark.parametrize(("name", "group", "test"), cases())
def test_vector(name: str, group: dict[str, Any], test: dict[str, Any]) -> None:
    vector = (name, test["tcId"])
    wanted = test["result"] == "valid"
    if vector in REFUSED_THOUGH_VALID:
        assert wanted
        wanted = False
    if vector in TAKEN_THOUGH_INVALID:
        assert not wanted
        wanted = True
    assert taken(group, test) is wanted


def test_all_of_them_are_looked_at() -> None:
    assert len(cases()) == 649


def test_the_two_that_are_taken_are_those_of_a_valid_one() -> None:
    found = {
        test["tcId"]: (group["private"], test["jws"], test["result"])
        for group in FILES["signature"]["testGroups"]
        for test in group["tests"]
    }
    key, token, result = found[357]
    assert result == "valid"
    assert found[367] == found[370] == (key, token, "invalid")

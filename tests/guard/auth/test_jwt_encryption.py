"""Encrypted tokens: read by the key's own algorithm, and no word on why one was not (made by joserfc)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe, jwk

from buckler.guard import GuardError, TokenError
from buckler.guard.auth.jwt.encryption import CONTENT, MANAGEMENT, DecryptionKey
from tests.guard.auth.tokens import b64, part

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

KEYS: dict[str, Any] = {
    "RSA": jwk.RSAKey.generate_key(2048),
    "EC": jwk.ECKey.generate_key("P-256"),
    "OKP": jwk.OKPKey.generate_key("X25519"),
}
SIZES = {"A128": 128, "A192": 192, "A256": 256}


def pair(kind: str, alg: str, enc: str = "A128GCM") -> tuple[Any, dict[str, Any]]:
    """joserfc's key, and the JWK for ours."""
    if kind != "oct":
        key = KEYS[kind]
    elif alg == "dir":
        # Half of the key of a CBC cipher is for its HMAC (RFC 7518, 5.2.2.1).
        key = jwk.OctKey.generate_key(int(enc[1:4]) * (2 if "CBC" in enc else 1))
    else:
        key = jwk.OctKey.generate_key(SIZES[alg[:4]])
    return key, {**key.as_dict(private=True), "alg": alg}


def encrypt(key: Any, plain: bytes = b"plain", **header: Any) -> str:
    algorithms = [header["alg"], header["enc"], "DEF"]
    return jwe.encrypt_compact(header, plain, key, algorithms=algorithms)


def reason(key: DecryptionKey, token: Any) -> str:
    with pytest.raises(TokenError) as caught:
        key.decrypt(token)
    return caught.value.reason


@pytest.mark.parametrize("enc", CONTENT)
@pytest.mark.parametrize(
    ("kind", "alg"), [(k, alg) for k, algs in MANAGEMENT.items() for alg in algs]
)
def test_every_algorithm(kind: str, alg: str, enc: str) -> None:
    key, ours = pair(kind, alg, enc)
    assert DecryptionKey(ours).decrypt(encrypt(key, alg=alg, enc=enc)) == b"plain"


@pytest.mark.parametrize(
    ("stated", "used"),
    [("RSA-OAEP", "RSA1_5"), ("RSA-OAEP-256", "RSA-OAEP"), ("RSA1_5", "RSA-OAEP")],
)
def test_another_algorithm_than_the_keys(stated: str, used: str) -> None:
    key, ours = pair("RSA", stated)
    assert reason(DecryptionKey(ours), encrypt(key, alg=used, enc="A128GCM")) == "algorithm"


def test_headers_that_are_refused() -> None:
    key, ours = pair("oct", "A128KW")
    made = DecryptionKey({**ours, "kid": "main"})
    good = encrypt(key, alg="A128KW", enc="A128GCM")
    assert made.decrypt(good) == made.decrypt(good.encode()) == b"plain"
    assert made.decrypt(encrypt(key, alg="A128KW", enc="A128GCM", kid="main")) == b"plain"
    assert reason(made, encrypt(key, alg="A128KW", enc="A128GCM", kid="other")) == "key"
    rest = good[good.index(".") :]
    header = {"alg": "A128KW", "enc": "A128GCM"}
    for name in ("crit", "b64", "jwk", "jku", "x5u", "x5c"):
        assert reason(made, part({**header, name: ["exp"]}) + rest) == "header"
    for changed in (
        {"alg": "none"},
        {"alg": None},
        {"enc": "none"},
        {"enc": "A128CBC"},
        {"alg": ["A128KW"]},
    ):
        assert reason(made, part({**header, **changed}) + rest) == "algorithm"
    assert reason(made, part({**header, "x": "y" * 2_000}) + rest) == "malformed"
    assert reason(made, part(b'{"alg":"A128KW","alg":"A128KW"}') + rest) == "malformed"
    assert reason(made, "A" * 9_000) == "size"
    for text in ("", "a.b.c", "a.b.c.d.e.f", None, json.dumps({"ciphertext": "a.b.c.d"})):
        assert reason(made, text) == "malformed"
    assert "A128KW" in repr(made) and ours["k"] not in repr(made)


def test_a_bomb_is_not_inflated() -> None:
    key, ours = pair("oct", "A128KW")
    made = DecryptionKey(ours)
    header = {"alg": "A128KW", "enc": "A128GCM", "zip": "DEF"}
    assert made.decrypt(encrypt(key, b"a" * 1_000, **header)) == b"a" * 1_000
    bomb = encrypt(key, b"a" * 2_000_000, **header)
    assert len(bomb) < 8_192
    assert reason(made, bomb) == "decryption"


def test_what_was_never_deflated() -> None:
    secret = bytes(range(16))
    header = part({"alg": "dir", "enc": "A128GCM", "zip": "DEF"})
    sealed = AESGCM(secret).encrypt(bytes(12), b"\xff not deflated", header.encode())
    text = f"{header}..{b64(bytes(12))}.{b64(sealed[:-16])}.{b64(sealed[-16:])}"
    made = DecryptionKey({"kty": "oct", "k": b64(secret), "alg": "dir"})
    assert reason(made, text) == "decryption"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["A128KW", "A128GCMKW", "RSA-OAEP", "RSA1_5", "ECDH-ES+A128KW"]), st.data())
def test_whatever_is_changed_is_not_told_apart(alg: str, data: st.DataObject) -> None:
    kind = {"R": "RSA", "E": "EC", "A": "oct"}[alg[0]]
    key, ours = pair(kind, alg)
    parts = encrypt(key, alg=alg, enc="A128CBC-HS256").split(".")
    at = data.draw(st.integers(1, 4))
    parts[at] = b64(data.draw(st.binary(max_size=300)))
    assert reason(DecryptionKey(ours), ".".join(parts)) == "decryption"


@pytest.mark.parametrize(
    "change",
    [
        {"alg": None},
        {"alg": "PBES2-HS256+A128KW"},
        {"alg": "A128KW"},
        {"alg": "RS256"},
        {"use": "sig"},
        {"key_ops": ["encrypt"]},
        {"d": None},
        {"n": b64(b"\xf1" * 128)},
        {"kid": ""},
    ],
)
def test_keys_that_do_not_decrypt(change: dict[str, Any]) -> None:
    whole = {**pair("RSA", "RSA-OAEP")[1], **change}
    with pytest.raises(GuardError):
        DecryptionKey({name: value for name, value in whole.items() if value is not None})

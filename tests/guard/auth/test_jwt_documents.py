"""The keys of a document that another issuer published: which are taken."""

from __future__ import annotations

import json

import pytest

from buckler.guard import SigningKey
from buckler.guard.auth.jwt.jwks_document import read_jwks
from tests.guard.auth.tokens import b64

FIRST, SECOND, THIRD = (SigningKey.generate("ES256", kid=name) for name in ("one", "two", "three"))


def test_keys_that_are_left_out() -> None:
    private = SigningKey.generate("ES256", kid="private")
    from joserfc.jwk import ECKey

    leaked = {**ECKey.import_key(private.pem()).as_dict(private=True), "kid": "private"}
    weak = {"kty": "RSA", "e": "AQAB", "kid": "weak", "n": b64(b"\xf1" * 128)}
    twice = [{**SigningKey.generate("EdDSA").public_jwk(), "kid": "twice"} for _ in range(2)]
    whole = [
        FIRST.public_jwk(),
        leaked,
        weak,
        *twice,
        {"kty": "oct", "k": b64(bytes(range(64))), "kid": "secret"},
        {**SECOND.public_jwk(), "use": "enc"},
        {**SECOND.public_jwk(), "alg": "none"},
        {"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))},
        {**THIRD.public_jwk(), "x5c": ["ignored"], "unknown": {"a": 1}},
        "text",
        None,
    ]
    found = read_jwks(json.dumps({"keys": whole}).encode())
    assert [*found.keys] == ["one", "three"]
    assert found.left_out == 10


def test_what_is_too_much() -> None:
    good = json.dumps(FIRST.public_jwk())
    few = '{"keys": [' + good + ",{}" * 63 + "]}"
    assert [*read_jwks(few.encode()).keys] == ["one"]
    assert [*read_jwks(few.ljust(256 * 1024).encode()).keys] == ["one"]
    for raw in ('{"keys": [' + good + ",{}" * 64 + "]}", few.ljust(256 * 1024 + 1)):
        with pytest.raises(ValueError, match="key set"):
            read_jwks(raw.encode())


def test_rsa_keys_that_state_no_algorithm() -> None:
    jwk = {n: v for n, v in SigningKey.generate("RS256").public_jwk().items() if n != "alg"}
    raw = json.dumps({"keys": [jwk, {**jwk, "kid": "stated", "alg": "RS512"}]}).encode()
    assert [key.alg for key in read_jwks(raw).keys.values()] == ["RS256", "RS512"]
    assert [key.alg for key in read_jwks(raw, alg="PS256").keys.values()] == ["PS256", "RS512"]

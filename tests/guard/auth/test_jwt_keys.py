"""Keys: which are too weak, what each can be made from, thumbprints, rotation."""

from __future__ import annotations

import json
import pickle
import secrets
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import GuardError, KeySet, SigningKey, TokenIssuer, TokenVerifier
from buckler.guard.auth.jwt.algorithms import ALGORITHMS
from tests.guard.auth.tokens import Clock, b64, policy

RSA = rsa.generate_private_key(65537, 2048)
PEM, DER = forms.Encoding.PEM, forms.Encoding.DER
NONE = forms.NoEncryption()


def pkcs8(key: Any, encryption: Any = NONE) -> bytes:
    written: bytes = key.private_bytes(PEM, forms.PrivateFormat.PKCS8, encryption)
    return written


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_algorithm_signs_and_verifies(alg: str) -> None:
    key, other = SigningKey.generate(alg), SigningKey.generate(alg)
    signature = key.sign(b"message")
    assert (key.alg, key.private) == (alg, True)
    assert key.verify(b"message", signature)
    assert not key.verify(b"messagf", signature)
    assert not other.verify(b"message", signature)
    assert not key.verify(b"message", signature[:-1] + bytes([signature[-1] ^ 1]))
    if key.kind != "oct":
        public = key.public()
        assert public.verify(b"message", signature)
        assert (public.private, public.kid, public.alg) == (False, key.kid, alg)


@pytest.mark.parametrize(
    "native",
    [
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
        dsa.generate_private_key(2048),
    ],
    ids=["secp256k1", "P-224", "Ed448", "X25519", "DSA"],
)
def test_a_key_of_another_kind(native: Any) -> None:
    with pytest.raises(GuardError, match="cannot sign here"):
        SigningKey.from_pem(pkcs8(native))


@pytest.mark.parametrize(
    ("native", "alg"),
    [
        (RSA, "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    ],
    ids=["RSA", "P-256", "P-384", "P-521", "Ed25519"],
)
def test_every_form_of_a_key_is_the_same_key(native: Any, alg: str, tmp_path: Path) -> None:
    traditional = forms.PrivateFormat.TraditionalOpenSSL
    texts = [pkcs8(native), pkcs8(native).decode()]
    if alg != "EdDSA":
        texts.append(native.private_bytes(PEM, traditional, NONE))
    texts.append(native.private_bytes(PEM, forms.PrivateFormat.OpenSSH, NONE))
    public = native.public_key().public_bytes(PEM, forms.PublicFormat.SubjectPublicKeyInfo)
    keys = [SigningKey.from_pem(text) for text in texts]
    path = tmp_path / "key.pem"
    path.write_bytes(keys[0].pem(password="correct horse"))
    keys.append(SigningKey.from_file(path, password="correct horse"))
    for key in keys:
        assert (key.alg, key.private, key.kid) == (alg, True, keys[0].kid)
    signature = keys[-1].sign(b"x")
    verifying = [SigningKey.from_pem(public), keys[0].public(), *keys]
    path.write_text(json.dumps(keys[0].public_jwk()))
    verifying.append(SigningKey.from_file(path))
    assert all(key.verify(b"x", signature) and key.kid == keys[0].kid for key in verifying)
    for wrong in (None, "battery staple"):
        with pytest.raises(GuardError, match="no PEM"):
            SigningKey.from_pem(keys[0].pem(password="correct horse"), password=wrong)


@pytest.mark.parametrize(
    "text",
    ["", "no key", b"\0", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", None, 1],
)
def test_what_is_no_pem(text: Any) -> None:
    with pytest.raises(GuardError):
        SigningKey.from_pem(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GuardError, match="cannot be read"):
        SigningKey.from_file(tmp_path / "none.pem")


ES = SigningKey.generate("ES256").public_jwk()


@pytest.mark.parametrize(
    "change",
    [
        {"kty": None},
        {"kty": "ec"},
        {"kty": "RSA"},
        {"kty": ["EC"]},
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"key_ops": []},
        {"alg": "ES384"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": 1},
        {"alg": "A256KW"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": 256},
        {"x": ES["y"]},
        {"x": ""},
        {"x": 1},
        {"x": ES["x"] + "="},
        {"x": ES["x"] + "A" * 5_000},
        {"x": "é"},
        {"kid": ""},
        {"kid": 1},
        {"kid": "k" * 201},
        {"d": "AAAA"},
        {"d": 1},
        {"oth": []},
    ],
)
def test_a_jwk_that_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        SigningKey.from_jwk({name: v for name, v in {**ES, **change}.items() if v is not None})


def test_a_jwk_that_says_its_algorithm_keeps_it() -> None:
    stated = SigningKey.generate("RS256").public_jwk()
    with pytest.raises(GuardError, match="this key is for 'RS256'"):
        SigningKey.from_jwk(stated, alg="PS256")
    assert SigningKey.from_jwk(stated, alg="RS256").alg == "RS256"
    unstated = {name: value for name, value in stated.items() if name != "alg"}
    assert SigningKey.from_jwk(unstated, alg="PS256").alg == "PS256"


def test_halves_of_two_keys() -> None:
    made = [ed25519.Ed25519PrivateKey.generate() for _ in range(2)]
    seed = made[0].private_bytes(forms.Encoding.Raw, forms.PrivateFormat.Raw, NONE)
    other = made[1].public_key().public_bytes(forms.Encoding.Raw, forms.PublicFormat.Raw)
    with pytest.raises(GuardError, match="of two keys"):
        SigningKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "d": b64(seed), "x": b64(other)})


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(
            ["kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "d", "n", "e", "k", "p"]
        ),
        st.sampled_from(
            ["RSA", "EC", "OKP", "oct", "sig", "P-256", "Ed25519", "AQAB", ES["x"], ES["y"]]
        )
        | st.none()
        | st.integers()
        | st.lists(st.text(max_size=3), max_size=2)
        | st.text(max_size=8),
    )
)
def test_no_jwk_raises_anything_else(members: dict[str, Any]) -> None:
    def outcome(value: Any) -> str:
        try:
            return SigningKey.from_jwk(value).kid
        except GuardError as error:
            return error.code

    # An array is a list in one and a tuple in the other: it has to be one refusal, or one key.
    assert outcome(members) == outcome(json.dumps(members)) != ""


def test_thumbprints() -> None:
    # RFC 7638, 3.1 and RFC 8037, A.3.
    rsa_key = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368Q"
        "QMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2Nc"
        "Rwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
    }
    assert SigningKey.from_jwk(rsa_key).kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    okp = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert SigningKey.from_jwk(okp).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_tells_nothing_of_itself() -> None:
    secret = secrets.token_urlsafe(64)
    key = SigningKey.from_secret(secret)
    assert secret not in repr(key)
    private = SigningKey.generate("ES256")
    assert "PRIVATE" not in repr(private)
    for one in (key, private):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(one)
    with pytest.raises(GuardError, match="no public part"):
        key.public_jwk()
    for one in (key, private.public()):
        with pytest.raises(GuardError, match="only a private key"):
            one.pem()


def test_rotation() -> None:
    clock = Clock()
    first = SigningKey.generate("ES256")
    keys = KeySet(first, overlap=3_600, clock=clock)
    issuer = TokenIssuer(keys, policy(), clock=clock)
    verifier = TokenVerifier(keys, policy(), clock=clock)
    old = issuer.issue("user-1", ttl=7_000)
    second = keys.rotate()
    assert (second.alg, keys.signing, {*keys}) == ("ES256", second, {first, second})
    new = issuer.issue("user-1", ttl=7_000)
    assert verifier.verify(old).subject == verifier.verify(new).subject == "user-1"
    clock.now += 3_600
    assert [*keys] == [second]
    announced = SigningKey.generate("EdDSA")
    keys.add(announced)
    assert keys.signing is second
    assert keys.rotate(announced) is announced
    assert {*keys} == {second, announced}
    assert keys.rotate(second) is second
    clock.now += 3_600
    assert [*keys] == [second]
    assert keys.rotate(second) is second
    clock.now += 10_000
    assert [*keys] == [second]
    keys.rotate(third := SigningKey.generate("EdDSA"))
    clock.now += 10_000
    keys.rotate(second)
    assert {*keys} == {second, third}
    assert verifier.verify(issuer.issue("user-1")).subject == "user-1"


def test_sets_that_are_none() -> None:
    private = SigningKey.generate("EdDSA")
    with pytest.raises(GuardError, match="needs a key"):
        KeySet()
    with pytest.raises(GuardError, match="none of these keys can sign"):
        _ = KeySet(private.public()).signing
    with pytest.raises(GuardError, match="cannot sign"):
        KeySet(private).rotate(SigningKey.generate("EdDSA").public())
    with pytest.raises(GuardError, match="this key signs"):
        KeySet(private).retire(private.kid)
    with pytest.raises(GuardError, match="key takes SigningKey"):
        KeySet("secret")  # type: ignore[arg-type]
    with pytest.raises(GuardError, match="overlap"):
        KeySet(private, overlap=0)


@pytest.mark.parametrize("alg", ["none", "HS1", "ES256K", "Ed448", "", None, 256, "RS256 "])
def test_algorithms_that_are_none(alg: Any) -> None:
    with pytest.raises(GuardError, match="no algorithm"):
        SigningKey.generate(alg)

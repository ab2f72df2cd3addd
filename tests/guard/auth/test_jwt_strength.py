"""Keys that are too weak: short, made up, of a faulty library, with small numbers."""

from __future__ import annotations

import random
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import GuardError, SigningKey
from buckler.guard.auth.jwt.roca import SUBGROUPS, is_roca
from tests.guard.auth.tokens import b64

PEM = forms.Encoding.PEM
RSA = rsa.generate_private_key(65537, 2048)


def pkcs8(key: Any) -> bytes:
    written: bytes = key.private_bytes(PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    return written


@pytest.mark.parametrize(
    ("alg", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)], ids=lambda value: str(value)
)
def test_a_secret_is_as_long_as_the_hash(alg: str, size: int) -> None:
    # RFC 7518, 3.2.
    assert SigningKey.from_secret(secrets.token_bytes(size), alg=alg).alg == alg
    for short in (secrets.token_bytes(size - 1), b"", "secret"):
        with pytest.raises(GuardError, match="at least"):
            SigningKey.from_secret(short, alg=alg)
    with pytest.raises(GuardError, match="at least"):
        SigningKey.from_jwk({"kty": "oct", "k": b64(bytes(size - 1)), "alg": alg})


@pytest.mark.parametrize(
    "secret",
    [
        "a" * 64,
        "ab" * 32,
        "secret" * 20,
        "password" * 8,
        "0123456789" * 7,
        "1234567890abcdef" * 4,
        bytes(64),
        bytes(range(64)),
        bytes(range(255, 191, -1)),
        b"\xff" * 64,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "09D25E094FAA6CA2556C818166B7A9563B93F7099F6F0F4CAA6CF63B88E8D3E7",
        "a-string-secret-at-least-256-bits-long",
        "your-256-bit-secret-which-nobody-changed",
        "please-CHANGEME-please-please-before-production",
        "django-insecure-8^xl0qpo&s7u9wz$k3g1h2j4m5n6b7v8c9",
    ],
)
def test_a_secret_that_can_be_guessed(secret: str | bytes) -> None:
    with pytest.raises(GuardError, match="guess") as caught:
        SigningKey.from_secret(secret)
    assert "secrets.token_urlsafe" in caught.value.hint
    raw = secret.encode() if isinstance(secret, str) else secret
    if all(32 <= byte < 127 for byte in raw):
        with pytest.raises(GuardError, match="guess"):
            SigningKey.from_jwk({"kty": "oct", "k": b64(raw)})


@settings(max_examples=400)
@given(st.integers(), st.sampled_from([16, 24, 32, 48, 64]))
def test_no_random_secret_is_refused(seed: int, size: int) -> None:
    raw = random.Random(seed).randbytes(size)
    assert SigningKey.from_secret(raw.hex())
    if size >= 24:
        assert SigningKey.from_secret(b64(raw))
    if size >= 32:
        assert SigningKey.from_secret(raw)


@pytest.mark.parametrize("value", [None, 1, ["x"] * 64, bytearray(64)])
def test_a_secret_of_another_kind(value: Any) -> None:
    with pytest.raises(GuardError, match="text or bytes"):
        SigningKey.from_secret(value)


@pytest.mark.parametrize("bits", [1024, 1536, 2047])
def test_an_rsa_key_that_is_short(bits: int) -> None:
    weak = rsa.generate_private_key(65537, bits)
    for text in (pkcs8(weak), weak.public_key().public_bytes(PEM, forms.PublicFormat.PKCS1)):
        with pytest.raises(GuardError, match="2048 to 8192 bits"):
            SigningKey.from_pem(text)


def test_an_rsa_key_with_a_small_exponent() -> None:
    weak = rsa.generate_private_key(3, 2048)
    with pytest.raises(GuardError, match="exponent"):
        SigningKey.from_pem(pkcs8(weak))


def test_an_rsa_key_with_a_small_factor() -> None:
    modulus = 1_000_003 * 7 * int.from_bytes(b"\xff" * 254, "big") | 1
    modulus += 7 - modulus % 7 if modulus % 7 else 0
    modulus = modulus if modulus & 1 else modulus + 7
    jwk = {
        "kty": "RSA",
        "e": "AQAB",
        "n": b64(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")),
    }
    assert modulus % 7 == 0 and modulus.bit_length() >= 2048
    with pytest.raises(GuardError, match="factored"):
        SigningKey.from_jwk(jwk)


def roca_prime(bits: int, seed: int) -> int:
    """A prime as the faulty library makes them: k * M + (65537 ** a mod M), after the paper, section 2.1."""
    chance = random.Random(seed)
    primes = [n for n in range(2, 702) if all(n % d for d in range(2, n))]
    product = 1
    for prime in primes:
        product *= prime
    assert product.bit_length() < bits
    while True:
        k = chance.getrandbits(bits - product.bit_length())
        found = k * product + pow(65537, chance.getrandbits(200), product)
        # The two highest bits, so that the product of two has all of its.
        if found >> (bits - 2) == 3 and is_prime(found):
            return found


def is_prime(number: int) -> bool:
    """Miller and Rabin, to 20 bases."""
    odd, twos = number - 1, 0
    while not odd & 1:
        odd, twos = odd >> 1, twos + 1
    for base in range(2, 22):
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def test_the_subgroups_are_those_that_were_published() -> None:
    # The marks of the detector of CRoCS, by the authors of the paper.
    published = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]
    assert [prime for prime, _ in SUBGROUPS] == published


def test_roca() -> None:
    modulus = roca_prime(1024, 1) * roca_prime(1024, 4)
    assert is_roca(modulus)
    jwk = {"kty": "RSA", "e": "AQAB", "n": b64(modulus.to_bytes(256, "big"))}
    with pytest.raises(GuardError, match="CVE-2017-15361"):
        SigningKey.from_jwk(jwk)


def test_other_moduli_are_not_roca() -> None:
    assert not is_roca(RSA.public_key().public_numbers().n)
    assert not any(is_roca(secrets.randbits(2048) | 1) for _ in range(20_000))

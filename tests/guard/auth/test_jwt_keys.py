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
from buckler.guard.auth.jwt.roca import SUBGROUPS, is_roca
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
    import random

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
    import random

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
    ids=str,
)
def test_a_jwk_that_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(GuardError):
        SigningKey.from_jwk({name: v for name, v in {**ES, **change}.items() if v is not None})


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

"""The attacks on tokens that are known: each is refused with no option given, each with its reason."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from buckler.guard import GuardError, KeySet, SigningKey, TokenError, TokenVerifier
from buckler.guard.auth.jwt.strength import check_no_public_key
from tests.guard.auth.tokens import (
    CLAIMS,
    HEADER,
    NOW,
    SECRET,
    Clock,
    b64,
    changed,
    key,
    mac,
    part,
    policy,
    token,
    verifier,
)

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
PUBLIC = {"RSA": RSA.public_key(), "EC": EC.public_key(), "Ed25519": ED.public_key()}


def reason(text: Any, **options: Any) -> str:
    with pytest.raises(TokenError) as caught:
        verifier(**options).verify(text)
    assert caught.value.code == "guard.token"
    return caught.value.reason


def spki(public: Any, encoding: forms.Encoding) -> bytes:
    written: bytes = public.public_bytes(encoding, forms.PublicFormat.SubjectPublicKeyInfo)
    return written


def without_signature(alg: str) -> str:
    return f"{part(HEADER | {'alg': alg})}.{part(CLAIMS)}."


def test_a_good_one_is_taken() -> None:
    claims = verifier().verify(token())
    assert (claims.subject, claims.audience, claims.id) == ("user-1", ("shop",), "token-1")
    assert verifier().verify(token().encode()) == claims


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "none ", " none", "\tnone", "none\n", "nonE"]
)
def test_none_in_every_spelling(alg: str) -> None:
    assert reason(without_signature(alg)) == "algorithm"
    assert reason(token(HEADER | {"alg": alg})) == "algorithm"
    assert reason(f"{part({'alg': alg, 'typ': 'at+jwt'})}.{part(CLAIMS)}.") == "algorithm"


@pytest.mark.parametrize("alg", [None, "", 0, True, [], ["HS256"], {}, "hs256", "HS-256", "HS256 "])
def test_an_algorithm_that_is_none(alg: Any) -> None:
    assert reason(token(HEADER | {"alg": alg})) == "algorithm"


def test_no_algorithm() -> None:
    assert reason(token({"typ": "at+jwt", "kid": "main"})) == "algorithm"


@pytest.mark.parametrize("kind", PUBLIC)
@pytest.mark.parametrize("encoding", [forms.Encoding.PEM, forms.Encoding.DER])
def test_hmac_with_the_public_key(kind: str, encoding: forms.Encoding) -> None:
    public = SigningKey.from_pem(spki(PUBLIC[kind], forms.Encoding.PEM), kid="main")
    secret = spki(PUBLIC[kind], encoding)
    for tried in (secret, secret.strip(), secret + b"\0", secret.replace(b"\n", b"\r\n")):
        with pytest.raises(TokenError, match="another algorithm"):
            verifier(public).verify(token(secret=tried))


def holders() -> list[Any]:
    found = []
    for kind, public in PUBLIC.items():
        pem, der = (spki(public, form) for form in (forms.Encoding.PEM, forms.Encoding.DER))
        jwk = json.dumps(SigningKey.from_pem(pem).public_jwk()).encode()
        ways = {
            "pem": pem,
            "pem in one line": pem.replace(b"\n", b""),
            "pem after text": b"key = " + pem,
            "der": der,
            "der with a tail": der + b"\0\0\0",
            "der as base64": b64(der).encode(),
            "der as hexadecimal": der.hex().encode(),
            "jwk": jwk,
            "jwk as base64": b64(jwk).encode(),
            "jwk set": b'{"keys": [' + jwk + b"]}",
        }
        ways["ssh"] = public.public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH)
        found += [pytest.param(value, id=f"{kind} {way}") for way, value in ways.items()]
    pkcs1 = RSA.public_key().public_bytes(forms.Encoding.DER, forms.PublicFormat.PKCS1)
    point = EC.public_key().public_bytes(forms.Encoding.X962, forms.PublicFormat.UncompressedPoint)
    return [*found, pytest.param(pkcs1, id="PKCS#1"), pytest.param(point, id="point")]


@pytest.mark.parametrize("secret", holders())
def test_a_public_key_is_no_secret(secret: bytes) -> None:
    with pytest.raises(GuardError, match="not a secret for HMAC"):
        SigningKey.from_secret(secret)
    with pytest.raises(GuardError, match="not a secret for HMAC"):
        SigningKey.from_jwk({"kty": "oct", "k": b64(secret), "alg": "HS256"})


def test_random_secrets_are_no_public_keys() -> None:
    for number in range(2_000):
        for size in (32, 48, 64, 65, 97):
            raw = hashlib.shake_256(b"%d %d" % (number, size)).digest(size)
            for text in (raw, raw.hex().encode(), b64(raw).encode()):
                check_no_public_key(text)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"])
@pytest.mark.parametrize(
    "value",
    [
        "https://evil.example/keys",
        {"kty": "oct", "k": b64(SECRET)},
        [],
        ["exp"],
        ["b64"],
        None,
        True,
        "DEF",
    ],
)
def test_headers_that_bring_keys_or_rules(name: str, value: Any) -> None:
    assert reason(token(HEADER | {name: value})) == "header"


def test_a_key_that_the_token_brings_signs_nothing() -> None:
    mine = SigningKey.generate("ES256")
    header = {"alg": "ES256", "typ": "at+jwt", "jwk": mine.public_jwk()}
    message = f"{part(header)}.{part(CLAIMS)}"
    forged = f"{message}.{b64(mine.sign(message.encode()))}"
    assert reason(forged) == "header"


@pytest.mark.parametrize(
    "kid",
    [
        "../../dev/null",
        "/dev/null",
        "x' UNION SELECT 'secret' --",
        "main\0",
        "https://evil.example/key",
        "| sleep 5",
        "MAIN",
    ],
)
def test_a_kid_is_only_looked_up(kid: str) -> None:
    assert reason(token(HEADER | {"kid": kid}, secret=b"")) == "key"


@pytest.mark.parametrize("kid", ["", "k" * 201, 0, None, True, ["main"], {"main": 1}])
def test_a_kid_that_is_no_name(kid: Any) -> None:
    assert reason(token(HEADER | {"kid": kid})) == "header"


def test_without_a_kid_only_one_key_can_be_meant() -> None:
    header = {"alg": "HS256", "typ": "at+jwt"}
    other = SigningKey.generate("HS512", kid="b")
    third = SigningKey.generate("HS256", kid="c")
    text = token(header)
    assert verifier(key(), other).verify(text).subject == "user-1"
    for ring in ((key(), third), (third, key()), (other,)):
        with pytest.raises(TokenError) as caught:
            verifier(*ring).verify(text)
        assert caught.value.reason == "key"


def test_signatures_that_are_none() -> None:
    message = f"{part(HEADER)}.{part(CLAIMS)}"
    good = mac(message)
    assert reason(f"{message}.") == "signature"
    assert reason(message) == "malformed"
    assert reason(f"{message}.{b64(bytes(32))}") == "signature"
    assert reason(f"{message}.{good[:-3]}") == "signature"
    assert reason(f"{message}.null") == "signature"
    assert reason(f"{part(HEADER)}..{good}") == "signature"
    assert reason(f".{part(CLAIMS)}.{good}") == "malformed"
    assert reason("..") == "malformed"
    assert reason("") == "malformed"
    assert reason(f"{message}.{good}.{good}") == "malformed"
    assert reason(f"{message}.{good}..") == "malformed"


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_a_signature_of_zeros(alg: str) -> None:
    # CVE-2022-21449: r = s = 0 verifies where nobody looks at the range.
    made = SigningKey.generate(alg, kid="main")
    size = {"ES256": 64, "ES384": 96, "ES512": 132}[alg]
    forged = f"{part(HEADER | {'alg': alg})}.{part(CLAIMS)}.{b64(bytes(size))}"
    with pytest.raises(TokenError) as caught:
        verifier(made).verify(forged)
    assert caught.value.reason == "signature"


def test_the_algorithm_of_another_key() -> None:
    both = [SigningKey.generate("ES256", kid="a"), SigningKey.generate("EdDSA", kid="b")]
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "b"}
    message = f"{part(header)}.{part(CLAIMS)}"
    forged = f"{message}.{b64(both[0].sign(message.encode()))}"
    with pytest.raises(TokenError) as caught:
        verifier(*both).verify(forged)
    assert caught.value.reason == "algorithm"


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
def test_another_hash_of_the_same_secret(alg: str) -> None:
    header = part(HEADER | {"alg": alg})
    message = f"{header}.{part(CLAIMS)}"
    digest = getattr(hashlib, f"sha{alg[2:]}")
    assert reason(f"{message}.{mac(message, digest=digest)}") == "algorithm"


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "refresh+jwt", "at", "", None, 1, ["at+jwt"], "text/at+jwt", "at+jwt "]
)
def test_another_type(typ: Any) -> None:
    assert reason(token(HEADER | {"typ": typ})) == "type"


def test_no_type() -> None:
    assert reason(token({"alg": "HS256", "kid": "main"})) == "type"


@pytest.mark.parametrize("typ", ["AT+JWT", "application/at+jwt", "Application/AT+jwt"])
def test_a_type_as_rfc_7515_lets_it_be_written(typ: str) -> None:
    assert verifier().verify(token(HEADER | {"typ": typ})).subject == "user-1"


def test_a_token_of_100_kilobytes_is_not_decoded() -> None:
    assert reason(token(claims=changed(padding="x" * 100_000))) == "size"
    assert reason("A" * 8_193) == "size"
    assert reason(b"\xff" * 100_000) == "size"
    assert reason("\U0001f600" * 8_193) == "size"
    assert reason("A" * 8_192) == "malformed"


@pytest.mark.parametrize(
    "bomb",
    [
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"[" * 5_000,
        b"[" * 2_500 + b"]" * 2_500,
        b'{"exp":' + b"9" * 5_000 + b"}",
        b'{"a":' + b"[" * 17 + b"]" * 17 + b"}",
        b'{"a":-' + b"9" * 21 + b"}",
        b'{"a":1e999}',
        b'{"a":0.' + b"1" * 60 + b"}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"sub":"a","sub":"b"}',
        b'{"a":[{"b":1,"b":1}]}',
        b'{"a":{"exp":1,"exp":2}}',
        b'{"\\u0061":1,"a":2}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xc0\xaf"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":[["\\udc00"]]}',
        '{"a":1}'.encode("utf-16"),
        b"[]",
        b'"text"',
        b"null",
        b"1",
        b"",
        b"{",
        b"{}{}",
        b"{}x",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":"\n"}',
    ],
)
@pytest.mark.parametrize("place", ["header", "claims"])
def test_json_that_means_two_things_or_too_much(bomb: bytes, place: str) -> None:
    text = token(header=bomb) if place == "header" else token(claims=bomb)
    assert reason(text) == "malformed"


def test_a_header_is_short() -> None:
    assert len(part(HEADER | {"x": "y" * 710})) <= 1_024
    assert verifier().verify(token(HEADER | {"x": "y" * 710})).subject == "user-1"
    assert reason(token(HEADER | {"x": "y" * 720})) == "malformed"


def test_a_text_full_of_brackets_is_not_deep() -> None:
    claims = changed(note="[{" * 500, path='"\\"[[[[' * 20, emoji="\U0001f600")
    assert verifier().verify(token(claims=claims)).values["note"] == "[{" * 500


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize(
    "junk",
    [
        " ",
        "\n",
        "\t",
        "\r\n",
        "=",
        "==",
        "+",
        "/",
        "\0",
        "é",
        "%3d",
        "\u2028",
        "++++",
        "////",
        "\n\n\n\n",
        "====",
    ],
)
@pytest.mark.parametrize("where", ["before", "inside", "after"])
def test_what_is_not_base64url(at: int, junk: str, where: str) -> None:
    parts = token().split(".")
    cut = {"before": 0, "inside": 5, "after": len(parts[at])}[where]
    parts[at] = parts[at][:cut] + junk + parts[at][cut:]
    assert reason(".".join(parts)) == "malformed"
    assert reason(".".join(parts).encode()) == "malformed"


@pytest.mark.parametrize("at", [0, 1, 2])
def test_stray_bits_at_the_end(at: int) -> None:
    # 'A' and 'B' differ in the bits that no byte takes: two texts, one meaning (RFC 4648, 3.5).
    parts = [part(HEADER | {"x": ""}), part(CLAIMS | {"x": ""}), ""]
    for padding in range(3):
        parts[0] = part(HEADER | {"x": "y" * padding})
        parts[1] = part(CLAIMS | {"x": "y" * padding})
        parts[2] = mac(f"{parts[0]}.{parts[1]}")
        if len(parts[at]) % 4:
            alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            stray = alphabet[alphabet.index(parts[at][-1]) + 1]
            parts[at] = parts[at][:-1] + stray
            parts[2] = parts[2] if at == 2 else mac(f"{parts[0]}.{parts[1]}")
            assert reason(".".join(parts)) == "malformed"
            return
    pytest.fail("no part of that length")


@pytest.mark.parametrize(
    "value", [None, 1, 1.5, [], {}, object(), bytearray(b"a.b.c"), memoryview(b"a")]
)
def test_what_is_no_text(value: Any) -> None:
    assert reason(value) == "malformed"


def test_a_secret_and_public_keys_stand_in_no_set_together() -> None:
    with pytest.raises(GuardError, match="do not go into one set"):
        KeySet(key(), SigningKey.generate("EdDSA"))
    with pytest.raises(GuardError, match="do not go into one set"):
        KeySet(SigningKey.generate("EdDSA")).add(key())
    with pytest.raises(GuardError, match="two keys have the kid"):
        KeySet(SigningKey.generate("EdDSA", kid="a"), SigningKey.generate("ES256", kid="a"))


def test_an_error_holds_nothing_of_the_token() -> None:
    for text in (token(secret=b"canary"), token(HEADER | {"kid": "canary"}), token(b'{"canary"')):
        with pytest.raises(TokenError) as caught:
            verifier().verify(text)
        assert "canary" not in str(caught.value)
        assert text not in str(caught.value)


def test_a_bad_token_is_refused_again_and_again() -> None:
    clock = Clock(NOW)
    kept = TokenVerifier(KeySet(key()), policy(), clock=clock)
    for text in (token(secret=b"x" * 32), token(claims=changed(aud="other"))):
        for _ in range(3):
            with pytest.raises(TokenError):
                kept.verify(text)

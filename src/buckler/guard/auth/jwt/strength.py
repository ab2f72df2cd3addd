"""Keys that are too weak to hold, refused when they are made.

Threat: secrets that are guessed off line from a single token, moduli that can be factored, and a public key taken
for a secret, with which anybody signs (CWE-326, CWE-521, CWE-1240, CVE-2015-9235; RFC 7518, 3.2 and 3.3;
RFC 8725, 3.5; ASVS 5.0 V11.2).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from typing import Any, Final

from buckler.guard.auth.jwt.algorithms import Algorithm
from buckler.guard.auth.jwt.roca import is_roca
from buckler.guard.options import GuardError

RSA_BITS: Final = 2048
RSA_MOST: Final = 8192
"""Longer ones cost a request more than they add."""
EXPONENT: Final = 65537
GENERATE: Final = 'make one: python -c "import secrets; print(secrets.token_urlsafe(64))"'
_ENTROPY: Final = 80.0
"""Bits; 32 random hexadecimal digits have 90 at the very least."""
_KNOWN: Final = (
    b"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    b"a-string-secret-at-least-256-bits-long",
    b"a-string-secret-at-least-512-bits-long",
    b"your-256-bit-secret",
    b"your-384-bit-secret",
    b"your-512-bit-secret",
    b"your-secret-key",
    b"your_secret_key",
    b"django-insecure-",
    b"changeme",
    b"change-me",
    b"change_me",
    b"change-this",
    b"changethis",
    b"insecure",
)
"""Of tutorials, documentation and templates, which every list of guesses holds."""
_MARKS: Final = (
    b"-----BEGIN",
    b"---- BEGIN",
    b"ssh-rsa ",
    b"ssh-dss ",
    b"ssh-ed25519 ",
    b"ecdsa-sha2-",
    # The object identifiers in a DER public key or certificate: RSA, elliptic curves, Ed25519.
    bytes.fromhex("06092a864886f70d010101"),
    bytes.fromhex("06072a8648ce3d0201"),
    bytes.fromhex("300506032b6570"),
)
_JWK = re.compile(rb'"kty"\s*:')
_POINTS: Final = {65: "SECP256R1", 97: "SECP384R1", 133: "SECP521R1"}


def check_rsa(modulus: int, exponent: int) -> None:
    """Look at a public RSA key.

    Raises:
        GuardError: It has under 2,048 or over 8,192 bits, an exponent that is even or below 65,537, a
            small factor, or a modulus that can be factored (CVE-2017-15361).
    """
    bits = modulus.bit_length()
    if not RSA_BITS <= bits <= RSA_MOST:
        raise GuardError(
            f"an RSA key has {RSA_BITS} to {RSA_MOST} bits, not {bits}",
            hint="make one: SigningKey.generate('RS256')",
        )
    if exponent < EXPONENT or not exponent & 1 or exponent.bit_length() > 64:
        raise GuardError(
            "the public exponent of an RSA key has to be odd and 65537 at least",
            hint="make one: SigningKey.generate('RS256')",
        )
    if is_roca(modulus) or math.gcd(modulus, math.factorial(1_000)) > 1:
        raise GuardError(
            "this RSA key can be factored (CVE-2017-15361 or small factors)",
            hint="make one with other hardware or software: SigningKey.generate('RS256')",
        )


def check_length(secret: bytes, wanted: Algorithm) -> None:
    """Look at the length of a secret for HMAC (RFC 7518, 3.2).

    Raises:
        GuardError: It is shorter than the hash.
    """
    if len(secret) * 8 < wanted.bits:
        raise GuardError(
            f"a secret for {wanted.name} has at least {wanted.bits // 8} bytes, not {len(secret)}",
            hint=GENERATE,
        )


def check_guessable(secret: bytes) -> None:
    """Look whether a secret is one that somebody made up.

    Raises:
        GuardError: It is from a tutorial, repeats itself, counts up, or has too few different characters.
    """
    if any(known in secret.lower() for known in _KNOWN):
        raise GuardError("this secret is in every list of guesses", hint=GENERATE)
    steps = {(after - before) & 255 for before, after in zip(secret, secret[1:], strict=False)}
    if secret in (secret + secret)[1:-1] or len(steps) < 2 or _entropy(secret) < _ENTROPY:
        raise GuardError("this secret repeats itself and can be guessed", hint=GENERATE)


def is_typed(secret: bytes) -> bool:
    """Whether a secret is printable text, as people make it up."""
    return all(32 <= byte < 127 for byte in secret)


def check_no_public_key(secret: bytes) -> None:
    """Look whether a "secret" is or holds a public key, as PEM, DER, SSH, JWK or a point of a curve.

    Raises:
        GuardError: It does: who has the public key, everybody that is, could sign.
    """
    if any(_holds_key(form) for form in (secret, *_decoded(secret))):
        raise GuardError(
            "this is a key of another kind, not a secret for HMAC",
            hint="SigningKey.from_pem(...) or SigningKey.from_jwk(...) reads it",
        )


def _holds_key(value: bytes) -> bool:
    return (
        any(mark in value for mark in _MARKS)
        or _JWK.search(value) is not None
        or _is_der(value)
        or _is_point(value)
    )


def _decoded(value: bytes) -> list[bytes]:
    """What a text may stand for, in base64 and in hexadecimal."""
    bare = b"".join(value.split()).rstrip(b"=")
    found = []
    if re.fullmatch(rb"[A-Za-z0-9+/_-]+", bare) and len(bare) % 4 != 1:
        found.append(
            base64.urlsafe_b64decode(bare.translate(bytes.maketrans(b"+/", b"-_")) + b"==")
        )
    if re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", bare):
        found.append(binascii.unhexlify(bare))
    return found


def _is_der(value: bytes) -> bool:
    """Whether it is a public key without an object identifier, as PKCS#1 writes it."""
    if not value.startswith(b"\x30"):
        return False
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        load_der_public_key(value)
    except ValueError:
        return False
    except UnsupportedAlgorithm:
        return True
    return True


def _is_point(value: bytes) -> bool:
    """Whether it is an uncompressed point of a curve (SEC 1, 2.3.3)."""
    if len(value) not in _POINTS or value[0] != 4:
        return False
    from cryptography.hazmat.primitives.asymmetric import ec

    curve: Any = getattr(ec, _POINTS[len(value)])()
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curve, value)
    except ValueError:
        return False
    return True


def _entropy(secret: bytes) -> float:
    """Bits by the frequency of its characters: an upper bound, which for random text is near the truth."""
    total = len(secret)
    return sum(-count * math.log2(count / total) for count in Counter(secret).values())

"""Reads keys as they are written: PEM, and JWK member by member (RFC 7517, RFC 7518 section 6, RFC 8037).

Threat: a key for another use that is taken for one of signatures, and half a key that is taken for a whole one
(CWE-347; RFC 7517, 4.2 and 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from buckler.guard.auth.jwt import base64url, json_object, strength
from buckler.guard.auth.jwt.algorithms import joserfc
from buckler.guard.options import GuardError

Use = Literal["sig", "enc"]
KINDS: Final = "RSA, EC on P-256, P-384 or P-521, Ed25519, or a secret"
_MEMBERS: Final = {
    "RSA": ("n", "e"),
    "EC": ("crv", "x", "y"),
    "OKP": ("crv", "x"),
    "oct": ("k",),
}
_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi")
_OPERATIONS: Final = {
    "sig": frozenset(("sign", "verify")),
    "enc": frozenset(("decrypt", "unwrapKey", "deriveKey", "deriveBits")),
}
_MOST: Final = 4_096
"""Characters of one member; those of a key of 8,192 bits have 1,366."""


def read_members(value: Mapping[str, Any] | str | bytes, *, use: Use = "sig") -> dict[str, Any]:
    """The members of a JWK that count here, each of the right kind.

    Args:
        value: The object, or its JSON.
        use: What it has to be for.

    Raises:
        GuardError: One is missing or malformed, or the key is for another use.
    """
    whole = _object(value)
    kind = whole.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        raise GuardError("kty: a key of this type cannot sign here", hint=KINDS)
    found: dict[str, Any] = {"kty": kind}
    for name in _MEMBERS[kind]:
        found[name] = _text(whole, name)
    for name in (*_PRIVATE, "alg", "kid"):
        if name in whole:
            found[name] = _text(whole, name)
    if "oth" in whole:
        raise GuardError("a key of more than two primes cannot be read (RFC 7518, 6.3.2.7)")
    _check_use(whole, use, private=kind == "oct" or "d" in found)
    if use == "enc" and kind != "oct" and "d" not in found:
        raise GuardError("a public key cannot decrypt", hint="give the private one")
    return found


def read_secret(members: Mapping[str, Any]) -> bytes:
    """The bytes of a symmetric key.

    Raises:
        GuardError: It is no base64url.
    """
    try:
        return base64url.decode(members["k"].encode("ascii"))
    except ValueError as error:
        raise GuardError("k is no base64url (RFC 7518, 6.4.1)") from error


def read_native(members: Mapping[str, Any]) -> Any:
    """The key of a JWK, as the cryptography package has it.

    Raises:
        GuardError: Its numbers are no key: not on the curve, not of one pair, no base64url; or it is too weak.
    """
    if members["kty"] == "RSA":
        # Before anything is done with them: what numbers cost grows with their size.
        strength.check_rsa(*(_number(members, name) for name in ("n", "e")))
    library = joserfc()
    made = {"RSA": library.jwk.RSAKey, "EC": library.jwk.ECKey, "OKP": library.jwk.OKPKey}
    members = {name: value for name, value in members.items() if name not in ("alg", "kid")}
    try:
        key = made[members["kty"]].import_key(members)
        same = all(_same(key, members, name) for name in ("n", "e", "x", "y") if name in members)
    except (ValueError, TypeError, KeyError, library.errors.JoseError) as error:
        raise GuardError("this JWK is no key: its members do not fit", hint=KINDS) from error
    if not same:
        raise GuardError("the private and the public part are of two keys")
    return key.raw_value


def read_pem(pem: str | bytes, password: str | None) -> Any:
    """The key of a PEM.

    Raises:
        GuardError: It cannot be read.
    """
    joserfc()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as reading

    if not isinstance(pem, str | bytes):
        raise GuardError("a PEM is a text or bytes")
    raw = pem.encode("utf-8") if isinstance(pem, str) else pem
    secret = password.encode("utf-8") if password is not None else None
    try:
        if b"OPENSSH PRIVATE" in raw:
            return reading.load_ssh_private_key(raw, secret)
        if b"PRIVATE" in raw:
            return reading.load_pem_private_key(raw, secret)
        return reading.load_pem_public_key(raw)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise GuardError(
            "this is no PEM that can be read, or its password is another one",
            hint="openssl pkey -in key.pem shows what it is",
        ) from error


def kind_of(native: Any) -> tuple[str, str]:
    """Type and curve of a key.

    Raises:
        GuardError: It is of none that signs here.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(native, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return "RSA", ""
    if isinstance(native, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        return "OKP", "Ed25519"
    if isinstance(native, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        curves = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
        if native.curve.name in curves:
            return "EC", curves[native.curve.name]
    raise GuardError("a key of this type or curve cannot sign here", hint=KINDS)


def _object(value: Mapping[str, Any] | str | bytes) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, str | bytes):
        raise GuardError("a JWK is an object or its JSON")
    try:
        return json_object.read(value.encode("utf-8") if isinstance(value, str) else value)
    except (ValueError, RecursionError) as error:
        raise GuardError("this JWK is no JSON object (RFC 7517, 4)") from error


def _text(whole: Mapping[str, Any], name: str) -> str:
    value = whole.get(name)
    if not isinstance(value, str) or len(value) > _MOST or not value.isascii():
        raise GuardError(f"{name} of a JWK has to be a text (RFC 7517, 4)")
    return value


def _check_use(whole: Mapping[str, Any], use: Use, *, private: bool) -> None:
    """Look what a key is for (RFC 7517, 4.2 and 4.3).

    Raises:
        GuardError: It is for something else.
    """
    operations = whole.get("key_ops", tuple(_OPERATIONS[use] - {"sign"}))
    listed = isinstance(operations, list | tuple)
    allowed = _OPERATIONS[use] if private else _OPERATIONS[use] - {"sign"}
    if whole.get("use", use) != use or not listed or not allowed & set(map(str, operations)):
        raise GuardError("this key is for another use", hint=f'"use": "{use}", or leave it out')


def _number(members: Mapping[str, Any], name: str) -> int:
    try:
        return int.from_bytes(base64url.decode(members[name].encode("ascii")), "big")
    except ValueError as error:
        raise GuardError(f"{name} is no base64url (RFC 7518, 6.3.1)") from error


def _same(key: Any, members: Mapping[str, Any], name: str) -> bool:
    """Whether a public member is what the key, written again, says; leading zeros of numbers aside."""
    written = type(key)(key.raw_value, key.raw_value).dict_value[name]
    theirs, ours = (base64url.decode(text.encode("ascii")) for text in (members[name], written))
    if members["kty"] == "OKP":
        return theirs == ours
    return int.from_bytes(theirs, "big") == int.from_bytes(ours, "big")

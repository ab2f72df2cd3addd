"""Decrypts compact JWE of other issuers, by the key's own algorithm (RFC 7516, 5.2).

Threat: an algorithm that the token chooses (a key for RSA-OAEP used with PKCS#1 padding, a wrapping key used as
another cipher), a password hash whose cost the sender sets (``PBES2``, left out), and answers that tell why
something was not decrypted (Bleichenbacher, Vaudenay; CWE-203; RFC 8725, 3.1 and 3.3). That something was
encrypted says nothing of who did it, since everybody may have the public key: what is inside has to be signed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import base64url, json_object, jwk
from buckler.guard.auth.jwt.algorithms import joserfc
from buckler.guard.auth.jwt.compact import split
from buckler.guard.auth.jwt.header import MAX_HEADER, REFUSED
from buckler.guard.auth.jwt.key import check_kid
from buckler.guard.auth.jwt.token_policy import DEFAULT_SIZE
from buckler.guard.options import GuardError, size

CONTENT: Final = (
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
    "A128GCM",
    "A192GCM",
    "A256GCM",
)
"""Ciphers of the content (RFC 7518, 5.1)."""
MANAGEMENT: Final = {
    "RSA": ("RSA-OAEP-256", "RSA-OAEP", "RSA1_5"),
    "EC": ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"),
    "OKP": ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"),
    "oct": ("A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "dir"),
}
"""What brings the content's key (RFC 7518, 4.1). ``RSA1_5`` for a key that says so itself, never by default."""
_REFUSED: Final = REFUSED - {"enc", "zip"}


class DecryptionKey:
    """A private or shared key that decrypts by one algorithm.

    Args:
        value: A JWK whose ``alg`` says which one.

    Attributes:
        alg: That algorithm.
        kid: Its name, or None.

    Raises:
        GuardError: It is no key for decrypting, too weak, or says no algorithm.
    """

    __slots__ = ("_key", "_registry", "alg", "kid")

    def __init__(self, value: Mapping[str, Any] | str | bytes) -> None:
        members = jwk.read_members(value, use="enc")
        alg = members.get("alg")
        kind = members["kty"]
        if alg not in MANAGEMENT[kind]:
            raise GuardError(
                f"alg: a key of type {kind} decrypts by none of that name",
                hint=f"one of {', '.join(MANAGEMENT[kind])}",
            )
        library = joserfc()
        if kind == "oct":
            raw = jwk.read_secret(members)
            self._key = library.jwk.OctKey(raw, raw)
        else:
            native = jwk.read_native(members)
            made = {"RSA": "RSAKey", "EC": "ECKey", "OKP": "OKPKey"}[kind]
            self._key = getattr(library.jwk, made)(native, native)
        self.alg: str = alg
        self.kid = check_kid(members["kid"]) if "kid" in members else None
        self._registry = library.jwe.JWERegistry(algorithms=[alg, "DEF", *CONTENT])

    def __repr__(self) -> str:
        return f"<DecryptionKey {self.alg} {self.kid or ''}>"

    def decrypt(self, token: str | bytes, *, max_size: int | str = DEFAULT_SIZE) -> bytes:
        """What a token holds.

        Args:
            token: Compact: five parts.
            max_size: Bytes of it at most.

        Raises:
            TokenError: ``size``, ``malformed``, ``header``, ``algorithm``, ``key``, or ``decryption`` for all that comes
                after, of which nothing more is said.
        """
        raw, (first, *_) = split(token, 5, size(max_size, "max_size"))
        try:
            header = json_object.read(base64url.decode(first))
        except (ValueError, RecursionError) as error:
            raise TokenError(
                "malformed", "the header is not base64url of one JSON object"
            ) from error
        if len(first) > MAX_HEADER:
            raise TokenError("malformed", "the header is too long")
        self._check(header)
        library = joserfc()
        try:
            plain: bytes = library.jwe.decrypt_compact(
                raw, self._key, registry=self._registry
            ).plaintext
        except (ValueError, TypeError, KeyError, zlib.error, library.errors.JoseError) as error:
            raise TokenError("decryption", "the token cannot be decrypted") from error
        return plain

    def _check(self, header: Mapping[str, Any]) -> None:
        """Look at what the header says.

        Raises:
            TokenError: It is of another key or algorithm, or has a member that is refused.
        """
        if not _REFUSED.isdisjoint(header):
            raise TokenError("header", "the header has a member that is refused")
        if header.get("alg") != self.alg or header.get("enc") not in CONTENT:
            raise TokenError("algorithm", "the token is of another algorithm than the key")
        if self.kid is not None and header.get("kid", self.kid) != self.kid:
            raise TokenError("key", "the token is for another key")

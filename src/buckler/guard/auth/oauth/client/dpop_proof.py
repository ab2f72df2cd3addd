"""Proofs that the application has the key that tokens are bound to (RFC 9449).

Threat: a token of the provider that is stolen from where it is kept and used elsewhere (CWE-294). The key is derived
from the application's secret: the same in every worker, and in no table.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from buckler.guard.auth.oauth.dpop import hashed, thumbprint
from buckler.guard.auth.oauth.signed import sign_with

if TYPE_CHECKING:
    from buckler.guard.auth.jwt.key import SigningKey

NONCE: Final = "dpop-nonce"
_JWK: Final = ("kty", "crv", "x", "y")
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (SP 800-186, 3.2.1.3)."""


def es256(seed: bytes) -> SigningKey:
    """A key for ES256 of 64 bytes, by extra random bits (FIPS 186-5, A.2.1).

    Args:
        seed: Of :func:`~buckler.guard.auth.secret.derive`, twice.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from buckler.guard.auth.jwt.key import SigningKey

    number = int.from_bytes(seed, "big") % (_ORDER - 1) + 1
    made = ec.derive_private_key(number, ec.SECP256R1())
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey.from_pem(pem, alg="ES256")


class Proofs:
    """Makes proofs, with the nonce that each server last asked for.

    Args:
        keys: Newest first.
    """

    __slots__ = ("_keys", "_nonces")

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._keys = {thumbprint(key): key for key in keys}
        self._nonces: dict[str, str] = {}

    @property
    def newest(self) -> str:
        """Thumbprint of the key that new tokens are bound to."""
        return next(iter(self._keys))

    def knows(self, jkt: str) -> bool:
        """Whether tokens that are bound to a key can be used."""
        return jkt in self._keys

    def proof(
        self, method: str, url: str, *, now: float, jkt: str = "", access_token: str = ""
    ) -> str:
        """A proof for one request (4.2).

        Args:
            method: Of the request.
            url: Of the request.
            now: Seconds since 1970.
            jkt: Thumbprint of the key; else the newest.
            access_token: That goes with it.
        """
        parts = urlsplit(url)
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),
            "iat": int(now),
        }
        if access_token:
            claims["ath"] = hashed(access_token)
        nonce = self._nonces.get(f"{parts.scheme}://{parts.netloc}")
        if nonce:
            claims["nonce"] = nonce
        key = self._keys[jkt or self.newest]
        jwk = {name: value for name, value in key.public_jwk().items() if name in _JWK}
        return sign_with(key, {"typ": "dpop+jwt", "alg": key.alg, "jwk": jwk}, claims)

    def learn(self, url: str, nonce: str | None) -> bool:
        """Take the nonce of an answer (8.2); whether it is another one than before."""
        if not nonce or len(nonce) > 1_000 or not nonce.isprintable():
            return False
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if self._nonces.get(origin) == nonce:
            return False
        self._nonces[origin] = nonce
        return True

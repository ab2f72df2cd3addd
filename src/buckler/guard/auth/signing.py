"""The key that signs access tokens where none is configured: derived from the application's secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buckler.guard.auth.jwt.key import SigningKey


def ed25519(seed: bytes) -> SigningKey:
    """An Ed25519 key of 32 bytes (RFC 8032, 5.1.5): the same in every worker, its public half fit for a JWKS.

    Args:
        seed: Of :func:`~buckler.guard.auth.secret.derive`.
    """
    from buckler.guard.auth.jwt.algorithms import joserfc

    joserfc()  # says what to install where it is missing; cryptography comes with it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from buckler.guard.auth.jwt.key import SigningKey

    made = Ed25519PrivateKey.from_private_bytes(seed)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey.from_pem(pem, alg="EdDSA")

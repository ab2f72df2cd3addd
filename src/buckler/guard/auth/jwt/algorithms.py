"""The algorithms that a key can have, and the door to joserfc, which does the mathematics.

Threat: an algorithm that the token chooses (CVE-2015-9235, CWE-347; RFC 8725, 3.1 and 3.2).
Left out on purpose: ``none``, Ed448 and ES256K, and whatever needs no key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, Literal

from buckler.guard.options import GuardError

Kind = Literal["oct", "RSA", "EC", "OKP"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One signature algorithm (RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2).

    Attributes:
        name: As headers and keys say it.
        kind: ``kty`` of its keys.
        curve: ``crv`` of its keys; empty where they have none.
        bits: Of the hash; an HMAC key has at least as many.
    """

    name: str
    kind: Kind
    curve: str = ""
    bits: int = 256


ALGORITHMS: Final = {
    found.name: found
    for found in (
        *(Algorithm(f"HS{bits}", "oct", bits=bits) for bits in (256, 384, 512)),
        *(Algorithm(f"RS{bits}", "RSA", bits=bits) for bits in (256, 384, 512)),
        *(Algorithm(f"PS{bits}", "RSA", bits=bits) for bits in (256, 384, 512)),
        Algorithm("ES256", "EC", "P-256", 256),
        Algorithm("ES384", "EC", "P-384", 384),
        Algorithm("ES512", "EC", "P-521", 512),
        Algorithm("EdDSA", "OKP", "Ed25519", 512),
        Algorithm("Ed25519", "OKP", "Ed25519", 512),
    )
}
DEFAULTS: Final = {
    ("oct", ""): "HS256",
    ("RSA", ""): "RS256",
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("EC", "P-521"): "ES512",
    ("OKP", "Ed25519"): "EdDSA",
}
"""The algorithm of a key that states none, by type and curve."""
NAMES: Final = ", ".join(sorted(ALGORITHMS))


def algorithm(name: object) -> Algorithm:
    """The algorithm of that name.

    Raises:
        GuardError: There is none.
    """
    found = ALGORITHMS.get(name) if isinstance(name, str) else None
    if found is None:
        shown = repr(name)[:40]
        raise GuardError(f"alg: {shown} is no algorithm of signatures", hint=f"one of {NAMES}")
    return found


@lru_cache(maxsize=1)
def joserfc() -> Any:
    """The module ``joserfc``, with ``jwe``, ``jwk`` and ``jws``.

    Raises:
        GuardError: It is not installed.
    """
    try:
        import joserfc
        import joserfc.jwe
        import joserfc.jwk
        import joserfc.jws
    except ModuleNotFoundError as error:
        raise GuardError(
            "tokens need joserfc and cryptography", hint="pip install 'buckler[auth]'"
        ) from error
    return joserfc


def signer(found: Algorithm, key: Any) -> Callable[[bytes], bytes]:
    """What signs with a key of joserfc's, as JWS writes it.

    ECDSA is made by cryptography alone: joserfc asks the key again what it is for, for each signature, a third of its
    time. R and S are of the length of the curve's numbers (RFC 7518, 3.4).
    """
    if found.kind != "EC" or not key.is_private:
        return partial(model(found).sign, key=key)
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    native = key.private_key
    size = (native.curve.key_size + 7) // 8
    made: dict[int, type[hashes.HashAlgorithm]] = {
        256: hashes.SHA256,
        384: hashes.SHA384,
        512: hashes.SHA512,
    }
    way = ECDSA(made[found.bits]())

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(native.sign(message, way))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def model(found: Algorithm) -> Any:
    """What signs and verifies: ``sign(message, key)`` and ``verify(message, signature, key)``."""
    return joserfc().jws.JWSRegistry.algorithms[found.name]

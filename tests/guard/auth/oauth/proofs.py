"""Proofs made part by part, by cryptography and nothing of guard's: what clients and attackers send."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NOW: Final = 1_800_000_000.0
METHOD: Final = "POST"
URL: Final = "https://server.example.com/token"
FEW: Final = 'aZ09-._~:/?#[]@%&=+ "\\\0\n\N{LATIN SMALL LETTER E WITH ACUTE}\N{SNOWMAN}\U0001f600'
"""Characters of every kind, for texts: of all there are, the first use costs seconds."""
TOKEN: Final = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
CLAIMS: Final[dict[str, Any]] = {
    "jti": "-BwC3ESc6acc2lTc",
    "htm": METHOD,
    "htu": URL,
    "iat": int(NOW),
}


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def number(value: int, size: int = 0) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def part(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


class Maker:
    """Somebody with a key."""

    def __init__(self, alg: str = "ES256") -> None:
        self.alg = alg
        self.key: Any = {
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
            "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
            "Ed25519": ed25519.Ed25519PrivateKey.generate,
        }.get(alg, lambda: rsa.generate_private_key(65537, 2048))()

    @property
    def jwk(self) -> dict[str, str]:
        public = self.key.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
        numbers = public.public_numbers()
        if isinstance(public, rsa.RSAPublicKey):
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        size = (public.key_size + 7) // 8
        curve = {256: "P-256", 384: "P-384", 521: "P-521"}[public.key_size]
        x, y = number(numbers.x, size), number(numbers.y, size)
        return {"kty": "EC", "crv": curve, "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        """By RFC 7638, 3.1: the members in the order of the alphabet, without white space."""
        text = json.dumps(dict(sorted(self.jwk.items())), separators=(",", ":"))
        return b64(hashlib.sha256(text.encode()).digest())

    def sign(self, message: bytes) -> bytes:
        digest: Any = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}.get(
            self.alg[2:], hashes.SHA512
        )()
        if self.alg.startswith("Ed"):
            return self.key.sign(message)  # type: ignore[no-any-return]
        if self.alg.startswith("RS"):
            return self.key.sign(message, padding.PKCS1v15(), digest)  # type: ignore[no-any-return]
        if self.alg.startswith("PS"):
            filled = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return self.key.sign(message, filled, digest)  # type: ignore[no-any-return]
        size = (self.key.key_size + 7) // 8
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def signed(self, header: Any, claims: Any) -> str:
        message = f"{part(header)}.{part(claims)}"
        return f"{message}.{b64(self.sign(message.encode()))}"

    def header(self, **members: Any) -> dict[str, Any]:
        whole = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.jwk} | members
        return {name: value for name, value in whole.items() if value is not None}

    def proof(self, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A good proof, but for what is given; None leaves a claim out."""
        whole = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
        return self.signed(self.header(**(header or {})), whole)


def ath(token: str) -> str:
    return b64(hashlib.sha256(token.encode()).digest())

"""An authenticator in software (WebAuthn Level 3, 6): makes keys, signs challenges, and lies where a test wants it."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "https://testserver"
UP, UV, BE, BS, AT = 1, 4, 8, 16, 64


def b64(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "===")


def cbor(value: Any) -> bytes:
    """What of CBOR is needed here (RFC 8949, 3): numbers, texts, bytes, maps, lists."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(cbor(one) for one in value)
    pairs = b"".join(cbor(key) + cbor(one) for key, one in value.items())
    return _head(5, len(value)) + pairs


def _head(kind: int, number: int) -> bytes:
    for bits, more, size in ((24, None, 0), (256, 24, 1), (65536, 25, 2), (2**32, 26, 4)):
        if number < bits:
            low = number if more is None else more
            return bytes([kind << 5 | low]) + (number.to_bytes(size, "big") if size else b"")
    raise ValueError(number)


class Es256:
    """ECDSA on P-256 (RFC 9053, 2.1)."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def cose(self) -> dict[int, Any]:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return {1: 2, 3: -7, -1: 1, -2: x, -3: y}

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, ec.ECDSA(SHA256()))


class EdDsa:
    """Ed25519 (RFC 9053, 2.2)."""

    def __init__(self) -> None:
        self.key = ed25519.Ed25519PrivateKey.generate()

    def cose(self) -> dict[int, Any]:
        return {1: 1, 3: -8, -1: 6, -2: self.key.public_key().public_bytes_raw()}

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)


class Rs256:
    """RSASSA-PKCS1-v1_5 (RFC 8812, 2), as Windows Hello has it."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)

    def cose(self) -> dict[int, Any]:
        numbers = self.key.public_key().public_numbers()
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"}

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, PKCS1v15(), SHA256())


@dataclass
class Authenticator:
    """One that holds one passkey. What is not None or True lies.

    Attributes:
        counts: Whether its counter grows; else it is 0 for good.
        flags: Of the authenticator's data.
        origin: That the browser names.
        rp_id: That the authenticator signs for; None: the one that it was asked for.
        client: More for the client's data.
    """

    key: Any = field(default_factory=Es256)
    counts: bool = True
    flags: int = UP | UV | BE | BS
    origin: str = ORIGIN
    rp_id: str | None = None
    client: dict[str, Any] = field(default_factory=dict)
    id: bytes = field(default_factory=lambda: os.urandom(32))
    count: int = 0
    handle: bytes = b""

    def make(self, options: dict[str, Any], statement: dict[str, Any] | None = None) -> Any:
        """``navigator.credentials.create()``."""
        self.handle = unb64(options["user"]["id"])
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor(self.key.cose())
        data = self._data(options["rp"]["id"], AT) + attested
        made = statement or {"fmt": "none", "attStmt": {}}
        return self._answer(
            {
                "clientDataJSON": b64(self._client("webauthn.create", options)),
                "attestationObject": b64(cbor({**made, "authData": data})),
                "transports": ["internal", "hybrid"],
            }
        )

    def use(self, options: dict[str, Any]) -> Any:
        """``navigator.credentials.get()``."""
        client = self._client("webauthn.get", options)
        data = self._data(options["rpId"])
        signature = self.key.sign(data + hashlib.sha256(client).digest())
        return self._answer(
            {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": b64(self.handle),
            }
        )

    def _data(self, rp_id: str, flags: int = 0) -> bytes:
        if self.counts:
            self.count += 1
        signed_for = hashlib.sha256((self.rp_id or rp_id).encode()).digest()
        return signed_for + bytes([self.flags | flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps({**said, "crossOrigin": False, **self.client}).encode()

    def _answer(self, response: dict[str, Any]) -> Any:
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": response,
        }

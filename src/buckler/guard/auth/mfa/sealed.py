"""Secrets that have to be read again are encrypted where they are kept, each for its account alone.

Threat: whoever reads or writes the table makes codes of everybody's authenticator, or puts their own secret in
another account's row (CWE-312, CWE-522, CWE-345; ASVS 5.0 V11.3.2). AES-256-GCM with the account's id as associated
data (NIST SP 800-38D); keys are derived from the application's secret, so that a copy of the database is not enough.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.jwt import base64url
from buckler.guard.options import GuardError

VERSION: Final = "1."
NONCE: Final = 12
KEY: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was encrypted.

    Attributes:
        value: As it was.
        outdated: Whether it was encrypted with an older key than the newest.
    """

    value: bytes
    outdated: bool


class Sealer:
    """Encrypts and decrypts.

    Args:
        keys: Of 32 bytes; the first one encrypts, all decrypt.
        purpose: What the values are; part of the associated data.

    Raises:
        GuardError: A key is none, or cryptography is not installed.
    """

    __slots__ = ("_ciphers", "_invalid", "_purpose")

    def __init__(self, keys: Sequence[bytes], purpose: str) -> None:
        if not keys or any(not isinstance(key, bytes) or len(key) != KEY for key in keys):
            raise GuardError(
                "keys: secrets are encrypted with keys of 32 bytes",
                hint="write keys=[secrets.token_bytes(32)], kept outside of the repository",
            )
        try:
            from cryptography.exceptions import InvalidTag
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ModuleNotFoundError as error:
            raise GuardError(
                "second factors need cryptography", hint="pip install 'buckler[mfa]'"
            ) from error
        self._ciphers = tuple(AESGCM(key) for key in keys)
        self._invalid = InvalidTag
        self._purpose = purpose

    def seal(self, value: bytes, owner: str) -> str:
        """Encrypt a value for its owner."""
        nonce = secrets.token_bytes(NONCE)
        sealed = nonce + self._ciphers[0].encrypt(nonce, value, self._bound(owner))
        return VERSION + base64url.encode(sealed).decode("ascii")

    def open(self, text: str, owner: str) -> Opened:
        """Decrypt what was encrypted for an owner.

        Raises:
            FactorError: No key does, it is somebody else's, or it was changed (``unreadable``).
        """
        try:
            raw = base64url.decode(text.removeprefix(VERSION).encode("ascii"))
        except ValueError as error:
            raise FactorError("unreadable", "a factor's secret is not encrypted") from error
        if not text.startswith(VERSION) or len(raw) <= NONCE:
            raise FactorError("unreadable", "a factor's secret is not encrypted")
        for number, cipher in enumerate(self._ciphers):
            try:
                value = cipher.decrypt(raw[:NONCE], raw[NONCE:], self._bound(owner))
            except self._invalid:
                continue
            return Opened(value=value, outdated=number > 0)
        raise FactorError("unreadable", "no key reads a factor's secret; was secret= replaced?")

    def _bound(self, owner: str) -> bytes:
        return f"{self._purpose}\0{owner}".encode("utf-8", "surrogatepass")

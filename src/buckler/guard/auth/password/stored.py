"""Reads stored hashes, of whichever system wrote them, within bounds.

Threat: a hash in the table, planted or broken, whose check takes minutes or gigabytes (CWE-400), or which matches
every password since its digest is empty (CWE-697). Fast digests are refused: who has such a table knows the
passwords in it, so that a match shows nothing (CWE-916; ASVS 5.0 V11.4.2).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from buckler.guard.auth.errors import PasswordError

LONGEST: Final = 1_024
"""Characters of a stored hash."""
FAST: Final = re.compile(
    r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})"
    r"|(?:md5|sha1|sha224|sha256|sha384|sha512|unsalted_md5|unsalted_sha1|crypt)\$.*|\$1\$.*|\$apr1\$.*|\{.*",
    re.DOTALL,
)
"""Plain digests, Django's and werkzeug's salted ones, MD5 crypt, those of LDAP."""


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A stored hash that was read.

    Attributes:
        matches: Whether it is that of a password in UTF-8; takes its time.
        strength: KiB times passes where it is in the format that new hashes are written in; else 0.
    """

    matches: Callable[[bytes], bool]
    strength: int = 0


def broken(message: str) -> PasswordError:
    """For a hash that is not well formed."""
    return PasswordError("hash_broken", message)


def costly(message: str) -> PasswordError:
    """For a hash that takes more than it may."""
    return PasswordError("hash_costly", message)


def decoded(text: str, *, alphabet: bytes | None = None) -> bytes:
    """The bytes of a base64 text, with or without its padding.

    Raises:
        PasswordError: It is none.
    """
    try:
        return b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), alphabet, True)
    except (Base64Error, ValueError) as error:
        raise broken("the stored hash is not base64") from error


def read(stored: str, *, memory: int) -> StoredHash:
    """Read a stored hash.

    Args:
        stored: As it is in the table.
        memory: Bytes that its check may take.

    Raises:
        PasswordError: It cannot or must not be checked; ``hash_unknown``, ``hash_weak``, ``hash_broken``,
            ``hash_costly``, or ``no_password`` for Django's mark of an account without one.
    """
    # Imported here: each brings its library, and most applications have hashes of one kind.
    if stored.startswith("!"):
        raise PasswordError("no_password", "the account is marked as one without a password")
    if len(stored) > LONGEST:
        raise broken("the stored hash is too long for one")
    if stored.startswith(("$argon2", "argon2$")):
        from buckler.guard.auth.password import argon2id

        return argon2id.read(stored, memory)
    if stored.startswith(("$2", "bcrypt$", "bcrypt_sha256$", "$bcrypt-sha256$")):
        from buckler.guard.auth.password import bcrypt_hashes

        return bcrypt_hashes.read(stored)
    if stored.startswith(("$pbkdf2", "pbkdf2")):
        from buckler.guard.auth.password import pbkdf2

        return pbkdf2.read(stored)
    if stored.startswith(("$scrypt$", "scrypt$", "scrypt:")):
        from buckler.guard.auth.password import scrypt

        return scrypt.read(stored, memory)
    if FAST.fullmatch(stored):
        raise PasswordError("hash_weak", "the stored hash is a fast digest, which shows nothing")
    raise PasswordError("hash_unknown", "the stored hash is in no known format")

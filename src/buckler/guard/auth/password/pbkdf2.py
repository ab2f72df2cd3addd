"""Hashes of PBKDF2 (RFC 8018), as passlib, Django and werkzeug wrote them; checked, never made.

Threat: a count of iterations in the table that takes minutes (CWE-400), a digest cut to nothing (CWE-697).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from buckler.guard.auth.password.stored import StoredHash, broken, costly, decoded

MOST_ITERATIONS: Final = 5_000_000
"""Some seconds; Django 6 takes 1.2 million."""
_SIZES: Final = {"sha1": 20, "sha256": 32, "sha512": 64}
_PASSLIB = re.compile(
    r"\$pbkdf2(?:-(sha256|sha512))?\$(\d{1,10})\$([A-Za-z0-9./]*)\$([A-Za-z0-9./]+)"
)
_DJANGO = re.compile(r"pbkdf2_(sha1|sha256)\$(\d{1,10})\$([^$]+)\$([A-Za-z0-9+/]+={0,2})")
_WERKZEUG = re.compile(r"pbkdf2:(sha1|sha256|sha512):(\d{1,10})\$([^$]+)\$([0-9a-f]+)")


def read(stored: str) -> StoredHash:
    """Read ``$pbkdf2-sha256$``, ``pbkdf2_sha256$`` or ``pbkdf2:sha256:``, and their SHA-1 and SHA-512.

    Raises:
        PasswordError: It is none of them, or costs too much.
    """
    if found := _PASSLIB.fullmatch(stored):
        name, salt, digest = found[1] or "sha1", _adapted(found[3]), _adapted(found[4])
    elif found := _DJANGO.fullmatch(stored):
        name, salt, digest = found[1], found[3].encode("utf-8", "replace"), decoded(found[4])
    elif (found := _WERKZEUG.fullmatch(stored)) and not len(found[4]) % 2:
        name, salt, digest = found[1], found[3].encode("utf-8", "replace"), bytes.fromhex(found[4])
    else:
        raise broken("the stored hash begins like PBKDF2 and is none")
    iterations = int(found[2])
    if not iterations or len(digest) != _SIZES[name]:
        raise broken("the stored PBKDF2 hash has parameters that cannot be")
    if iterations > MOST_ITERATIONS:
        raise costly("the stored PBKDF2 hash takes more than it may")

    def matches(password: bytes) -> bool:
        made = hashlib.pbkdf2_hmac(name, password, salt, iterations)
        return hmac.compare_digest(made, digest)

    return StoredHash(matches)


def _adapted(text: str) -> bytes:
    """The base64 of passlib, which has a dot for the plus."""
    return decoded(text.replace(".", "+"))

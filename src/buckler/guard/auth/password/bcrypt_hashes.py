"""Hashes of bcrypt, as crypt(3), PHP, passlib and Django wrote them; checked, never made.

Threat: two passwords that count as the same one. bcrypt sees 72 bytes, which is how the system saw it that
wrote the hash, so the rest is left out here, too; the next hash has all of it (CWE-916). A NUL ended the password
for systems in C: one that holds it never matches (CWE-158).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Final

from buckler.guard.auth.password.stored import StoredHash, broken, costly
from buckler.guard.options import GuardError

MOST_ROUNDS: Final = 16
"""Logarithm; about four seconds."""
SEEN: Final = 72
"""Bytes of a password."""
_LETTERS: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_PASSLIB = re.compile(
    r"\$bcrypt-sha256\$(?:v=(2),t=(2b),r=(\d{1,2})|(2[aby]),(\d{1,2}))"
    r"\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})"
)


def read(stored: str) -> StoredHash:
    """Read ``$2b$``, Django's ``bcrypt$`` and ``bcrypt_sha256$``, passlib's ``$bcrypt-sha256$``.

    Raises:
        PasswordError: It is none of them, or costs too much.
        GuardError: bcrypt is not installed.
    """
    if stored.startswith("bcrypt_sha256$"):
        return StoredHash(_checked(stored.removeprefix("bcrypt_sha256$"), _hexadecimal))
    if stored.startswith("$bcrypt-sha256$"):
        return _of_passlib(stored)
    return StoredHash(_checked(stored.removeprefix("bcrypt$"), _as_it_is))


def _of_passlib(stored: str) -> StoredHash:
    found = _PASSLIB.fullmatch(stored)
    if found is None:
        raise broken("the stored hash begins like passlib's bcrypt-sha256 and is none")
    kind, rounds = found[2] or found[4], int(found[3] or found[5])
    salt = found[6].encode()

    def keyed(password: bytes) -> bytes:
        return b64encode(hmac.digest(salt, password, "sha256"))

    def plain(password: bytes) -> bytes:
        return b64encode(hashlib.sha256(password).digest())

    text = f"${kind}${rounds:02}${found[6]}{found[7]}"
    return StoredHash(_checked(text, keyed if found[1] else plain))


def _checked(text: str, key: Callable[[bytes], bytes]) -> Callable[[bytes], bool]:
    """What checks a hash in the plain format of bcrypt, of which ``key`` makes the password."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        raise broken("the stored hash begins like bcrypt and is none")
    rounds = int(found[1])
    if not 4 <= rounds <= 31:
        raise broken("the stored bcrypt hash has rounds that cannot be")
    if rounds > MOST_ROUNDS:
        raise costly("the stored bcrypt hash takes more than it may")
    try:
        import bcrypt
    except ModuleNotFoundError as error:
        raise GuardError(
            "hashes of bcrypt need bcrypt", hint="pip install 'buckler[auth]'"
        ) from error
    # The last letter of a salt has four bits that count for nothing; some systems set them.
    last = _LETTERS[_LETTERS.index(text[28]) & 0b110000]
    wanted = f"{text[:28]}{last}{text[29:]}".encode()

    def matches(password: bytes) -> bool:
        made = key(password)
        found = bcrypt.hashpw(made[:SEEN].replace(b"\0", b""), wanted)
        return hmac.compare_digest(found, wanted) and b"\0" not in made

    return matches


def _as_it_is(password: bytes) -> bytes:
    return password


def _hexadecimal(password: bytes) -> bytes:
    return hashlib.sha256(password).hexdigest().encode()

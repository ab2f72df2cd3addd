"""Hashes of scrypt (RFC 7914), as passlib, Django and werkzeug wrote them; checked, never made.

Threat: parameters in the table that take gigabytes (CWE-400), a digest cut to nothing (CWE-697).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from buckler.guard.auth.password.stored import StoredHash, broken, costly, decoded

MOST_WORK: Final = 1 << 23
"""N times r times p; some seconds."""
_DIGESTS: Final = (32, 64)
_PASSLIB = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,9}),p=(\d{1,9})\$([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]+)"
)
_DJANGO = re.compile(r"scrypt\$(\d{1,9})\$([^$]+)\$(\d{1,9})\$(\d{1,9})\$([A-Za-z0-9+/]+={0,2})")
_WERKZEUG = re.compile(r"scrypt:(\d{1,9}):(\d{1,9}):(\d{1,9})\$([^$]+)\$([0-9a-f]+)")


def read(stored: str, memory: int) -> StoredHash:
    """Read ``$scrypt$``, ``scrypt$`` or ``scrypt:``.

    Raises:
        PasswordError: It is none of them, or costs too much.
    """
    if found := _PASSLIB.fullmatch(stored):
        n, r, p = 1 << int(found[1]), int(found[2]), int(found[3])
        salt, digest = decoded(found[4]), decoded(found[5])
    elif found := _DJANGO.fullmatch(stored):
        n, r, p = int(found[1]), int(found[3]), int(found[4])
        salt, digest = found[2].encode("utf-8", "replace"), decoded(found[5])
    elif (found := _WERKZEUG.fullmatch(stored)) and not len(found[5]) % 2:
        n, r, p = int(found[1]), int(found[2]), int(found[3])
        salt, digest = found[4].encode("utf-8", "replace"), bytes.fromhex(found[5])
    else:
        raise broken("the stored hash begins like scrypt and is none")
    if n < 2 or n & (n - 1) or not r or not p or len(digest) not in _DIGESTS:
        raise broken("the stored scrypt hash has parameters that cannot be")
    taken = 128 * r * (n + p + 2)
    if taken > memory or n * r * p > MOST_WORK:
        raise costly("the stored scrypt hash takes more than it may")

    def matches(password: bytes) -> bool:
        # OpenSSL counts its own overhead, too, so the bound that it gets is wider than what was judged.
        made = hashlib.scrypt(
            password, salt=salt, n=n, r=r, p=p, maxmem=taken + 1_048_576, dklen=len(digest)
        )
        return hmac.compare_digest(made, digest)

    return StoredHash(matches)

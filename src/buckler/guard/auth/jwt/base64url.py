"""Base64url in its one canonical form (RFC 7515, 2 and appendix C).

Threat: a token that can be written in several ways is another token to every list that knows it by its text
(revocations, caches, logs), and what one reader skips another one reads (CWE-436; RFC 4648, 3.3 and 3.5).
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

_ALPHABET: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING: Final = (b"", b"", b"==", b"=")
# Where two or four bits of the last character are unused, they have to be zero.
_LAST: Final = (None, None, frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))


def decode(text: bytes) -> bytes:
    """Bytes of a text without padding, whitespace, foreign characters and stray bits at its end.

    Raises:
        ValueError: It is not in the canonical form.
    """
    rest = len(text) & 3
    if rest:
        allowed = _LAST[rest]
        if allowed is None or text[-1] not in allowed:
            raise ValueError("no canonical base64url")
    return binascii.a2b_base64(text.translate(_ALPHABET) + _PADDING[rest], strict_mode=True)


def encode(value: bytes) -> bytes:
    """The canonical form of bytes."""
    return base64.urlsafe_b64encode(value).rstrip(b"=")

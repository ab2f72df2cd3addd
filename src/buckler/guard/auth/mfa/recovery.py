"""Recovery codes: the way in for whoever has lost their authenticator.

Threat: a second factor that keeps its owner out for good, or one that can be guessed, read from the database or
used again (CWE-640, CWE-330; ASVS 5.0 V6.5.1 to V6.5.4). A code has 120 random bits, more than the 112 from which on
a plain hash is enough (V6.5.2), so there is nothing to guess, with or without the table.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

CODES: Final = 10
CHARACTERS: Final = 24
GROUP: Final = 4
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base32 without I, L, O and U (Crockford's): no two that look alike, five bits each."""
_READ: Final = str.maketrans("OIL", "011", "- ")


def new_codes() -> tuple[str, ...]:
    """A set of codes, in groups that can be read out."""
    return tuple(_grouped(_random()) for _ in range(CODES))


def code_of(text: str) -> str | None:
    """What was typed as a code, in the one form that is kept; None where it is none."""
    found = text.upper().translate(_READ)
    if len(found) != CHARACTERS or not set(found) <= set(ALPHABET):
        return None
    return found


def digest(code: str, owner: str) -> str:
    """What is kept of a code: SHA-256, for its owner alone.

    Args:
        code: Of :func:`new_codes`, or of :func:`code_of`.
        owner: Id of the account.
    """
    plain = code.translate(_READ)
    return hashlib.sha256(f"recovery\0{owner}\0{plain}".encode("utf-8", "replace")).hexdigest()


def _random() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))


def _grouped(code: str) -> str:
    return "-".join(code[at : at + GROUP] for at in range(0, CHARACTERS, GROUP))

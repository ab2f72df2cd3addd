"""Reads the keys that another issuer publishes (RFC 7517, 5).

Threat: keys that are weak, symmetric or of another use, two keys of one name, and a document that is as large as its
sender likes (CWE-326, CWE-347, CWE-400). One bad key does not cost the good ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.options import GuardError

MAX_KEYS: Final = 64
MAX_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Published:
    """What can be used of a document.

    Attributes:
        keys: By name.
        left_out: How many were not taken.
    """

    keys: dict[str, SigningKey]
    left_out: int


def read_jwks(raw: bytes, *, alg: str | None = None) -> Published:
    """The keys of a document that are public, for signatures, and strong enough.

    Args:
        raw: The document.
        alg: Of keys that state none and that it fits; else by type and curve.

    Raises:
        ValueError: It is no JWK set, larger than 256 KiB, or has more than 64 keys.
    """
    if len(raw) > MAX_BYTES:
        raise ValueError("the key set is too large")
    found = json_object.read(raw).get("keys")
    if not isinstance(found, tuple) or len(found) > MAX_KEYS:
        raise ValueError("the key set has no keys, or too many")
    read = [key for one in found if (key := _key(one, alg)) is not None]
    names = Counter(key.kid for key in read)
    keys = {key.kid: key for key in read if names[key.kid] == 1}
    return Published(keys, len(found) - len(keys))


def _key(members: Any, alg: str | None) -> SigningKey | None:
    try:
        key = SigningKey.from_jwk(members)
        if alg is not None and "alg" not in members and key.alg != alg:
            key = SigningKey.from_jwk(members, alg=alg)
    except GuardError:
        return None
    # A secret or a private key that stands where all can read it is anybody's.
    return None if key.private else key

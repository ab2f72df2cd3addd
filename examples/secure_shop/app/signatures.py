"""Signatures of webhooks: each counts once, for a few minutes."""

import hashlib
import hmac
import time

from app.config import settings

MAX_AGE = 300
MAX_KEPT = 10_000
_used: dict[str, float] = {}


def signature(timestamp: str, body: bytes) -> str:
    """What the sender of a webhook writes below its time and body."""
    secret = settings.webhook_secret.get_secret_value().encode()
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_fresh(timestamp: str) -> bool:
    """Whether a webhook was sent within the last minutes."""
    return timestamp.isdecimal() and abs(time.time() - int(timestamp)) < MAX_AGE


def use(found: str) -> bool:
    """Count a signature; False where it was used before, or more came than can be remembered."""
    now = time.time()
    for old in [key for key, until in _used.items() if until < now]:
        del _used[old]
    if found in _used or len(_used) >= MAX_KEPT:
        return False
    _used[found] = now + 2 * MAX_AGE
    return True

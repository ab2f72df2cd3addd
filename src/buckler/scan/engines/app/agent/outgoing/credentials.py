"""Whom a request is from is not for a stand-in to say.

Where the application passes the caller's own credential on, it asks somebody else whether that is
good. A made-up yes would let in whoever comes with a forged one, and the scan would report a hole
that is none. So such a request goes the real way, where the box stops it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, Dict, Iterable, List, Tuple
from urllib.parse import parse_qsl, quote

SHORT = 6
MAX_CREDENTIALS = 40
_NAMED = re.compile(r"auth|token|key|secret|session|credential|password|sid$", re.IGNORECASE)
_FIELDS = re.compile(
    r"passw|passcode|pwd|(^|_)otp|(access|refresh|id)_?token|api_?key|credential", re.IGNORECASE
)
MAX_BODY = 20_000
_current: Tuple[str, ...] = ()
_signs_in = False


def serving(request: Dict[str, Any]) -> None:
    """Note the credentials of a request that the application is about to get."""
    global _current, _signs_in
    found: List[str] = []
    for name, value in request["headers"]:
        if name.lower() == "cookie":
            found += [part.partition("=")[2].strip(' "') for part in value.split(";")]
        elif _NAMED.search(name):
            word = value.rpartition(" ")[2]
            found += [word, *_basic(word)]
    found += [value for name, value in parse_qsl(request["query"]) if _NAMED.search(name)]
    own = _of_body(request["body"])
    found += own
    _signs_in = bool(own)
    _current = tuple(dict.fromkeys(v for v in found if len(v) >= SHORT))[:MAX_CREDENTIALS]


def _of_body(body: str) -> List[str]:
    """What a sign-in has in its form or its JSON."""
    if len(body) > MAX_BODY or not _FIELDS.search(body):
        return []
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = dict(parse_qsl(body))
    pairs = data.items() if isinstance(data, dict) else ()
    return [value for name, value in pairs if isinstance(value, str) and _FIELDS.search(name)]


def _basic(word: str) -> List[str]:
    """The password in a header of basic authentication."""
    try:
        return [base64.b64decode(word, validate=True).decode("latin-1").partition(":")[2]]
    except (binascii.Error, ValueError):
        return []


def inside(sent: Iterable[Any]) -> bool:
    """Whether a credential of the request at hand is in what the application sends."""
    if not _current and not _signs_in:
        return False
    texts = [_text(part) for part in sent]
    # Whatever the password is, and however it is written there: it is passed on under its name.
    return (_signs_in and any(_FIELDS.search(text) for text in texts)) or any(
        value in text or quote(value, safe="") in text for value in _current for text in texts
    )


def _text(part: Any) -> str:
    if isinstance(part, (bytes, bytearray)):
        return bytes(part).decode("latin-1")
    return part if isinstance(part, str) else ""

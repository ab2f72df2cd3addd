"""What a sink is given: an event made fit for a log.

Threat: secrets in logs (CWE-532; ASVS 5.0 V16.2.5), a value that breaks a line and forges another
(CWE-117; V16.4.1), a value that fills the disk (CWE-779).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from buckler.core.redact import Redactor, is_secret_name, mask
from buckler.guard.audit.events import Scalar, SecurityEvent

LONGEST: Final = 1024
"""Characters of one value."""
MOST_DETAILS: Final = 32
LONGEST_NAME: Final = 64
# What follows the cut is read, too, so that a secret across the cut has its whole shape.
_READ = 2 * LONGEST
LONGEST_WORD: Final = 512
_HALF_JWT = re.compile(r"(?<![A-Za-z0-9-])eyJ[\w-]{6,}+\.[\w.-]*\Z")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ODD_NAME = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One event as it may be written.

    Attributes:
        event: Redacted, without control characters, every value bounded.
        dropped: Events that were lost before this one, for want of room or because the sink failed.
    """

    event: SecurityEvent
    dropped: int = 0


def fit(event: SecurityEvent, redactor: Redactor) -> SecurityEvent:
    """The event with every text redacted, harmless and bounded.

    Detail is redacted by name (``password``, ``apiKey``) and by shape (``core/shapes.py``: a token, a
    private key, a password in a URL, a card's number).
    """

    def text(value: str) -> str:
        return clean(value, redactor)

    return replace(
        event,
        reason=text(event.reason),
        message=text(event.message),
        time=event.time if math.isfinite(event.time) else 0.0,
        request_id=text(event.request_id),
        method=text(event.method),
        route=text(event.route),
        client=text(event.client),
        principal=text(event.principal),
        detail=_details(event.detail, redactor),
    )


def clean(value: str, redactor: Redactor) -> str:
    """One value: redacted, on one line, cut to :data:`LONGEST` characters."""
    if not isinstance(value, str):
        value = _plain(value)
    cut = len(value) > _READ
    shown = redactor.text(value[:_READ])
    if cut:
        shown = _without_half(shown)
    shown = _CONTROL.sub("\ufffd", shown)
    return shown if len(shown) <= LONGEST and not cut else f"{shown[: LONGEST - 20]}…({len(value)})"


def _without_half(text: str) -> str:
    """The text without the word, or the number in groups, that ends where it was cut.

    The half of a secret has no shape, and where what stood before it was masked it would be shown.
    """
    text = _HALF_JWT.sub("…", text)
    last = text[-LONGEST_WORD:].split()
    if not last or text[-1].isspace():
        return text
    return text[: -len(last[-1])].rstrip("0123456789- ")


def _details(detail: Mapping[str, Scalar], redactor: Redactor) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for key, value in islice(detail.items(), MOST_DETAILS):
        name = _ODD_NAME.sub("_", str(key)[:LONGEST_NAME])
        if is_secret_name(str(key)[:LONGEST_NAME]) and not isinstance(value, bool | None):
            found[name] = mask(value if isinstance(value, str) else _plain(value))
        elif isinstance(value, str):
            found[name] = clean(value, redactor)
        else:
            found[name] = _scalar(value, redactor)
    return found


def _scalar(value: object, redactor: Redactor) -> Scalar:
    """A number that every reader of JSON knows, else its text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, int) and -(2**53) < value < 2**53:
        return redactor.number(int(value))
    return _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return str(float(value))
    if isinstance(value, int):
        return f"{int(value):#x}"[:LONGEST_NAME]
    # The vocabulary has scalars alone; what else there is may be endless, or raise.
    return f"<{type(value).__name__}>"


def stamp(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339 with microseconds, in UTC; 1970 where the year has no name."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"


def millis(seconds: float) -> int:
    """Milliseconds since 1970."""
    return round(seconds * 1000)

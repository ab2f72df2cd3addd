"""Reads the events that an application sends, in the shape that guard's sinks write.

Threat: an application that was taken over, or a program that stole its token, sends events that break a line, fill the
disk, or hold secrets (CWE-117, CWE-779, CWE-532). Everything is judged, redacted and bounded again here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from buckler.core.redact import Redactor, is_secret_name
from buckler.guard.audit.events import EventKind, Scalar, SecurityEvent, Severity
from buckler.guard.audit.record import LONGEST, LONGEST_NAME, MOST_DETAILS, fit
from buckler.watch.reports.document import Field, parsed

MOST_BYTES: Final = 2 * 1024**2
MOST_EVENTS: Final = 1_000
AHEAD: Final = 300.0
BEHIND: Final = 30 * 86_400.0
"""An event that lies further ahead or behind comes of a wrong clock: it counts as of now."""
MOST_DROPPED: Final = 10**9
_TEXTS: Final = ("reason", "message", "request_id", "method", "route", "client", "principal")
_NAMES: Final = frozenset(
    {"time", "kind", "severity", "status", "detail", "dropped", *_TEXTS},
)
_SLACK: Final = 32
"""What guard appends to a text that it cut."""


@dataclass(frozen=True, slots=True)
class Received:
    """One event as it is kept.

    Attributes:
        event: Redacted and bounded.
        dropped: Events that were lost before it.
    """

    event: SecurityEvent
    dropped: int


def read(body: bytes, now: float) -> list[Received]:
    """The events of a request, which is a JSON array.

    Args:
        body: As it came.
        now: Seconds since 1970.

    Raises:
        RefusedError: It is none; the message begins with the field, e.g. ``events[3].kind``.
    """
    whole = parsed(body, MOST_BYTES, "events")
    if not isinstance(whole.value, list):
        raise whole.wrong("is no list")
    redactor = Redactor()
    return [_one(row, now, redactor) for row in whole.rows(MOST_EVENTS)]


def _one(row: Field, now: float, redactor: Redactor) -> Received:
    if not isinstance(row.value, dict):
        raise row.wrong("is no object")
    for name in row.value:
        if name not in _NAMES:
            raise row[name[:40]].wrong("is no field of an event")
    kind = row["kind"]
    if kind.text(needed=True, most=40) not in list(EventKind):
        raise kind.wrong("is no kind of event")
    severity = row["severity"]
    if severity.value is not None and severity.text() not in list(Severity):
        raise severity.wrong("is no severity")
    texts = {name: _text(row[name]) for name in _TEXTS}
    event = SecurityEvent(
        kind=EventKind(kind.value),
        severity=None if severity.value is None else Severity(severity.value),
        time=_time(row["time"], now),
        status=_whole(row["status"], 999),
        detail=_detail(row["detail"]),
        **texts,
    )
    return Received(fit(event, redactor), _whole(row["dropped"], MOST_DROPPED))


def _text(field: Field) -> str:
    found = field.text(most=LONGEST + _SLACK + 1)
    if len(found) > LONGEST + _SLACK:
        raise field.wrong(f"has more than {LONGEST} characters")
    return found


def _whole(field: Field, most: int) -> int:
    number = field.number() or 0.0
    if not (0 <= number <= most and number == int(number)):
        raise field.wrong(f"is no whole number from 0 to {most}")
    return int(number)


def _time(field: Field, now: float) -> float:
    """Seconds since 1970 of a moment of RFC 3339 that names its offset."""
    try:
        moment = datetime.fromisoformat(field.text(needed=True, most=40))
        if moment.tzinfo is None:
            raise field.wrong("names no offset from UTC")
        found = moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise field.wrong("is no moment of RFC 3339") from error
    return found if now - BEHIND <= found <= now + AHEAD else now


def _detail(field: Field) -> Mapping[str, Scalar]:
    table = field.table()
    if len(table) > MOST_DETAILS:
        raise field.wrong(f"has more than {MOST_DETAILS} fields")
    for name, value in table.items():
        one = field[name[:LONGEST_NAME]]
        if len(name) > LONGEST_NAME:
            raise one.wrong("has a name that is too long")
        if not isinstance(value, str | int | float | None):
            raise one.wrong("is no text, number or truth value")
        if isinstance(value, str):
            _text(one)
    # What has the name of a secret is not kept, not even masked: nobody looks for it here.
    return {name: None if is_secret_name(name) else value for name, value in table.items()}

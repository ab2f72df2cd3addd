"""How values are written on pages: times, numbers, places. Nothing is read but the clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup

from buckler.scan.formats import clean

_UNITS: Final = ((86_400.0 * 365, "year"), (86_400.0 * 30, "month"), (86_400.0, "day"))
_SMALL: Final = ((3_600.0, "hour"), (60.0, "minute"))
STATES: Final = {
    "open": "open",
    "regressed": "regressed",
    "fixed": "fixed",
    "accepted": "accepted",
    "false_alarm": "false alarm",
}


def moment(seconds: float | None) -> datetime | None:
    """Seconds since 1970 as a date, or None where no calendar has it."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def ago(seconds: float | None, now: float | None = None) -> Any:
    """``3 days ago`` or ``in 2 hours``, with the exact time beside it for who points at it."""
    at = moment(seconds)
    if at is None or seconds is None:
        return "never" if seconds is None else "at no time"
    return _told(
        at.replace(microsecond=0), relative(seconds - (time.time() if now is None else now))
    )


@lru_cache(maxsize=8_192)
def _told(at: datetime, words: str) -> Markup:
    exact = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, exact, words)


def relative(seconds: float) -> str:
    """A difference in words; negative for what was."""
    size = abs(seconds)
    if size < 45:
        return "now"
    for unit, name in (*_UNITS, *_SMALL):
        if size >= unit * 0.95:
            number = max(1, round(size / unit))
            words = f"{number} {name}{'' if number == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "in a minute" if seconds > 0 else "a minute ago"


def day(seconds: float | None) -> str:
    """``2026-11-29``; empty where there is none."""
    at = moment(seconds)
    return "" if at is None else at.strftime("%Y-%m-%d")


_OP: Final = Markup('<span class="op">')
_SLOT: Final = Markup('<span class="slot">')
_PATH: Final = Markup('<span class="path">')


def where(row: Any) -> Markup:
    """The place of a finding: operation, slot, package, file and line, as far as it has them."""
    return _place(row.operation, row.slot, row.subject, row.path, row.line)


@lru_cache(maxsize=8_192)
def _place(operation: str, slot: str, subject: str, path: str, line: int | None) -> Markup:
    parts = [
        _span(_OP, operation),
        _span(_SLOT, slot),
        _span(_SLOT, subject),
        _span(_PATH, f"{path}:{line}" if path and line else path),
    ]
    return Markup(" ").join(part for part in parts if part)


def due(row: Any, now: float) -> Any:
    """Until when a finding has to be closed, and whether that is over."""
    if not row.due_at:
        return "–"
    if row.due_at > now:
        return ago(row.due_at)
    return _late(ago(row.due_at))


@lru_cache(maxsize=8_192)
def _late(since: Markup) -> Markup:
    return Markup('<strong class="late">late since {}</strong>').format(since)


def lasting(begun: float | None, ended: float | None) -> str:
    """``4.2 s``, ``3 min``; empty where one end is missing."""
    if begun is None or ended is None:
        return ""
    seconds = max(0.0, ended - begun)
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def number(value: int | float) -> str:
    """``1,204``."""
    return f"{value:,}"


def plural(amount: int, word: str, words: str = "") -> str:
    """``1 finding``, ``1,204 findings``."""
    return f"{amount:,} {word if amount == 1 else words or word + 's'}"


def state(name: str) -> str:
    """A state in words."""
    return STATES.get(name, name)


def kind(name: str) -> str:
    """``sla_near`` as people write it."""
    return name.replace("_", " ").replace("sla", "SLA")


def safe_link(address: str) -> str:
    """An address of somebody else's, where it is one of the web; else nothing (CWE-79, CWE-601)."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return ""
    return address.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


def query(**values: Any) -> str:
    """``?a=b&a=c``, without what is empty."""
    pairs = [
        (name, one)
        for name, value in values.items()
        for one in (value if isinstance(value, list | tuple) else [value])
        if one not in (None, "")
    ]
    return f"?{urlencode(pairs)}" if pairs else ""


def printable(value: Any) -> Any:
    """Every text passes here on its way into a page: no control or direction characters (CWE-1007)."""
    if not isinstance(value, str) or value.isprintable() or hasattr(value, "__html__"):
        return value
    return clean.block(value)


def _span(opens: Markup, text: str) -> Markup:
    return opens + printable(text) + _END if text else Markup()


_END: Final = Markup("</span>")

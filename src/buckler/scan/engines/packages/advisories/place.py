"""Where the index is, and how old what is in it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

VARIABLE: Final = "BUCKLER_ADVISORIES"
"""Names another place, for machines that share one index."""
STALE_DAYS: Final = 7.0
"""Older than this is said in every report."""
MAX_DAYS: Final = 30.0
"""Older than this counts as not looked at; ``--max-advisory-age`` takes another number."""


def default_path() -> Path:
    """The file that ``buckler advisories update`` writes and every scan reads."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "buckler" / "advisories.sqlite"


def age(date: str, now: datetime | None = None) -> float:
    """Days since a date.

    Args:
        date: RFC 3339; one that is none counts as infinitely old.
        now: Aware; the present by default.
    """
    try:
        then = datetime.fromisoformat(date)
    except ValueError:
        return float("inf")
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, ((now or datetime.now(UTC)) - then).total_seconds() / 86_400)

"""Where the index is, and how old what is in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
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


def shown(path: Path) -> str:
    """A path as people write it: a report that is handed on need not name whose home it lies in."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # elsewhere, or there is no home
        return str(path)


def age(date: str, now: datetime | None = None) -> float:
    """Days since a date.

    Args:
        date: RFC 3339; one that is none counts as infinitely old.
        now: Aware; the present by default.
    """
    then = _read(date)
    if then is None:
        return float("inf")
    return max(0.0, ((now or datetime.now(UTC)) - then).total_seconds() / 86_400)


SKEW: Final = timedelta(minutes=10)
"""By which the clock of who publishes may be ahead."""


def newest(dates: Iterable[str], now: str) -> str:
    """The last of these that is not after ``now``, or by less than clocks differ; empty where there is none.

    One record that comes from the future, or whose date is none, must not say how old all of them are.

    Args:
        dates: RFC 3339; what is no date is passed by.
        now: RFC 3339.
    """
    limit = _read(now)
    limit = limit + SKEW if limit is not None else None
    read = [(then, date) for date in set(dates) if (then := _read(date)) is not None]
    known = [item for item in read if limit is None or item[0] <= limit]
    return max(known)[1] if known else ""


def _read(date: str) -> datetime | None:
    try:
        then = datetime.fromisoformat(date)
    except ValueError:
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)

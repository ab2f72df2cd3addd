"""When a target is scanned next. Touches nothing.

Ticks that were missed while nobody was there are caught up as one scan, and a clock that is set forward and back makes
neither a storm nor a silence: what is waited for is never further away than the next tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from buckler.watch.errors import RefusedError

LONGEST: Final = 120
LEAST_SECONDS: Final = 300.0
_SHORT: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 3 * * *",
    "@weekly": "0 3 * * 1",
    "@monthly": "0 3 1 * *",
}
_LOOKED_AT: Final = 50
_HINT: Final = "five fields of cron, e.g. '30 3 * * 1-5', or @hourly, @daily, @weekly, @monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of cron.

    Attributes:
        text: Five fields, or one of the short words.
        zone: IANA time zone in which they are meant.

    Raises:
        RefusedError: There is no such schedule or zone, or it comes more often than every five minutes.
    """

    text: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        self._zone()
        found = list(islice(self._ticks(datetime.now(UTC)), _LOOKED_AT))
        if not found:
            raise RefusedError("schedule: it never comes", hint=_HINT)
        gaps = (b - a for a, b in zip(found, found[1:], strict=False))
        if any(gap.total_seconds() < LEAST_SECONDS for gap in gaps):
            raise RefusedError("schedule: once in five minutes is the most", hint=_HINT)

    def next(self, now: float) -> float:
        """The first tick after a moment, seconds since 1970.

        Args:
            now: The same.
        """
        return next(self._ticks(datetime.fromtimestamp(now, UTC))).timestamp()

    def _ticks(self, now: datetime) -> CronSim:
        written = _SHORT.get(self.text, self.text)
        if len(written) > LONGEST or len(written.split()) != 5:
            raise RefusedError(f"schedule: {self.text[:40]!r} is none", hint=_HINT)
        try:
            return CronSim(written, now.astimezone(self._zone()))
        except CronSimError as error:
            raise RefusedError(f"schedule: {self.text[:40]!r} is none", hint=_HINT) from error

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise RefusedError(
                f"zone: {self.zone[:40]!r} is none", hint="e.g. UTC or Europe/Vienna"
            ) from error


@dataclass(frozen=True, slots=True)
class Tick:
    """What is to be done now.

    Attributes:
        scan: Whether a scan is due.
        next_at: When to look again.
    """

    scan: bool
    next_at: float


def tick(schedule: Schedule, next_at: float | None, now: float) -> Tick:
    """Whether the time has come.

    Args:
        schedule: Of the target.
        next_at: What is waited for; None where nothing is yet.
        now: Seconds since 1970.
    """
    following = schedule.next(now)
    if next_at is None:
        return Tick(scan=False, next_at=following)
    if next_at <= now:
        return Tick(scan=True, next_at=following)
    # The clock was ahead when that was worked out: nothing between now and then would be scanned.
    return Tick(scan=False, next_at=min(next_at, following))

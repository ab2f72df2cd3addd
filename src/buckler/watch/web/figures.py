"""Counts over all findings, kept for a moment, so that a page does not count what another one just counted.

What is counted takes as long as there are findings; it is counted again at most when fifty times as long has passed, by
one request at a time, while the others show what was counted last.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from buckler.core.finding import Severity
from buckler.watch.db import overview
from buckler.watch.db.database import Database
from buckler.watch.db.overview import Count
from buckler.watch.interface import Caller
from buckler.watch.life import UNSOLVED

T = TypeVar("T")
LEAST: Final = 3.0
SHARE: Final = 50.0
_NONE: Final = dict.fromkeys((severity.value for severity in Severity), 0)
TREND_LEAST: Final = 30.0
TREND_DAYS: Final = 30
MOST_VIEWERS: Final = 500


class Kept(Generic[T]):
    """A value that is worked out again when it is old.

    Args:
        least: Seconds that it is kept at least.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._held: tuple[T, float] | None = None
        self._version = 0
        self._making = threading.Lock()
        self._changing = threading.Lock()

    def get(self, make: Callable[[], T]) -> T:
        """The value; while somebody works an old one out anew, others get what there was."""
        held = self._held
        if held is not None and time.monotonic() < held[1]:
            return held[0]
        if held is None:
            self._making.acquire()
        elif not self._making.acquire(blocking=False):
            return held[0]
        try:
            held, version = self._held, self._version
            if held is not None and time.monotonic() < held[1]:
                return held[0]
            begun = time.monotonic()
            made = make()
            ended = time.monotonic()
            with self._changing:
                if version == self._version:
                    until = ended + max(self._least, SHARE * (ended - begun))
                    self._held = (made, until)
            return made
        finally:
            self._making.release()

    def forget(self) -> None:
        """Work it out for the next request, and keep nothing that was begun before: something has changed."""
        with self._changing:
            self._version += 1
            self._held = None


@dataclass(slots=True)
class Standing:
    """How the findings of one target, or of many, stand.

    Attributes:
        unsolved: Number by severity of what has to be closed.
        states: Number by state.
        late: Open for too long.
    """

    unsolved: dict[str, int] = field(default_factory=_NONE.copy)
    states: dict[str, int] = field(default_factory=dict)
    late: int = 0

    def add(self, count: Count) -> None:
        """Take one count in."""
        self.states[count.state] = self.states.get(count.state, 0) + count.number
        if count.state in UNSOLVED:
            self.unsolved[count.severity] += count.number
            self.late += count.late

    @property
    def open(self) -> int:
        """All that has to be closed."""
        return sum(self.unsolved.values())


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows to one viewer, but for what is running.

    Attributes:
        targets: Those that stand worst.
        names: Of all of their targets, by id.
        grades: Number of targets by grade; empty for none yet.
        standing: Of the targets that stand worst.
        total: Of all of their targets.
        trend: Mean score by day.
        first: What to do first.
        due: What has to be closed soon.
        changed: Latest alerts.
    """

    targets: Sequence[Any]
    names: Mapping[str, str]
    grades: Mapping[str, int]
    standing: Mapping[str, Standing]
    total: Standing
    trend: Sequence[tuple[float, float]]
    first: Sequence[Any]
    due: Sequence[Any]
    changed: Sequence[Any]


class Figures:
    """The counts of one process."""

    def __init__(self) -> None:
        self._counts: Kept[Mapping[str, Standing]] = Kept(LEAST)
        self._scores: Kept[Sequence[tuple[str, int, float]]] = Kept(TREND_LEAST)
        self._viewers: dict[str, Kept[Overview]] = {}
        self._ran: set[str] = set()

    def standing(self, database: Database, target_ids: Iterable[str]) -> dict[str, Standing]:
        """How each of these targets stands; the caller may see them."""
        counted = self._counts.get(lambda: _counted(database))
        return {target_id: counted.get(target_id) or Standing() for target_id in target_ids}

    def trend(self, database: Database, target_ids: Iterable[str]) -> list[tuple[float, float]]:
        """Mean score of these targets on each day: seconds since 1970, score."""
        rows = self._scores.get(lambda: _scored(database))
        return daily(rows, frozenset(target_ids))

    def overview(self, caller: Caller, make: Callable[[], Overview]) -> Overview:
        """The overview of one viewer, worked out again when it is old."""
        if len(self._viewers) > MOST_VIEWERS:
            self._viewers.clear()
        return self._viewers.setdefault(of_viewer(caller), Kept(LEAST)).get(make)

    def ran(self, of: str, runs: bool) -> None:
        """Take note of whether scans run; where the last one has ended, all is counted again.

        A page that shows scans under way asks again until none is, and is then shown for good: what it shows then must
        not be older than their end.

        Args:
            of: Whose scans: a viewer, or a target.
            runs: Whether any of them is under way, asked before the figures are.
        """
        if runs:
            if len(self._ran) > MOST_VIEWERS:
                self._ran.clear()
            self._ran.add(of)
        elif of in self._ran:
            self._ran.discard(of)
            self.forget()

    def forget(self) -> None:
        """Count again at the next request."""
        self._counts.forget()
        self._scores.forget()
        self._viewers.clear()


def of_viewer(caller: Caller) -> str:
    """What figures of one viewer are kept under."""
    return f"{caller.everything}:{caller.id}"


def total(parts: Iterable[Standing]) -> Standing:
    """Of many targets."""
    made = Standing()
    for part in parts:
        made.late += part.late
        for name, number in part.unsolved.items():
            made.unsolved[name] += number
        for name, number in part.states.items():
            made.states[name] = made.states.get(name, 0) + number
    return made


def daily(rows: Iterable[tuple[str, int, float]], of: frozenset[str]) -> list[tuple[float, float]]:
    """Mean score on each day; a target that was not scanned on a day stands as on the day before."""
    by_day: dict[int, dict[str, float]] = {}
    for target_id, day, score in rows:
        if target_id in of:
            by_day.setdefault(day, {})[target_id] = score
    if not by_day:
        return []
    now: dict[str, float] = {}
    found = []
    for day in range(min(by_day), max(by_day) + 1):
        now.update(by_day.get(day, {}))
        found.append((day * overview.DAY, round(sum(now.values()) / len(now), 1)))
    return found


def _counted(database: Database) -> Mapping[str, Standing]:
    found: dict[str, Standing] = {}
    with database.read() as connection:
        for count in overview.counts(connection, time.time()):
            standing = found.get(count.target_id)
            if standing is None:
                standing = found[count.target_id] = Standing()
            standing.add(count)
    return found


def _scored(database: Database) -> Sequence[tuple[str, int, float]]:
    with database.read() as connection:
        return overview.scores(connection, time.time() - TREND_DAYS * overview.DAY)

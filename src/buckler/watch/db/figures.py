"""How much of everything there is, over all targets: what machines look at every few seconds.

Each figure is read off an index, so that a million findings cost a fraction of a second and not a look at each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, false, func, select

from buckler.core.finding import Severity
from buckler.watch.db.alerts import ALERTS, DELIVERIES
from buckler.watch.db.events import EVENTS
from buckler.watch.db.findings import FINDINGS
from buckler.watch.db.scans import SCANS
from buckler.watch.db.targets import TARGETS
from buckler.watch.db.workers import WORKERS, clock

_SEVERITIES = {one.rank: one.value for one in Severity}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of it.

    Attributes:
        targets: Number by grade; no grade is an empty text.
        findings: Number by state and severity.
        scans: Number by state.
        oldest: Seconds that the scan waits which waits longest; 0 where none does.
        deliveries: Number of messages by state.
        unrouted: Alerts of which nobody has said yet who is told.
        events: Events of applications of the last hour by kind.
        workers: Seconds since each one's heart beat last, by id.
    """

    targets: Mapping[str, int]
    findings: Mapping[tuple[str, str], int]
    scans: Mapping[str, int]
    oldest: float
    deliveries: Mapping[str, int]
    unrouted: int
    events: Mapping[str, int]
    workers: Mapping[str, float]


def figures(connection: Connection, now: float) -> Figures:
    """Count everything.

    Args:
        connection: For reading.
        now: Seconds since 1970.
    """

    def rows(statement: Any) -> Any:
        return connection.execute(statement).all()

    f, s, d, e = FINDINGS.c, SCANS.c, DELIVERIES.c, EVENTS.c
    there = TARGETS.c.removed_at.is_(None)
    waiting = connection.execute(select(func.min(s.asked_at)).where(s.state == "queued")).scalar()
    by_state = select(f.state, f.rank, func.count()).group_by(f.state, f.rank)
    lately = select(e.kind, func.count()).where(e.at > now - 3_600).group_by(e.kind)
    beats = clock(connection, now)
    return Figures(
        targets=dict(
            rows(select(TARGETS.c.grade, func.count()).where(there).group_by(TARGETS.c.grade))
        ),
        findings={(state, _SEVERITIES[rank]): number for state, rank, number in rows(by_state)},
        scans=dict(rows(select(s.state, func.count()).group_by(s.state))),
        oldest=0.0 if waiting is None else max(0.0, now - waiting),
        deliveries=dict(rows(select(d.state, func.count()).group_by(d.state))),
        unrouted=connection.execute(
            select(func.count()).where(ALERTS.c.routed.is_(false()))
        ).scalar_one(),
        events=dict(rows(lately)),
        workers={
            row.id: max(0.0, beats - row.beat_at)
            for row in rows(select(WORKERS.c.id, WORKERS.c.beat_at))
        },
    )

"""What time itself brings: schedules, acceptances that end, findings that are open for too long, dead workers.

Every function may be called at any time by any number of workers: what is done is claimed in the statement that
writes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Row, or_, select, update

from buckler.watch import sla
from buckler.watch.alerts import kinds
from buckler.watch.alerts.kinds import About
from buckler.watch.db import alerts, findings, scans, workers
from buckler.watch.db.database import Database
from buckler.watch.db.findings import FINDINGS
from buckler.watch.db.targets import TARGETS
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM, Engine
from buckler.watch.life import UNSOLVED, State
from buckler.watch.schedule import Schedule, tick

log = logging.getLogger("buckler.watch")
DEAD_AFTER: Final = 6.0
"""Seconds without a heartbeat after which a worker counts as gone."""
MOST: Final = 500
STRANGERS_EVERY: Final = 10
UNHEARD: Final = 0
"""Beats of a worker of which nothing is known but that it has begun something."""


def schedules(database: Database, now: float) -> int:
    """Ask for the scans whose time has come; how many."""
    with database.read() as connection:
        rows = connection.execute(
            select(TARGETS).where(
                TARGETS.c.schedule != "",
                TARGETS.c.removed_at.is_(None),
                TARGETS.c.kind != "pushed",
            )
        ).all()
    return sum(_scheduled(database, row, now) for row in rows)


def _scheduled(database: Database, row: Row[Any], now: float) -> bool:
    try:
        found = tick(Schedule(row.schedule, row.zone), row.next_at, now)
    except RefusedError as error:
        # It was right when it was given: the machine's time zones have changed since.
        log.warning("target %s is not scheduled: %s", row.id, error.message)
        return False
    if found.next_at == row.next_at:
        return False
    before = (
        TARGETS.c.next_at.is_(None) if row.next_at is None else TARGETS.c.next_at == row.next_at
    )
    with database.write() as connection:
        claimed = connection.execute(
            update(TARGETS).where(TARGETS.c.id == row.id, before).values(next_at=found.next_at)
        ).rowcount
        if not claimed or not found.scan:
            return False
        scans.request(connection, SYSTEM, row.id, now)
        return True


def hand_over(database: Database, engine: Engine, now: float) -> int:
    """Give the engine the scans that were asked for; how many."""
    with database.read() as connection:
        rows = scans.waiting(connection)
    for row in rows:
        engine.enqueue(row.id, row.target_id)
        # Only now: who dies in between hands it over again, which the engine does not mind.
        with database.write() as connection:
            scans.handed(connection, row.id, now)
    return len(rows)


_ENDING: Final = (State.ACCEPTED.value, State.FALSE_ALARM.value)


def acceptances(database: Database, now: float) -> int:
    """Open again what was accepted, or stated to be none, until now; how many."""
    f = FINDINGS.c
    with database.write() as connection:
        rows = connection.execute(
            select(*findings.BRIEF, TARGETS.c.sla)
            .join(TARGETS, TARGETS.c.id == f.target_id)
            .where(f.state.in_(_ENDING), f.accepted_until <= now, TARGETS.c.removed_at.is_(None))
            .limit(MOST)
            .with_for_update(of=FINDINGS, skip_locked=True)
        ).all()
        changed, history, told = [], [], []
        for row in rows:
            until = f"{row.accepted_until:.0f}"
            changed.append(
                {
                    "id": row.id,
                    "state": State.OPEN.value,
                    "opened_at": now,
                    "due_at": sla.due(row.severity, now, row.sla),
                    "told": "",
                    "accepted_until": None,
                    "accepted_by": "",
                    "by_code": False,
                    "version": row.version + 1,
                }
            )
            history.append(
                {
                    "finding_id": row.id,
                    "at": now,
                    "who": "watch",
                    "what": "state",
                    "before": row.state,
                    "after": State.OPEN.value,
                    "reason": f"the date has come until which it was {row.state.replace('_', ' ')}",
                }
            )
            told.append(
                kinds.of_finding("acceptance_expired", about(row), row.target_id, now, once=until)
            )
        findings.update_all(connection, changed)
        findings.note(connection, history)
        alerts.add(connection, told)
        return len(rows)


def late(database: Database, now: float) -> int:
    """Warn of findings that are open for almost or more than as long as they may be, each stage once; how many."""
    f = FINDINGS.c
    longest = sla.WARN_SHARE * sla.LONGEST * sla.DAY
    with database.write() as connection:
        rows = connection.execute(
            select(*findings.BRIEF)
            .join(TARGETS, TARGETS.c.id == f.target_id)
            .where(
                f.state.in_([state.value for state in UNSOLVED]),
                TARGETS.c.removed_at.is_(None),
                f.told != "broken",
                f.due_at <= now + longest,
                or_(f.due_at <= now, f.told == ""),
                or_(f.due_at <= now, f.due_at - now <= sla.WARN_SHARE * (f.due_at - f.opened_at)),
            )
            .limit(MOST)
            .with_for_update(of=FINDINGS, skip_locked=True)
        ).all()
        changed, told = [], []
        for row in rows:
            stage = sla.stage(now, row.opened_at, row.due_at)
            if not stage or stage == row.told:
                continue
            changed.append({"id": row.id, "told": stage})
            once = f"{row.due_at:.0f}"
            kind = f"sla_{stage}"
            told.append(kinds.of_finding(kind, about(row), row.target_id, now, once=once))
        findings.update_all(connection, changed)
        alerts.add(connection, told)
        return len(changed)


def about(row: Any) -> About:
    """What an alert tells of a finding."""
    return About(
        id=row.id,
        rule=row.rule,
        title=row.title,
        severity=row.severity,
        message=row.message,
        operation=row.operation,
        path=row.path,
        line=row.line,
    )


def retention(database: Database, engine: Engine, before: float) -> int:
    """Delete what nobody needs any more: old reports, deliveries that arrived, what the engine remembers; how many rows.

    Findings, their history, alerts and scans stay: they are what watch is for.
    """
    with database.write() as connection:
        dropped = scans.drop_reports(connection, before) + alerts.drop_deliveries(
            connection, before
        )
    engine.forget(before)
    return dropped


class Reaper:
    """Finds workers that are gone, and lets others do what they had begun.

    A worker is gone when its heart has not beaten for some seconds of this process' own monotonic clock, whatever
    the clocks on the walls say: a machine that slept or a clock that jumped kills nobody.

    Args:
        database: Of the heartbeats.
        engine: Queues again what they had.
        monotonic: Seconds.
    """

    def __init__(self, database: Database, engine: Engine, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._engine = engine
        self._monotonic = monotonic
        self._seen: dict[str, tuple[int, float]] = {}
        self._calls = 0

    def reap(self) -> Sequence[str]:
        """Ids of the workers that were found to be gone."""
        at = self._monotonic()
        with self._database.read() as connection:
            beats = {row.id: row.beats for row in workers.listed(connection)}
        self._calls += 1
        if self._calls % STRANGERS_EVERY == 0 or self._unheard():
            # Who was thought dead, woke, took something and died has no heart that could stop.
            beats.update(dict.fromkeys(self._engine.owners() - beats.keys(), UNHEARD))
        self._seen = {
            one: self._seen[one] if self._seen.get(one, (-1, 0.0))[0] == count else (count, at)
            for one, count in beats.items()
        }
        gone = [
            one
            for one, (_, since) in self._seen.items()
            if one != self._engine.worker and at - since >= DEAD_AFTER
        ]
        if gone:
            self.bury(gone)
        return gone

    def _unheard(self) -> bool:
        return any(count == UNHEARD for count, _ in self._seen.values())

    def bury(self, gone: Sequence[str]) -> None:
        """Let others do what these had begun. Who dies in the middle leaves it to the next one."""
        with self._database.alone("reaper"):
            taken = self._engine.take_over(gone)
            with self._database.write() as connection:
                alerts.release(connection, gone)
                workers.forget(connection, gone)
        log.log(
            logging.WARNING if taken else logging.INFO,
            "workers that are gone: %d; scans that are queued again: %d",
            len(gone),
            taken,
        )

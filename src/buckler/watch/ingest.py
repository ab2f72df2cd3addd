"""Takes a report in: findings, their history and the alerts about them, all in one transaction or not at all.

The same scan taken in twice is once; the attempt that lost its scan to another worker stores nothing; a report that
was begun before the one that the findings stand by, or is of another branch, is kept and changes no finding.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row, update

from buckler.core.finding import Severity
from buckler.watch import sla
from buckler.watch.alerts import kinds
from buckler.watch.alerts.kinds import About
from buckler.watch.db import alerts, findings, inventories, scans, targets
from buckler.watch.db.database import Database
from buckler.watch.db.metadata import new_id
from buckler.watch.db.targets import TARGETS
from buckler.watch.interface import SYSTEM
from buckler.watch.life import UNSOLVED, Change, Known, Looked, State, changes
from buckler.watch.reports.values import Read, Seen

_ORDER: Final = ("A+", "A", "B", "C", "D", "E", "F")
ADVISORIES: Final = "advisories"
"""The kind of a scan that matched a stored inventory with new advisories."""
_LESS: Final = 0.005
"""By which the share of operations may differ without that it is less."""
_TOLD: Final = {
    "new": "new",
    "regressed": "regressed",
    "unsuppressed": "regressed",
    "fixed": "fixed",
}
"""Which changes are told, and as which kind of alert."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a report.

    Attributes:
        changes: Number of changes by kind.
        note: Why it changed no finding; empty where it might.
        again: Whether it was taken in before.
    """

    changes: Mapping[str, int]
    note: str = ""
    again: bool = False


def ingest(
    database: Database, scan_id: str, attempt: int, report: Read, body: bytes, now: float
) -> Taken:
    """Take a report in.

    Args:
        database: Where.
        scan_id: Whose report it is.
        attempt: That the caller began.
        report: As it was read.
        body: As it came.
        now: Seconds since 1970.

    Raises:
        MissingError: There is no such scan, or its target was removed.
        SupersededError: Another attempt has begun.
    """
    with database.write() as connection:
        scan = scans.get(connection, SYSTEM, scan_id)
        target = targets.get(connection, SYSTEM, scan.target_id, lock=True)
        note = _aside(target, scan, report.tool)
        values: dict[str, Any] = {
            "ended_at": now,
            "grade": report.grade,
            "score": report.score,
            "reached": report.reached,
            "counts": report.counts(),
            "engines": sorted(report.looked.engines),
            "why": note or report.failed,
        }
        if not scans.end(connection, scan_id, attempt, "done", values):
            return Taken({}, again=True)
        scans.keep_report(connection, scan_id, body)
        if note:
            return Taken({}, note)
        made, first = apply(connection, target, scan, report, now)
        if first:
            alerts.add(connection, [_first(target, scan, report, now)])
        elif not report.tool:
            alerts.add(connection, list(_worse(target, scan, report, now)))
        if not report.tool and scan.kind != ADVISORIES:
            _stand(connection, target, scan, report, now)
        connection.execute(
            update(scans.SCANS).where(scans.SCANS.c.id == scan_id).values(changes=dict(made))
        )
        return Taken(made)


def apply(
    connection: Connection, target: Row[Any], scan: Row[Any], report: Read, now: float
) -> tuple[Counter[str], bool]:
    """Bring the findings of a locked target to what a report says.

    Returns:
        Number of changes by kind, and whether it was the first report of its tool.
    """
    rows = {row.fingerprint: row for row in findings.of_target(connection, target.id)}
    seen = {one.fingerprint: one for one in report.findings}
    suppressed = {key for key, one in seen.items() if one.suppression}
    known = {key: known_of(row) for key, row in rows.items()}
    looked = _looked(connection, target, report)
    steps = {c.fingerprint: c for c in changes(known, seen, suppressed, looked)}
    first = _is_first(target, rows.values(), report)
    made = _Written(target, scan, report.tool, now, silent=first)
    for fingerprint, one in seen.items():
        made.seen(one, rows.get(fingerprint), steps.get(fingerprint))
    for fingerprint, step in steps.items():
        if fingerprint not in seen:
            made.gone(rows[fingerprint], step)
    findings.add_all(connection, made.new)
    findings.update_all(connection, made.changed)
    findings.update_all(connection, made.still)
    findings.update_all(connection, made.closed)
    findings.note(connection, made.history)
    alerts.add(connection, made.alerts)
    return Counter(step.kind for step in steps.values()), first


def _is_first(target: Row[Any], rows: Iterable[Row[Any]], report: Read) -> bool:
    """Whether it is the first report of its tool: it says how things are, and nothing that changed."""
    if not report.tool:
        return target.reported_at is None
    return all(row.tool != report.tool for row in rows)


def _looked(connection: Connection, target: Row[Any], report: Read) -> Looked:
    """What it looked at; advisories older than those that were known before close nothing."""
    if report.date >= inventories.date(connection, target.id):
        return report.looked
    return replace(report.looked, engines=report.looked.engines - {"packages"})


def known_of(row: Row[Any]) -> Known:
    """What the life of a finding needs of its row."""
    return Known(
        fingerprint=row.fingerprint,
        state=State(row.state),
        by_code=row.by_code,
        rule=row.rule,
        engines=frozenset(row.engines),
        operation=row.operation,
        slot=row.slot,
        path=row.path,
        tool=row.tool,
    )


class _Written:
    """Rows to be written, gathered so that each table is written once."""

    def __init__(
        self, target: Row[Any], scan: Row[Any], tool: str, now: float, *, silent: bool
    ) -> None:
        self._target = target
        self._scan = scan
        self._tool = tool
        self._now = now
        self._silent = silent
        self.new: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        self.still: list[dict[str, Any]] = []
        self.closed: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.alerts: list[dict[str, Any]] = []

    def seen(self, one: Seen, row: Row[Any] | None, step: Change | None) -> None:
        """A finding of the report, with what was known of it and what follows."""
        told = _content(one)
        if row is None:
            life = self._life(one, None, step)
            first = {"id": new_id(), "target_id": self._target.id, "fingerprint": one.fingerprint}
            rest = {"first_at": self._now, "assignee": "", "tool": self._tool, "version": 1}
            self.new.append({**first, **rest, **told, **life})
            self._note(str(first["id"]), one, step)
        elif step is not None or told["digest"] != row.digest:
            life = self._life(one, row, step)
            self.changed.append({"id": row.id, **told, **life, "version": row.version + 1})
            if one.severity.value != row.severity:
                self._severity(row, one)
            self._note(row.id, one, step)
        else:
            self.still.append({"id": row.id, "last_at": self._now})

    def gone(self, row: Row[Any], step: Change) -> None:
        """A finding that the report would have, if it were still there."""
        over = {"opened_at": None, "due_at": None, "told": "", "accepted_until": None}
        rest = {"by_code": False, "accepted_by": "", "reason": "", "version": row.version + 1}
        self.closed.append({"id": row.id, "state": step.after.value, **over, **rest})
        self._told(About(**{key: row._mapping[key] for key in _ABOUT}), step)

    def _life(self, one: Seen, row: Row[Any] | None, step: Change | None) -> dict[str, Any]:
        """The columns that say how it stands."""
        state = step.after if step is not None else State(row.state if row is not None else "open")
        opens = step is not None and state in UNSOLVED
        opened = self._now if opens or row is None else row.opened_at
        late = row.told if row is not None and not opens else ""
        keeps = step is None and row is not None
        return {
            "state": state.value,
            "last_at": self._now,
            "by_code": row.by_code if keeps and row is not None else state is State.FALSE_ALARM,
            "opened_at": opened if state in UNSOLVED else None,
            "due_at": sla.due(one.severity.value, opened, self._target.sla)
            if state in UNSOLVED and opened is not None
            else None,
            "told": late,
            "accepted_until": row.accepted_until if keeps and row is not None else None,
            "accepted_by": row.accepted_by if keeps and row is not None else "",
            "reason": row.reason if keeps and row is not None else one.suppression,
        }

    def _severity(self, row: Row[Any], one: Seen) -> None:
        self.history.append(
            {
                "finding_id": row.id,
                "at": self._now,
                "who": "watch",
                "what": "severity",
                "before": row.severity,
                "after": one.severity.value,
                "scan_id": self._scan.id,
            }
        )

    def _note(self, finding_id: str, one: Seen, step: Change | None) -> None:
        if step is None:
            return
        about = About(
            id=finding_id,
            rule=one.rule,
            title=one.title,
            severity=one.severity.value,
            message=one.message,
            operation=one.operation,
            path=one.path,
            line=one.line,
        )
        self._told(about, step, one.suppression)

    def _told(self, about: About, step: Change, reason: str = "") -> None:
        self.history.append(
            {
                "finding_id": about.id,
                "at": self._now,
                "who": "watch",
                "what": "state",
                "before": step.before or "",
                "after": step.after.value,
                "reason": reason,
                "scan_id": self._scan.id,
            }
        )
        kind = _TOLD.get(step.kind)
        if self._scan.kind == ADVISORIES and kind == "new":
            kind = "advisory_published"
        if kind is not None and not self._silent:
            once, target_id = self._scan.id, self._target.id
            self.alerts.append(
                kinds.of_finding(kind, about, target_id, self._now, once=once, scan_id=once)
            )


_ABOUT: Final = ("id", "rule", "title", "severity", "message", "operation", "path", "line")


def _content(one: Seen) -> dict[str, Any]:
    """The columns that say what it is."""
    made: dict[str, Any] = {
        "rule": one.rule,
        "title": one.title,
        "severity": one.severity.value,
        "rank": one.severity.rank,
        "confidence": one.confidence,
        "message": one.message,
        "path": one.path,
        "line": one.line,
        "operation": one.operation,
        "slot": one.slot,
        "subject": one.subject,
        "detail": dict(one.detail),
        "engines": sorted(one.engines),
    }
    text = json.dumps([made, one.suppression], sort_keys=True)
    return {**made, "digest": hashlib.sha256(text.encode()).hexdigest()}


def _aside(target: Row[Any], scan: Row[Any], tool: str) -> str:
    """Why a report changes no finding, or an empty text."""
    if scan.branch != target.branch:
        return (
            f"of the branch {scan.branch}; findings stand by {target.branch or 'the default one'}"
        )
    if scan.kind == ADVISORIES or tool:
        return ""
    if (
        target.seen_until is not None
        and scan.begun_at < target.seen_until <= scan.asked_at + _AHEAD
    ):
        return "a report that was begun later is known already"
    return ""


_AHEAD: Final = 86_400.0
"""Further ahead than this is no later report but a clock that was set back."""


def _stand(
    connection: Connection, target: Row[Any], scan: Row[Any], report: Read, now: float
) -> None:
    """How the target stands now."""
    values: dict[str, Any] = {"reported_at": now, "seen_until": scan.begun_at}
    if report.grade:
        values.update(grade=report.grade, score=report.score)
    if report.reached is not None and report.looked.whole:
        values["reached"] = report.reached
    connection.execute(update(TARGETS).where(TARGETS.c.id == target.id).values(**values))
    if report.packages is not None and report.date >= inventories.date(connection, target.id):
        inventories.put(connection, target.id, scan.id, report.date, report.packages)


def _first(target: Row[Any], scan: Row[Any], report: Read, now: float) -> dict[str, Any]:
    """One alert in place of one for each finding: there was nothing before that could have changed."""
    counts = report.counts()
    worst = next((s for s in Severity if counts[s]), Severity.INFO)
    told = ", ".join(f"{counts[s]} {s}" for s in Severity if counts[s]) or "no finding"
    return kinds.of_target(
        "first_report",
        target.id,
        now,
        once=f"{report.tool}:{scan.id}",
        scan_id=scan.id,
        severity=worst.value,
        title=f"First report{' of ' + report.tool if report.tool else ''}: {told}",
        fields={s.value: counts[s] for s in Severity},
    )


def _worse(target: Row[Any], scan: Row[Any], report: Read, now: float) -> Iterator[dict[str, Any]]:
    """Alerts about a target that stands worse than before."""
    told = {"once": scan.id, "scan_id": scan.id}
    if report.grade and target.grade and _ORDER.index(report.grade) > _ORDER.index(target.grade):
        yield kinds.of_target(
            "grade_dropped",
            target.id,
            now,
            **told,
            title=f"The grade dropped from {target.grade} to {report.grade}",
            fields={"before": target.grade, "after": report.grade},
        )
    if target.reached is not None and (
        report.failed or (report.reached is not None and report.reached < target.reached - _LESS)
    ):
        yield kinds.of_target(
            "reached_less",
            target.id,
            now,
            **told,
            title="The scan reached less than the one before",
            text=report.failed,
            fields={"before": target.reached, "after": report.reached or 0.0},
        )

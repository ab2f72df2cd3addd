"""Takes a report in: findings, their history and the alerts about them, all in one transaction or not at all.

The same scan taken in twice is once; the attempt that lost its scan to another worker stores nothing; a report that
was begun before the one that the findings stand by, or is of another branch, is kept and changes no finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row, update

from buckler.core.finding import Severity
from buckler.watch.alerts import kinds
from buckler.watch.db import alerts, findings, inventories, scans, targets
from buckler.watch.db.database import Database
from buckler.watch.db.targets import TARGETS
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.life import Known, State, changes
from buckler.watch.reports.values import Read
from buckler.watch.vex import stated
from buckler.watch.writing import ADVISED, ADVISORIES, Written

_ORDER: Final = ("A+", "A", "B", "C", "D", "E", "F")
_LESS: Final = 0.005
"""By which the share of operations may differ without that it is less."""


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
        return take(connection, scan_id, attempt, report, body, now)


def push(
    database: Database,
    caller: Caller,
    target_id: str,
    report: Read,
    body: bytes,
    now: float,
    *,
    branch: str | None = None,
    revision: str = "",
) -> tuple[str, Taken]:
    """Take in a report that was made elsewhere; the scan that it is written down as, and what became of it.

    Raises:
        MissingError: There is no such target that the caller may see.
    """
    with database.write() as connection:
        scan_id = scans.pushed(
            connection, caller, target_id, now, kind="push", branch=branch, revision=revision
        )
        return scan_id, take(connection, scan_id, 1, report, body, now)


def take(
    connection: Connection, scan_id: str, attempt: int, report: Read, body: bytes, now: float
) -> Taken:
    """The same as :func:`ingest`, in the caller's transaction.

    Raises:
        MissingError: There is no such scan, or its target was removed.
        SupersededError: Another attempt has begun.
    """
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
    if body:
        scans.keep_report(connection, scan_id, body)
    if note:
        return Taken({}, note)
    report = stated.annotated(connection, target, _current(connection, target, report), now)
    made, first = apply(connection, target, scan, report, now)
    if not report.tool:
        stated.reconcile(connection, target, now)
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
    steps = {c.fingerprint: c for c in changes(known, seen, suppressed, report.looked)}
    first = _is_first(target, rows.values(), report)
    made = Written(target, scan, report.tool, now, silent=first)
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


def _current(connection: Connection, target: Row[Any], report: Read) -> Read:
    """The report without what it says by advisories that are older than those that were known before.

    What it says of the packages themselves is kept with its date, so that they are matched again.
    """
    if report.tool or report.date >= inventories.date(connection, target.id):
        return report
    looked = replace(report.looked, engines=report.looked.engines - {"packages"})
    left = tuple(one for one in report.findings if one.rule != ADVISED)
    return replace(report, findings=left, looked=looked)


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
    if report.packages is not None:
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

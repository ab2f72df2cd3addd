"""What people state about the weaknesses of a target's packages, and the findings that this closes.

Threat: a statement that is taken for more than it says hides a hole: it counts for the weakness, the package and the
version that it names, while it lasts, and a later one takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, select

from buckler.scan.engines.packages.documents import reading
from buckler.scan.engines.packages.documents.answers import Answer, Answers
from buckler.scan.engines.packages.documents.bill import Application
from buckler.watch import sla
from buckler.watch.db import findings, targets, vex
from buckler.watch.db.findings import FINDINGS
from buckler.watch.db.metadata import new_id
from buckler.watch.errors import RefusedError
from buckler.watch.interface import Caller
from buckler.watch.life import UNSOLVED, State
from buckler.watch.reports.values import Read
from buckler.watch.writing import ADVISED

BY: Final = "vex"
"""Who answers for a finding that a statement closed."""
MOST_DOCUMENTS: Final = 20
MOST_BYTES: Final = 2 * 1024**2
MOST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a finding is none.

    Attributes:
        reason: What is stated, and by which document.
        until: When that ends, seconds since 1970; None for never.
    """

    reason: str
    until: float | None


class Stated:
    """All that the documents of a target say.

    Args:
        connection: For reading.
        target: Row of the target.
        now: Seconds since 1970.
    """

    def __init__(self, connection: Connection, target: Row[Any], now: float) -> None:
        rows = vex.bodies(connection, target.id)
        said = [one for row in rows for one in reading.read(row.name, row.body)[0]]
        self.there = bool(rows)
        application = Application(canonicalize_name(target.name), stated=True)
        self._answers = Answers(said, application, datetime.fromtimestamp(now, UTC))

    def closing(self, rule: str, detail: Mapping[str, Any]) -> Closing | None:
        """Why a finding is closed: every advisory that it tells of is, by a statement that lasts."""
        found = [self._answer(proof) for proof in _advisories(rule, detail)]
        closing = [a.statement for a in found if a and not a.over and a.statement.status.closes]
        if not found or len(closing) < len(found):
            return None
        ends = [one.expires.timestamp() for one in closing if one.expires is not None]
        reason = " · ".join(dict.fromkeys(one.reason for one in closing))
        return Closing(reason[:MOST_REASON], min(ends, default=None))

    def _answer(self, proof: Mapping[str, Any]) -> Answer | None:
        aliases = proof.get("aliases")
        names = [proof.get("advisory"), *(aliases if isinstance(aliases, list) else ())]
        return self._answers.about(
            str(proof.get("package", "")),
            str(proof.get("installed", "")),
            [name for name in names if isinstance(name, str) and name],
        )


def add(
    connection: Connection, caller: Caller, target_id: str, name: str, body: bytes, now: float
) -> tuple[str, dict[str, int]]:
    """Keep a document for a target, and close what it closes; its id, and how many findings changed.

    Args:
        connection: In a transaction that writes.
        caller: Who gives it.
        target_id: For which target.
        name: That reasons are told by, e.g. the name of its file.
        body: OpenVEX 0.2.0 or CycloneDX 1.4 to 1.7, as JSON.
        now: Seconds since 1970.

    Raises:
        MissingError: There is no such target that the caller may see.
        RefusedError: It cannot be read, or there are too many.
    """
    target = targets.get(connection, caller, target_id, lock=True)
    if len(body) > MOST_BYTES:
        raise RefusedError(f"document: more than {MOST_BYTES // 1024**2} MiB")
    if len(vex.listed(connection, caller, target_id)) >= MOST_DOCUMENTS:
        raise RefusedError(f"document: {MOST_DOCUMENTS} of a target are the most")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError("document: it is not UTF-8") from error
    said, problems = reading.read(name, text)
    if problems or not said:
        first = problems[0] if problems else None
        told = f"{first.what}, line {first.line}" if first else "it states nothing"
        raise RefusedError(f"document: {told}", hint=first.hint if first else "")
    made = new_id()
    values = {"id": made, "target_id": target_id, "name": name, "by": caller.id, "at": now}
    vex.add(connection, {**values, "body": text})
    return made, reconcile(connection, target, now, who=caller.id)


def remove(
    connection: Connection, caller: Caller, target_id: str, vex_id: str, now: float
) -> dict[str, int]:
    """Delete a document, and open again what it alone closed; how many findings changed.

    Raises:
        MissingError: There is none that the caller may see.
    """
    target = targets.get(connection, caller, target_id, lock=True)
    vex.remove(connection, target_id, vex_id)
    return reconcile(connection, target, now, who=caller.id)


def annotated(connection: Connection, target: Row[Any], report: Read, now: float) -> Read:
    """A report in which what is stated closes findings, as statements beside the code do."""
    stated = Stated(connection, target, now)
    if not stated.there:
        return report
    found = []
    for one in report.findings:
        closing = None if one.suppression else stated.closing(one.rule, one.detail)
        found.append(one if closing is None else replace(one, suppression=closing.reason))
    return replace(report, findings=tuple(found))


def reconcile(
    connection: Connection, target: Row[Any], now: float, *, who: str = "watch"
) -> dict[str, int]:
    """Bring the findings of a locked target to what its documents say; how many were closed and opened."""
    stated = Stated(connection, target, now)
    f = FINDINGS.c
    wanted = (f.target_id == target.id) & (f.rule == ADVISED) & (f.tool == "")
    if not stated.there:
        wanted &= f.accepted_by == BY
    rows = connection.execute(findings.locked(select(FINDINGS).where(wanted))).all()
    changed, history = [], []
    made = {"closed": 0, "opened": 0}
    for row in rows:
        closing = stated.closing(row.rule, row.detail)
        for values in _steps(row, closing, target, now):
            changed.append({"id": row.id, "version": row.version + 1, **values})
            if values["state"] != row.state:
                made["opened" if closing is None else "closed"] += 1
                history.append(_entry(row, values, closing, now, who))
    findings.update_all(connection, changed)
    findings.note(connection, history)
    return made


def _steps(
    row: Row[Any], closing: Closing | None, target: Row[Any], now: float
) -> Iterator[dict[str, Any]]:
    """The columns of a finding that changes; none where it stays as it is."""
    ours = row.state == State.FALSE_ALARM and row.accepted_by == BY
    fresh = row.state == State.FALSE_ALARM and row.by_code and not row.accepted_by
    if closing is not None and (row.state in UNSOLVED or fresh or ours):
        same = ours and (row.accepted_until, row.reason) == (closing.until, closing.reason)
        # What a statement beside the code closed says so itself.
        if same or (fresh and row.reason != closing.reason):
            return
        yield {
            "state": State.FALSE_ALARM.value,
            "by_code": True,
            "opened_at": None,
            "due_at": None,
            "told": "",
            "accepted_until": closing.until,
            "accepted_by": BY,
            "reason": closing.reason,
        }
    elif closing is None and ours:
        yield {
            "state": State.OPEN.value,
            "by_code": False,
            "opened_at": now,
            "due_at": sla.due(row.severity, now, target.sla),
            "told": "",
            "accepted_until": None,
            "accepted_by": "",
            "reason": "",
        }


def _entry(
    row: Row[Any], values: Mapping[str, Any], closing: Closing | None, now: float, who: str
) -> dict[str, Any]:
    return {
        "finding_id": row.id,
        "at": now,
        "who": who,
        "what": "state",
        "before": row.state,
        "after": values["state"],
        "reason": closing.reason
        if closing is not None
        else "nothing that lasts states it any more",
    }


def _advisories(rule: str, detail: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What a finding tells of advisories; a report that was pushed may hold anything."""
    proofs = detail.get("proof") if rule == ADVISED else None
    return [
        one
        for one in (proofs if isinstance(proofs, list) else ())
        if isinstance(one, dict) and one.get("kind") == "advisory"
    ]

"""What a report changes, gathered as rows so that each table is written once, however many findings there are."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from sqlalchemy import Row

from buckler.watch import sla
from buckler.watch.alerts import kinds
from buckler.watch.alerts.kinds import About
from buckler.watch.db.metadata import new_id
from buckler.watch.life import UNSOLVED, Change, State
from buckler.watch.reports.values import Seen

ADVISED: Final = "PKG004"
"""The rule whose findings come of advisories."""
ADVISORIES: Final = "advisories"
"""The kind of a scan that matched a stored inventory with new advisories."""
_TOLD: Final = {
    "new": "new",
    "regressed": "regressed",
    "unsuppressed": "regressed",
    "fixed": "fixed",
}
"""Which changes are told, and as which kind of alert."""


class Written:
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
        elif step is not None or self._differs(told, row):
            life = self._life(one, row, step)
            self.changed.append({"id": row.id, **told, **life, "version": row.version + 1})
            if one.severity.value != row.severity:
                self._severity(row, one)
            self._note(row.id, one, step)
        else:
            self.still.append({"id": row.id, "last_at": self._now})

    def _differs(self, told: dict[str, Any], row: Row[Any]) -> bool:
        if self._scan.kind == ADVISORIES:
            # It knows less than the scan did: only what it says of the weakness itself counts.
            return bool(told["severity"] != row.severity)
        return bool(told["digest"] != row.digest)

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

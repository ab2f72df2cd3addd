"""What is taken out of a report, whichever tool made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buckler.core.finding import Severity
from buckler.watch.life import Looked


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One finding of a report.

    Attributes:
        fingerprint: Under which it is known again.
        rule: Id of the rule, or its name with the other tool.
        title: Of the rule.
        severity: Of it.
        confidence: ``proved``, ``observed`` or ``suspected``.
        message: One sentence.
        path: File, or None.
        line: 1-based, or None.
        operation: ``METHOD /route/{template}``, or None.
        slot: Where the input goes, or None.
        subject: What it is about where it is neither a place nor an operation.
        engines: That have to look again before it counts as gone.
        detail: Evidence and what else there is to show; JSON values.
        suppression: Why the code sets it apart; empty where it does not.
    """

    fingerprint: str
    rule: str
    title: str
    severity: Severity
    confidence: str
    message: str
    path: str | None = None
    line: int | None = None
    operation: str | None = None
    slot: str | None = None
    subject: str = ""
    engines: frozenset[str] = frozenset()
    detail: Mapping[str, Any] = field(default_factory=dict)
    suppression: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A report that was read.

    Attributes:
        tool: Whose it is; empty for Buckler's own.
        findings: All of them, each fingerprint once.
        looked: What it looked at.
        grade: Empty where it has none, or a provisional one.
        score: The same as a number, or None.
        reached: Share of operations that were reached, or None where none were to be.
        packages: What the target has, as ``inventory`` of the report has it; None where it was not looked at.
        date: Of the advisories that these were matched with.
        failed: Why the application did not run, or an empty text.
    """

    tool: str = ""
    findings: tuple[Seen, ...]
    looked: Looked
    grade: str = ""
    score: int | None = None
    reached: float | None = None
    packages: tuple[Mapping[str, Any], ...] | None = None
    date: str = ""
    failed: str = ""

    def counts(self) -> dict[str, int]:
        """Number of findings of each severity that are not suppressed."""
        shown = [f.severity for f in self.findings if not f.suppression]
        return {severity.value: shown.count(severity) for severity in Severity}

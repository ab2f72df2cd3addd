"""What a scan has to say: a weakness, where it is, how sure we are, and what shows it.

Severity says how bad it would be; confidence says how well it is known. The two are
never mixed: a suspicion of something terrible stays a suspicion.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

_INSTALLED: Final = re.compile(r".*/(?=(?:site|dist)-packages/)", re.DOTALL)
"""Where an environment lies, and of which Python it is, differs from machine to machine."""
VEX = "vex"
"""What a finding's context calls the statements that close it: files and lines."""


class Severity(StrEnum):
    """How bad a weakness is once it is used, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst; sorts findings worst first."""
        return list(Severity).index(self)

    def at_least(self, other: Severity) -> bool:
        """Whether this is as bad as ``other`` or worse."""
        return self.rank <= other.rank


class Confidence(StrEnum):
    """How well a finding is known."""

    PROVED = "proved"
    """Reproduced: there is a request, and it was seen where it landed."""
    OBSERVED = "observed"
    """A fact read off the running application or one of its answers."""
    SUSPECTED = "suspected"
    """Inferred from source; nothing was run that shows it."""

    @property
    def rank(self) -> int:
        """0 for the most certain."""
        return list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a weakness is: in the code, and in the interface.

    Attributes:
        path: File, relative to the scanned folder, with ``/``; None where no file is known.
        line: 1-based line of ``path``.
        operation: ``METHOD /route/{template}``, or None.
        slot: Where the input goes: ``query:q``, ``json:address.city``, ``header:x-name``.
    """

    path: str | None = None
    line: int | None = None
    operation: str | None = None
    slot: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape of the report."""
        return {
            "path": self.path,
            "line": self.line,
            "operation": self.operation,
            "slot": self.slot,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence.

    Attributes:
        kind: ``exchange`` (request and answer), ``sink`` (a dangerous call that the input
            reached), ``flow`` (steps through the source), ``setting`` (what was read),
            ``matrix`` (identity, operation, object) or ``advisory``.
        data: The shape that docs/report.md gives for the kind; JSON values only, redacted.
    """

    kind: str
    data: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The JSON shape of the report."""
        return {"kind": self.kind, **self.data}


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness at one place, with all that is known of it.

    Attributes:
        rule: Id of the rule, e.g. ``INJ001``.
        message: One sentence: what is wrong here.
        severity: How bad it is here; a rule's own severity unless it says otherwise.
        confidence: How well it is known.
        location: Where.
        proof: The evidence, strongest first.
        anchor: Text that stays when lines move (the line of code, a setting's name);
            goes into the fingerprint instead of the line number.
        subject: What the finding is about when it is neither a place nor an operation.
    """

    rule: str
    message: str
    severity: Severity
    confidence: Confidence
    location: Location
    proof: tuple[Proof, ...] = ()
    anchor: str = ""
    subject: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """A name for this weakness that survives moved lines: 16 hexadecimal digits."""
        place = self.location
        parts = (
            self.rule,
            place.operation or "",
            place.slot or "",
            _INSTALLED.sub("", place.path or ""),
            " ".join(self.anchor.split()),
            self.subject,
        )
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def merged(self, other: Finding) -> Finding:
        """The same weakness seen twice: the strongest confidence and all the evidence."""
        first, second = sorted((self, other), key=lambda item: item.confidence.rank)
        evidence = first.proof + tuple(p for p in second.proof if p not in first.proof)
        worst = min(first.severity, second.severity, key=lambda item: item.rank)
        return replace(first, proof=evidence, severity=worst)


def sort_key(finding: Finding) -> tuple[Any, ...]:
    """Worst first, then most certain, then by place, so that two scans list alike."""
    place = finding.location
    return (
        finding.severity.rank,
        finding.confidence.rank,
        finding.rule,
        place.path or "",
        place.line or 0,
        place.operation or "",
        place.slot or "",
        finding.fingerprint,
    )

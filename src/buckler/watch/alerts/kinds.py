"""Which alerts there are, and the rows of the outbox that tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from buckler.core.finding import Severity
from buckler.notify.interface import Level

KINDS: Final[Mapping[str, str]] = {
    "first_report": "the first report of a target",
    "new": "a finding that was not there before",
    "regressed": "a finding that was fixed, or set apart, and is there again",
    "fixed": "a finding that is gone",
    "advisory_published": "a package of the last report has become known to be vulnerable",
    "acceptance_expired": "the date of an acceptance has come",
    "sla_near": "a finding will soon be open for too long",
    "sla_broken": "a finding is open for too long",
    "scan_failed": "a scan had no result",
    "reached_less": "a scan came to fewer operations than the one before",
    "grade_dropped": "the grade is worse than before",
    "attack_on_finding": "somebody attacks where a finding is open",
    "sign_in_failures": "one account or address fails to sign in at several applications",
    "attack_burst": "many attacks from one address",
    "refusal_burst": "many refusals for one account or address",
}
_LEVELS: Final[Mapping[Severity, Level]] = {
    Severity.CRITICAL: "alert",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "info",
}


def level(severity: str, kind: str) -> Level:
    """How much an alert matters, in the words of syslog."""
    return "info" if kind == "fixed" else _LEVELS[Severity(severity)]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The finding that an alert is about.

    Attributes:
        id: Of it.
        rule: Id of its rule.
        title: Of the rule.
        severity: Of it.
        message: Of it.
        operation: Or None.
        path: Or None.
        line: Or None.
    """

    id: str
    rule: str
    title: str
    severity: str
    message: str
    operation: str | None = None
    path: str | None = None
    line: int | None = None


def of_finding(
    kind: str, about: About, target_id: str, now: float, *, once: str, scan_id: str | None = None
) -> dict[str, Any]:
    """An alert about one finding.

    Args:
        kind: One of :data:`KINDS`.
        about: The finding.
        target_id: Whose it is.
        now: When.
        once: The scan or the date: of this kind, finding and one of these there is one alert.
        scan_id: The scan that saw it.
    """
    where = about.operation or about.path or ""
    fields: dict[str, Any] = {"rule": about.rule, "severity": about.severity}
    if about.operation:
        fields["operation"] = about.operation
    if about.path:
        fields["file"] = f"{about.path}:{about.line}" if about.line else about.path
    return {
        "key": f"{kind}:{about.id}:{once}",
        "kind": kind,
        "target_id": target_id,
        "finding_id": about.id,
        "scan_id": scan_id,
        "at": now,
        "severity": about.severity,
        "rule": about.rule,
        "route": about.operation or "",
        "title": " · ".join(part for part in (about.title or about.rule, where) if part),
        "text": about.message,
        "fields": fields,
    }


def of_target(
    kind: str,
    target_id: str,
    now: float,
    *,
    once: str,
    title: str,
    severity: str = "medium",
    text: str = "",
    scan_id: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An alert about a target as a whole; as :func:`of_finding`."""
    return {
        "key": f"{kind}:{target_id}:{once}",
        "kind": kind,
        "target_id": target_id,
        "finding_id": None,
        "scan_id": scan_id,
        "at": now,
        "severity": severity,
        "rule": "",
        "route": "",
        "title": title,
        "text": text,
        "fields": dict(fields or {}),
    }

"""The report for programs: ``buckler-report/1``, explained in docs/report.md.

``document`` is the one place that gives the report its shape; other formats of data are made
from the report itself, because they have shapes of their own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from buckler.core.finding import VEX, Finding
from buckler.core.report import SCHEMA, Report
from buckler.core.rule import Rule
from buckler.scan.formats import view


class JsonFormat:
    """JSON with the keys in a fixed order; ASCII, so that no escape sequence reaches a terminal."""

    name = "json"
    suffixes = (".json",)

    def render(self, report: Report) -> str:
        """The document as text, indented, with a line break at the end."""
        return json.dumps(document(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as JSON values.

    Two scans of one state with one seed send the same requests; their reports differ in ``timing``
    and in what the application itself makes of clock and chance.
    """
    exit_code = report.exit_code(report.fail_on)
    score = report.score
    made = {
        "schema": SCHEMA,
        "tool": dict(report.tool),
        "target": dict(report.target),
        "grade": score.grade,
        "score": score.value,
        "score_version": score.version,
        "provisional": report.reached_too_little or bool(report.broken),
        "exit": {"code": exit_code, "reason": reason(report, exit_code)},
        "counts": {severity.value: amount for severity, amount in report.counts().items()},
        "findings": [_finding(report, f) for f in report.findings],
        "known": [_finding(report, f) for f in report.known],
        "suppressed": [
            {**_finding(report, finding), "suppression": _suppression(finding, why)}
            for finding, why in report.suppressed
        ],
        "rules": _rules(report),
        "rules_run": sorted(report.rules),
        "coverage": _coverage(report),
        "failed": report.failed,
        "broken": list(report.broken),
        "timing": _timing(report),
    }
    values: dict[str, Any] = _values(made)
    return values


def reason(report: Report, code: int) -> str:
    """Why the scan ends with this exit code, in words."""
    if code in (3, 4):
        return view.provisional(report)
    if code == 1:
        bad = report.failing(report.fail_on)
        return f"{view.plural(len(bad), 'finding')} of severity {report.fail_on.value} or worse"
    guessed = sum(f.severity.at_least(report.fail_on) for f in report.findings)
    but = f"; {guessed} suspected, which do not count" if guessed else ""
    return f"no finding of severity {report.fail_on.value} or worse{but}"


def _suppression(finding: Finding, why: str) -> dict[str, str]:
    return {"kind": "vex" if VEX in finding.context else "inline", "reason": why}


def _finding(report: Report, finding: Finding) -> dict[str, Any]:
    rule = report.rules.get(finding.rule)
    excerpt = report.excerpts.get(finding.fingerprint, ())
    return {
        "id": finding.rule,
        "rule": rule.name if rule else "",
        "title": rule.title if rule else finding.rule,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "cwe": list(rule.cwe) if rule else [],
        "owasp": [view.owasp(entry) for entry in rule.owasp] if rule else [],
        "asvs": list(rule.asvs) if rule else [],
        "control": rule.control if rule else "",
        "location": finding.location.as_dict(),
        "subject": finding.subject,
        "fingerprint": finding.fingerprint,
        "excerpt": [
            {"line": number, "text": text, "marked": number == finding.location.line}
            for number, text in excerpt
        ],
        "proof": [proof.as_dict() for proof in finding.proof],
        "fix": rule.fix_data() if rule else None,
        "guide": f"docs/rules/{finding.rule}.md",
        "context": {key: finding.context[key] for key in sorted(finding.context)},
    }


def _rules(report: Report) -> dict[str, Any]:
    fired = {f.rule for f in (*report.findings, *report.known, *(s for s, _ in report.suppressed))}
    return {i: _rule(report.rules[i]) for i in sorted(fired) if i in report.rules}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity.value,
        "summary": rule.summary,
        "guide": rule.guide,
    }


def _coverage(report: Report) -> dict[str, Any]:
    made = report.coverage.as_dict()
    made["walls"] = dict(sorted(made["walls"].items()))
    return {
        **made,
        "reached_share": round(report.coverage.reached_share, 4),
        "needed": report.min_coverage,
    }


def _timing(report: Report) -> dict[str, Any]:
    engines = {name: seconds for name, seconds in report.timing.items() if name != "total"}
    return {
        "started": report.started or None,
        "total": report.timing.get("total", 0.0),
        "engines": dict(sorted(engines.items())),
    }


def _values(data: Any) -> Any:
    """JSON values only: whatever a rule put into a proof, the document can be written and read."""
    if isinstance(data, str):
        return data.encode("utf-8", "backslashreplace").decode("utf-8")
    if data is None or isinstance(data, bool | int):
        return data
    if isinstance(data, float):
        return data if math.isfinite(data) else str(data)
    if isinstance(data, Mapping):
        return {_values(str(key)): _values(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_values(item) for item in data]
    if isinstance(data, set | frozenset):
        return [_values(item) for item in sorted(data, key=str)]
    return _values(str(data))

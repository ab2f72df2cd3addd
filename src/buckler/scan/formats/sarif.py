"""SARIF 2.1.0 (OASIS, errata 01): for code scanning in GitHub, GitLab, Azure and editors.

Everything that a viewer needs to explain a finding is in the file: the guide as help, CWE as a
taxonomy, the way from the request to the sink as a code flow, the exchange as web request and
response. ``sarif_result`` makes the results; this file makes what stands around them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from buckler.core.finding import VEX, Confidence, Finding, Severity
from buckler.core.report import Report
from buckler.core.rule import Rule
from buckler.scan.formats import clean, view
from buckler.scan.formats.json import reason
from buckler.scan.formats.sarif_result import LEVELS, message, result

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""In the middle of the bands that GitHub reads as critical, high, medium and low."""

PRECISION = {
    Confidence.PROVED: "very-high",
    Confidence.OBSERVED: "high",
    Confidence.SUSPECTED: "medium",
}
CWE = {
    "name": "CWE",
    "organization": "MITRE",
    "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
    "informationUri": "https://cwe.mitre.org/",
    "isComprehensive": False,
}
MAX_TAGS = 20


class SarifFormat:
    """One run with all findings; known and suppressed ones carry a suppression."""

    name = "sarif"
    suffixes = (".sarif",)

    def render(self, report: Report) -> str:
        """The log as JSON text, ASCII, with a line break at the end."""
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
        return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _run(report: Report) -> dict[str, Any]:
    found = (*report.findings, *report.known, *(finding for finding, _ in report.suppressed))
    ids = sorted({*report.rules, *(finding.rule for finding in found)})
    numbers = {rule: index for index, rule in enumerate(ids)}
    weaknesses = sorted({number for rule in report.rules.values() for number in rule.cwe})
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Buckler",
                "version": clean.line(report.tool.get("version", "")),
                "rules": [_rule(i, report.rules.get(i), found) for i in ids],
                "supportedTaxonomies": [{"name": "CWE", "index": 0}],
            }
        },
        "automationDetails": {"id": f"buckler/{_category(report)}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The scanned folder"}}},
        "invocations": [_invocation(report)],
        "taxonomies": [{**CWE, "taxa": [_taxon(number) for number in weaknesses]}],
        "results": [],
        "properties": {
            "grade": report.score.grade,
            "score": report.score.value,
            "scoreVersion": report.score.version,
            "provisional": report.reached_too_little,
        },
    }
    states = ("new", "unchanged") if report.known else (None, None)
    results = [result(report, f, numbers[f.rule], states[0]) for f in report.findings]
    results += [
        result(report, f, numbers[f.rule], states[1], _suppression("external", "in the baseline"))
        for f in report.known
    ]
    results += [
        result(
            report,
            f,
            numbers[f.rule],
            states[0],
            _suppression("external" if VEX in f.context else "inSource", why),
        )
        for f, why in report.suppressed
    ]
    run["results"] = results
    return run


def _rule(rule_id: str, rule: Rule | None, found: Iterable[Finding]) -> dict[str, Any]:
    if rule is None:
        return {"id": rule_id}
    confidences = [f.confidence for f in found if f.rule == rule_id]
    best = min(confidences, key=lambda item: item.rank, default=Confidence.OBSERVED)
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": clean.line(rule.title)},
        "fullDescription": {"text": clean.line(rule.summary)},
        "help": {"text": clean.block(rule.guide), "markdown": clean.block(rule.guide)},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "relationships": [
            {
                "target": {"id": str(number), "toolComponent": {"name": "CWE", "index": 0}},
                "kinds": ["superset"],
            }
            for number in rule.cwe
        ],
        "properties": {
            "tags": _tags(rule),
            "precision": PRECISION[best],
            "security-severity": SECURITY_SEVERITY[rule.severity],
            "problem.severity": LEVELS[rule.severity].replace("note", "recommendation"),
        },
    }


def _tags(rule: Rule) -> list[str]:
    tags = ["security", rule.family]
    tags += [f"external/cwe/cwe-{number:03d}" for number in rule.cwe]
    tags += [f"external/owasp/{entry.lower().replace(':', '-')}" for entry in rule.owasp]
    tags += [f"external/asvs-5.0/{entry.lower()}" for entry in rule.asvs]
    return list(dict.fromkeys(clean.line(tag) for tag in tags))[:MAX_TAGS]


def _taxon(number: int) -> dict[str, Any]:
    return {"id": str(number), "helpUri": f"https://cwe.mitre.org/data/definitions/{number}.html"}


def _category(report: Report) -> str:
    """Tells the applications of one repository apart, so that uploads do not replace each other."""
    name = view.application(report) or str(report.target.get("folder", ""))
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)


def _invocation(report: Report) -> dict[str, Any]:
    code = report.exit_code(report.fail_on)
    notes = [
        {
            "level": "warning",
            "message": message(f"Not looked at: {view.listed(g.whats)}: {g.why}{_how(g.how)}"),
        }
        for g in view.gaps(report)
    ]
    made: dict[str, Any] = {
        "executionSuccessful": not report.failed and not report.broken,
        "exitCode": code,
        "exitCodeDescription": clean.line(reason(report, code)),
        "toolExecutionNotifications": notes,
    }
    if report.started:
        made["startTimeUtc"] = report.started
    return made


def _how(text: str) -> str:
    return f" ({text})" if text else ""


def _suppression(kind: str, why: str) -> dict[str, Any]:
    return {"kind": kind, "status": "accepted", "justification": clean.line(why)}

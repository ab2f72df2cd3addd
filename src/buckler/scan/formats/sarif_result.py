"""One finding as a SARIF result: places, flow, exchange, fingerprint, suppression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from buckler.core.finding import Finding, Severity
from buckler.core.report import Report
from buckler.scan.formats import clean, view

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
RANKS = {"proved": 100.0, "observed": 90.0, "suspected": 30.0}
ROOT = "%SRCROOT%"
_LINK = re.compile(r"\[(?=[^\]]*\]\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_MODULE = re.compile(r"^[A-Za-z_][\w.]*$")


def message(text: object) -> dict[str, Any]:
    """A message without links and placeholders of its own (sections 3.11.5 and 3.11.6)."""
    plain = _PLACEHOLDER.sub(r"{{\1}}", clean.block(text))
    return {"text": _LINK.sub(r"\\[", plain)}


def result(
    report: Report,
    finding: Finding,
    rule_index: int,
    state: str | None,
    suppression: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The result of a finding.

    Args:
        report: Where it is from.
        finding: What was found.
        rule_index: Number of its rule in the driver's list.
        state: ``baselineState``, or None where no baseline was used.
        suppression: Why it is set apart, or None.
    """
    rule = report.rules.get(finding.rule)
    fix = f" Fix: {rule.fix.summary}" if rule and rule.fix else ""
    where = view.interface(finding.location)
    made: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": LEVELS[finding.severity],
        "rank": RANKS[finding.confidence.value],
        "message": message(f"{finding.message}{f' ({where})' if where else ''}{fix}"),
        "locations": [_location(report, finding)],
        "partialFingerprints": {"buckler/v1": finding.fingerprint},
        "properties": {
            "confidence": finding.confidence.value,
            "severity": finding.severity.value,
            **_fix(report, finding),
        },
    }
    if state:
        made["baselineState"] = state
    if suppression:
        made["suppressions"] = [dict(suppression)]
    if flows := _flows(finding):
        made["codeFlows"] = flows
    return {**made, **_exchange(finding)}


def _fix(report: Report, finding: Finding) -> dict[str, Any]:
    """The fix as a property.

    A SARIF ``fix`` has to hold exact replacements, and a rule knows the shape only.
    """
    rule = report.rules.get(finding.rule)
    data = rule.fix_data() if rule is not None else None
    return {"fix": {key: _text(value) for key, value in data.items()}} if data else {}


def _text(value: object) -> object:
    return clean.block(value) if isinstance(value, str) else value


def _location(report: Report, finding: Finding) -> dict[str, Any]:
    place = finding.location
    made: dict[str, Any] = {}
    if place.path:
        made["physicalLocation"] = _physical(place.path, place.line)
    else:
        # GitHub refuses results without a file: what is about the whole application is shown
        # where that is made.
        made["physicalLocation"] = _physical(_main(report), 1)
        made["message"] = {"text": "This is about the application as a whole."}
    if place.operation:
        made["logicalLocations"] = [
            {
                "name": clean.line(place.slot or place.operation),
                "fullyQualifiedName": clean.line(view.interface(place)),
                "kind": "resource",
            }
        ]
    return made


def _main(report: Report) -> str:
    known = report.target.get("main")
    if known:
        return str(known)
    module = view.application(report).partition(",")[0].partition(":")[0]
    return f"{module.replace('.', '/')}.py" if _MODULE.match(module) else "pyproject.toml"


def _physical(path: str, line: object) -> dict[str, Any]:
    made: dict[str, Any] = {
        "artifactLocation": {"uri": quote(path.encode("utf-8", "replace")), "uriBaseId": ROOT}
    }
    if isinstance(line, int) and line > 0:
        made["region"] = {"startLine": line}
    return made


def _flows(finding: Finding) -> list[dict[str, Any]]:
    """The way of the input: from the request through the project's lines to the sink."""
    flows = []
    place = finding.location
    for sink in view.proofs(finding, "sink"):
        steps = [_step(f"{f.get('function', '')}", f) for f in reversed(sink.get("stack") or [])]
        if not steps:
            continue
        if place.operation:
            steps.insert(0, _step(f"{view.interface(place)} takes the input", {}))
        text = f"{view.call(sink)} got {view.argument(sink)}"
        steps[-1]["location"]["message"] = message(clean.cut(text, 400))
        flows.append(steps)
    for flow in view.proofs(finding, "flow"):
        steps = [_step(str(s.get("text", "")), s) for s in flow.get("steps") or ()]
        if steps:
            flows.append(steps)
    return [{"threadFlows": [{"locations": steps}]} for steps in flows]


def _step(text: str, at: Mapping[str, Any]) -> dict[str, Any]:
    location: dict[str, Any] = {"message": message(text)}
    if at.get("path"):
        location["physicalLocation"] = _physical(str(at["path"]), at.get("line"))
    return {"location": location}


def _exchange(finding: Finding) -> dict[str, Any]:
    for data in view.proofs(finding, "exchange"):
        request, answer = data.get("request") or {}, data.get("response") or {}
        sent: dict[str, Any] = {
            "protocol": "http",
            "method": clean.line(request.get("method", "")),
            "target": clean.line(request.get("url", "")),
            "headers": _headers(request),
        }
        if request.get("body"):
            sent["body"] = {"text": clean.block(request["body"])}
        got: dict[str, Any] = {"headers": _headers(answer)}
        if isinstance(answer.get("status"), int):
            got["statusCode"] = answer["status"]
        else:
            got["noResponseReceived"] = True
        if answer.get("body"):
            got["body"] = {"text": clean.block(answer["body"])}
        return {"webRequest": sent, "webResponse": got}
    return {}


def _headers(side: Mapping[str, Any]) -> dict[str, str]:
    return {clean.line(name): clean.line(value) for name, value in side.get("headers") or ()}

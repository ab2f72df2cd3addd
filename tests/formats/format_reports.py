"""Reports for the tests of the formats: made of the real parts, with every kind of evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from buckler.core.events import GapFound
from buckler.core.finding import Confidence, Finding, Location, Proof, Severity, sort_key
from buckler.core.redact import Redactor
from buckler.core.report import Coverage, OperationCoverage, Report
from buckler.core.settings import Settings
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import Answer, Exchange, Hit, Request
from buckler.scan.scanner import load_rules

RULES = {rule.id: rule for rule in load_rules(Settings(), Path())}
MARK = "bkzq012j"
HOSTILE = (
    "</script><script>alert(1)</script>\x1b[31mred\x1b]0;title\x07\x00[bold]fat[/bold] `one` ```"
    " a|b \u202etxt\x9b31m @everyone <img src=x onerror=alert(1)> ]]> &amp; {{7*7}} \ud800\ufffe"
    " [link](javascript:alert(1)) # head\r\n- item\n</pre>*bold*\u200b"
)

NAMED = HOSTILE.replace("\ud800", "")
"""The same for what goes into a fingerprint, which has to be UTF-8."""


def exchange(*, status: int = 500, body: str = f'near "{MARK}": syntax error') -> Proof:
    """As the attack engine makes it, with a credential that must not be shown."""
    request = Request(
        "GET",
        "/items",
        f"q=sample%27{MARK}",
        (("host", "app.test"), ("authorization", "Bearer top-secret-token-0123456789")),
        identity="alice",
    )
    answer = Answer(status, (("content-type", "text/html"),), body.encode(), len(body))
    return proofs.exchange(Exchange(None, request, answer), Redactor(), mark=MARK)


def sink() -> Proof:
    """A statement that the input reached through two functions."""
    frames = (("app/db.py", 12, "find"), ("app/main.py", 30, "items"))
    hit = Hit("sql", "sqlite3 execute", f"SELECT * FROM items WHERE name = 'sample'{MARK}'", frames)
    return proofs.sink(hit, MARK, Redactor())


def evidence() -> tuple[Proof, ...]:
    """One proof of each kind."""
    steps = [{"text": "stored by POST /items"}, {"text": "read", "path": "app/db.py", "line": 4}]
    return (
        sink(),
        exchange(),
        Proof("flow", {"steps": steps}),
        proofs.setting("docs_url", "/docs", expected="None"),
        Proof(
            "matrix",
            {"identity": "bob", "operation": "GET /items/{id}", "object": "alice's", "status": 200},
        ),
        Proof(
            "advisory",
            {
                "advisory": "GHSA-aaaa-bbbb-cccc",
                "aliases": ["CVE-2024-1"],
                "package": "demo",
                "installed": "1.0",
                "fixed": ["1.1"],
                "url": "https://example.org/advisory",
            },
        ),
    )


def finding(
    rule: str = "INJ001",
    *,
    path: str | None = "app/db.py",
    line: int | None = 12,
    operation: str | None = "GET /items",
    slot: str | None = "query:q",
    confidence: Confidence = Confidence.PROVED,
    severity: Severity | None = None,
    proof: tuple[Proof, ...] | None = None,
    anchor: str = "",
    subject: str = "",
) -> Finding:
    """A finding with all of the evidence unless told otherwise."""
    return Finding(
        rule=rule,
        message="Text from the request is read as SQL.",
        severity=severity or RULES[rule].severity,
        confidence=confidence,
        location=Location(path, line, operation, slot),
        proof=evidence() if proof is None else proof,
        anchor=anchor,
        subject=subject,
        context={"payload": "closes a quoted literal", "identity": None},
    )


def code(item: Finding) -> tuple[tuple[int, str], ...]:
    """Lines around the place of a finding."""
    at = item.location.line or 1
    return (
        (at - 1, "def find(q: str) -> list[Row]:"),
        (at, "    return db.execute(f\"SELECT * FROM items WHERE name = '{q}'\")"),
    )


def coverage() -> Coverage:
    """Three operations, one of them not reached, and three gaps of two reasons."""
    return Coverage(
        operations=[
            OperationCoverage("GET /items", True, True, 2, 2, "alice", 200),
            OperationCoverage("POST /items", True, False, 1, 1, None, 201),
            OperationCoverage("GET /admin", False, False, 1, 0, None, 401, "answered 401"),
        ],
        files_total=4,
        files_parsed=4,
        gaps=[
            GapFound("process: ls a", "stopped by the box at app/x.py:1", "--allow-processes"),
            GapFound("process: ls b", "stopped by the box at app/x.py:1", "--allow-processes"),
            GapFound("POST /slow", "it answers slowly", "--max-time SECONDS"),
        ],
        walls={"network": True, "mounts": False},
        requests=1204,
    )


def report(*findings: Finding, **changes: Any) -> Report:
    """A report of these findings."""
    ordered = tuple(sorted(findings, key=sort_key))
    made = Report(
        tool={"name": "buckler", "version": "0.1.0", "rules": len(RULES)},
        target={
            "name": "Shop API",
            "folder": "shop",
            "applications": ["app.main:app"],
            "environment": ".venv",
            "python": "3.12.1",
            "fastapi": "0.165.0",
            "platform": "Linux",
            "buckler_python": "3.12.1",
            "engines": ["source", "app", "attack"],
            "seed": 0,
        },
        findings=ordered,
        coverage=coverage(),
        rules=RULES,
        timing={"source": 0.5, "attack": 3.2, "total": 4.2},
        excerpts={item.fingerprint: code(item) for item in ordered},
        min_coverage=0.6,
        operations_expected=True,
        started="2026-11-23T18:00:00Z",
    )
    return replace(made, **changes)


def usual() -> Report:
    """Several rules, severities and confidences; one known, one suppressed, one rule long gone."""
    known = finding("INJ010", anchor="known", proof=(exchange(status=200),))
    suppressed = finding("INJ011", anchor="suppressed", proof=())
    return report(
        finding(),
        finding(anchor="other", line=40, operation="POST /items", slot="json:name"),
        finding("INJ010", proof=(exchange(status=200, body=f"<p><{MARK}></p>"),)),
        finding("EGR001", confidence=Confidence.OBSERVED, path=None, line=None, proof=()),
        finding("INJ011", confidence=Confidence.SUSPECTED, operation=None, slot=None, proof=()),
        finding("OLD001", severity=Severity.INFO, path=None, line=None, operation=None, slot=None),
        known=(known,),
        suppressed=((suppressed, "a redirect to our own shop only"),),
    )


def many(amount: int = 500) -> Report:
    """A report of an application in a bad state that answers at length."""
    rules = sorted(RULES)
    long = f"<p>{'x & y ' * 300}{MARK}{'<b>' * 300}</p>"
    body = json.dumps({"text": "word " * 700})
    data = {**exchange(body=long).data, "curl": f"curl -X POST --data-binary '{body}' https://app/"}
    proof = (sink(), Proof("exchange", {**data, "replay": {**data["replay"], "body_latin1": body}}))
    return report(
        *(
            finding(
                rules[n % len(rules)],
                path=f"app/part{n % 40}.py",
                line=n + 2,
                anchor=f"line {n}",
                proof=proof,
            )
            for n in range(amount)
        )
    )


def hostile() -> Report:
    """Every text that comes from the application tries to break out."""
    bad = Finding(
        rule="INJ001",
        message=HOSTILE,
        severity=Severity.CRITICAL,
        confidence=Confidence.PROVED,
        location=Location(NAMED, 7, f"GET /{NAMED}", f"query:{NAMED}"),
        proof=tuple(Proof(p.kind, _poisoned(p.data)) for p in evidence()),
        subject=NAMED,
        context={"payload": HOSTILE},
    )
    twin = replace(bad, anchor="twin")
    third = replace(bad, anchor="third")
    cover = Coverage(
        operations=[OperationCoverage(HOSTILE, False, False, 0, 0, HOSTILE, None, HOSTILE)],
        gaps=[GapFound(HOSTILE, HOSTILE, HOSTILE), GapFound(f"process: {HOSTILE}", "x", HOSTILE)],
    )
    target = {"name": HOSTILE, "applications": [HOSTILE], "environment": HOSTILE, "python": HOSTILE}
    return report(
        bad,
        known=(twin,),
        suppressed=((third, HOSTILE),),
        excerpts={f.fingerprint: ((6, HOSTILE), (7, HOSTILE)) for f in (bad, twin, third)},
        coverage=cover,
        failed=HOSTILE,
        target={**target, "folder": HOSTILE, "fastapi": HOSTILE, "engines": [HOSTILE], "seed": 0},
    )


def _poisoned(data: Any) -> Any:
    if isinstance(data, str):
        return data + HOSTILE
    if isinstance(data, Mapping):
        return {key: _poisoned(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_poisoned(item) for item in data]
    return data

"""The evidence of a finding for its page: made whole and of the right shape first, since a report may be anybody's.

Threat: a report of strangers whose parts are of another type than they should be, or of any length, so that a page
breaks, or takes minutes (CWE-20, CWE-400).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Row

from buckler.core.errors import UsageError
from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.registry import Registry
from buckler.core.report import Coverage, Report
from buckler.core.rule import Rule
from buckler.scan.formats import html_view
from buckler.scan.formats.html_finding import FindingView, Sizes, finding_view
from buckler.scan.formats.replay import as_pytest
from buckler.scan.scanner import RULES
from buckler.watch.web import shown

MOST_TEXT: Final = 20_000
MOST_ITEMS: Final = 50
SIZES: Final = Sizes(
    body=4000, curl=4000, argument=2000, line=400, around=20, exchanges=6, tests=False
)
_CWE: Final = "https://cwe.mitre.org/data/definitions/{}.html"


@dataclass(frozen=True, slots=True)
class Guide:
    """What is said of the weakness itself.

    Attributes:
        why: What an attacker gets; marked up.
        text: The guide; marked up, or None.
        help: Of another tool, as plain text.
        link: Of another tool, an address of the web.
        cwe: Text and address of each.
        refs: Other lists that name it.
        control: The part of guard that closes it for good.
        fix: In one sentence.
        diff: Lines of the change, each with what it is: ``add``, ``del`` or empty.
    """

    why: Any = ""
    text: Any = None
    help: str = ""
    link: str = ""
    cwe: tuple[tuple[str, str], ...] = ()
    refs: tuple[str, ...] = ()
    control: str = ""
    fix: str = ""
    diff: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything of a finding that its report brought.

    Attributes:
        view: As the HTML report shows it.
        flows: Steps of each flow: text, place, line of code.
        guide: Of the weakness.
        test: As a pytest, or empty.
    """

    view: FindingView
    flows: list[list[tuple[str, str, str]]]
    guide: Guide
    test: str


def evidence_of(row: Row[Any]) -> Evidence:
    """Work out what the page of a finding shows.

    Args:
        row: The finding with its detail.
    """
    detail = _table(row.detail)
    proofs = tuple(_proof(one) for one in _tables(detail.get("proof")))
    finding = Finding(
        rule=row.rule,
        message=row.message,
        severity=Severity(row.severity),
        confidence=Confidence(row.confidence),
        location=Location(row.path, row.line, row.operation, row.slot),
        proof=proofs,
        subject=row.subject,
    )
    report = Report(
        tool={},
        target={},
        findings=(finding,),
        coverage=Coverage(),
        rules={},
        timing={},
        excerpts={finding.fingerprint: tuple(_excerpt(detail.get("excerpt"), row.line))},
    )
    return Evidence(
        view=finding_view(report, finding, SIZES),
        flows=[_steps(proof.data) for proof in proofs if proof.kind == "flow"],
        guide=_guide(row, detail),
        test=_test(row, finding) if not row.tool and row.operation else "",
    )


def rule_of(rule_id: str) -> Rule | None:
    """A rule of Buckler's own, or None."""
    return _rule(rule_id) if rule_id.isascii() and rule_id.isalnum() else None


@lru_cache(maxsize=512)
def _rule(rule_id: str) -> Rule | None:
    try:
        return Registry.load(RULES, only=rule_id)[rule_id]
    except UsageError:  # a report of another version may name one that is not there
        return None


def _guide(row: Row[Any], detail: Mapping[str, Any]) -> Guide:
    told = _table(detail.get("help"))
    fix = _table(detail.get("fix"))
    rule = None if row.tool else rule_of(row.rule)
    why, text = _said(rule.id) if rule is not None else ("", None)
    numbers = [n for n in _list(detail.get("cwe")) if isinstance(n, int)]
    return Guide(
        why=why,
        text=text,
        help=_text(told.get("text")),
        link=shown.safe_link(_text(told.get("uri"))),
        cwe=tuple((f"CWE-{n}", _CWE.format(n)) for n in numbers),
        refs=(
            *(html_view.owasp(entry) for entry in (rule.owasp if rule else ())),
            *(f"ASVS 5.0 {_text(one)}" for one in _list(detail.get("asvs"))),
        ),
        control=_text(detail.get("control")),
        fix=_text(fix.get("summary")),
        diff=tuple(_diff(_text(fix.get("before")), _text(fix.get("after")))),
    )


@lru_cache(maxsize=512)
def _said(rule_id: str) -> tuple[Any, Any]:
    """What an attacker gets, and the guide, marked up once for each rule."""
    rule = _rule(rule_id)
    if rule is None:
        return "", None
    return html_view.inline(html_view.sentence(rule)), html_view.guide(rule)


def _diff(before: str, after: str) -> list[tuple[str, str]]:
    if not (before and after):
        return []
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=20))[
        3:
    ]
    kinds = {"+": "add", "-": "del"}
    return [(line, kinds.get(line[:1], "")) for line in lines]


def _test(row: Row[Any], finding: Finding) -> str:
    place = finding.location
    return as_pytest(
        {
            "id": row.rule,
            "title": row.title,
            "message": row.message,
            "fingerprint": row.fingerprint,
            "location": {"path": place.path, "operation": place.operation, "slot": place.slot},
            "proof": [{"kind": proof.kind, **proof.data} for proof in finding.proof],
        }
    )


def _proof(given: Mapping[str, Any]) -> Proof:
    kind = _text(given.get("kind"))[:40]
    shape = _SHAPES.get(kind)
    rest = {str(k)[:80]: v for k, v in list(given.items())[:MOST_ITEMS] if k != "kind"}
    return Proof(kind, shape(given) if shape is not None else rest)


def _exchange(given: Mapping[str, Any]) -> dict[str, Any]:
    request, response = _table(given.get("request")), _table(given.get("response"))
    status = response.get("status")
    return {
        "request": {
            **{name: _text(request.get(name)) for name in ("method", "url", "body", "identity")},
            "headers": _pairs(request.get("headers")),
        },
        "response": {
            "status": status if isinstance(status, int) else None,
            "headers": _pairs(response.get("headers")),
            "body": _text(response.get("body")),
            "error": _text(response.get("error")),
        },
        "mark": _text(given.get("mark"))[:200],
        "curl": _text(given.get("curl")),
        "shows": _text(given.get("shows")),
    }


def _sink(given: Mapping[str, Any]) -> dict[str, Any]:
    argument = given.get("argument")
    listed = [_text(one) for one in _list(argument)]
    return {
        "call": _text(given.get("call")),
        "argument": listed if isinstance(argument, list) else _text(argument),
        "mark": _text(given.get("mark"))[:200],
        "answered_by": _text(given.get("answered_by")),
        "stack": [
            {**_place(one), "function": _text(one.get("function"))}
            for one in _tables(given.get("stack"))
        ],
    }


def _flow(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "steps": [
            {**_place(one), "text": _text(one.get("text")), "code": _text(one.get("code"))}
            for one in _tables(given.get("steps"))
        ]
    }


_SHAPES: Final = {"exchange": _exchange, "sink": _sink, "flow": _flow}


def _steps(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (
            step["text"],
            f"{step['path']}:{step['line']}" if step["line"] else step["path"],
            step["code"],
        )
        for step in data["steps"]
    ]


def _excerpt(given: Any, line: int | None) -> list[tuple[int, str]]:
    if isinstance(given, str):
        first = line or 1
        return list(enumerate(_text(given).splitlines()[:MOST_ITEMS], first))
    return [
        (number, _text(one.get("text")))
        for one in _tables(given)
        if isinstance(number := one.get("line"), int)
    ]


def _place(given: Mapping[str, Any]) -> dict[str, Any]:
    line = given.get("line")
    return {"path": _text(given.get("path")), "line": line if isinstance(line, int) else None}


def _text(given: Any) -> str:
    return given[:MOST_TEXT] if isinstance(given, str) else ""


def _table(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _list(given: Any) -> Sequence[Any]:
    return given[:MOST_ITEMS] if isinstance(given, list) else []


def _tables(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(given) if isinstance(one, dict)]


def _pairs(given: Any) -> list[tuple[str, str]]:
    return [
        (_text(one[0]), _text(one[1]))
        for one in _list(given)
        if isinstance(one, list) and len(one) == 2
    ]

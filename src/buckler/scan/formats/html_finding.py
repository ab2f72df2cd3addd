"""One finding for the HTML page: its evidence in pieces, with the canary told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from buckler.core.finding import Finding
from buckler.core.report import Report
from buckler.scan.formats import clean, view
from buckler.scan.formats.replay import pytest_of

Parts = list[tuple[str, bool]]
KNOWN = frozenset({"exchange", "sink", "flow"})
LABELS = {
    "name": "Setting",
    "value": "Value",
    "expected": "Expected",
    "identity": "Asked as",
    "operation": "Operation",
    "object": "Object",
    "status": "Status",
    "advisory": "Advisory",
    "aliases": "Also known as",
    "package": "Package",
    "installed": "Installed",
    "fixed": "Closed in",
    "upgrade": "Without any known",
    "summary": "Summary",
    "url": "Address",
    "score": "CVSS",
    "published": "Published",
    "exploited": "Exploited since",
    "likelihood": "EPSS",
    "way": "Comes by",
    "reach": "Reached",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of the evidence goes into the page; the JSON report has all of it.

    Attributes:
        body: Characters of a request's or answer's body.
        curl: Characters of a command; a longer one is left out, because half of it is useless.
        argument: Characters of what a sink got.
        line: Characters of a line of code.
        around: Lines of code above and below the marked one.
        exchanges: Number of exchanges.
        tests: Whether there is a pytest.
    """

    body: int
    curl: int
    argument: int
    line: int
    around: int
    exchanges: int
    tests: bool


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """A request and its answer."""

    shows: str
    identity: str
    request: Parts
    response: Parts
    status: str
    curl: str


@dataclass(frozen=True, slots=True)
class SinkView:
    """A dangerous call that the input reached."""

    call: str
    argument: Parts
    stack: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding with its evidence.

    Attributes:
        rows: ``(line, text, marked)`` of the code.
        flows: Steps of each flow, ``(text, place)``.
        facts: Settings, cells of the matrix and advisories, as ``(name, value)`` tables.
    """

    finding: Finding
    title: str
    place: str
    rows: list[tuple[int, str, bool]]
    sinks: list[SinkView]
    exchanges: list[ExchangeView]
    flows: list[list[tuple[str, str]]]
    facts: list[list[tuple[str, str]]]
    test: str


def finding_view(report: Report, finding: Finding, sizes: Sizes) -> FindingView:
    """Work out what the page shows of a finding."""
    at = finding.location.line or 0
    excerpt = [
        (n, clean.cut(clean.block(text), sizes.line))
        for n, text in report.excerpts.get(finding.fingerprint, ())
        if abs(n - at) <= sizes.around
    ]
    return FindingView(
        finding=finding,
        title=view.title(report, finding),
        place=view.place(finding.location),
        rows=[(n, text, n == at) for n, text in excerpt],
        sinks=[_sink(data, sizes) for data in view.proofs(finding, "sink")[:2]],
        exchanges=[
            _exchange(d, sizes) for d in view.proofs(finding, "exchange")[: sizes.exchanges]
        ],
        flows=[
            [(str(s.get("text", "")), _at(s)) for s in data.get("steps") or ()]
            for data in view.proofs(finding, "flow")
        ],
        facts=[_facts(proof.data) for proof in finding.proof if proof.kind not in KNOWN][:20],
        test=pytest_of(report, finding) if sizes.tests and not view.is_site(report) else "",
    )


def _sink(data: Mapping[str, Any], sizes: Sizes) -> SinkView:
    mark = str(data.get("mark", ""))
    text = clean.around(clean.block(view.argument(data)), mark, sizes.argument)
    stack = [(_at(frame), str(frame.get("function", ""))) for frame in data.get("stack") or ()]
    return SinkView(view.call(data), clean.parts(text, mark), stack[:8])


def _at(step: Mapping[str, Any]) -> str:
    if not step.get("path"):
        return ""
    return f"{step['path']}:{step['line']}" if step.get("line") else str(step["path"])


def _exchange(data: Mapping[str, Any], sizes: Sizes) -> ExchangeView:
    request, answer = data.get("request") or {}, data.get("response") or {}
    mark, status = str(data.get("mark", "")), answer.get("status")
    first = f"{request.get('method', '')} {clean.line(request.get('url', ''))}"
    sent = _message(clean.cut(first, 600), request, mark, sizes.body)
    line = _status(status)
    first = line
    if error := answer.get("error"):
        first = f"{line}\nraised {clean.around(clean.block(error), mark, sizes.body)}"
    got = _message(first, answer, mark, sizes.body)
    curl = str(data.get("curl", ""))
    return ExchangeView(
        shows=str(data.get("shows", "")),
        identity=str(request.get("identity") or ""),
        request=clean.parts(sent, mark),
        response=clean.parts(got, mark),
        status=line,
        curl=curl if len(curl) <= sizes.curl else "",
    )


def _status(status: object) -> str:
    if not isinstance(status, int):
        return "none: the application raised"
    known = {item.value: item.phrase for item in HTTPStatus}
    return f"{status} {known.get(status, '')}".rstrip()


def _message(first: str, side: Mapping[str, Any], mark: str, room: int) -> str:
    """First line, headers, empty line, body: as it goes over the wire."""
    headers = [
        clean.cut(clean.line(f"{n}: {v}"), 300) for n, v in list(side.get("headers") or ())[:30]
    ]
    body = clean.around(clean.block(side.get("body") or ""), mark, room)
    return "\n".join([first, *headers]) + (f"\n\n{body}" if body else "")


def _facts(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (LABELS.get(key, key), _plain(value))
        for key, value in data.items()
        if value not in (None, "", [])
    ]


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return clean.cut(clean.block(value), 600)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return clean.cut(json.dumps(value, ensure_ascii=False, default=str), 600)

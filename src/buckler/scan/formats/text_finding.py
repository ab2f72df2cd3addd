"""One finding in a terminal: title, place, code, what reached the sink, proof, fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from buckler.core.finding import Confidence, Finding
from buckler.core.report import Report
from buckler.scan.formats import clean, view

Line = list[tuple[str, str]]
MOST_STEPS = 7
INDENT = "  "
_CREDENTIAL = re.compile(r" -H '(?:authorization|cookie|x-api-key): [^']*'", re.IGNORECASE)


class Drawing(Protocol):
    """The characters that a finding is drawn with."""

    @property
    def bar(self) -> str: ...  # noqa: D102 - between line number and code
    @property
    def marker(self) -> str: ...  # noqa: D102 - before the marked line
    @property
    def elbow(self) -> str: ...  # noqa: D102 - before the remark on it
    @property
    def arrow(self) -> str: ...  # noqa: D102 - from operation to place


def finding_lines(
    report: Report, finding: Finding, width: int, draw: Drawing, cut: bool
) -> Iterator[Line]:
    """The lines of one finding.

    Args:
        report: Where it is from.
        finding: What to show.
        width: Columns.
        draw: Box characters, or what stands for them.
        cut: Whether evidence is cut to the width.
    """
    yield _title(report, finding, width)
    if (place := _place(finding, width, draw)) != [(INDENT, ""), ("", "")]:
        yield place
    code = list(_code(report, finding, width, draw))
    if not code:
        yield [(INDENT, ""), (clean.cut(clean.line(finding.message), width - 2), "")]
    yield from code
    remark = _remark(finding, width - 12)
    if remark:
        lead = f"{'':9}{draw.elbow} " if code else INDENT
        yield [(lead, "quiet"), *remark]
    elif code:
        yield [
            (f"{'':9}{draw.elbow} ", "quiet"),
            (clean.cut(clean.line(finding.message), width - 12), ""),
        ]
    yield from _proof(finding, width, cut)
    yield from _way(finding, width, cut)
    rule = report.rules.get(finding.rule)
    if rule and rule.fix:
        fix = clean.line(rule.fix.summary.partition("\n")[0])
        yield [("  fix    ", "quiet"), (clean.cut(fix, width - 9) if cut else fix, "")]


def _title(report: Report, finding: Finding, width: int) -> Line:
    severity = finding.severity.value
    right = f"{finding.confidence.value:<9}  {finding.rule}"
    badge = f" {severity.upper()} " if severity == "critical" else severity.upper()
    start = INDENT[: 1 if severity == "critical" else 2]
    room = width - len(start) - len(badge) - 2 - len(right) - 2
    name = clean.cut(clean.line(view.title(report, finding)), room)
    pad = " " * max(room - clean.width(name), 0)
    return [(start, ""), (badge, severity), ("  ", ""), (name, "strong"), (f"{pad}  {right}", "")]


def _place(finding: Finding, width: int, draw: Drawing) -> Line:
    at = clean.line(view.place(finding.location))
    what = clean.line(view.interface(finding.location) or finding.subject)
    if not at:
        return [(INDENT, ""), (clean.cut(what, width - 2), "")]
    if not what:
        return [(INDENT, ""), (at, "place")]
    arrow = f"  {draw.arrow}  "
    room = max(width - 2 - len(arrow) - clean.width(at), 12)
    return [(INDENT, ""), (clean.cut(what, room), ""), (arrow, "quiet"), (at, "place")]


def _code(report: Report, finding: Finding, width: int, draw: Drawing) -> Iterator[Line]:
    """The marked line, the nearest one above it, and the next where the call goes on there."""
    excerpt = report.excerpts.get(finding.fingerprint, ())
    at = finding.location.line
    above = [(n, t) for n, t in excerpt if at and n < at and len(t.strip()) > 1]
    marked = [(n, t) for n, t in excerpt if n == at]
    below = [(n, t) for n, t in excerpt if marked and n == marked[0][0] + 1]
    goes_on = bool(marked) and marked[0][1].rstrip().endswith(("(", "[", "{", "\\"))
    for number, text in (*above[-1:], *marked, *(below if goes_on else ())):
        here = number == at
        lead = f"  {draw.marker if here else ' '} {number:>4} {draw.bar} "
        code = clean.cut(clean.block(text).replace("\n", "\\n"), width - len(lead))
        yield [(lead, "quiet"), (code, "strong" if here else "quiet")]


def _remark(finding: Finding, room: int) -> Line:
    """What stood where it ought not to: the piece around the canary."""
    for sink in view.proofs(finding, "sink"):
        mark = str(sink.get("mark", ""))
        head = clean.line(f"{view.call(sink)} got ")
        return [(head, ""), *_marked(view.argument(sink), mark, room - clean.width(head))]
    for data in view.proofs(finding, "exchange"):
        answer, mark = data.get("response") or {}, str(data.get("mark", ""))
        for name, value in answer.get("headers") or ():
            if mark and mark in f"{name}{value}":
                return [("answered ", ""), *_marked(f"{name}: {value}", mark, room - 9)]
        if mark and mark.lower() in str(answer.get("body", "")).lower():
            return [("answered ", ""), *_marked(str(answer["body"]), mark, room - 9)]
    for data in view.proofs(finding, "setting"):
        expected = f", expected {data['expected']}" if data.get("expected") else ""
        text = f"{data.get('name')} is {data.get('value')!r}{expected}"
        return [(clean.cut(clean.line(text), room), "")]
    for data in view.proofs(finding, "advisory"):
        text = str(data.get("summary") or data.get("advisory"))
        fixed = f"closed in {', '.join(map(str, data['fixed']))}: " if data.get("fixed") else ""
        return [(clean.cut(clean.line(fixed + text), room), "")]
    return []


def _way(finding: Finding, width: int, cut: bool) -> Iterator[Line]:
    """The steps of a flow that nothing has proved, and what became of the attack on it; the way to a weak package."""
    if finding.confidence is not Confidence.SUSPECTED and not view.proofs(finding, "advisory"):
        return
    for data in view.proofs(finding, "flow")[:1]:
        steps = list(data.get("steps") or ())
        shown = (
            steps if not cut or len(steps) <= MOST_STEPS else [*steps[: MOST_STEPS - 1], steps[-1]]
        )
        for number, step in enumerate(shown):
            lead = "  way    " if not number else "         "
            at = f"{step.get('path', '')}:{step.get('line', '')}"
            text = clean.line(str(step.get("text", "")))
            room = width - 9 - clean.width(at) - 2
            yield [
                (lead, "quiet"),
                (clean.line(at), "place"),
                ("  ", ""),
                (clean.cut(text, room) if cut else text, ""),
            ]
        if attack := str(data.get("attack", "")):
            text = clean.line(attack)
            yield [("  attack ", "quiet"), (clean.cut(text, width - 9) if cut else text, "")]


def _marked(text: str, mark: str, room: int) -> Line:
    shown = clean.cut(clean.around(clean.line(text), mark, room), room)
    return [(piece, "mark" if hit else "") for piece, hit in clean.parts(shown, mark)]


def _proof(finding: Finding, width: int, cut: bool) -> Iterator[Line]:
    for data in view.proofs(finding, "exchange"):
        if not data.get("curl"):
            continue
        curl = clean.line(data["curl"])
        identity = (data.get("request") or {}).get("identity")
        who = f"as {clean.line(identity)}: " if identity else ""
        if cut:
            who = clean.cut(who, width // 3)
            if not (finding.location.slot or "").startswith(("header:", "cookie:")):
                curl = _CREDENTIAL.sub("", curl)
            curl = clean.cut(curl, width - 9 - clean.width(who))
        yield [("  proof  ", "quiet"), (who, "quiet"), (curl, "")]
        return

"""Markdown: for a comment on a change, a job summary or a ticket.

Text of the application goes into code spans and fences that it cannot end, or is escaped; it
cannot mention people, add links or mark-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from buckler.core.finding import Finding
from buckler.core.report import Report
from buckler.scan.formats import clean, view
from buckler.scan.formats.view import Cause

MAX_ROWS = 50
MAX_DETAILS = 20
MAX_GAPS = 20
MAX_CODE = 600
MAX_CURL = 1200
MAX_STEPS = 12
_BREAK = "\u200b"
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_AT_START = re.compile(r"^(\s*\d*)([-+#>=.)!])")


class MarkdownFormat:
    """GitHub's dialect: tables and ``<details>``."""

    name = "markdown"
    suffixes = (".md", ".markdown")

    def render(self, report: Report) -> str:
        """The report as Markdown, short enough for a comment (65,536 characters) in most cases."""
        return "\n".join(_lines(report)) + "\n"


def escape(text: object) -> str:
    """Text that reads as itself: no mark-up, no link, no mention."""
    kept = clean.line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    kept = re.sub(r"(?i)(https?|ftp)://", rf"\1:{_BREAK}//", kept)
    kept = re.sub(r"(?i)\bwww\.", f"www{_BREAK}.", kept).replace("@", f"@{_BREAK}")
    return _AT_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", kept.lstrip()))


def code(text: object, *, table: bool = False) -> str:
    """A code span that its content cannot end."""
    kept = clean.line(text)
    if not kept.strip():
        return ""
    if table:
        kept = kept.replace("|", "\\|")
    ticks = "`" * (_longest(kept) + 1)
    pad = " " if kept[0] == "`" or kept[-1] == "`" else ""
    return f"{ticks}{pad}{kept}{pad}{ticks}"


def fence(text: object, language: str = "") -> list[str]:
    """A code block that its content cannot end."""
    kept = clean.block(text)
    ticks = "`" * max(_longest(kept) + 1, 3)
    return [f"{ticks}{language}", *kept.split("\n"), ticks]


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _lines(report: Report) -> Iterator[str]:
    causes = view.causes(report)
    yield f"## Buckler: {escape(report.target.get('name', ''))}"
    yield ""
    points = "" if view.grade(report) == "?" else f" ({report.score.value}/100)"
    facts = [f"**Grade {escape(view.grade(report))}**{points}"]
    facts += (
        [view.counts(report.findings), view.proved(report)]
        if report.findings
        else ["no new finding" if report.known else "no finding"]
    )
    yield " · ".join(fact for fact in (*facts, view.reached(report)) if fact)
    yield ""
    if signed_in := view.identities(report):
        yield escape(signed_in)
        yield ""
    if brought := view.servers(report):
        yield escape(brought)
        yield ""
    if services := view.services(report):
        yield escape(services)
        yield ""
    if stood := view.outgoing(report):
        yield escape(stood)
        yield ""
    if why := view.provisional(report):
        yield f"> **The grade is provisional:** {escape(why)}"
        yield ""
    if causes:
        yield from _table(report)
        yield from _details(report, causes)
    elif report.failed:
        yield "Nothing was found because the application did not run; this says nothing about it."
        yield ""
    else:
        yield f"No {'new ' if report.known else ''}finding. Looked at: {view.looked_at(report)}."
        yield ""
    yield from _apart(report)
    yield from _gaps(report)
    version, seconds = report.tool.get("version", ""), report.timing.get("total", 0.0)
    yield f"Buckler {escape(version)}, {seconds:.1f} s"


def _table(report: Report) -> Iterator[str]:
    yield "| Severity | Confidence | Weakness | Operation | Place |"
    yield "| --- | --- | --- | --- | --- |"
    for finding in report.findings[:MAX_ROWS]:
        place = finding.location
        yield (
            f"| {finding.severity.value} | {finding.confidence.value} "
            f"| {escape(view.title(report, finding))} ({escape(finding.rule)}) "
            f"| {code(view.interface(place) or finding.subject, table=True)} "
            f"| {code(view.place(place), table=True)} |"
        )
    if len(report.findings) > MAX_ROWS:
        yield ""
        yield f"and {len(report.findings) - MAX_ROWS} more findings"
    yield ""


def _details(report: Report, causes: list[Cause]) -> Iterator[str]:
    for cause in causes[:MAX_DETAILS]:
        amount = view.plural(len(cause.findings), "finding")
        word = f"{cause.severity.value}, {cause.confidence.value}"
        head = f"{escape(cause.title)} ({escape(cause.id)}): {amount}, {word}"
        yield f"<details><summary>{head}</summary>"
        yield ""
        yield from _first(report, cause.findings[0])
        if cause.rule and cause.rule.fix:
            fix = cause.rule.fix
            yield f"Fix: {code(fix.summary)}"
            yield ""
            if fix.before and fix.after:
                before = [f"- {text}" for text in fix.before.split("\n")]
                after = [f"+ {text}" for text in fix.after.split("\n")]
                yield from fence("\n".join([*before, *after]), "diff")
                yield ""
        yield f"The guide: {code(f'buckler rule {cause.id}')}"
        yield ""
        yield "</details>"
        yield ""
    if len(causes) > MAX_DETAILS:
        yield f"and {len(causes) - MAX_DETAILS} more rules with findings"
        yield ""


def _first(report: Report, finding: Finding) -> Iterator[str]:
    at = " ".join(
        code(text)
        for text in (view.interface(finding.location), view.place(finding.location))
        if text
    )
    yield f"{escape(finding.message)} {at}".rstrip()
    yield ""
    excerpt = report.excerpts.get(finding.fingerprint, ())
    if excerpt:
        marked = finding.location.line
        rows = [f"{'>' if n == marked else ' '} {n:>4}  {clean.line(text)}" for n, text in excerpt]
        yield from fence("\n".join(rows))
        yield ""
    for sink in view.proofs(finding, "sink")[:1]:
        got = clean.around(clean.line(view.argument(sink)), str(sink.get("mark", "")), MAX_CODE)
        yield f"{code(view.call(sink))} got {code(got)}"
        yield ""
    for data in view.proofs(finding, "flow")[:1] if not view.proofs(finding, "sink") else ():
        for step in list(data.get("steps") or ())[:MAX_STEPS]:
            at = code(f"{step.get('path', '')}:{step.get('line', '')}")
            yield f"1. {at} {escape(clean.line(str(step.get('text', ''))))}"
        yield ""
    for data in view.proofs(finding, "exchange")[:1]:
        if 0 < len(str(data.get("curl", ""))) <= MAX_CURL:
            yield from fence(data["curl"], "sh")
            yield ""


def _apart(report: Report) -> Iterator[str]:
    if report.known:
        yield f"{view.known(report)}."
        yield ""
    for finding, why in report.suppressed[:MAX_ROWS]:
        at = code(view.place(finding.location))
        yield f"- suppressed {view.suppressed_by(finding)}: {escape(finding.rule)} {at}: {escape(why)}"
    if report.suppressed:
        yield ""


def _gaps(report: Report) -> Iterator[str]:
    groups = view.gaps(report)
    if not groups:
        return
    yield "<details><summary>Not looked at</summary>"
    yield ""
    for group in groups[:MAX_GAPS]:
        how = f": {code(group.how)}" if group.how else ""
        whats = ", ".join(code(clean.cut(clean.line(what), 80)) for what in group.whats[:3])
        more = f" and {len(group.whats) - 3} more" if len(group.whats) > 3 else ""
        yield f"- {whats}{more}: {escape(clean.cut(clean.line(group.why), 200))}{how}"
    if len(groups) > MAX_GAPS:
        yield f"- and {len(groups) - MAX_GAPS} more reasons"
    yield ""
    yield "</details>"
    yield ""

"""Lays the report out in lines of a given width: what comes first, what is cut, what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from buckler.core.finding import Confidence, Finding
from buckler.core.report import Report
from buckler.scan.formats import clean, view
from buckler.scan.formats.text_finding import Line, finding_lines

MAX_GAPS = 8
ROOMY = 110
"""Columns from which on a third command has room in the last line."""
MAX_GROUPS = 12
FIX = "buckler fix"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that are not letters."""

    bar: str
    marker: str
    elbow: str
    arrow: str
    dot: str


UNICODE = Glyphs("│", "›", "╰─", "→", "·")
ASCII = Glyphs("|", ">", "`-", "->", "-")


class Lines:
    """Makes the lines of one report.

    Args:
        report: What to show.
        width: Columns.
        glyphs: Box characters, or what stands for them.
        cut: Whether evidence is cut to the width.
        fix: The command that repairs what was found.
        written: Whether a report was written to a file besides.
    """

    def __init__(
        self,
        report: Report,
        width: int,
        glyphs: Glyphs,
        *,
        cut: bool = True,
        fix: str = FIX,
        written: bool = False,
    ) -> None:
        self._report = report
        self._width = width
        self._glyphs = glyphs
        self._cut = cut
        self._fix = fix
        self._written = written

    def all(self, limit: int | None) -> list[Line]:
        """Every line, ``limit`` findings in full; None shows all."""
        shown = self._chosen(limit)
        lines: list[Line] = [*self._head(), []]
        for finding in shown:
            lines += [
                *finding_lines(self._report, finding, self._width, self._glyphs, self._cut),
                [],
            ]
        rest = [f for f in self._report.findings if f not in shown]
        if rest:
            lines += [*self._rest(rest), []]
        if not self._report.findings:
            lines += [*self._nothing(), []]
        missed = list(self._gaps())
        if missed:
            lines += [*missed, []]
        return [*lines, *self._foot()]

    def _chosen(self, limit: int | None) -> list[Finding]:
        """The worst of each cause first, so that five findings are five things to know."""
        findings = list(self._report.findings)
        if limit is None or len(findings) <= limit:
            return findings
        firsts = [cause.findings[0] for cause in view.causes(self._report)]
        others = [f for f in findings if f not in firsts]
        chosen = [*firsts, *others][:limit]
        return [f for f in findings if f in chosen]

    def _head(self) -> Iterator[Line]:
        report, dot = self._report, self._glyphs.dot
        target = report.target
        facts = [view.application(report)]
        if report.coverage.operations:
            facts.append(view.plural(len(report.coverage.operations), "operation"))
        if target.get("python"):
            facts.append(f"{target['python']} in {target.get('environment', '')}")
        name = clean.line(target.get("name", ""))
        text = f" {dot} ".join(clean.line(fact) for fact in facts if fact)
        yield [(name, "strong"), ("  " + clean.cut(text, self._width - clean.width(name) - 2), "")]
        yield []
        yield from self._grade()

    def _grade(self) -> Iterator[Line]:
        report = self._report
        grade = view.grade(report)
        pieces: list[tuple[str, str]] = [("", "")]
        if report.findings:
            pieces += [(self._dots(view.counts(report.findings)), ""), (view.proved(report), "")]
        else:
            pieces.append(("no new finding" if report.known else "no finding", ""))
        pieces.append((view.reached(report), ""))
        if report.suppressed:
            pieces.append((f"{len(report.suppressed)} suppressed", "quiet"))
        good = grade in ("A+", "A", "B")
        points = "" if grade == "?" else f"{report.score.value}/100"
        line: Line = [("  ", ""), (grade, "good" if good else "bad"), (f"  {points}", "strong")]
        used = sum(clean.width(text) for text, _ in line)
        for text, style in pieces[1:]:
            if not text:
                continue
            gap = 4 if used > 2 else 0
            if used + gap + clean.width(text) > self._width:
                yield line
                line, used, gap = [("     ", "")], 5, 0
            line += [(" " * gap, ""), (text, style)]
            used += gap + clean.width(text)
        yield line
        if signed_in := view.identities(report):
            yield from self._wrapped(clean.line(signed_in), "  ", "quiet")
        if brought := view.servers(report):
            yield from self._wrapped(brought, "  ", "quiet")
        if services := view.services(report):
            yield from self._wrapped(clean.line(services), "  ", "quiet")
        if stood := view.outgoing(report):
            yield from self._wrapped(clean.line(stood), "  ", "quiet")
        if apart := view.known(report):
            yield from self._wrapped(self._dots(apart), "  ", "quiet")
        if why := view.provisional(report):
            yield from self._wrapped(f"The grade is provisional: {clean.line(why)}", "  ", "bad")

    def _nothing(self) -> Iterator[Line]:
        report = self._report
        if report.failed and view.is_site(report):
            text = f"No finding so far. Looked at: {view.looked_at(report)}."
        elif report.failed:
            text = (
                "Nothing was found because the application did not run; this says nothing about it."
            )
        else:
            word = "No new finding" if report.known else "No finding"
            text = f"{word}. Looked at: {view.looked_at(report)}."
        yield from self._wrapped(text, "  ", "")

    def _rest(self, rest: list[Finding]) -> Iterator[Line]:
        causes = view.causes(self._report, rest)
        head = f"  {len(rest)} more: {self._dots(view.counts(rest))}"
        yield [(head, "strong"), ("   --all shows them in full", "quiet")]
        titles = max(clean.width(clean.line(cause.title)) for cause in causes)
        places = max(clean.width(clean.line(view.place(f.location))) for f in rest)
        wide = min(titles, 40, max(24, self._width - 28 - places))
        for cause in causes[:MAX_GROUPS]:
            first = cause.findings[0]
            name = clean.cut(clean.line(cause.title), wide)
            left = f"  {name + ' ' * (wide - clean.width(name))}  {len(cause.findings):>3}  "
            room = self._width - 2 - 8 - 2 - 6 - clean.width(left)
            yield [
                ("  ", ""),
                (f"{cause.severity.value:<8}", f"{cause.severity.value} word"),
                ("  ", ""),
                (cause.id, "quiet"),
                (left, ""),
                (self._where(first, room), "place"),
            ]
        if len(causes) > MAX_GROUPS:
            more = view.plural(len(causes) - MAX_GROUPS, "more rule")
            yield [(f"  and {more}", "quiet")]

    def _where(self, finding: Finding, room: int) -> str:
        """Operation and place as far as there is room; the place is what people click."""
        at = clean.line(view.place(finding.location))
        operation = clean.line(finding.location.operation or finding.subject)
        if not at:
            return clean.cut(operation, room)
        both = f"{operation} {self._glyphs.arrow} {at}"
        return both if operation and clean.width(both) <= room else clean.cut(at, room)

    def _gaps(self) -> Iterator[Line]:
        groups = view.gaps(self._report)
        if not groups:
            return
        yield [("  Not looked at", "strong")]
        for group in groups[:MAX_GAPS]:
            how = f" {self._glyphs.arrow} {clean.line(group.how)}" if group.how else ""
            text = f"{view.listed(group.whats, 2)}: {clean.cut(clean.line(group.why), 160)}{how}"
            yield from self._wrapped(text, "    ", "", hang="      ")
        if len(groups) > MAX_GAPS:
            more = view.plural(len(groups) - MAX_GAPS, "more reason")
            yield [(f"    and {more}: -o report.html has all", "quiet")]

    def _foot(self) -> Iterator[Line]:
        report = self._report
        steps = []
        proved = next((f for f in report.findings if f.confidence is Confidence.PROVED), None)
        known = (report.rules.get(finding.rule) for finding in report.findings)
        is_site = view.is_site(report)
        if not is_site and any(rule is not None and rule.fixable for rule in known):
            steps.append(clean.line(f"{self._fix} --diff"))
        if proved is not None and not is_site and (not steps or self._width > ROOMY):
            steps.append(f"buckler replay {proved.fingerprint[:8]}")
        if report.findings:
            steps.append(f"buckler rule {report.findings[0].rule}")
        if not self._written:
            steps.append("-o report.html")
        seconds = f"{report.timing.get('total', 0.0):.1f} s"
        text = self._next(steps)
        while len(steps) > 1 and clean.width(text) + len(seconds) + 2 > self._width:
            steps.pop()
            text = self._next(steps)
        room = self._width - clean.width(text) - len(seconds)
        if room < 2:
            # What is to be typed is never cut.
            yield from self._wrapped(text.lstrip(), "  ", "", hang="    ")
            text, room = "", self._width - len(seconds)
        yield [(text, ""), (" " * room, ""), (seconds, "quiet")]

    def _next(self, steps: list[str]) -> str:
        return "  Next: " + f"  {self._glyphs.dot}  ".join(steps) if steps else ""

    def _wrapped(
        self, text: str, indent: str, style: str, hang: str | None = None
    ) -> Iterator[Line]:
        """Words in lines; a word that is wider than the line is cut."""
        following = hang if hang is not None else indent
        line, lead = "", indent
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if line and clean.width(lead + longer) > self._width:
                yield [(lead + line, style)]
                line, lead = word, following
            else:
                line = longer
            if self._cut:
                line = clean.cut(line, self._width - len(lead))
        yield [(lead + line, style)]

    def _dots(self, text: str) -> str:
        return text.replace(" · ", f" {self._glyphs.dot} " if self._glyphs.dot == "·" else ", ")


__all__ = ["ASCII", "UNICODE", "Glyphs", "Line", "Lines"]

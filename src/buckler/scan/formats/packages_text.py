"""What is known of a project's packages, for people.

To a terminal what is long is wrapped behind its indent: ways and commands are there to be read and copied, so they are
never cut. Anything else gets whole lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.text import Text

from buckler.core.events import GapFound
from buckler.core.finding import Finding, Severity
from buckler.core.report import PackageCoverage
from buckler.scan.engines.packages.engine import PackagesEngine
from buckler.scan.engines.packages.matching import Weakness
from buckler.scan.engines.packages.reach.level import Reach
from buckler.scan.engines.packages.reach.telling import short, steps
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.engines.packages.upgrades import PYTHON
from buckler.scan.engines.packages.upgrades import told as blocked
from buckler.scan.formats import clean
from buckler.scan.formats.text import STYLES
from buckler.scan.formats.view import plural
from buckler.scan.rules.packages.known_vulnerability import KnownVulnerability, rated, subject_of

MOST_FILES: Final = 4
MOST_STEPS: Final = 8
"""Of a way, in a terminal."""
INDENT: Final = " " * 11
NARROWEST: Final = 40


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell.

    Attributes:
        name: Of the project.
        engine: What was read and matched.
        findings: Those that stay.
        gaps: What was not looked at.
        answered: By the subject of a finding, why somebody says that it does not matter.
    """

    name: str
    engine: PackagesEngine
    findings: Sequence[Finding]
    gaps: Sequence[GapFound] = ()
    answered: Mapping[str, str] = field(default_factory=dict)

    def open_in(self, seen: PackageSeen) -> list[Weakness]:
        """The weaknesses of a package that nobody answered for."""
        return [w for w in seen.weaknesses if subject_of(seen, w) not in self.answered]


class _Paper:
    """Where it is printed: lines of a terminal's width, or whole ones."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = max(console.width, NARROWEST) if console.is_terminal else 0

    def line(self, *pieces: tuple[str, str], indent: str = "") -> None:
        """One line; what does not fit follows behind the indent. What files and records say is made harmless."""
        text = Text(indent)
        for piece, style in pieces:
            text.append(clean.line(piece) if piece.strip() else piece, STYLES.get(style, ""))
        if not self._width:
            self._console.file.write(text.plain.rstrip() + "\n")
            return
        for row in self._rows(text, indent):
            self._console.print(row, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def _rows(self, text: Text, indent: str) -> list[Text]:
        if clean.width(text.plain) <= self._width:
            return [text]
        room = max(self._width - len(indent) - 2, 20)
        rows = text.wrap(self._console, room, overflow="fold")
        return [rows[0], *(Text(f"{indent}  ").append_text(row) for row in rows[1:])]


def print_packages(console: Console, told: Told, fix: str, *, show_all: bool = False) -> None:
    """Print what is known, worst package first, then what else was found and what was not looked at.

    Args:
        console: Where to.
        told: What there is to tell.
        fix: The command that writes the upgrades.
        show_all: Whether packages without a weakness are listed, too.
    """
    paper = _Paper(console)
    weak = [seen for seen in told.engine.seen if told.open_in(seen)]
    _head(paper, told.name, told.engine.coverage())
    for seen in sorted(weak, key=lambda s: _order(s, told)):
        paper.line()
        _vulnerable(paper, seen, told)
    others = [f for f in told.findings if f.rule != KnownVulnerability.id]
    if others:
        paper.line()
    for finding in others:
        _other(paper, finding)
    if show_all:
        paper.line()
        for seen in told.engine.seen:
            if not seen.weaknesses:
                named = f"  {seen.package.name} {seen.package.version}  "
                paper.line((named, ""), (_by(seen), "quiet"))
    if told.answered:
        paper.line()
        paper.line(("  Answered for", "strong"))
    for subject, reason in told.answered.items():
        paper.line((f"{subject}: {reason}", "quiet"), indent="    ")
    if told.gaps:
        paper.line()
        paper.line(("  Not looked at", "strong"))
    for gap in told.gaps:
        hint = f" -> {gap.how_to_include}" if gap.how_to_include else ""
        paper.line((f"{gap.what}: {gap.why}{hint}", "quiet"), indent="    ")
    paper.line()
    paper.line((f"  {_sum(told, weak)}", "strong"))
    if any(seen.upgrade for seen in weak):
        paper.line((f"Next: {fix} --unsafe --rule {KnownVulnerability.id} --diff", ""), indent="  ")


def _head(paper: _Paper, name: str, coverage: PackageCoverage) -> None:
    known = "no advisories"
    if coverage.advisories:
        known = f"{plural(coverage.advisories, 'advisory', 'advisories')} of {coverage.date[:10]}"
    files = [path for path, _ in coverage.inventories]
    more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
    where = f"{', '.join(files[:MOST_FILES]) or 'nothing to read'}{more}"
    told = f"  {plural(coverage.versions, 'package')} in {where}; {known}"
    paper.line((name, "strong"), (told, ""))


def _other(paper: _Paper, finding: Finding) -> None:
    place = finding.location
    at = f"{place.path}:{place.line}  " if place.line else f"{place.path or ''}  "
    paper.line(
        (f"{finding.severity.upper():<8} ", finding.severity.value),
        (at, "quiet"),
        (finding.message, ""),
        (f"  {finding.rule}", "quiet"),
        indent="  ",
    )


def _sum(told: Told, weak: Sequence[PackageSeen]) -> str:
    if not told.engine.seen:
        return "No file of the project names a version of a package."
    if not told.engine.coverage().advisories:
        return "Nothing was matched: buckler advisories update"
    count = sum(len(told.open_in(seen)) for seen in weak)
    counted = plural(count, "known weakness", "known weaknesses")
    return f"{counted} in {plural(len(weak), 'package')}."


def _vulnerable(paper: _Paper, seen: PackageSeen, told: Told) -> None:
    worst = _worst(seen, told)
    upgrade = f" -> {seen.upgrade}" if seen.upgrade else "  no version without is named"
    place = f"{seen.places[0][0]}:{seen.places[0][1]}" if seen.places[0][1] else seen.places[0][0]
    paper.line(
        (f"  {worst.upper():<8} ", worst.value),
        (f"{seen.package.name} {seen.package.version}", "strong"),
        (upgrade, "good" if seen.upgrade else ""),
        (f"   {place}", "quiet"),
    )
    paper.line((_by(seen), "quiet"), indent=INDENT)
    if seen.blockers:
        movers = {b.mover(seen.package.name) for b in seen.blockers} - {"", PYTHON}
        move = f": {', '.join(sorted(movers))} would have to move, too" if movers else ""
        in_the_way = f"{blocked(seen.blockers, seen.package.name)}{move}"
        paper.line((f"{seen.upgrade}, but {in_the_way}", "medium word"), indent=INDENT)
    before: Reach | None = None
    for weakness in sorted(told.open_in(seen), key=lambda w: _order_of(seen, w)):
        paper.line((f"{weakness.name:<20} ", ""), (_told(seen, weakness), "quiet"), indent=INDENT)
        reach = seen.reach_of(weakness)
        if reach != before:
            _way(paper, seen, reach)
        before = reach


def _way(paper: _Paper, seen: PackageSeen, reach: Reach) -> None:
    """How a request comes to it, a call on each line; nothing where it is as far as to the package itself."""
    if not reach.is_way and reach == seen.reach:
        return
    first, *calls = steps(reach) or [""]
    at = f": {first}" if first else ""
    paper.line((f"{short(reach, seen.package.name)}{at}", "quiet"), indent=f"{INDENT}  ")
    half = MOST_STEPS // 2
    shown = calls if len(calls) <= MOST_STEPS else [*calls[:half], "…", *calls[-half:]]
    for call in shown:
        paper.line((f"> {call}", "quiet"), indent=f"{INDENT}    ")


def _told(seen: PackageSeen, weakness: Weakness) -> str:
    exploited = "EXPLOITED " if weakness.exploited else ""
    fixed = f"closed in {weakness.fixed}: " if weakness.fixed else ""
    return f"{rated(seen, weakness).value:<9}{exploited}{fixed}{weakness.summary}"


def _by(seen: PackageSeen) -> str:
    said = short(seen.reach, seen.package.name)
    brought = f"by {' > '.join(seen.way[:-1])}; " if len(seen.way) > 1 else ""
    group = "" if seen.package.in_production else f"; only {', '.join(seen.package.groups)}"
    return f"{brought}{said}{group}"


def _order(seen: PackageSeen, told: Told) -> tuple[int, int, str]:
    """The worst first; of what is equally bad that to which the project comes furthest."""
    return *min(_order_of(seen, w)[:2] for w in told.open_in(seen)), seen.package.name


def _order_of(seen: PackageSeen, weakness: Weakness) -> tuple[int, int, str]:
    return rated(seen, weakness).rank, seen.reach_of(weakness).level.rank, weakness.name


def _worst(seen: PackageSeen, told: Told) -> Severity:
    return min((rated(seen, w) for w in told.open_in(seen)), key=lambda s: s.rank)

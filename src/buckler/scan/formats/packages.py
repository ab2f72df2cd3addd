"""What is known of a project's packages, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from buckler.core.events import GapFound
from buckler.core.finding import Finding, Severity
from buckler.core.report import PackageCoverage
from buckler.scan.engines.packages.engine import PackagesEngine
from buckler.scan.engines.packages.matching import Weakness
from buckler.scan.engines.packages.reach.level import Reach
from buckler.scan.engines.packages.reach.telling import short, way
from buckler.scan.engines.packages.seen import PackageSeen
from buckler.scan.engines.packages.upgrades import PYTHON
from buckler.scan.engines.packages.upgrades import told as blocked
from buckler.scan.formats import clean
from buckler.scan.formats.text import STYLES
from buckler.scan.formats.view import plural
from buckler.scan.rules.packages.known_vulnerability import KnownVulnerability, rated, subject_of

SCHEMA: Final = "buckler-packages/1"
MOST_FILES: Final = 4


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


def document(
    engine: PackagesEngine,
    findings: Sequence[Finding],
    gaps: Sequence[GapFound],
    answered: Mapping[str, str],
) -> dict[str, Any]:
    """JSON values: inventories, what was matched with what, packages, findings and gaps."""
    coverage = engine.coverage()
    return {
        "schema": SCHEMA,
        "inventories": [
            {"path": i.path, "kind": i.kind, "packages": len(i.packages), "python": i.python}
            for i in engine.inventories
            if i.packages
        ],
        "advisories": {
            "records": coverage.advisories,
            "date": coverage.date,
            "outdated": coverage.outdated,
        },
        "packages": [_package(seen, answered) for seen in engine.seen],
        "findings": [
            {
                "rule": f.rule,
                "severity": f.severity.value,
                "confidence": f.confidence.value,
                "message": f.message,
                "fingerprint": f.fingerprint,
                "subject": f.subject,
                **f.location.as_dict(),
            }
            for f in findings
        ],
        "gaps": [gap.as_dict() for gap in gaps],
    }


def _package(seen: PackageSeen, answered: Mapping[str, str]) -> dict[str, Any]:
    package = seen.package
    return {
        "name": package.name,
        "version": package.version,
        "direct": package.direct,
        "groups": list(package.groups),
        "source": package.source,
        "places": [{"path": path, "line": line} for path, line in seen.places],
        "way": list(seen.way),
        "reach": _reach(seen.reach),
        "upgrade": seen.upgrade,
        "blocked": [
            {"by": b.by, "version": b.version, "name": b.name, "specifier": b.specifier}
            for b in seen.blockers
        ],
        "weaknesses": [
            {
                "name": weakness.name,
                "aliases": list(weakness.names[1:]),
                "severity": rated(seen, weakness).value,
                "stated": weakness.severity.value if weakness.severity else None,
                "fixed": weakness.fixed,
                "exploited": weakness.exploited,
                "likelihood": weakness.likelihood,
                "summary": weakness.summary,
                "reach": _reach(seen.reach_of(weakness)),
                "answered": answered.get(subject_of(seen, weakness), ""),
            }
            for weakness in seen.weaknesses
        ],
    }


def _reach(reach: Reach) -> dict[str, Any]:
    return {
        "level": reach.level.value,
        "by": reach.by,
        "operation": reach.operation,
        "steps": [list(step) for step in reach.steps],
    }


def print_packages(console: Console, told: Told, *, show_all: bool = False) -> None:
    """Print what is known, worst package first, then what else was found and what was not looked at."""
    weak = [seen for seen in told.engine.seen if told.open_in(seen)]
    _head(console, told.name, told.engine.coverage())
    for seen in sorted(weak, key=lambda s: _order(s, told)):
        _line(console)
        _vulnerable(console, seen, told)
    others = [f for f in told.findings if f.rule != KnownVulnerability.id]
    if others:
        _line(console)
    for finding in others:
        _other(console, finding)
    if show_all:
        _line(console)
        for seen in told.engine.seen:
            if not seen.weaknesses:
                named = f"  {seen.package.name} {seen.package.version}  "
                _line(console, (named, ""), (_by(seen), "quiet"))
    if told.answered:
        _line(console)
        _line(console, ("  Answered for", "strong"))
    for subject, reason in told.answered.items():
        _line(console, (f"    {subject}: {reason}", "quiet"))
    if told.gaps:
        _line(console)
        _line(console, ("  Not looked at", "strong"))
    for gap in told.gaps:
        hint = f" -> {gap.how_to_include}" if gap.how_to_include else ""
        _line(console, (f"    {gap.what}: {gap.why}{hint}", "quiet"))
    _line(console)
    _line(console, (f"  {_sum(told, weak)}", "strong"))


def _head(console: Console, name: str, coverage: PackageCoverage) -> None:
    known = "no advisories"
    if coverage.advisories:
        known = f"{plural(coverage.advisories, 'advisory', 'advisories')} of {coverage.date[:10]}"
    files = [path for path, _ in coverage.inventories]
    more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
    where = f"{', '.join(files[:MOST_FILES]) or 'nothing to read'}{more}"
    told = f"  {plural(coverage.versions, 'package')} in {where}; {known}"
    _line(console, (name, "strong"), (told, ""))


def _other(console: Console, finding: Finding) -> None:
    place = finding.location
    at = f"{place.path}:{place.line}  " if place.line else f"{place.path or ''}  "
    _line(
        console,
        (f"  {finding.severity.upper():<8} ", finding.severity.value),
        (at, "quiet"),
        (finding.message, ""),
        (f"  {finding.rule}", "quiet"),
    )


def _sum(told: Told, weak: Sequence[PackageSeen]) -> str:
    if not told.engine.seen:
        return "No file of the project names a version of a package."
    if not told.engine.coverage().advisories:
        return "Nothing was matched: buckler advisories update"
    count = sum(len(told.open_in(seen)) for seen in weak)
    counted = plural(count, "known weakness", "known weaknesses")
    return f"{counted} in {plural(len(weak), 'package')}."


def _vulnerable(console: Console, seen: PackageSeen, told: Told) -> None:
    worst = _worst(seen, told)
    upgrade = f" -> {seen.upgrade}" if seen.upgrade else "  no version without is named"
    place = f"{seen.places[0][0]}:{seen.places[0][1]}" if seen.places[0][1] else seen.places[0][0]
    _line(
        console,
        (f"  {worst.upper():<8} ", worst.value),
        (f"{seen.package.name} {seen.package.version}", "strong"),
        (upgrade, "good" if seen.upgrade else ""),
        (f"   {place}", "quiet"),
    )
    _line(console, (f"           {_by(seen)}", "quiet"))
    if seen.blockers:
        movers = {b.mover(seen.package.name) for b in seen.blockers} - {"", PYTHON}
        move = f": {', '.join(sorted(movers))} would have to move, too" if movers else ""
        in_the_way = f"{blocked(seen.blockers, seen.package.name)}{move}"
        _line(console, (f"           {seen.upgrade}, but {in_the_way}", "medium word"))
    before = ""
    for weakness in sorted(told.open_in(seen), key=lambda w: _order_of(seen, w)):
        _line(console, (f"           {weakness.name:<20} ", ""), (_told(seen, weakness), "quiet"))
        reach = seen.reach_of(weakness)
        name = seen.package.name
        shown = short(reach, name) if reach.is_way or reach != seen.reach else ""
        shown += f": {way(reach)}" if reach.is_way else ""
        if shown and shown != before:
            _line(console, (f"{'':32}{shown}", "quiet"))
        before = shown


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


def _line(console: Console, *pieces: tuple[str, str]) -> None:
    """One line, cut to the width of a terminal; what files and records say is made harmless."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for piece, style in pieces:
        text.append(clean.line(piece) if piece.strip() else piece, STYLES.get(style, ""))
    if console.is_terminal:
        console.print(
            text, highlight=False, markup=False, emoji=False, no_wrap=True, overflow="ellipsis"
        )
    else:
        console.file.write(text.plain.rstrip() + "\n")

"""What the formats for people share: causes, places, counts and gaps, worked out once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from buckler.core.events import GapFound
from buckler.core.finding import VEX, Confidence, Finding, Location, Severity
from buckler.core.report import SERVER_NAMES, Report
from buckler.core.rule import Rule
from buckler.core.score import POINTS, REPEAT, WEIGHT
from buckler.scan.formats import clean

SHOWN_SERVICES = 8
SHOWN_OUTGOING = 5

_OWASP = re.compile(r"^([A-Za-z]+)(\d+):(\d{4})$")
_STOPPED = re.compile(r"^(process|connection): (.*)$", re.DOTALL)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:\+00:00|Z)")
_LISTS = {"A": "Top10"}


@dataclass(frozen=True, slots=True)
class Cause:
    """The findings of one rule: they have one cause and are fixed in one way.

    Attributes:
        rule: None where the report names a rule that did not run, e.g. out of a baseline.
        findings: Worst first.
    """

    id: str
    rule: Rule | None
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The name of the weakness for people."""
        return self.rule.title if self.rule else self.id

    @property
    def severity(self) -> Severity:
        """The worst severity among the findings."""
        return min((f.severity for f in self.findings), key=lambda item: item.rank)

    @property
    def confidence(self) -> Confidence:
        """The strongest confidence among the findings."""
        return min((f.confidence for f in self.findings), key=lambda item: item.rank)

    @property
    def lost(self) -> float:
        """Points that the findings take away (``core/score.py``)."""
        ranked = sorted(self.findings, key=lambda f: (f.severity.rank, f.confidence.rank))
        return sum(
            POINTS[f.severity] * WEIGHT[f.confidence] * (REPEAT if index else 1.0)
            for index, f in enumerate(ranked)
        )


@dataclass(frozen=True, slots=True)
class GapGroup:
    """Things that were not looked at for the same reason.

    Attributes:
        whats: Each thing once.
        why: The reason.
        how: What the user can do about it; may be empty.
    """

    whats: tuple[str, ...]
    why: str
    how: str


def causes(report: Report, findings: Iterable[Finding] | None = None) -> list[Cause]:
    """The findings by rule, in the order of each rule's worst finding."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in report.findings if findings is None else findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    made = [Cause(i, report.rules.get(i), tuple(items)) for i, items in by_rule.items()]
    return sorted(made, key=lambda c: (c.severity.rank, c.confidence.rank, -c.lost, c.id))


def title(report: Report, finding: Finding) -> str:
    """The name of the weakness for people."""
    rule = report.rules.get(finding.rule)
    return rule.title if rule else finding.rule


def place(location: Location) -> str:
    """``path:line`` as terminals make it clickable; empty where no file is known."""
    if not location.path:
        return ""
    return f"{location.path}:{location.line}" if location.line else location.path


def interface(location: Location) -> str:
    """``GET /items query:q``; empty where it is not about an operation."""
    return "  ".join(part for part in (location.operation, location.slot) if part)


def proofs(finding: Finding, kind: str) -> list[Mapping[str, Any]]:
    """The data of every proof of a kind."""
    return [proof.data for proof in finding.proof if proof.kind == kind]


def argument(sink: Mapping[str, Any]) -> str:
    """What a dangerous call was given, as one text."""
    value = sink.get("argument", "")
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def owasp(entry: str) -> dict[str, Any]:
    """``API8:2023`` as list, year and item; ``A05:2025`` is of the list ``Top10``."""
    found = _OWASP.match(entry)
    if not found:
        return {"list": "", "year": 0, "item": entry}
    letters, number, year = found.groups()
    return {
        "list": _LISTS.get(letters.upper(), letters.upper()),
        "year": int(year),
        "item": f"{letters.upper()}{number}",
    }


def counts(findings: Iterable[Finding]) -> str:
    """``2 critical · 5 high``, worst first; only what there is."""
    found = list(findings)
    amounts = [(sum(f.severity is s for f in found), s.value) for s in Severity]
    return " · ".join(f"{amount} {word}" for amount, word in amounts if amount)


def proved(report: Report) -> str:
    """``9 of 14 proved``."""
    amount = sum(f.confidence is Confidence.PROVED for f in report.findings)
    return f"{amount} of {len(report.findings)} proved"


def plural(amount: int, word: str, words: str = "") -> str:
    """``1 file``, ``1,204 files``."""
    return f"{amount:,} {word if amount == 1 else words or word + 's'}"


def reached(report: Report) -> str:
    """``81/86 operations reached, 74 signed in``."""
    items = report.coverage.operations
    if not items:
        return "no operation was run" if report.operations_expected else ""
    hit, signed = sum(i.reached for i in items), sum(i.authenticated for i in items)
    return f"{hit}/{len(items)} operations reached" + (f", {signed} signed in" if signed else "")


def call(sink: Mapping[str, Any]) -> str:
    """The call that input reached, and that no real server answered it."""
    made = " (answered by a stand-in)" if sink.get("answered_by") == "stand-in" else ""
    return f"{sink.get('call', '')}{made}"


def servers(report: Report) -> str:
    """Which servers were brought, and what for: ``PostgreSQL (db:5432/shop)``; and whose were used."""
    brought: dict[str, dict[str, None]] = {}
    own = []
    for wanted, by in sorted(report.coverage.servers.items()):
        if by == "allowed":
            own.append(f"{SERVER_NAMES[wanted.kind]} {wanted.address}")
        elif by:
            name = SERVER_NAMES[wanted.kind]
            name = f"a stand-in for {name}" if by == "stand-in" else name
            brought.setdefault(name, {})[wanted.address] = None
    told = [f"{name} (for {listed(addresses)})" for name, addresses in brought.items()]
    parts = [f"Brought for this scan: {', '.join(told)}"] if told else []
    parts += [f"Used as --allow says: {', '.join(own)}"] if own else []
    return ". ".join(parts)


def moment(started: str) -> str:
    """``2026-11-30 02:09 UTC`` of a moment in UTC as ISO 8601; what is none, as it is."""
    found = _MOMENT.fullmatch(started)
    return f"{found[1]} {found[2]} UTC" if found else started


def identities(report: Report) -> str:
    """Who signed in though nobody was named: ``Signed in as casey2 and casey4, made for this scan by POST /signup``."""
    parts: dict[str, list[str]] = {}
    for one in report.coverage.identities:
        if one.source != "settings":
            how = (
                f"made for this scan by {one.request}"
                if one.source == "signup"
                else "brought along by the application"
            )
            role = f" ({one.role})" if one.role not in ("user", one.name) else ""
            parts.setdefault(how, []).append(f"{one.name}{role}")
    told = [f"{' and '.join(names)}, {how}" for how, names in parts.items()]
    yours = "your own: [tool.buckler.identities]"
    return f"Signed in as {'; as '.join(told)}; {yours}" if told else ""


def services(report: Report) -> str:
    """What the compose file starts: ``compose.yaml: db (postgres:16) brought, queue … not``."""
    seen = report.coverage.services
    if not seen:
        return ""
    words = {"scratch": "brought", "stand-in": "answered by a stand-in", "": "not brought"}
    told = [f"{service.name} ({service.image}) {words[by]}" for service, by in seen.items()]
    more = f", {len(told) - SHOWN_SERVICES} more" if len(told) > SHOWN_SERVICES else ""
    return f"{next(iter(seen)).file}: {', '.join(told[:SHOWN_SERVICES])}{more}"


def outgoing(report: Report) -> str:
    """What was answered in place of other people's APIs: ``GET https://… (made, app.py:12)``."""
    calls = report.coverage.outgoing
    if not calls:
        return ""
    told = [
        f"{call.method} {call.url} ({', '.join(part for part in (call.source, call.where) if part)})"
        for call in calls[:SHOWN_OUTGOING]
    ]
    if len(calls) > SHOWN_OUTGOING:
        told.append(f"{len(calls) - SHOWN_OUTGOING} more")
    hint = f"--allow {calls[0].address} lets the real one through"
    return f"Answered in place of other people's APIs: {'; '.join(told)}. {hint}."


def grade(report: Report) -> str:
    """The grade, or a question mark where a project's application did not run, or nothing of a site was found."""
    unknown = report.failed and not (is_site(report) and report.findings)
    return "?" if unknown else report.score.grade


def known(report: Report) -> str:
    """What the baseline sets apart, by severity; empty where there is nothing."""
    if not report.known:
        return ""
    amount = len(report.known)
    are = "is" if amount == 1 else "are"
    found = plural(amount, "known finding")
    return f"{found} in the baseline {are} not graded: {counts(report.known)}"


def provisional(report: Report) -> str:
    """Why the grade says little; empty where it can be trusted."""
    if report.broken:
        return f"internal error in {listed(f'rule {i}' for i in report.broken)}"
    if report.failed:
        ran = bool(report.coverage.operations)
        if is_site(report):
            return report.failed
        return (
            f"{'the scan is not whole' if ran else 'the application did not run'}: {report.failed}"
        )
    packages = report.coverage.packages
    if packages and packages.outdated:
        return packages.outdated
    if report.reached_too_little:
        share = f"{report.coverage.reached_share:.0%}"
        return f"{share} of the operations were reached, {report.min_coverage:.0%} are needed"
    return ""


def looked_at(report: Report) -> str:
    """What a report without a finding rests on."""
    cover = report.coverage
    words = [plural(len(report.rules), "rule")]
    if cover.operations:
        hit = sum(i.reached for i in cover.operations)
        words.append(f"{hit} of {plural(len(cover.operations), 'operation')} reached")
    if cover.requests:
        words.append(plural(cover.requests, "request"))
    if cover.files_total:
        words.append(f"{cover.files_parsed} of {plural(cover.files_total, 'file')} read")
    if cover.packages and cover.packages.advisories:
        known = plural(cover.packages.advisories, "advisory", "advisories")
        words.append(f"{plural(cover.packages.versions, 'package')} matched with {known}")
    return ", ".join(words)


def application(report: Report) -> str:
    """The applications as people type them: ``main:app``."""
    labels = report.target.get("applications") or ()
    return ", ".join(map(str, labels))


def is_site(report: Report) -> bool:
    """Whether a running site was looked at, of which there is no code to repair or to start again."""
    return report.target.get("kind") == "url"


def gaps(report: Report) -> list[GapGroup]:
    """What was not looked at, together where reason and remedy are the same.

    Operations that were not reached come first, by reason; then what the engines said. Each
    stopped process is one gap of the report and one line here.
    """
    named = {gap.what for gap in report.coverage.gaps}
    missed = [
        GapFound(o.operation, o.why or "not reached")
        for o in report.coverage.operations
        if not o.reached and o.operation not in named
    ]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for gap in (*missed, *report.coverage.gaps):
        stopped = _STOPPED.match(gap.what)
        kind, what = stopped.groups() if stopped else ("", gap.what)
        if kind == "connection":
            key = (kind, "connections were stopped by the box", "--allow HOST:PORT")
        elif kind:
            key = (kind, "processes were stopped by the box", gap.how_to_include)
        else:
            key = (kind, gap.why, gap.how_to_include)
        items = groups.setdefault(key, [])
        if what not in items:
            items.append(what)
    return [GapGroup(tuple(whats), why, how) for (_, why, how), whats in groups.items()]


def listed(texts: Iterable[str], most: int = 3) -> str:
    """The first few, and how many more there are."""
    items = [clean.line(text) for text in texts]
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest} more" if rest > 0 else "")


def suppressed_by(finding: Finding) -> str:
    """What set a finding apart: ``in the code``, ``by a statement``."""
    return "by a statement" if VEX in finding.context else "in the code"

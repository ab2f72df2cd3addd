"""What the HTML page shows, as plain values: the template itself works nothing out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from buckler.core.finding import Confidence, Severity
from buckler.core.report import Report
from buckler.core.rule import Rule
from buckler.scan.formats import view
from buckler.scan.formats.html_finding import FindingView, Sizes, finding_view

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

FIRST = 5
FULL = 100
FULL_PER_CAUSE = 12
LARGE = Sizes(body=1200, curl=4000, argument=1200, line=400, around=3, exchanges=2, tests=True)
SMALL = Sizes(body=300, curl=600, argument=300, line=160, around=1, exchanges=1, tests=False)
"""With these a page of 500 findings stays below 3 MB, whatever the application answers."""


@dataclass(frozen=True, slots=True)
class CauseView:
    """The findings of one rule with what the rule says.

    Attributes:
        why: What an attacker gets, one sentence; marked up.
        guide: The whole guide; marked up.
        owasp: ``(text, address)`` of each entry; the same for ``cwe``.
    """

    cause: view.Cause
    findings: list[FindingView]
    why: Any
    guide: Any
    cwe: list[tuple[str, str]]
    owasp: list[str]
    asvs: list[str]

    @property
    def rule(self) -> Rule | None:
        """The rule, or None where it did not run."""
        return self.cause.rule


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page."""

    report: Report
    grade: str
    provisional: str
    severities: list[tuple[str, int]]
    confidences: list[tuple[str, int]]
    causes: list[CauseView]
    first: list[CauseView]
    coverage: list[tuple[str, int, int | None]]
    gaps: list[view.GapGroup]
    known: list[FindingView]
    suppressed: list[tuple[FindingView, str]]
    ran: list[tuple[str, str]]


def page(report: Report) -> Page:
    """Work out what the page shows."""
    causes = _causes(report)
    ranked = sorted(causes, key=lambda c: _urgent(c.cause))
    counts = report.counts()
    return Page(
        report=report,
        grade=view.grade(report),
        provisional=view.provisional(report),
        severities=[(s.value, counts[s]) for s in Severity],
        confidences=[
            (c.value, sum(f.confidence is c for f in report.findings)) for c in Confidence
        ],
        causes=causes,
        first=ranked[:FIRST],
        coverage=_coverage(report),
        gaps=view.gaps(report),
        known=[finding_view(report, f, SMALL) for f in report.known],
        suppressed=[(finding_view(report, f, SMALL), why) for f, why in report.suppressed],
        ran=_ran(report),
    )


def _urgent(cause: view.Cause) -> tuple[bool, int, float, str]:
    """What to do first: what is no mere suspicion, the worst, then what costs the most points."""
    suspected = cause.confidence is Confidence.SUSPECTED
    return suspected, cause.severity.rank, -cause.lost, cause.id


def _causes(report: Report) -> list[CauseView]:
    many = len(report.findings) > FULL
    left = FULL
    made = []
    for cause in view.causes(report):
        rule = cause.rule
        full = min(FULL_PER_CAUSE, left) if many else len(cause.findings)
        left -= min(full, len(cause.findings))
        made.append(
            CauseView(
                cause=cause,
                findings=[
                    finding_view(report, f, LARGE if n < full else SMALL)
                    for n, f in enumerate(cause.findings)
                ],
                why=inline(sentence(rule)) if rule else "",
                guide=guide(rule) if rule else "",
                cwe=[
                    (f"CWE-{n}", f"https://cwe.mitre.org/data/definitions/{n}.html")
                    for n in (rule.cwe if rule else ())
                ],
                owasp=[owasp(entry) for entry in (rule.owasp if rule else ())],
                asvs=list(rule.asvs) if rule else [],
            )
        )
    return made


def owasp(entry: str) -> str:
    """``OWASP Top 10 2025 A05``."""
    parsed = view.owasp(entry)
    names = {"API": "API Top 10", "Top10": "Top 10", "LLM": "LLM Top 10"}
    if not parsed["list"]:
        return f"OWASP {entry}"
    return f"OWASP {names.get(parsed['list'], parsed['list'])} {parsed['year']} {parsed['item']}"


def sentence(rule: Rule) -> str:
    """The first sentence of why it matters; the summary where there is none."""
    text = " ".join(rule.sections().get("Why it matters", rule.summary).split())
    head, dot, _ = text.partition(". ")
    return head + dot.strip()


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).disable("image")


def guide(rule: Rule) -> Any:
    """The whole guide, marked up."""
    from markupsafe import Markup

    tokens = _markdown().parse(rule.guide)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h4"
    rendered = _markdown().renderer.render(tokens, _markdown().options, {})
    return Markup(rendered)  # noqa: S704 - made with html off: text comes out escaped


def inline(text: str) -> Any:
    """A sentence of a guide, marked up."""
    from markupsafe import Markup

    return Markup(_markdown().renderInline(text))  # noqa: S704 - made with html off


def _coverage(report: Report) -> list[tuple[str, int, int | None]]:
    """Name, how many, of how many."""
    cover = report.coverage
    total = len(cover.operations)
    rows: list[tuple[str, int, int | None]] = []
    if total:
        rows += [
            ("operations reached", sum(i.reached for i in cover.operations), total),
            ("of them signed in", sum(i.authenticated for i in cover.operations), total),
            (
                "of them attacked",
                sum(i.reached and i.attacked > 0 for i in cover.operations),
                total,
            ),
        ]
        rows.append(
            (
                "inputs attacked",
                sum(i.attacked for i in cover.operations),
                sum(i.slots for i in cover.operations),
            )
        )
    if cover.files_total:
        rows.append(("files read", cover.files_parsed, cover.files_total))
    if cover.packages and cover.packages.advisories:
        rows.append(("packages matched", cover.packages.versions, None))
    if cover.requests:
        rows.append(("requests sent", cover.requests, None))
    return rows


def _ran(report: Report) -> list[tuple[str, str]]:
    target, tool = report.target, report.tool
    walls = sorted(report.coverage.walls.items())
    stood = ", ".join(name for name, up in walls if up) or "none"
    fell = ", ".join(name for name, up in walls if not up)
    engines = [
        f"{name} {seconds:.1f} s" for name, seconds in report.timing.items() if name != "total"
    ]
    score = report.score
    scored = "" if view.grade(report) == "?" else f"{score.value}/100 by {score.version}"
    rows = [
        ("Application", view.application(report)),
        ("Folder", str(target.get("folder", ""))),
        ("Python", " in ".join(str(target[k]) for k in ("python", "environment") if target.get(k))),
        ("FastAPI", str(target.get("fastapi", ""))),
        ("Buckler", f"{tool.get('version', '')}, {view.plural(len(report.rules), 'rule')}"),
        ("Buckler's Python", str(target.get("buckler_python", ""))),
        ("Platform", str(target.get("platform", ""))),
        ("Engines", ", ".join(map(str, target.get("engines") or ()))),
        ("Walls of the box", f"{stood}{f'; not {fell}' if fell else ''}" if walls else ""),
        ("Seed", str(target.get("seed", ""))),
        ("Started", view.moment(report.started)),
        (
            "Time",
            f"{report.timing.get('total', 0.0):.1f} s"
            + (f": {', '.join(engines)}" if engines else ""),
        ),
        ("Score", scored),
    ]
    return [(name, text) for name, text in rows if text]


__all__ = ["CauseView", "Page", "guide", "inline", "owasp", "page", "sentence"]

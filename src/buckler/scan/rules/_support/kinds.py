"""Answers by their kind, for rules that ask for a header on each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Rule
from buckler.scan.engines.interface import Answer, Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.evidence import at_main, shown

KINDS = {
    "html": "pages",
    "docs": "the documentation",
    "static": "files",
    "200": "answers",
    "login": "the sign-in",
    "redirect": "redirects",
    "host": "answers to another host",
    "400": "400",
    "401": "401",
    "403": "403",
    "404": "404",
    "405": "405",
    "413": "413",
    "414": "414",
    "422": "422",
    "429": "429",
    "431": "431",
    "500": "500",
}


def lacking(
    seen: Observations, has: Callable[[Answer], bool], applies: Callable[[Answer], bool]
) -> dict[str, Exchange]:
    """By kind: an answer that ought to have a header and has not; pages come first."""
    found: dict[str, Exchange] = {}
    for kind in KINDS:
        for exchange in seen.kinds.get(kind, ()):
            answer = exchange.answer
            if (
                answer.status is not None
                and answer.status >= 200
                and applies(answer)
                and not has(answer)
            ):
                found.setdefault(kind, exchange)
    return found


def header_finding(
    rule: Rule,
    app: AppModel,
    seen: Observations,
    header: str,
    has: Callable[[Answer], bool],
    *,
    applies: Callable[[Answer], bool] = lambda answer: True,
    severity: Callable[[Iterable[str]], Severity] | None = None,
) -> Iterable[Finding]:
    """One finding for the application that lists the kinds of answer without a header."""
    found = lacking(seen, has, applies)
    if not found:
        return
    known = {
        kind: [e.answer for e in seen.kinds.get(kind, ()) if applies(e.answer)] for kind in KINDS
    }
    if len(found) < sum(map(bool, known.values())):
        where = ", ".join(KINDS[kind] for kind in found)
    elif any(has(answer) for answers in known.values() for answer in answers):
        where = "answers of every kind, though some have it"
    else:
        where = "every answer"
    kind, exchange = next(iter(found.items()))
    yield rule.found(
        f"{header} is missing on {where}.",
        confidence=Confidence.OBSERVED,
        severity=severity(found) if severity else None,
        location=at_main(app),
        anchor=header.lower(),
        proof=(shown(exchange, seen.identities, why=f"{KINDS[kind]} without {header}"),),
    )


def has_body(answer: Answer) -> bool:
    """Whether there is anything that a browser would look at."""
    return answer.size > 0 or bool(answer.body)


def is_page(answer: Answer) -> bool:
    """Whether a browser shows the answer as a page."""
    return answer.media_type in ("text/html", "application/xhtml+xml", "image/svg+xml")

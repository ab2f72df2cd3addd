"""Puts together what one cause shows at many places: a report of a hundred lines alike is not read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from buckler.core.finding import Finding

MOST_ALIKE = 3
"""So many places of one input and one rule are findings of their own."""
MOST_NAMED = 8
"""So many of the others are named."""


def together(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by place; of those that one input or one file has many of, the first, the others named."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in sorted(findings, key=_place):
        groups.setdefault(_cause(finding), []).append(finding)
    made: list[Finding] = []
    for cause, group in groups.items():
        most = 1 if cause[1] in ("exception", "host") else MOST_ALIKE
        kept, others = group[:most], group[most:]
        if others:
            kept[-1] = replace(kept[-1], message=f"{kept[-1].message} {_named(others)}")
        made += kept
    return sorted(made, key=_place)


def _place(finding: Finding) -> tuple[str, int, str]:
    return finding.location.path or "", finding.location.line or 0, finding.rule


def _cause(finding: Finding) -> tuple[object, ...]:
    """What findings have in common that one change would close; a place of its own where nothing is known."""
    for proof in finding.proof:
        if proof.kind != "flow" or not proof.data.get("steps"):
            continue
        source, slot = proof.data.get("source"), proof.data.get("slot")
        first = proof.data["steps"][0]
        if source == "exception":
            return finding.rule, "exception", finding.location.path
        if source == "host":  # the link, and the mail that it goes into
            return finding.rule, "host", first["path"], first["line"]
        if slot:
            return finding.rule, source, slot, first["path"], first["line"]
    return finding.rule, None, *_place(finding)


def _named(others: list[Finding]) -> str:
    places = [f"{f.location.path}:{f.location.line}" for f in others[:MOST_NAMED]]
    more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    return f"The same at {', '.join(places)}{more}."

"""One weakness seen by several engines at one place is one finding, with all its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from buckler.core.finding import Confidence, Finding, Proof
from buckler.scan.model.application import AppModel, Operation

NEAR = 2
Line = Callable[[str, int], str]


def merge(findings: Iterable[Finding], line: Line) -> list[Finding]:
    """Merge findings that are about the same thing.

    Args:
        findings: Of all engines.
        line: Gives the text of a line, for fingerprints that survive moved lines.
    """
    exact: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        place = finding.location
        key = (finding.rule, place.path, place.line, place.operation, place.slot, finding.subject)
        exact[key] = exact[key].merged(finding) if key in exact else finding
    placed = [f for f in exact.values() if f.location.operation]
    rest = [f for f in exact.values() if not f.location.operation]
    kept: list[Finding] = []
    for finding in sorted(rest, key=lambda f: f.confidence is Confidence.SUSPECTED):
        seen = [i for i, other in enumerate(kept) if _told_of_both(finding, other)]
        if seen:
            kept[seen[0]] = kept[seen[0]].merged(replace(finding, severity=kept[seen[0]].severity))
            continue
        twins = [
            i
            for i, other in enumerate(placed)
            if _same_place(finding, other) or _leads_through(finding, other)
        ]
        for index in twins:
            placed[index] = placed[index].merged(replace(finding, severity=placed[index].severity))
        if not twins:
            kept.append(finding)
    _without_stack(placed, kept)
    return _numbered([_anchored(f, line) for f in (*placed, *kept)])


def attributed(findings: Iterable[Finding], model: AppModel | None) -> list[Finding]:
    """Give findings of source the operation in whose handler they stand."""
    handlers: dict[str, list[tuple[int, int, Operation]]] = {}
    for operation in model.operations if model else ():
        if (at := operation.place) is not None:
            handlers.setdefault(at.path, []).append((at.line, at.end, operation))
    made = []
    for finding in findings:
        place = finding.location
        line = place.line or 0
        around = [
            op for first, last, op in handlers.get(place.path or "", ()) if first <= line <= last
        ]
        if place.operation is None and len(around) == 1 and not finding.subject:
            finding = replace(finding, location=replace(place, operation=around[0].key))
        made.append(finding)
    return made


def _same_place(source: Finding, live: Finding) -> bool:
    one, other = source.location, live.location
    if source.rule != live.rule or source.subject != live.subject or one.path is None:
        return False
    places = [(other.path, other.line)]
    for proof in live.proof:
        places += [(step["path"], step["line"]) for step in proof.data.get("stack", ())]
    return any(
        path == one.path and at is not None and abs(at - (one.line or 0)) <= NEAR
        for path, at in places
    )


def _without_stack(placed: list[Finding], kept: list[Finding]) -> None:
    """Join what was seen with the one flow that it can be, where the stack was lost, as in a thread."""
    for index, live in enumerate(placed):
        if _has_stack(live):
            continue
        flows = [f for f in kept if any(_flows(f, live))]
        if len(flows) == 1:
            placed[index] = live.merged(replace(flows[0], severity=live.severity))
            kept.remove(flows[0])


def _leads_through(source: Finding, live: Finding) -> bool:
    """Whether a flow that the source shows leads through the place at which it was seen to do harm."""
    place = (live.location.path, live.location.line)
    return _has_stack(live) and any(
        place in [(step["path"], step["line"]) for step in flow.data.get("steps", ())]
        for flow in _flows(source, live)
    )


def _has_stack(live: Finding) -> bool:
    return any(proof.data.get("stack") for proof in live.proof)


def _flows(source: Finding, live: Finding) -> Iterator[Proof]:
    """The flows of a suspicion that begin where something was sent and did harm."""
    suspected = source.confidence is Confidence.SUSPECTED
    if suspected and live.confidence is not Confidence.SUSPECTED and source.rule == live.rule:
        for flow in source.proof:
            if flow.data.get("operation") == live.location.operation and _comes_along(
                live.location.slot or "", flow.data
            ):
                yield flow


def _comes_along(slot: str, flow: Mapping[str, Any]) -> bool:
    """Whether a slot is of what flows; several fields stand for the whole body, with what it does not declare."""
    slots, kind = flow.get("slots", ()), slot.partition(":")[0]
    if not flow.get("slot") and not slots:
        return bool(kind) and kind == flow.get("source")
    return slot == flow.get("slot") or bool(slots and kind == slots[0].partition(":")[0])


def _told_of_both(source: Finding, live: Finding) -> bool:
    """Whether the source suspects what was seen to happen there, where no operation is known."""
    suspected = source.confidence is Confidence.SUSPECTED
    return suspected and live.confidence is not Confidence.SUSPECTED and _same_place(source, live)


def _anchored(finding: Finding, line: Line) -> Finding:
    place = finding.location
    if finding.anchor or not place.path or not place.line:
        return finding
    return replace(finding, anchor=line(place.path, place.line))


def _numbered(findings: list[Finding]) -> list[Finding]:
    """Tell equal lines in one file apart, in their order."""
    seen: dict[str, int] = {}
    made = []
    for finding in sorted(findings, key=lambda f: (f.location.path or "", f.location.line or 0)):
        count = seen.get(finding.fingerprint, 0)
        seen[finding.fingerprint] = count + 1
        made.append(replace(finding, anchor=f"{finding.anchor}#{count}") if count else finding)
    return made

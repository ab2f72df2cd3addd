"""Decides which repairs are made: one for each finding that a rule can repair, none in another's way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from buckler.core.errors import BucklerError, UsageError
from buckler.core.finding import Finding
from buckler.core.rule import Rule
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.edits import Edit, Repair, collide
from buckler.scan.fix.interface import Fixes

MISSING = "no file is known for it"
BY_HAND = "it needs a person: `buckler rule {rule}` says how"


@dataclass(frozen=True, slots=True)
class Planned:
    """A repair and what it closes.

    Attributes:
        rule: The rule that made it.
        findings: Those that the same change of text closes, in the order of the report.
    """

    rule: Rule
    findings: tuple[Finding, ...]
    repair: Repair


@dataclass(frozen=True, slots=True)
class Left:
    """A finding that stays.

    Attributes:
        finding: It.
        why: In words.
        tried: Whether a repair was tried, so that the reason is news to whoever asked for it.
    """

    finding: Finding
    why: str
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        repairs: To be made; no two touch the same text.
        review: Possible, but they change what others see, and nobody asked for them.
        later: In the way of another repair; the next run can do them.
        open: Findings that no rule repairs.
    """

    repairs: tuple[Planned, ...]
    review: tuple[Planned, ...]
    later: tuple[Planned, ...]
    open: tuple[Left, ...]


class Together(Protocol):
    """Plans repairs that belong together, because one tool makes them at once."""

    def takes(self, finding: Finding) -> bool:
        """Whether a finding is one of those."""
        ...

    def plan(self, rule: Rule, findings: Sequence[Finding]) -> tuple[list[Planned], list[Left]]:
        """Repairs of findings of one rule, and why there is none of the others."""
        ...


def plan(
    folder: Path,
    findings: Iterable[Finding],
    rules: Iterable[Rule],
    *,
    unsafe: bool = False,
    fingerprint: str = "",
    together: Together | None = None,
) -> Plan:
    """Plan the repairs of findings.

    Args:
        folder: Of the project.
        findings: Of a scan, in their order.
        rules: Those that may repair.
        unsafe: Whether repairs that have to be reviewed are made, too.
        fingerprint: Only the finding with this fingerprint or beginning of one.
        together: Plans what one repair closes together; None where each finding is planned by its rule.

    Raises:
        UsageError: No finding, or several, have this fingerprint.
    """
    chosen = _chosen(tuple(findings), fingerprint)
    by_id = {rule.id: rule for rule in rules}
    planned: list[Planned] = []
    left: list[Left] = []
    shared: dict[str, list[Finding]] = {}
    for finding in chosen:
        rule = by_id.get(finding.rule)
        if rule is None:
            continue
        if together is not None and together.takes(finding):
            shared.setdefault(rule.id, []).append(finding)
            continue
        made = _repair_of(folder, rule, finding)
        if isinstance(made, Left):
            left.append(made)
        else:
            _put(planned, Planned(rule, (finding,), made))
    for number, listed in shared.items():
        if together is not None:
            repairs_of, left_of = together.plan(by_id[number], listed)
            planned += repairs_of
            left += left_of
    wanted = [p for p in planned if p.repair.safe or unsafe]
    review = tuple(p for p in planned if not p.repair.safe and not unsafe)
    repairs, later = _apart(wanted)
    return Plan(repairs, review, later, tuple(left))


def _chosen(findings: Sequence[Finding], fingerprint: str) -> Sequence[Finding]:
    if not fingerprint:
        return findings
    hits = [f for f in findings if f.fingerprint.startswith(fingerprint)]
    if len(hits) != 1:
        many = "no finding has" if not hits else "several findings have"
        raise UsageError(
            f"{many} the fingerprint {fingerprint}", hint="the JSON and HTML reports name them"
        )
    return hits


def _repair_of(folder: Path, rule: Rule, finding: Finding) -> Repair | Left:
    by_hand = BY_HAND.format(rule=rule.id)
    if not isinstance(rule, Fixes):
        return Left(finding, by_hand)
    if not finding.location.path:
        return Left(finding, f"{MISSING}; {by_hand}")
    try:
        made = rule.fix_source(draft_of(folder, finding.location.path), finding)
    except BucklerError as error:
        return Left(finding, error.message, tried=True)
    except Exception as error:  # noqa: BLE001 - one rule's mistake must not cost the other repairs
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return Left(
            finding,
            f"internal error in the fixer of {rule.id}: {said}; please report it",
            tried=True,
        )
    return made if made is not None else Left(finding, by_hand)


def _put(planned: list[Planned], new: Planned) -> None:
    """One change of text that closes several findings is one repair."""
    for number, other in enumerate(planned):
        if other.repair.files == new.repair.files and other.rule is new.rule:
            planned[number] = replace(other, findings=(*other.findings, *new.findings))
            return
    planned.append(new)


def _apart(wanted: Sequence[Planned]) -> tuple[tuple[Planned, ...], tuple[Planned, ...]]:
    """The repairs that go together, the first of two that do not, and the rest."""
    taken: dict[str, list[Edit]] = {}
    created: dict[str, str] = {}
    kept: list[Planned] = []
    later: list[Planned] = []
    for item in wanted:
        files = item.repair.files
        clash = any(collide(file.edits, taken.get(file.path, ())) for file in files) or any(
            file.created is not None and created.get(file.path, file.created) != file.created
            for file in files
        )
        if clash:
            later.append(item)
            continue
        kept.append(item)
        for file in files:
            taken.setdefault(file.path, []).extend(file.edits)
            if file.created is not None:
                created[file.path] = file.created
    return tuple(kept), tuple(later)

"""The life of a finding: what was known, what a report says, what follows. Touches nothing.

The rule that matters: a finding is fixed only where somebody looked and it was not there. A scan that failed, was
broken off, ran other rules or engines, or did not come to the operation says nothing of it, and a finding that is
closed by such a scan is a hole that nobody is told of any more.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

RUNNING: Final = frozenset({"app", "attack", "live"})
"""Engines that run the application; what they found is gone only where they came there again."""


class State(StrEnum):
    """How a finding stands."""

    OPEN = "open"
    FIXED = "fixed"
    REGRESSED = "regressed"
    """Open again after it was fixed."""
    ACCEPTED = "accepted"
    """Somebody takes the risk, until a date."""
    FALSE_ALARM = "false_alarm"


UNSOLVED: Final = frozenset({State.OPEN, State.REGRESSED})
"""What somebody has to do something about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a finding before a report.

    Attributes:
        fingerprint: Of it.
        state: How it stands.
        by_code: Whether it stands so because of a comment or a VEX document beside the code.
        rule: Id of its rule.
        engines: That have to look again before it counts as gone.
        operation: ``METHOD /route/{template}``, or None.
        slot: Where the input goes, or None.
        path: File, or None.
        tool: Whose finding it is; empty for Buckler's.
    """

    fingerprint: str
    state: State
    by_code: bool = False
    rule: str = ""
    engines: frozenset[str] = frozenset()
    operation: str | None = None
    slot: str | None = None
    path: str | None = None
    tool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a report says it looked at.

    Attributes:
        whole: Whether it is one that came to its end: neither failed, broken off nor provisional.
        engines: That ran.
        rules: Ids of the rules that ran to their end; None where the tool does not say, so that all of its rules count.
        operations: Those of the application: whether each was reached, and whether its slots got payloads.
        unread: Files that were not read.
        unseen: Fingerprints of what could not have been seen, though all the rest says so.
        tool: Whose report it is; empty for Buckler's.
    """

    whole: bool
    engines: frozenset[str] = frozenset()
    rules: frozenset[str] | None = frozenset()
    operations: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    tool: str = ""

    def at(self, known: Known) -> bool:
        """Whether a finding would have been seen if it were still there."""
        if not self.whole or known.tool != self.tool or known.fingerprint in self.unseen:
            return False
        if self.rules is not None and known.rule not in self.rules:
            return False
        if not known.engines <= self.engines or known.path in self.unread:
            return False
        if known.operation is None or not known.engines & RUNNING:
            return True
        if not self.operations:
            return False
        # An operation that the whole application has no more took its findings along.
        reached, attacked = self.operations.get(known.operation, (True, True))
        return reached and (attacked or known.slot is None or "attack" not in known.engines)


@dataclass(frozen=True, slots=True)
class Change:
    """One step in the life of a finding.

    Attributes:
        fingerprint: Whose.
        before: How it stood; None where it was not known.
        after: How it stands.
        kind: ``new``, ``regressed``, ``fixed``, ``suppressed``, ``unsuppressed`` or ``gone``.
    """

    fingerprint: str
    before: State | None
    after: State
    kind: str


def changes(
    known: Mapping[str, Known], seen: Iterable[str], suppressed: Container[str], looked: Looked
) -> Iterator[Change]:
    """What follows of a report. What does not change is not told.

    Args:
        known: All findings of the target, by fingerprint.
        seen: Fingerprints in the report, those among them that are suppressed, too.
        suppressed: Those that the code itself sets apart.
        looked: What the report looked at.
    """
    there = set()
    for fingerprint in seen:
        if fingerprint in there:
            continue
        there.add(fingerprint)
        step = _seen(fingerprint, known.get(fingerprint), apart=fingerprint in suppressed)
        if step is not None:
            yield step
    for fingerprint, one in known.items():
        if fingerprint in there or not looked.at(one):
            continue
        if one.state in UNSOLVED or one.state is State.ACCEPTED:
            yield Change(fingerprint, one.state, State.FIXED, "fixed")
        elif one.state is State.FALSE_ALARM and one.by_code:
            yield Change(fingerprint, one.state, State.FIXED, "gone")


def _seen(fingerprint: str, known: Known | None, *, apart: bool) -> Change | None:
    before = known.state if known is not None else None
    if apart:
        if before is None or before in UNSOLVED or before is State.FIXED:
            return Change(fingerprint, before, State.FALSE_ALARM, "suppressed")
        return None
    if before is None:
        return Change(fingerprint, None, State.OPEN, "new")
    if before is State.FIXED:
        return Change(fingerprint, before, State.REGRESSED, "regressed")
    if before is State.FALSE_ALARM and known is not None and known.by_code:
        return Change(fingerprint, before, State.OPEN, "unsuppressed")
    return None


DECISIONS: Final[Mapping[str, tuple[frozenset[State], State]]] = {
    "accept": (UNSOLVED | {State.ACCEPTED}, State.ACCEPTED),
    "false_alarm": (UNSOLVED | {State.ACCEPTED}, State.FALSE_ALARM),
    "reopen": (frozenset({State.ACCEPTED, State.FALSE_ALARM}), State.OPEN),
}
"""What people may decide, from which states, and what becomes of it. Nobody says ``fixed`` but a scan."""

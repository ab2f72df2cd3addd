"""What ``buckler fix`` did, for people and for programs. Nothing of the application is printed raw."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from buckler.core.finding import Finding
from buckler.scan.fix.plan import Plan, Planned
from buckler.scan.fix.proving import Outcome
from buckler.scan.fix.writing import Written
from buckler.scan.formats import clean

_ROW = re.compile(r"[^\n]*\n|[^\n]+")
_LABELS = ("", "changes", "shown", "open", "why")
SCHEMA = "buckler-fix/1"
Line = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """One run.

    Attributes:
        plan: What could be done.
        outcomes: What became of each repair that was to be made.
        files: What the files became, or would.
        wrote: Whether they were written.
        tested: Whether the project's own tests were run.
        failed: Why the application did not run, in words; empty where it did, or was not to.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    files: tuple[Written, ...]
    wrote: bool
    tested: bool = False
    failed: str = ""

    @property
    def fixed(self) -> list[Outcome]:
        """The repairs that hold."""
        return [outcome for outcome in self.outcomes if outcome.holds]


def diff_of(file: Written) -> str:
    """A file's unified diff, as ``patch -p1`` takes it."""
    before, after = _ROW.findall(file.before), _ROW.findall(file.after)
    old = f"a/{file.path}" if file.digest is not None else "/dev/null"
    rows = difflib.unified_diff(before, after, old, f"b/{file.path}")
    made = []
    for row in rows:
        made.append(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n")
    return "".join(made)


def diff_lines(files: Sequence[Written]) -> Iterator[Line]:
    """The diffs of all files as lines with a style each."""
    for file in files:
        for row in diff_of(file).split("\n")[:-1]:
            style = {"+": "good", "-": "high word", "@": "place"}.get(row[:1], "")
            if row.startswith(("+++", "---")):
                style = "strong"
            yield [(clean.line(row), style)]


def lines(told: Told, fix: str) -> Iterator[Line]:
    """The account for people: one block a repair, then the count and what to type next.

    Args:
        told: What came of it.
        fix: The command as it was typed, without ``--diff``.
    """
    for outcome in told.outcomes:
        yield from _block(outcome, told)
    said: dict[str, str] = {}
    for planned in told.plan.review:
        yield from _head(planned, "to review")
        yield [("    ", ""), (clean.line(planned.repair.summary), "")]
        changes = planned.repair.changes
        told_before = f"the same as {said[changes]} above" if changes in said else changes
        said.setdefault(changes, planned.rule.id)
        yield [("    changes  ", "quiet"), (clean.line(told_before), "")]
    for planned in told.plan.later:
        yield from _head(planned, "later")
        yield [("    ", ""), ("it is in the way of another repair: run buckler fix again", "")]
    for left in told.plan.open:
        if left.tried:
            yield [("  ", ""), (f"{'not repaired':<13}", "medium word"), *_about(left.finding)]
            yield [("    why      ", "quiet"), (clean.line(left.why), "bad")]
    yield []
    yield from _end(told, fix)


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """A line of words behind a label, as lines that fit; others as they are."""
    if len(line) != 2 or line[0][0].strip() not in _LABELS:
        yield line
        return
    (label, quiet), (words, style) = line
    room = max(width - len(label), 20)
    for number, part in enumerate(textwrap.wrap(words, room, break_on_hyphens=False) or [""]):
        yield [(label if not number else " " * len(label), quiet), (part, style)]


def _block(outcome: Outcome, told: Told) -> Iterator[Line]:
    word = "not applied" if not outcome.holds else "fixed" if told.wrote else "can be fixed"
    yield from _head(outcome.planned, word)
    repair = outcome.planned.repair
    yield [("    ", ""), (clean.line(repair.summary), "")]
    if repair.changes:
        yield [("    changes  ", "quiet"), (clean.line(repair.changes), "")]
    if outcome.shown and outcome.holds:
        yield [("    shown    ", "quiet"), (clean.line(" · ".join(outcome.shown)), "")]
    for text in outcome.unshown if outcome.holds else ():
        yield [("    open     ", "quiet"), (clean.line(text), "")]
    if outcome.against:
        for row in clean.block(outcome.against).splitlines()[:12]:
            yield [("    why      ", "quiet"), (row, "bad")]


def _head(planned: Planned, word: str) -> Iterator[Line]:
    style = {"fixed": "good", "can be fixed": "good", "not applied": "bad"}.get(word, "medium word")
    yield [
        ("  ", ""),
        (f"{word:<13}", style),
        (f"{planned.rule.id}  ", ""),
        (planned.rule.title, "strong"),
    ]
    for finding in planned.findings:
        place = finding.location
        where = f"{place.path}:{place.line}" if place.line else str(place.path)
        at = " ".join(part for part in (place.operation, place.slot) if part)
        yield [
            ("    ", ""),
            (clean.line(where), "place"),
            (clean.line(f"  {at}" if at else ""), ""),
        ]


def _about(finding: Finding) -> Line:
    """What a finding is about, on one line."""
    place = finding.location
    where = f"{place.path}:{place.line}" if place.line else str(place.path or place.operation or "")
    return [
        (f"{finding.rule}  ", ""),
        (clean.line(f"{finding.subject}  ".lstrip()), "strong"),
        (clean.line(where), "place"),
    ]


def _end(told: Told, fix: str) -> Iterator[Line]:
    fixed = sum(len(outcome.planned.findings) for outcome in told.fixed)
    failed = sum(len(o.planned.findings) for o in told.outcomes if not o.holds)
    review = sum(len(item.findings) for item in told.plan.review)
    later = sum(len(item.findings) for item in told.plan.later)
    by_hand = len(told.plan.open)
    counts = [
        (fixed, "fixed" if told.wrote or not fixed else "can be fixed"),
        (failed, "not applied"),
        (review, "to review"),
        (later, "for the next run"),
        (by_hand, "for a person"),
    ]
    text = " · ".join(f"{amount} {word}" for amount, word in counts if amount)
    if told.failed:
        yield [("  The application did not run: ", "bad"), (clean.line(told.failed), "")]
    yield [("  ", ""), (text or "nothing to fix", "strong")]
    if told.fixed and not told.tested:
        yield [("  The project's own tests were not run: --test COMMAND runs them.", "quiet")]
    following = []
    if fixed and not told.wrote:
        following.append(fix)
    if review:
        following.append(f"{fix} --unsafe --diff")
    if by_hand:
        following.append(f"buckler rule {told.plan.open[0].finding.rule}")
    if following:
        yield [("  ", ""), ("Next: ", "quiet"), (clean.line(" · ".join(following)), "")]


def as_dict(told: Told) -> dict[str, Any]:
    """The account for programs."""
    return {
        "schema": SCHEMA,
        "written": told.wrote,
        "failed": told.failed,
        "repairs": [_repair(outcome, told) for outcome in told.outcomes],
        "review": [_planned(item) for item in told.plan.review],
        "later": [_planned(item) for item in told.plan.later],
        "open": [
            {"rule": left.finding.rule, "fingerprint": left.finding.fingerprint, "why": left.why}
            for left in told.plan.open
        ],
        "files": [{"path": file.path, "diff": diff_of(file)} for file in told.files],
    }


def _planned(item: Planned) -> dict[str, Any]:
    return {
        "rule": item.rule.id,
        "findings": [
            {"fingerprint": f.fingerprint, "message": f.message, "location": f.location.as_dict()}
            for f in item.findings
        ],
        "summary": item.repair.summary,
        "safe": item.repair.safe,
        "changes": item.repair.changes,
        "files": [file.path for file in item.repair.files],
    }


def _repair(outcome: Outcome, told: Told) -> dict[str, Any]:
    return {
        **_planned(outcome.planned),
        "applied": outcome.holds and told.wrote,
        "proved": outcome.holds,
        "shown": list(outcome.shown),
        "unshown": list(outcome.unshown),
        "why": outcome.against,
    }

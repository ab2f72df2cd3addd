"""Compares a scan before repairs with one after them: what is shown, and what speaks against.

A repair counts only where it is proved. Each piece of that is one judgement here, with words for the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from buckler.core.finding import Confidence, Finding
from buckler.scan.fix.edits import EVERY, Wanted
from buckler.scan.fix.look import Look
from buckler.scan.fix.plan import Planned
from buckler.scan.fix.project_tests import Ran

_NOTHING = Wanted()
_REFUSED = ("answered 401", "answered 403")
Place = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a repair.

    Attributes:
        planned: The repair.
        shown: What was shown, in words: ``finding gone``, ``attack fails (26 of 26)``.
        unshown: What could not be shown, and why; nothing of it speaks against the repair.
        against: Why it is not applied; empty where it may be.
    """

    planned: Planned
    shown: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    against: str = ""

    @property
    def holds(self) -> bool:
        """Whether it may be applied."""
        return not self.against


@dataclass(frozen=True, slots=True)
class Failure:
    """What speaks against repairs as a whole.

    Attributes:
        why: For people; empty where nothing does.
        path: The file that it shows in, where that is known.
        operation: The operation that it shows at, where that is known.
    """

    why: str = ""
    path: str | None = None
    operation: str | None = None

    def points_at(self, item: Planned) -> bool:
        """Whether a repair is near: it changes that file, or closes something at that operation."""
        paths = {file.path for file in item.repair.files}
        operations = {finding.location.operation for finding in item.findings} - {None}
        return self.path in paths or self.operation in operations


def shared_failure(before: Look, after: Look, repairs: Sequence[Planned] = ()) -> Failure:
    """What speaks against a set of repairs as a whole."""
    if after.report.failed and not before.report.failed:
        return Failure(f"the application does not run any more: {after.report.failed}")
    if new := new_findings(before, after):
        first = new[0]
        place = first.location
        where = place.operation or f"{place.path}:{place.line}"
        why = f"something new is found: {first.rule} at {where}: {first.message}"
        return Failure(why, place.path, place.operation)
    return benign_failure(before, after, _wanted(repairs))


def _wanted(repairs: Sequence[Planned]) -> Wanted:
    """What all of them change on purpose."""
    wanted = _NOTHING
    for item in repairs:
        wanted = wanted.also(item.repair.wanted)
    return wanted


def benign_failure(before: Look, after: Look, wanted: Wanted = _NOTHING) -> Failure:
    """The first benign request that is answered in another way, where that was not wanted."""
    for (operation, identity), answer in before.benign.items():
        who = f" as {identity}" if identity else ""
        now = after.benign.get((operation, identity))
        if _is_meant(wanted, operation, identity):
            continue
        if now is None and (operation, identity) in after.limited:
            continue
        if now is None and _may_refuse(before, wanted, operation, identity):
            continue
        if now is None:
            why = f"{operation}{who} does not answer a benign request any more"
            return Failure(why, operation=operation)
        if differs := answer.differs(now, wanted.without):
            why = f"{operation}{who} answers a benign request in another way: {differs}"
            return Failure(why, operation=operation)
    return Failure()


def _is_meant(wanted: Wanted, operation: str, identity: str) -> bool:
    """Whether an answer is to change as a whole."""
    return operation in wanted.rerouted or (operation in wanted.refused and not identity)


def _may_refuse(before: Look, wanted: Wanted, operation: str, identity: str) -> bool:
    """Whether an operation may refuse a request that it answered."""
    if not identity and {operation, EVERY} & wanted.refused:
        return True
    places = before.code.get(operation, ())
    return any(
        place.path == path and place.line <= line <= max(place.end, place.line)
        for path, line in wanted.closed
        for place in places
    )


def new_findings(before: Look, after: Look) -> list[Finding]:
    """Findings after that were not there before; a line that only moved or was edited is not new."""
    known = Counter(place_of(finding) for finding in before.findings)
    prints = {finding.fingerprint for finding in before.findings}
    new = []
    for finding in after.findings:
        place = place_of(finding)
        if known[place]:
            known[place] -= 1
        elif finding.fingerprint not in prints:
            new.append(finding)
    return new


def judged(item: Planned, before: Look, after: Look, repairs: Sequence[Planned]) -> Outcome:
    """What one repair's own findings show."""
    shown: list[str] = ["compiles", *item.repair.shown]
    unshown: list[str] = list(item.repair.unshown)
    still = [f for f in item.findings if _is_there(f, after, before, repairs)]
    if still:
        return Outcome(item, tuple(shown), (), "the finding is still there")
    proved = [f for f in item.findings if f.confidence is Confidence.PROVED]
    for finding in item.findings:
        if why := _out_of_reach(finding, before, after, _wanted(repairs)):
            return Outcome(item, tuple(shown), (), why)
    shown.append("finding gone")
    attacks = [_attack(finding, after) for finding in proved]
    shown += dict.fromkeys(text for text, told in attacks if told)
    unshown += dict.fromkeys(text for text, told in attacks if not told)
    return Outcome(item, tuple(shown), tuple(unshown))


def _requests(amount: int) -> str:
    return f"{amount} request{'s' if amount != 1 else ''}"


def with_shared(
    outcome: Outcome,
    before: Look,
    after: Look,
    ran: tuple[Ran, Ran] | None,
    repairs: Sequence[Planned] = (),
    *,
    runs_code: bool,
) -> Outcome:
    """An outcome with what was shown of all repairs together."""
    shown, unshown = list(outcome.shown), list(outcome.unshown)
    wanted = _wanted(repairs)
    kept = [key for key in before.benign if not _is_meant(wanted, *key)]
    kept = [key for key in kept if key in after.benign or key not in after.limited]
    refused = sum(key not in after.benign for key in kept)
    if len(kept) > refused:
        shown.append(f"benign unchanged ({_requests(len(kept) - refused)})")
        if refused:
            shown.append(f"refused, as meant ({_requests(refused)})")
    elif before.benign:
        unshown.append(
            "benign requests: those that were answered are meant to be answered otherwise"
        )
    elif not runs_code:
        unshown.append("benign requests: the application was not run")
    else:
        unshown.append("benign requests: none was answered before")
    shown.append("nothing new")
    if ran is not None and not ran[0].passed:
        unshown.append("the project's tests: they failed before, too")
    elif ran is not None:
        shown.append("tests pass")
    return Outcome(outcome.planned, tuple(shown), tuple(unshown), outcome.against)


def place_of(finding: Finding) -> Place:
    """What stays of where a finding is when lines move."""
    at = finding.location
    return (finding.rule, at.path or "", at.operation or "", at.slot or "", finding.subject)


def _is_there(finding: Finding, after: Look, before: Look, repairs: Sequence[Planned]) -> bool:
    """Whether a finding is still there, or one more of its kind at its place than should be left."""
    prints = {f.fingerprint for f in after.findings}
    if finding.fingerprint in prints:
        return True
    place = place_of(finding)
    closed = [f for item in repairs for f in item.findings if place_of(f) == place]
    had = sum(place_of(f) == place for f in before.findings)
    has = sum(place_of(f) == place for f in after.findings)
    returned = sum(f.fingerprint in prints for f in closed)
    return has > had - len(closed) + returned


def _out_of_reach(finding: Finding, before: Look, after: Look, wanted: Wanted) -> str:
    """Why an absent finding may say nothing; empty where it says what it should.

    An operation that is to refuse whoever does not sign in, and does, is reached as far as it can be.
    """
    if finding.rule in after.report.broken:
        return f"rule {finding.rule} broke while it looked again"
    operation = finding.location.operation
    rows = {row.operation: row for row in before.report.coverage.operations}
    if operation is None or operation not in rows or not rows[operation].reached:
        return ""
    now = {row.operation: row for row in after.report.coverage.operations}.get(operation)
    if (
        now is not None
        and _may_refuse(before, wanted, operation, "")
        and now.why.startswith(_REFUSED)
    ):
        return ""
    if now is None or not now.reached:
        return f"{operation} is not reached any more" + (f": {now.why}" if now and now.why else "")
    return ""


def _attack(finding: Finding, after: Look) -> tuple[str, bool]:
    """What the attack that proved a finding did this time, and whether that was shown."""
    slot = finding.location.slot
    sent = after.sent.get(finding.rule)
    amount = sent.amount(slot) if sent is not None and slot is not None else 0
    if amount:
        return f"attack fails ({amount} of {amount})", True
    if sent is None:
        return "proof does not hold any more", True
    return f"the attack on {slot}: not all of its payloads could be sent", False

"""What people decide about findings, and the marks that they leave. Nobody says ``fixed``: that is seen, not said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from buckler.watch import sla
from buckler.watch.db import findings, targets
from buckler.watch.errors import (
    MissingError,
    RefusedError,
    StaleError,
    UneditableError,
    WatchError,
)
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.life import DECISIONS, State

LONGEST_ACCEPTANCE: Final = 366 * sla.DAY
LEAST_REASON: Final = 10
MOST_REASON: Final = 4_000
MOST_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided.

    Attributes:
        what: ``accept``, ``false_alarm`` or ``reopen``.
        reason: Why; shown in the history.
        until: When an acceptance ends, seconds since 1970; None for the others.
        by: Who answers for an acceptance; else the caller.
    """

    what: str
    reason: str
    until: float | None = None
    by: str = ""

    def check(self, now: float) -> None:
        """Look whether it can be decided so.

        Raises:
            RefusedError: A part is missing or wrong.
        """
        if self.what not in DECISIONS:
            raise RefusedError("what: there is no such decision", hint=", ".join(DECISIONS))
        if not LEAST_REASON <= len(self.reason.strip()) <= MOST_REASON:
            raise RefusedError(f"reason: of {LEAST_REASON} to {MOST_REASON} characters")
        if self.what != "accept":
            if self.until is not None:
                raise RefusedError("until: only an acceptance has a date")
            return
        if self.until is None or not now < self.until <= now + LONGEST_ACCEPTANCE:
            raise RefusedError("until: a date within a year", hint="it opens again by itself then")


def decide(
    connection: Connection,
    caller: Caller,
    finding_id: str,
    version: int,
    decision: Decision,
    now: float,
) -> int:
    """Take a decision about one finding; its new version.

    Args:
        connection: In a transaction that writes.
        caller: Who decides.
        finding_id: About which.
        version: Of the finding as the caller saw it.
        decision: What.
        now: Seconds since 1970.

    Raises:
        MissingError: There is none that the caller may see.
        StaleError: It was changed meanwhile.
        RefusedError: It cannot be decided so, or not from this state.
    """
    decision.check(now)
    found = findings.get(connection, caller, finding_id, lock=True)
    before = State(found.state)
    allowed, after = DECISIONS[decision.what]
    if found.version == version and before not in allowed:
        raise RefusedError(f"what: a finding that is {before.value} cannot be: {decision.what}")
    opens = after is State.OPEN
    target = targets.get(connection, SYSTEM, found.target_id)
    values = {
        "state": after.value,
        "by_code": False,
        "reason": "" if opens else decision.reason.strip(),
        "accepted_until": decision.until,
        "accepted_by": (decision.by or caller.id) if after is State.ACCEPTED else "",
        "opened_at": now if opens else None,
        "due_at": sla.due(found.severity, now, target.sla) if opens else None,
        "told": "",
    }
    return findings.change(
        connection,
        found,
        version,
        values,
        {
            "at": now,
            "who": caller.id,
            "what": "state",
            "before": before.value,
            "after": after.value,
            "reason": decision.reason.strip(),
        },
    )


def decide_all(
    connection: Connection,
    caller: Caller,
    versions: Mapping[str, int],
    decision: Decision,
    now: float,
) -> dict[str, str]:
    """The same about many, each by itself; why it was not decided, by id.

    Raises:
        RefusedError: The decision itself is wrong, or these are too many.
    """
    decision.check(now)
    if len(versions) > MOST_AT_ONCE:
        raise RefusedError(f"findings: {MOST_AT_ONCE} at once are the most")
    refused = {}
    for finding_id, version in sorted(versions.items()):
        try:
            decide(connection, caller, finding_id, version, decision, now)
        except (MissingError, StaleError, RefusedError) as error:
            refused[finding_id] = error.message
    return refused


def assign(
    connection: Connection,
    caller: Caller,
    finding_id: str,
    version: int,
    assignee: str,
    now: float,
) -> int:
    """Say who takes care of a finding; its new version.

    Raises:
        MissingError: There is none that the caller may see.
        StaleError: It was changed meanwhile.
        RefusedError: That is no id of an account.
    """
    if len(assignee) > 64:
        raise RefusedError("assignee: the id of an account")
    found = findings.get(connection, caller, finding_id, lock=True)
    entry = {"at": now, "who": caller.id, "what": "assignee"}
    entry |= {"before": found.assignee, "after": assignee}
    return findings.change(connection, found, version, {"assignee": assignee}, entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is changed of many findings at once; what is None stays.

    Attributes:
        decision: About each.
        assignee: Who takes care of each.
        comment: Said of each.
    """

    decision: Decision | None = None
    assignee: str | None = None
    comment: str | None = None


def edit_all(
    connection: Connection,
    caller: Caller,
    versions: Mapping[str, int],
    edit: Edit,
    now: float,
) -> dict[str, int]:
    """Change all of these findings; their new versions.

    Args:
        connection: In a transaction that writes; it has to be given up where this raises.
        caller: Who edits.
        versions: Of the findings as the caller saw them, by id.
        edit: What.
        now: Seconds since 1970.

    Raises:
        UneditableError: One of them was changed meanwhile, is not there, or cannot be changed so: which, and why.
        RefusedError: The edit itself is wrong or empty, or these are too many.
    """
    if edit == Edit():
        raise RefusedError("edit: it changes nothing", hint="decision, assignee or comment")
    if edit.decision is not None:
        edit.decision.check(now)
    if len(versions) > MOST_AT_ONCE:
        raise RefusedError(f"findings: {MOST_AT_ONCE} at once are the most")
    made: dict[str, int] = {}
    refused: dict[str, WatchError] = {}
    for finding_id, version in sorted(versions.items()):
        try:
            made[finding_id] = _edit(connection, caller, finding_id, version, edit, now)
        except (MissingError, StaleError, RefusedError) as error:
            refused[finding_id] = error
    if refused:
        raise UneditableError(refused)
    return made


def _edit(
    connection: Connection, caller: Caller, finding_id: str, version: int, edit: Edit, now: float
) -> int:
    if edit.decision is not None:
        version = decide(connection, caller, finding_id, version, edit.decision, now)
    if edit.assignee is not None:
        version = assign(connection, caller, finding_id, version, edit.assignee, now)
    if edit.comment is not None:
        # A comment makes nothing stale, but what is said of many was said of them as they were seen.
        found = findings.get(connection, caller, finding_id, lock=True)
        findings.check(found, version)
        comment(connection, caller, finding_id, edit.comment, now)
    return version


def comment(connection: Connection, caller: Caller, finding_id: str, text: str, now: float) -> None:
    """Say something about a finding; that makes no other edit stale.

    Raises:
        MissingError: There is none that the caller may see.
        RefusedError: The text is empty or too long.
    """
    if not 0 < len(text.strip()) <= MOST_REASON:
        raise RefusedError(f"text: of 1 to {MOST_REASON} characters")
    found = findings.get(connection, caller, finding_id)
    entry = {"finding_id": found.id, "at": now, "who": caller.id, "what": "comment"}
    findings.note(connection, [{**entry, "reason": text.strip()}])

"""Routes of findings: list, look, decide, assign, comment."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from buckler.watch import decisions
from buckler.watch.api.common import Reader, Watch, Writer, check_account, now, shown
from buckler.watch.db import findings
from buckler.watch.db.findings import Wanted
from buckler.watch.decisions import Decision, Edit

router = APIRouter(prefix="/findings", tags=["findings"])
Id = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
State = Literal["open", "fixed", "regressed", "accepted", "false_alarm"]
Severity = Literal["critical", "high", "medium", "low", "info"]


class Decided(BaseModel):
    """A decision; see :class:`~buckler.watch.decisions.Decision`."""

    model_config = {"extra": "forbid"}
    what: Literal["accept", "false_alarm", "reopen"]
    reason: str = Field(max_length=4000)
    until: float | None = Field(None, allow_inf_nan=False)
    by: str = Field("", max_length=64)

    def value(self) -> Decision:
        """For the layer below."""
        return Decision(what=self.what, reason=self.reason, until=self.until, by=self.by)


class DecidedOne(Decided):
    """About one finding, as it was when the caller looked."""

    version: int


class DecidedMany(Decided):
    """About many: versions by id."""

    findings: dict[Id, int] = Field(max_length=decisions.MOST_AT_ONCE)


class Edited(BaseModel):
    """What is changed of many findings: versions by id, and what becomes of each."""

    model_config = {"extra": "forbid"}
    findings: dict[Id, int] = Field(min_length=1, max_length=decisions.MOST_AT_ONCE)
    decision: Decided | None = None
    assignee: str | None = Field(None, max_length=64)
    comment: str | None = Field(None, min_length=1, max_length=4000)


class Assigned(BaseModel):
    """Who takes care."""

    model_config = {"extra": "forbid"}
    version: int
    assignee: str = Field(max_length=64)


class Comment(BaseModel):
    """What somebody says."""

    model_config = {"extra": "forbid"}
    text: str = Field(min_length=1, max_length=4000)


@router.get("")
def listed(
    watch: Watch,
    caller: Reader,
    target: str | None = None,
    state: Annotated[list[State] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    rule: Annotated[str | None, Query(max_length=80)] = None,
    after: Annotated[str | None, Query(pattern="^[0-9]:[0-9a-f]{32}$")] = None,
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Findings, worst first; ``next`` is the ``after`` of the next page."""
    wanted = Wanted(
        target_id=target,
        states=tuple(state or ()),
        severities=tuple(severity or ()),
        rule=rule,
        most=most,
        after=(int(after[0]), after[2:]) if after else None,
    )
    with watch.database.read() as connection:
        rows = findings.listed(connection, caller, wanted)
    more = f"{rows[-1].rank}:{rows[-1].id}" if len(rows) == most else None
    return {"findings": [shown(row) for row in rows], "next": more}


@router.post("/decisions")
def decide_many(watch: Watch, caller: Writer, given: DecidedMany) -> dict[str, Any]:
    """Decide about many at once; those that could not be are told, the others are done."""
    check_account(watch, given.by, "by")
    with watch.database.write() as connection:
        refused = decisions.decide_all(connection, caller, given.findings, given.value(), now())
    return {"decided": len(given.findings) - len(refused), "refused": refused}


@router.post("/edits")
def edit_many(watch: Watch, caller: Writer, given: Edited) -> dict[str, Any]:
    """Change many findings together, or none of them: then 409 with why, by id."""
    check_account(watch, given.decision.by if given.decision is not None else "", "by")
    check_account(watch, given.assignee or "", "assignee")
    edit = Edit(
        decision=given.decision.value() if given.decision is not None else None,
        assignee=given.assignee,
        comment=given.comment,
    )
    with watch.database.write() as connection:
        return {"versions": decisions.edit_all(connection, caller, given.findings, edit, now())}


@router.get("/{finding_id}")
def one(watch: Watch, caller: Reader, finding_id: str) -> dict[str, Any]:
    """One finding with its evidence and history."""
    with watch.database.read() as connection:
        found = findings.get(connection, caller, finding_id)
        history = findings.history(connection, caller, finding_id)
    return {**shown(found, "digest"), "history": [shown(row) for row in history]}


@router.post("/{finding_id}/decision")
def decide(watch: Watch, caller: Writer, finding_id: str, given: DecidedOne) -> dict[str, Any]:
    """Accept it until a date, call it a false alarm, or open it again."""
    check_account(watch, given.by, "by")
    with watch.database.write() as connection:
        version = decisions.decide(
            connection, caller, finding_id, given.version, given.value(), now()
        )
    return {"version": version}


@router.put("/{finding_id}/assignee")
def assign(watch: Watch, caller: Writer, finding_id: str, given: Assigned) -> dict[str, Any]:
    """Say who takes care of it."""
    check_account(watch, given.assignee, "assignee")
    with watch.database.write() as connection:
        version = decisions.assign(
            connection, caller, finding_id, given.version, given.assignee, now()
        )
    return {"version": version}


@router.post("/{finding_id}/comments", status_code=204)
def comment(watch: Watch, caller: Writer, finding_id: str, given: Comment) -> None:
    """Say something about it."""
    with watch.database.write() as connection:
        decisions.comment(connection, caller, finding_id, given.text, now())

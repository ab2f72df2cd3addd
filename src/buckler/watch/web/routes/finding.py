"""One finding: what shows it, how to close it, what became of it, and what may be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from buckler.watch import sla
from buckler.watch.api import findings as api
from buckler.watch.api.findings import Assigned, Comment, DecidedOne
from buckler.watch.db import findings, targets
from buckler.watch.errors import RefusedError, StaleError, WatchError
from buckler.watch.life import DECISIONS, State
from buckler.watch.web import given, shown
from buckler.watch.web.evidence import evidence_of
from buckler.watch.web.pages import onward, page
from buckler.watch.web.viewer import Form, Reading, Sent, Viewer, Writing

router = APIRouter(prefix="/findings/{finding_id}")


@router.get("")
def show(viewer: Reading, finding_id: str) -> Response:
    """The finding."""
    return _show(viewer, finding_id)


@router.post("/decision")
def decide(viewer: Writing, form: Sent, finding_id: str) -> Response:
    """Accept it until a date, call it a false alarm, or open it again."""

    def do() -> None:
        what = form["what"]
        made = given.model(
            DecidedOne,
            what=what,
            reason=form["reason"],
            until=given.end_of_day(form["until"], "until") if what == "accept" else None,
            by=_account(viewer, form["by"], "owner"),
            version=given.whole(form["version"], "version"),
        )
        api.decide(viewer.watch, viewer.caller, finding_id, made)

    return _done(viewer, form, finding_id, do)


@router.post("/assignee")
def assign(viewer: Writing, form: Sent, finding_id: str) -> Response:
    """Say who takes care of it."""

    def do() -> None:
        mine = form["take"] == "me"
        made = given.model(
            Assigned,
            version=given.whole(form["version"], "version"),
            assignee=viewer.principal.id if mine else _account(viewer, form["name"], "assignee"),
        )
        api.assign(viewer.watch, viewer.caller, finding_id, made)

    return _done(viewer, form, finding_id, do)


@router.post("/comment")
def comment(viewer: Writing, form: Sent, finding_id: str) -> Response:
    """Say something about it."""

    def do() -> None:
        made = given.model(Comment, text=form["text"])
        api.comment(viewer.watch, viewer.caller, finding_id, made)

    return _done(viewer, form, finding_id, do)


def _done(viewer: Viewer, form: Form, finding_id: str, do: Callable[[], None]) -> Response:
    try:
        do()
    except (RefusedError, StaleError) as error:
        return _show(viewer, finding_id, error, form)
    viewer.request.app.state.web.figures.forget()
    return onward(f"/findings/{finding_id}", "saved")


def _show(
    viewer: Viewer, finding_id: str, wrong: WatchError | None = None, form: Form | None = None
) -> Response:
    with viewer.watch.database.read() as connection:
        found = findings.get(connection, viewer.caller, finding_id)
        history = findings.history(connection, viewer.caller, finding_id)
        target = targets.get(connection, viewer.caller, found.target_id)
    now = time.time()
    people = {row.who for row in history} | {found.assignee, found.accepted_by}
    people |= {
        text for row in history if row.what == "assignee" for text in (row.before, row.after)
    }
    state = viewer.request.app.state
    return page(
        viewer,
        "finding.html",
        wrong.status if wrong is not None else 200,
        finding=found,
        target=target,
        history=list(reversed(history)),
        evidence=evidence_of(found),
        people=state.web.people.names(state.guard.identities, people),
        may=_may(State(found.state)),
        late=sla.stage(now, found.opened_at or now, found.due_at) if found.due_at else "",
        now=now,
        month=shown.day(now + 30 * sla.DAY),
        wrong=wrong,
        stale=isinstance(wrong, StaleError),
        typed=form.typed() if form is not None else {},
    )


def _may(state: State) -> list[str]:
    """What may be decided about a finding that stands so."""
    return [what for what, (allowed, _) in DECISIONS.items() if state in allowed]


def _account(viewer: Viewer, name: str, field: str) -> str:
    identities: Any = viewer.request.app.state.guard.identities
    return given.account(identities, name, field)

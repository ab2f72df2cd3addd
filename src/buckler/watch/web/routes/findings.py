"""The list of findings, and decisions about many of them at once."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from buckler.core.finding import Severity
from buckler.watch.api import findings as api
from buckler.watch.api.common import now
from buckler.watch.api.findings import DecidedMany
from buckler.watch.db import findings, overview, targets
from buckler.watch.db.findings import LISTED, Wanted
from buckler.watch.errors import RefusedError
from buckler.watch.life import UNSOLVED, State
from buckler.watch.web import given
from buckler.watch.web.pages import onward, page
from buckler.watch.web.rows import findings as row_texts
from buckler.watch.web.viewer import Form, Reading, Sent, Viewer, Writing, numbers

router = APIRouter()
MOST: Final = 50
UNSOLVED_WORD: Final = "unsolved"
Rule = Annotated[str, Query(max_length=80)]
Id = Annotated[str, Query(max_length=32)]
After = Annotated[str, Query(pattern="^([0-9]:[0-9a-f]{32})?$")]


@router.get("/findings")
def show(
    viewer: Reading,
    target: Id = "",
    state: Annotated[str, Query(max_length=20)] = UNSOLVED_WORD,
    severity: Annotated[str, Query(max_length=10)] = "",
    rule: Rule = "",
    mine: Annotated[str, Query(max_length=1)] = "",
    after: After = "",
) -> Response:
    """Findings, worst first, one page of them."""
    chosen = {"target": target, "state": state, "severity": severity, "rule": rule, "mine": mine}
    return _list(viewer, chosen, after)


@router.post("/findings")
def decide(viewer: Writing, form: Sent) -> Response:
    """Decide about those that were marked; those that could not be are told, the others are done."""
    chosen = {name: form[name] for name in ("target", "state", "severity", "rule", "mine")}
    marked = numbers(form.all("finding"))
    try:
        if not marked:
            raise RefusedError("findings: none is marked", hint="mark some in the list")
        done = api.decide_many(viewer.watch, viewer.caller, _decision(viewer, form, marked))
    except RefusedError as error:
        return _list(viewer, chosen, "", 422, wrong=error, typed=form.typed(), marked=marked)
    viewer.request.app.state.web.figures.forget()
    if not done["refused"]:
        return onward("/findings", "decided", **chosen)
    return _list(viewer, chosen, "", 409, refused=done["refused"], done=done["decided"])


def _decision(viewer: Viewer, form: Form, marked: dict[str, int]) -> DecidedMany:
    what = form["what"]
    return given.model(
        DecidedMany,
        what=what,
        reason=form["reason"],
        until=given.end_of_day(form["until"], "until") if what == "accept" else None,
        findings=marked,
    )


def _list(
    viewer: Viewer, chosen: dict[str, str], after: str, status: int = 200, **more: Any
) -> Response:
    wanted = Wanted(
        target_id=chosen["target"] or None,
        states=_states(chosen["state"]),
        severities=(chosen["severity"],) if chosen["severity"] in list(Severity) else (),
        rule=chosen["rule"].strip() or None,
        assignee=viewer.principal.id if chosen["mine"] else None,
        most=MOST + 1,
        after=(int(after[0]), after[2:]) if after else None,
    )
    with viewer.watch.database.read() as connection:
        rows = findings.listed(connection, viewer.caller, wanted, LISTED)
        names = overview.names(connection, viewer.caller, sorted({row.target_id for row in rows}))
        of = _named(connection, viewer, chosen["target"])
    shown = rows[:MOST]
    rest: dict[str, Any] = {"refused": {}, "done": 0, "marked": {}, **more}
    return page(
        viewer,
        "findings.html",
        status,
        rows=row_texts(
            shown,
            names,
            now(),
            of_one=of is not None,
            writes=viewer.may("write"),
            marked=rest["marked"],
        ),
        of=of,
        chosen=chosen,
        after=after,
        next=f"{shown[-1].rank}:{shown[-1].id}" if len(rows) > MOST else "",
        severities=[one.value for one in Severity],
        states=[one.value for one in State],
        **rest,
    )


def _states(word: str) -> tuple[str, ...]:
    if word in list(State):
        return (word,)
    return () if word == "all" else tuple(one.value for one in UNSOLVED)


def _named(connection: Connection, viewer: Viewer, target_id: str) -> Any:
    return targets.get(connection, viewer.caller, target_id) if target_id else None

"""The list of targets, and a form that adds one."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from buckler.watch import sla
from buckler.watch.api import targets as api
from buckler.watch.api.targets import NewTarget
from buckler.watch.db import overview, targets
from buckler.watch.errors import RefusedError
from buckler.watch.web import given
from buckler.watch.web.pages import onward, page
from buckler.watch.web.target_form import rules_of, sla_of
from buckler.watch.web.viewer import Form, Reading, Sent, Viewer, Writing

router = APIRouter()
MOST: Final = 100


@router.get("/targets")
def show(
    viewer: Reading,
    q: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """Targets by name, one page of them."""
    with viewer.watch.database.read() as connection:
        last = targets.get(connection, viewer.caller, after) if after else None
        place = (last.name, last.id) if last is not None else None
        rows = overview.page(connection, viewer.caller, MOST + 1, place, q.strip())
    shown = rows[:MOST]
    figures = viewer.request.app.state.web.figures
    return page(
        viewer,
        "targets.html",
        rows=shown,
        standing=figures.standing(viewer.watch.database, [row.id for row in shown]),
        q=q,
        after=after,
        next=shown[-1].id if len(rows) > MOST else "",
    )


@router.get("/targets/new")
def form(viewer: Writing) -> Response:
    """A form that adds one."""
    return _form(viewer)


@router.post("/targets/new")
def add(viewer: Writing, form: Sent) -> Response:
    """Add it, and ask for its first scan."""
    try:
        made = api.add(viewer.watch, viewer.caller, _given(form))
    except RefusedError as error:
        return _form(viewer, error, form)
    viewer.request.app.state.web.figures.forget()
    if made["kind"] != "pushed" and viewer.may("scan"):
        api.request(viewer.watch, viewer.caller, made["id"])
    return onward(f"/targets/{made['id']}", "added")


def _given(form: Form) -> NewTarget:
    return given.model(
        NewTarget,
        name=form["name"],
        kind=form["kind"],
        location="" if form["kind"] == "pushed" else form["location"].strip(),
        branch=form["branch"].strip(),
        trusted=form["trusted"] == "yes",
        schedule=form["schedule"].strip(),
        zone=form["zone"].strip() or "UTC",
        rules=rules_of(form),
        sla=sla_of(form),
    )


def _form(viewer: Viewer, wrong: RefusedError | None = None, form: Form | None = None) -> Response:
    return page(
        viewer,
        "target_new.html",
        422 if wrong is not None else 200,
        wrong=wrong,
        typed=form.typed() if form is not None else {},
        days=sla.DEFAULT,
        folders=[str(one) for one in viewer.watch.options.cloning.allowed.folders],
    )

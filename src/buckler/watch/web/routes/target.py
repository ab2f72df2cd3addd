"""One target: how it stands and stood, its scans, packages, operations, and its settings."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from buckler.watch.api import targets as api
from buckler.watch.api.common import now
from buckler.watch.api.targets import TargetChange
from buckler.watch.db import findings, overview, scans, targets
from buckler.watch.db.findings import LISTED, Wanted
from buckler.watch.errors import RefusedError, StaleError, WatchError
from buckler.watch.life import UNSOLVED
from buckler.watch.web import given, inventory, operations
from buckler.watch.web.pages import onward, page
from buckler.watch.web.target_form import days_of, rules_of, sla_of
from buckler.watch.web.viewer import Form, Reading, Scanning, Sent, Viewer, Writing

router = APIRouter(prefix="/targets/{target_id}")
POINTS: Final = 60
ROWS: Final = 10


@router.get("")
def show(viewer: Reading, target_id: str) -> Response:
    """How it stands."""
    with viewer.watch.database.read() as connection:
        # First: what a scan found must not be asked for before it is known whether it runs.
        known = scans.listed(connection, viewer.caller, target_id, ROWS)
        target = targets.get(connection, viewer.caller, target_id)
        wanted = Wanted(target_id=target_id, states=tuple(s.value for s in UNSOLVED), most=ROWS)
        worst = findings.listed(connection, viewer.caller, wanted, LISTED)
        points = scans.scores(connection, viewer.caller, target_id, POINTS)
    state = viewer.request.app.state
    running = [row for row in known if row.state in ("queued", "running")]
    state.web.figures.ran(target_id, bool(running))
    return page(
        viewer,
        "target.html",
        target=target,
        standing=state.web.figures.standing(viewer.watch.database, [target_id])[target_id],
        worst=worst,
        scans=known,
        running=running,
        trend=points,
        people=state.web.people.names(state.guard.identities, [target.owner]),
    )


@router.post("/scan")
def scan(viewer: Scanning, form: Sent, target_id: str) -> Response:
    """Ask for a scan."""
    del form
    made = api.request(viewer.watch, viewer.caller, target_id)
    return onward(f"/scans/{made['id']}", "joined" if made["joined"] else "queued")


@router.get("/packages")
def packages(viewer: Reading, target_id: str) -> Response:
    """What it is made of."""
    with viewer.watch.database.read() as connection:
        target = targets.get(connection, viewer.caller, target_id)
        found = overview.inventory(connection, viewer.caller, target_id)
    return page(viewer, "target_packages.html", target=target, found=inventory.listed(found))


@router.get("/operations")
def looked(viewer: Reading, target_id: str) -> Response:
    """What the last report looked at, and who came where."""
    with viewer.watch.database.read() as connection:
        target = targets.get(connection, viewer.caller, target_id)
        found = operations.of(connection, viewer.caller, target_id)
    return page(viewer, "target_operations.html", target=target, found=found)


@router.get("/settings")
def settings(viewer: Writing, target_id: str) -> Response:
    """A form that changes it."""
    return _settings(viewer, target_id)


@router.post("/settings")
def change(viewer: Writing, form: Sent, target_id: str) -> Response:
    """Change it."""
    try:
        api.change(viewer.watch, viewer.caller, target_id, _change(viewer, form))
    except (RefusedError, StaleError) as error:
        return _settings(viewer, target_id, error, form)
    viewer.request.app.state.web.figures.forget()
    return onward(f"/targets/{target_id}", "saved")


@router.post("/remove")
def remove(viewer: Writing, form: Sent, target_id: str) -> Response:
    """Remove it: it is scanned and shown no more."""
    try:
        if form["sure"] != "yes":
            raise RefusedError("sure: mark that you want to remove it")
        version = given.whole(form["version"], "version")
        api.remove(viewer.watch, viewer.caller, target_id, version)
    except (RefusedError, StaleError) as error:
        return _settings(viewer, target_id, error)
    viewer.request.app.state.web.figures.forget()
    return onward("/targets", "removed")


def _change(viewer: Viewer, form: Form) -> TargetChange:
    # Who may not say it leaves it as it is.
    more = {"trusted": form["trusted"] == "yes"} if viewer.may("admin") else {}
    return given.model(
        TargetChange,
        version=given.whole(form["version"], "version"),
        name=form["name"].strip(),
        schedule=form["schedule"].strip(),
        zone=form["zone"].strip() or "UTC",
        rules=rules_of(form),
        sla=sla_of(form),
        **more,
    )


def _settings(
    viewer: Viewer, target_id: str, wrong: WatchError | None = None, form: Form | None = None
) -> Response:
    with viewer.watch.database.read() as connection:
        target = targets.get(connection, viewer.caller, target_id)
    return page(
        viewer,
        "target_settings.html",
        wrong.status if wrong is not None else 200,
        target=target,
        days=days_of(target.sla),
        wrong=wrong,
        stale=isinstance(wrong, StaleError),
        typed=form.typed() if form is not None else {},
        now=now(),
    )

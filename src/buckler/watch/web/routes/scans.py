"""Scans: the latest of all targets, and one as it runs."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from buckler.watch.db import overview, scans, targets
from buckler.watch.web.pages import page
from buckler.watch.web.viewer import Reading

router = APIRouter(prefix="/scans")
MOST: Final = 100


@router.get("")
def show(viewer: Reading) -> Response:
    """The latest ones, newest first."""
    with viewer.watch.database.read() as connection:
        rows = scans.listed(connection, viewer.caller, most=MOST)
        names = overview.names(connection, viewer.caller, sorted({row.target_id for row in rows}))
    return page(viewer, "scans.html", rows=rows, names=names)


@router.get("/{scan_id}")
def one(viewer: Reading, scan_id: str) -> Response:
    """One scan; while it runs, the page asks again by itself where script runs."""
    with viewer.watch.database.read() as connection:
        scan = scans.get(connection, viewer.caller, scan_id)
        target = targets.get(connection, viewer.caller, scan.target_id)
    state = viewer.request.app.state
    people = state.web.people.names(state.guard.identities, [scan.asked_by])
    return page(
        viewer,
        "scan.html",
        scan=scan,
        target=target,
        people=people,
        running=scan.state in ("queued", "running"),
    )

"""The first page: how everything stands, and what to do first."""

from __future__ import annotations

import time
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from buckler.core.finding import Confidence
from buckler.watch.db import alerts, findings, overview, scans, targets
from buckler.watch.db.findings import Wanted
from buckler.watch.life import UNSOLVED
from buckler.watch.web.figures import total
from buckler.watch.web.pages import page
from buckler.watch.web.viewer import Reading

router = APIRouter()
FIRST: Final = 5
LOOKED_AT: Final = 60
ROWS: Final = 8
SOON: Final = 7 * 86_400.0
GRADES: Final = ("A+", "A", "B", "C", "D", "E", "F")


@router.get("/")
def show(viewer: Reading) -> Response:
    """How everything stands."""
    watch, caller = viewer.watch, viewer.caller
    web = viewer.request.app.state.web
    now = time.time()
    with watch.database.read() as connection:
        known = targets.listed(connection, caller)
        if not known:
            return page(viewer, "empty.html")
        wanted = Wanted(states=tuple(state.value for state in UNSOLVED), most=LOOKED_AT)
        worst = first(findings.listed(connection, caller, wanted))
        due = [row for row in overview.due(connection, caller, ROWS) if row.due_at < now + SOON]
        changed = alerts.listed(connection, caller, ROWS)
        running = [
            row
            for row in scans.listed(connection, caller, most=ROWS)
            if row.state in ("queued", "running")
        ]
    names = {row.id: row.name for row in known}
    standing = web.figures.standing(watch.database, names)
    return page(
        viewer,
        "overview.html",
        targets=sorted(known, key=_worst)[:ROWS],
        number=len(known),
        grades=[(grade, sum(row.grade == grade for row in known)) for grade in GRADES],
        ungraded=sum(not row.grade for row in known),
        standing=standing,
        total=total(standing.values()),
        first=worst,
        due=due,
        changed=changed,
        running=running,
        names=names,
        trend=web.figures.trend(watch.database, names),
        now=now,
    )


def first(rows: Any) -> list[Any]:
    """The few that are worth most: worst, then most certain, then late first; one of each rule and target."""
    ranked = sorted(
        rows,
        key=lambda row: (row.rank, Confidence(row.confidence).rank, row.due_at or 1e18, row.id),
    )
    seen: set[tuple[str, str]] = set()
    found = []
    for row in ranked:
        key = (row.rule, row.target_id)
        if key not in seen:
            seen.add(key)
            found.append(row)
    return found[:FIRST]


def _worst(row: Any) -> tuple[int, float, str]:
    known = row.score is not None
    return (0 if known else 1, row.score if known else 0, row.name)

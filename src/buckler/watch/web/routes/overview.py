"""The first page: how everything stands, and what to do first."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from buckler.core.finding import Confidence
from buckler.watch.db import alerts, findings, overview, scans
from buckler.watch.db.findings import Wanted
from buckler.watch.interface import Caller
from buckler.watch.life import UNSOLVED
from buckler.watch.service import Service
from buckler.watch.web.figures import Figures, Overview, of_viewer, total
from buckler.watch.web.pages import page
from buckler.watch.web.viewer import Reading

router = APIRouter()
FIRST: Final = 5
LOOKED_AT: Final = 60
ROWS: Final = 8
SOON: Final = 7 * 86_400.0


@router.get("/")
def show(viewer: Reading) -> Response:
    """How everything stands."""
    watch, caller = viewer.watch, viewer.caller
    figures: Figures = viewer.request.app.state.web.figures
    with watch.database.read() as connection:
        running = scans.under_way(connection, caller, ROWS)
        ids = [scan.target_id for scan in running]
        names = overview.names(connection, caller, ids) if ids else {}
    figures.ran(of_viewer(caller), bool(running))
    found = figures.overview(caller, lambda: _made(watch, caller, figures))
    if not found.names:
        return page(viewer, "empty.html")
    names = {**found.names, **names}
    return page(viewer, "overview.html", found=found, running=running, names=names, now=time.time())


def _made(watch: Service, caller: Caller, figures: Figures) -> Overview:
    now = time.time()
    with watch.database.read() as connection:
        known = overview.brief(connection, caller)
        wanted = Wanted(states=tuple(state.value for state in UNSOLVED), most=LOOKED_AT)
        worst = first(findings.listed(connection, caller, wanted))
        due = [row for row in overview.due(connection, caller, ROWS) if row.due_at < now + SOON]
        changed = alerts.listed(connection, caller, ROWS)
    names = {row.id: row.name for row in known}
    standing = figures.standing(watch.database, names)
    shown = sorted(known, key=_worst)[:ROWS]
    return Overview(
        targets=shown,
        names=names,
        grades=Counter(row.grade for row in known),
        standing={row.id: standing[row.id] for row in shown},
        total=total(standing.values()),
        trend=figures.trend(watch.database, names),
        first=worst,
        due=due,
        changed=changed,
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

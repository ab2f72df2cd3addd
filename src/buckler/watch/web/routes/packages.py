"""Packages across targets: which have a known weakness, and who has a package."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from buckler.watch.db import findings, overview
from buckler.watch.db.findings import Wanted
from buckler.watch.life import UNSOLVED
from buckler.watch.web import inventory
from buckler.watch.web.pages import page
from buckler.watch.web.viewer import Reading
from buckler.watch.writing import ADVISED

router = APIRouter()
MOST: Final = 200


@router.get("/packages")
def show(viewer: Reading, name: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Packages with a known weakness; or the targets that have one of a name."""
    wanted = name.strip().lower().replace("_", "-")
    with viewer.watch.database.read() as connection:
        holding = overview.holding(connection, viewer.caller, wanted, MOST) if wanted else []
        weak = Wanted(rule=ADVISED, states=tuple(s.value for s in UNSOLVED), most=MOST)
        rows = [] if wanted else findings.listed(connection, viewer.caller, weak)
        names = overview.names(connection, viewer.caller, sorted({row.target_id for row in rows}))
    found = [
        (row.target_id, row.target_name, one)
        for row in holding
        for one in inventory.listed(row, wanted)
    ]
    return page(
        viewer,
        "packages.html",
        name=name,
        wanted=wanted,
        found=found[:MOST],
        rows=rows,
        names=names,
    )

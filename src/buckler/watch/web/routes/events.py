"""Events of applications and changes of findings on one line of time."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from buckler.watch.api import events as api
from buckler.watch.db import targets
from buckler.watch.web.pages import page
from buckler.watch.web.viewer import Reading

router = APIRouter()
MOST: Final = 100


@router.get("/events")
def show(
    viewer: Reading,
    target: Annotated[str, Query(max_length=32)] = "",
    before: Annotated[str | None, Query(pattern=api.BEFORE, max_length=64)] = None,
) -> Response:
    """What happened, newest first; of one target, or of all that the viewer may see."""
    with viewer.watch.database.read() as connection:
        found = targets.get(connection, viewer.caller, target) if target else None
    told = api.time_line(viewer.watch, viewer.caller, target or None, before, MOST)
    return page(
        viewer,
        "events.html",
        rows=told["entries"],
        next=told["next"] or "",
        target=found,
        before=before or "",
    )

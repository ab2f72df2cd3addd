"""Alerts that were told, and deliveries that did not arrive."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from buckler.watch.api import alerts as api
from buckler.watch.api.alerts import Again
from buckler.watch.db import alerts, overview
from buckler.watch.errors import RefusedError
from buckler.watch.web import given
from buckler.watch.web.pages import onward, page
from buckler.watch.web.viewer import Reading, Sent, Viewer, Writing

router = APIRouter()
MOST: Final = 100


@router.get("/alerts")
def show(viewer: Reading) -> Response:
    """The latest ones, newest first."""
    with viewer.watch.database.read() as connection:
        rows = alerts.listed(connection, viewer.caller, MOST)
        names = overview.names(connection, viewer.caller, sorted({row.target_id for row in rows}))
    return page(viewer, "alerts.html", rows=rows, names=names)


@router.get("/deliveries")
def dead(viewer: Reading) -> Response:
    """Deliveries that were given up."""
    return _dead(viewer)


@router.post("/deliveries/again")
def again(viewer: Writing, form: Sent) -> Response:
    """Send those that were marked once more, under the id that they had."""
    try:
        marked = given.model(Again, deliveries=form.all("delivery"))
    except RefusedError:
        return _dead(viewer, RefusedError("deliveries: none is marked", hint="mark some"))
    api.again(viewer.watch, viewer.caller, marked)
    return onward("/deliveries", "again")


def _dead(viewer: Viewer, wrong: RefusedError | None = None) -> Response:
    with viewer.watch.database.read() as connection:
        rows = alerts.deliveries(connection, viewer.caller, "dead", MOST)
        channels = {row.id: row.name for row in alerts.channels(connection, viewer.caller)}
    status = 422 if wrong is not None else 200
    return page(viewer, "deliveries.html", status, rows=rows, channels=channels, wrong=wrong)

"""Routes about watch itself: whether it lives, whether it is ready, and what it does."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from buckler.guard import public
from buckler.watch import metrics
from buckler.watch.api.common import Monitor, Reader, Watch, now, shown
from buckler.watch.db import findings, scans, targets, workers
from buckler.watch.db.figures import figures

router = APIRouter(tags=["system"])


@router.get("/health", dependencies=[public])
def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", dependencies=[public])
def ready(watch: Watch, response: Response) -> dict[str, str]:
    """The database answers, and the process is not ending."""
    try:
        with watch.database.read() as connection:
            connection.execute(select(1))
    except SQLAlchemyError:
        response.status_code = 503
        return {"status": "no database"}
    if watch.stop.is_set():
        response.status_code = 503
        return {"status": "ending"}
    return {"status": "ready"}


@router.get("/metrics")
def metrics_page(watch: Watch, _: Monitor) -> Response:
    """Figures of everything as Prometheus reads them; a token of the scope ``watch:metrics``."""
    with watch.database.read() as connection:
        text = metrics.render(figures(connection, now()))
    return Response(text, media_type=metrics.CONTENT_TYPE)


@router.get("/api/status")
def status(watch: Watch, caller: Reader) -> dict[str, Any]:
    """How many targets, findings by state and severity, scans by state, and who works."""
    f, s = findings.FINDINGS.c, scans.SCANS.c
    mine = targets.visible(caller)
    join = targets.TARGETS.c.id
    with watch.database.read() as connection:
        amount = select(func.count()).select_from(targets.TARGETS).where(mine)
        by_state = (
            select(f.state, f.severity, func.count())
            .join(targets.TARGETS, join == f.target_id)
            .where(mine)
            .group_by(f.state, f.severity)
        )
        running = (
            select(s.state, func.count())
            .join(targets.TARGETS, join == s.target_id)
            .where(mine, s.state.in_(("queued", "running")))
            .group_by(s.state)
        )
        found = {
            "targets": connection.execute(amount).scalar_one(),
            "findings": [
                {"state": state, "severity": severity, "number": number}
                for state, severity, number in connection.execute(by_state)
            ],
            "scans": {row[0]: row[1] for row in connection.execute(running)},
        }
        if caller.everything:
            found["workers"] = [shown(row) for row in workers.listed(connection)]
        return found

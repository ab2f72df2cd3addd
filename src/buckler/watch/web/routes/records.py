"""What was done, and how this installation is set up."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from buckler import __version__
from buckler.scan.engines.packages.advisories.place import default_path
from buckler.watch.db import overview, workers
from buckler.watch.web import audit_log
from buckler.watch.web.pages import page
from buckler.watch.web.viewer import Administering, Reading

router = APIRouter()
MOST: Final = 100
AREAS: Final = ("", "sign_in", "token", "access", "rights", "account", "credential", "request")


@router.get("/audit")
def audit(viewer: Reading, area: Annotated[str, Query(max_length=20)] = "") -> Response:
    """What people decided; for administrators the security log, too."""
    with viewer.watch.database.read() as connection:
        decisions = overview.decisions(connection, viewer.caller, MOST)
    administers = viewer.may("admin")
    events = audit_log.latest(viewer.watch.place, area) if administers else []
    state = viewer.request.app.state
    people = {row.who for row in decisions} | {str(e.get("principal") or "") for e in events}
    return page(
        viewer,
        "audit.html",
        decisions=decisions,
        events=events,
        administers=administers,
        area=area,
        areas=AREAS,
        people=state.web.people.names(state.guard.identities, people),
    )


@router.get("/settings")
def settings(viewer: Administering) -> Response:
    """How this installation is set up, and who works."""
    watch = viewer.watch
    options = watch.options
    with watch.database.read() as connection:
        working = workers.listed(connection)
    allowed = options.cloning.allowed
    facts = [
        ("Buckler", __version__),
        ("Python", platform.python_version()),
        ("Data folder", str(watch.place.folder)),
        ("Database", watch.database.url.render_as_string(hide_password=True)),
        ("Scans of this process at once", str(options.at_once)),
        ("Scans of all processes at once", str(options.in_all)),
        ("Advisories", _advisories(options.scanning.advisories)),
        ("Schemes of repositories", ", ".join(sorted(allowed.schemes))),
        (
            "Networks that may hold repositories",
            ", ".join(map(str, allowed.networks)) or "public ones",
        ),
        ("Folders that may be added here", ", ".join(map(str, allowed.folders)) or "none"),
        ("Channels may send inside", "yes" if options.reach.inside else "no"),
        ("Reports are kept for", f"{options.keep_days:g} days"),
    ]
    return page(viewer, "settings.html", facts=facts, workers=working, now=time.time())


def _advisories(path: Path | None) -> str:
    """Where they are, and that they are missing: packages are matched with nothing then."""
    path = path or default_path()
    return str(path) if path.is_file() else f"none at {path} yet: buckler advisories update"

"""Routes of scans."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from buckler.watch.api.common import Reader, Watch, shown
from buckler.watch.db import scans

router = APIRouter(prefix="/scans", tags=["scans"])


@router.get("")
def listed(
    watch: Watch,
    caller: Reader,
    target: str | None = None,
    most: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[dict[str, Any]]:
    """The latest scans, newest first."""
    with watch.database.read() as connection:
        return [shown(row) for row in scans.listed(connection, caller, target, most)]


@router.get("/{scan_id}")
def one(watch: Watch, caller: Reader, scan_id: str) -> dict[str, Any]:
    """One scan."""
    with watch.database.read() as connection:
        return shown(scans.get(connection, caller, scan_id))


@router.get("/{scan_id}/report")
def report(watch: Watch, caller: Reader, scan_id: str) -> Response:
    """Its report as it came."""
    with watch.database.read() as connection:
        return Response(scans.report(connection, caller, scan_id), media_type="application/json")

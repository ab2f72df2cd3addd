"""Routes of statements about packages (VEX): documents that are given for a target, and what it states itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from buckler.guard import RoutePolicy
from buckler.watch.api.common import Reader, Watch, Writer, now, shown
from buckler.watch.db import targets, vex
from buckler.watch.interface import Caller
from buckler.watch.service import Service
from buckler.watch.vex import giving, stated
from buckler.watch.vex.giving import Format

router = APIRouter(prefix="/targets/{target_id}", tags=["vex"])
GIVEN = RoutePolicy(body=stated.MOST_BYTES, timeout=60, json_keys=100_000)


@router.get("/vex")
def document(
    watch: Watch,
    caller: Reader,
    target_id: str,
    format: Annotated[Format, Query()] = "openvex",
) -> Response:
    """What the states of a target's findings say of its packages, as OpenVEX 0.2.0 or CycloneDX 1.6."""
    with watch.database.read() as connection:
        target = targets.get(connection, caller, target_id)
        text = giving.document(connection, target, format, now())
    return Response(text, media_type="application/json")


@router.get("/vex/documents")
def listed(watch: Watch, caller: Reader, target_id: str) -> list[dict[str, Any]]:
    """Documents that were given for a target."""
    with watch.database.read() as connection:
        return [shown(row) for row in vex.listed(connection, caller, target_id)]


@router.post("/vex/documents", status_code=201, dependencies=[Depends(GIVEN)])
async def give(
    watch: Watch,
    caller: Writer,
    target_id: str,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[\w .@+-]+$")] = "vex.json",
) -> dict[str, Any]:
    """Give an OpenVEX or CycloneDX document: findings that it closes are closed, as long as it says so."""
    body = await request.body()
    return await run_in_threadpool(_given, watch, caller, target_id, name, body)


def _given(
    watch: Service, caller: Caller, target_id: str, name: str, body: bytes
) -> dict[str, Any]:
    with watch.database.write() as connection:
        made, changes = stated.add(connection, caller, target_id, name, body, now())
    return {"id": made, "changes": changes}


@router.delete("/vex/documents/{vex_id}")
def remove(watch: Watch, caller: Writer, target_id: str, vex_id: str) -> dict[str, Any]:
    """Take a document away: what it alone closed is open again."""
    with watch.database.write() as connection:
        return {"changes": stated.remove(connection, caller, target_id, vex_id, now())}

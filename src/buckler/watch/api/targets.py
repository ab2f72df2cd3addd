"""Routes of targets: list, add, change, remove; scans that are asked for, reports that are pushed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from buckler.guard import RoutePolicy
from buckler.watch import ingest, registering, sla
from buckler.watch.api.common import Reader, Scanner, Watch, Writer, now, shown
from buckler.watch.db import scans, targets
from buckler.watch.errors import RefusedError
from buckler.watch.interface import Caller
from buckler.watch.registering import Given
from buckler.watch.reports import document
from buckler.watch.reports.any import read
from buckler.watch.scanning import address
from buckler.watch.service import Service

router = APIRouter(prefix="/targets", tags=["targets"])
LARGE = RoutePolicy(body=document.MOST_BYTES, timeout=120, json_depth=100, json_keys=1_000_000)


class NewTarget(BaseModel):
    """A target as it is added; see :class:`~buckler.watch.registering.Given`."""

    model_config = {"extra": "forbid"}
    name: str = Field("", max_length=200)
    kind: str = Field(max_length=20)
    location: str = Field("", max_length=2000)
    branch: str = Field("", max_length=200)
    trusted: bool = False
    schedule: str = Field("", max_length=120)
    zone: str = Field("UTC", max_length=64)
    rules: dict[str, list[str]] = Field(default_factory=dict)
    sla: dict[str, float | None] = Field(default_factory=dict)


class TargetChange(BaseModel):
    """What is changed of a target; what is left out stays."""

    model_config = {"extra": "forbid"}
    version: int
    name: str | None = Field(None, min_length=1, max_length=200)
    schedule: str | None = Field(None, max_length=120)
    zone: str | None = Field(None, max_length=64)
    rules: dict[str, list[str]] | None = None
    sla: dict[str, float | None] | None = None
    trusted: bool | None = None


@router.get("")
def listed(watch: Watch, caller: Reader) -> list[dict[str, Any]]:
    """All targets that the caller may see."""
    with watch.database.read() as connection:
        return [shown(row) for row in targets.listed(connection, caller)]


@router.post("", status_code=201)
def add(watch: Watch, caller: Writer, given: NewTarget) -> dict[str, Any]:
    """Add a target."""
    allowed = watch.options.cloning.allowed
    with watch.database.write() as connection:
        made = registering.add(
            connection, caller, Given(**given.model_dump()), now(), allowed=allowed
        )
        return shown(targets.get(connection, caller, made))


@router.get("/{target_id}")
def one(watch: Watch, caller: Reader, target_id: str) -> dict[str, Any]:
    """One target."""
    with watch.database.read() as connection:
        return shown(targets.get(connection, caller, target_id))


@router.patch("/{target_id}")
def change(watch: Watch, caller: Writer, target_id: str, given: TargetChange) -> dict[str, Any]:
    """Change a target, as it was when the caller looked; 409 where it was changed meanwhile."""
    with watch.database.write() as connection:
        found = targets.get(connection, caller, target_id)
        values = {k: v for k, v in given.model_dump(exclude_none=True).items() if k != "version"}
        if values.get("trusted") and not caller.everything:
            raise RefusedError("trusted: only an administrator lets code be run on the workers")
        if values.get("trusted") and found.kind == "environment":
            raise RefusedError("trusted: nothing of an environment is run; its packages are read")
        if "schedule" in values or "zone" in values:
            schedule, zone = values.get("schedule", found.schedule), values.get("zone", found.zone)
            values.update(registering.scheduled(schedule, zone, now()))
        if "rules" in values:
            values["rules"] = registering.rules(values["rules"])
        if "sla" in values:
            values["sla"] = sla.checked(values["sla"])
        targets.change(connection, caller, target_id, given.version, values)
        return shown(targets.get(connection, caller, target_id))


@router.delete("/{target_id}", status_code=204)
def remove(watch: Watch, caller: Writer, target_id: str, version: Annotated[int, Query()]) -> None:
    """Remove a target: it is scanned and shown no more."""
    with watch.database.write() as connection:
        targets.change(connection, caller, target_id, version, {"removed_at": now()})


@router.post("/{target_id}/scans", status_code=202)
def request(watch: Watch, caller: Scanner, target_id: str) -> dict[str, Any]:
    """Ask for a scan; one that waits already is joined."""
    with watch.database.write() as connection:
        if targets.get(connection, caller, target_id).kind == "pushed":
            raise RefusedError("target: its reports are pushed", hint="buckler scan --push URL")
        scan_id, joined = scans.request(connection, caller, target_id, now())
    return {"id": scan_id, "joined": joined}


@router.post("/{target_id}/reports", status_code=201, dependencies=[Depends(LARGE)])
async def push(
    watch: Watch,
    caller: Scanner,
    target_id: str,
    request: Request,
    branch: Annotated[str | None, Query(max_length=200)] = None,
    revision: Annotated[str, Query(max_length=64, pattern="^[0-9A-Za-z._-]*$")] = "",
) -> dict[str, Any]:
    """Take in a report of ``buckler scan --json``, SARIF 2.1.0 or CycloneDX of any tool."""
    body = await request.body()
    # Reading and storing takes seconds, which the loop has not.
    return await run_in_threadpool(_taken, watch, caller, target_id, body, branch, revision)


def _taken(
    watch: Service, caller: Caller, target_id: str, body: bytes, branch: str | None, revision: str
) -> dict[str, Any]:
    if branch is not None:
        address.branch(branch)
    with watch.database.read() as connection:
        targets.get(connection, caller, target_id)
    report = read(document.load(body))
    scan_id, taken = ingest.push(
        watch.database,
        caller,
        target_id,
        report,
        body,
        now(),
        branch=branch,
        revision=revision,
    )
    return {"scan": scan_id, "changes": dict(taken.changes), "note": taken.note}


@router.get("/{target_id}/report")
def last_report(watch: Watch, caller: Reader, target_id: str) -> Response:
    """The last report as it came."""
    with watch.database.read() as connection:
        targets.get(connection, caller, target_id)
        last = scans.last_report(connection, target_id)
        if last is None:
            raise RefusedError("target: there is no report yet")
        return Response(scans.report(connection, caller, last), media_type="application/json")

"""Routes of events: applications send them; people look at them beside the changes of findings."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from buckler.guard import RoutePolicy
from buckler.guard.audit.events import EventKind
from buckler.watch.api.common import EVENTS, Reader, Sender, Watch, Writer, now, shown
from buckler.watch.db import events, targets
from buckler.watch.db.events import Asked
from buckler.watch.events import taking, timeline
from buckler.watch.events.reading import MOST_BYTES, Received, read
from buckler.watch.interface import Caller
from buckler.watch.service import Service

router = APIRouter(tags=["events"])
BEFORE = r"^\d{1,12}(\.\d{1,9})?:[0-9a-f]{32}$"
# What is in an event was an attack somewhere else: here it is data.
SENT = RoutePolicy(body=MOST_BYTES, timeout=60, json_keys=100_000, inspect=None)
ONCE = RoutePolicy(secrets=["token"])
"""The one answer in which a token is shown."""
Before = Annotated[str | None, Query(pattern=BEFORE, max_length=64)]
Most = Annotated[int, Query(ge=1, le=500)]


class NewApplication(BaseModel):
    """An application that is to send events."""

    model_config = {"extra": "forbid"}
    name: str = Field(min_length=1, max_length=100)


@router.post("/events", status_code=202, dependencies=[Depends(SENT)])
async def send(
    watch: Watch,
    caller: Sender,
    request: Request,
    batch: Annotated[str, Header(alias="webhook-id", max_length=200)] = "",
) -> dict[str, int]:
    """Take events in: a JSON array in the shape of guard's sinks.

    ``webhook-id`` names the request: what is sent again under the same one is taken once.
    """
    body = await request.body()
    return await run_in_threadpool(_taken, watch, caller, body, batch or secrets.token_hex(16))


def _taken(watch: Service, caller: Caller, body: bytes, batch: str) -> dict[str, int]:
    moment = now()
    received: Sequence[Received] = read(body, moment)
    with watch.database.write() as connection:
        target = events.target_of(connection, caller.id)
        return taking.take(connection, target, received, batch, moment)


@router.get("/events")
def listed(
    watch: Watch,
    caller: Reader,
    target: str | None = None,
    kind: Annotated[list[EventKind] | None, Query()] = None,
    client: Annotated[str | None, Query(max_length=1024)] = None,
    principal: Annotated[str | None, Query(max_length=1024)] = None,
    finding: str | None = None,
    before: Before = None,
    most: Most = 100,
) -> dict[str, Any]:
    """Events, newest first; ``next`` is the ``before`` of the next page."""
    asked = Asked(
        target_id=target,
        kinds=tuple(kind or ()),
        client=client,
        principal=principal,
        finding_id=finding,
        before=_cursor(before),
        most=most,
    )
    with watch.database.read() as connection:
        rows = [shown(row) for row in events.listed(connection, caller, asked)]
    return {"events": rows, "next": _next(rows, most)}


@router.get("/timeline")
def time_line(
    watch: Watch,
    caller: Reader,
    target: str | None = None,
    before: Before = None,
    most: Most = 100,
) -> dict[str, Any]:
    """Events and changes of findings on one line of time, newest first."""
    with watch.database.read() as connection:
        rows = timeline.entries(connection, caller, target, _cursor(before), most)
    return {"entries": rows, "next": _next(rows, most)}


@router.get("/targets/{target_id}/applications")
def applications(watch: Watch, caller: Reader, target_id: str) -> list[dict[str, Any]]:
    """Applications that send events of a target."""
    with watch.database.read() as connection:
        return [shown(row) for row in events.applications(connection, caller, target_id)]


@router.post("/targets/{target_id}/applications", status_code=201, dependencies=[Depends(ONCE)])
async def add_application(
    watch: Watch, caller: Writer, target_id: str, request: Request, given: NewApplication
) -> dict[str, Any]:
    """Let an application send events of a target; its token is shown this once."""
    await run_in_threadpool(_look, watch, caller, target_id)
    identities = request.app.state.guard.identities
    # An account of its own: its token outlives the account of whoever made it, and may do nothing else.
    user = await identities.add_account(
        f"application-{secrets.token_hex(8)}", roles=["application"], verified=True, by=caller.id
    )
    issued = await identities.keys.issue(user.id, given.name, scopes=[EVENTS])
    values = {
        "id": user.id,
        "target_id": target_id,
        "name": given.name,
        "by": caller.id,
        "created_at": now(),
    }
    await run_in_threadpool(_bind, watch, values)
    return {**values, "token": issued.key, "expires_at": issued.record.expires}


@router.delete("/targets/{target_id}/applications/{application_id}", status_code=204)
async def end_application(
    watch: Watch, caller: Writer, target_id: str, application_id: str, request: Request
) -> None:
    """Take nothing more of an application; its token is none any more."""
    await run_in_threadpool(_end, watch, caller, target_id, application_id)
    await request.app.state.guard.identities.disable(application_id, by=caller.id)


def _look(watch: Service, caller: Caller, target_id: str) -> None:
    with watch.database.read() as connection:
        targets.get(connection, caller, target_id)


def _bind(watch: Service, values: dict[str, Any]) -> None:
    with watch.database.write() as connection:
        events.add_application(connection, values)


def _end(watch: Service, caller: Caller, target_id: str, application_id: str) -> None:
    with watch.database.write() as connection:
        targets.get(connection, caller, target_id)
        events.end_application(connection, target_id, application_id, now())


def _cursor(before: str | None) -> tuple[float, str] | None:
    if before is None:
        return None
    at, _, name = before.partition(":")
    return float(at), name


def _next(rows: Sequence[dict[str, Any]], most: int) -> str | None:
    return f"{rows[-1]['at']!r}:{rows[-1]['id']}" if len(rows) == most else None

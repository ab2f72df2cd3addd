"""Routes of alerts, channels and deliveries."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from buckler.notify.interface import DeliveryError, Notification
from buckler.watch.alerts import channels, deliver, filters
from buckler.watch.alerts.filters import LONGEST_DIGEST
from buckler.watch.api.common import Reader, Watch, Writer, now, shown
from buckler.watch.db import alerts
from buckler.watch.db.metadata import new_id
from buckler.watch.errors import RefusedError
from buckler.watch.service import Service

router = APIRouter(tags=["alerts"])
HIDDEN = ("sealed",)


def _sound(given: dict[str, Any]) -> dict[str, Any]:
    """What is answered again later: text that is Unicode, and numbers that are some."""
    try:
        json.dumps(given, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("it holds half a character, or a number that is none") from error
    return given


Table = Annotated[dict[str, Any], AfterValidator(_sound)]


class NewChannel(BaseModel):
    """A channel as it is added; its secrets are shown to nobody again."""

    model_config = {"extra": "forbid"}
    name: str = Field(min_length=1, max_length=100)
    kind: Literal["webhook", "slack", "email", "syslog", "apprise"]
    options: Table = Field(max_length=20)
    filters: Table = Field(default_factory=dict)
    quiet: dict[str, str] | None = None
    digest: float = Field(0, ge=0, le=LONGEST_DIGEST)


class ChannelChange(BaseModel):
    """What is changed of a channel; what is left out stays, secrets, too."""

    model_config = {"extra": "forbid"}
    version: int
    name: str | None = Field(None, min_length=1, max_length=100)
    options: Table | None = Field(None, max_length=20)
    filters: Table | None = None
    quiet: dict[str, str] | None = None
    digest: float | None = Field(None, ge=0, le=LONGEST_DIGEST)


class Again(BaseModel):
    """Deliveries that are sent once more."""

    model_config = {"extra": "forbid"}
    deliveries: list[str] = Field(min_length=1, max_length=500)


@router.get("/alerts")
def listed(
    watch: Watch, caller: Reader, most: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[dict[str, Any]]:
    """The latest alerts, newest first."""
    with watch.database.read() as connection:
        return [shown(row, "key") for row in alerts.listed(connection, caller, most)]


@router.get("/channels")
def channels_listed(watch: Watch, caller: Reader) -> list[dict[str, Any]]:
    """The caller's channels, without their secrets."""
    with watch.database.read() as connection:
        return [shown(row, *HIDDEN) for row in alerts.channels(connection, caller)]


@router.post("/channels", status_code=201)
def add_channel(watch: Watch, caller: Writer, given: NewChannel) -> dict[str, Any]:
    """Add a channel."""
    plain, secret = channels.split(given.kind, given.options)
    watch.options.reach.check(given.kind, given.options)
    made = new_id()
    values = {
        "id": made,
        "name": given.name,
        "kind": given.kind,
        "options": plain,
        "sealed": watch.delivering.secrets.seal(secret, made),
        "filters": filters.checked(given.filters),
        "quiet": filters.checked_quiet(given.quiet),
        "digest": given.digest,
    }
    with watch.database.write() as connection:
        alerts.add_channel(connection, caller, values)
        return shown(alerts.channel(connection, caller, made), *HIDDEN)


@router.patch("/channels/{channel_id}")
def change_channel(
    watch: Watch, caller: Writer, channel_id: str, given: ChannelChange
) -> dict[str, Any]:
    """Change a channel as it was when the caller looked; ``quiet: null`` ends its quiet hours.

    Options that are named take the place of those that were; where it goes to another place, its secrets have to be given, too.
    """
    named = given.model_dump(exclude_unset=True, exclude={"version"})
    with watch.database.write() as connection:
        row = alerts.channel(connection, caller, channel_id)
        values: dict[str, Any] = {
            k: named[k] for k in ("name", "digest") if named.get(k) is not None
        }
        if named.get("options") is not None:
            options = _options(watch, row, named["options"])
            plain, secret = channels.split(row.kind, options)
            watch.options.reach.check(row.kind, options)
            sealed = watch.delivering.secrets.seal(secret, row.id)
            values.update(options=plain, sealed=sealed)
        if named.get("filters") is not None:
            values["filters"] = filters.checked(named["filters"])
        if "quiet" in named:
            values["quiet"] = filters.checked_quiet(named["quiet"])
        alerts.change_channel(connection, row, given.version, values)
        return shown(alerts.channel(connection, caller, channel_id), *HIDDEN)


def _options(watch: Service, row: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a changed channel. What is secret goes with it only where it stays at its place (CWE-441)."""
    kept = watch.delivering.secrets.open(row.sealed, row.id)
    before = {**row.options, **kept}
    made = {name: value for name, value in {**before, **given}.items() if value is not None}
    if any(made.get(name) != before.get(name) for name in ("url", "host", "address", "urls")):
        return {name: value for name, value in made.items() if name in given or name not in kept}
    return made


@router.delete("/channels/{channel_id}", status_code=204)
def remove_channel(watch: Watch, caller: Writer, channel_id: str) -> None:
    """Switch a channel off for good; what was delivered by it stays written down."""
    with watch.database.write() as connection:
        alerts.channel(connection, caller, channel_id)
        alerts.disable(connection, channel_id)


@router.post("/channels/{channel_id}/test")
def test_channel(watch: Watch, caller: Writer, channel_id: str) -> dict[str, Any]:
    """Send a message by a channel, now."""
    with watch.database.read() as connection:
        row = alerts.channel(connection, caller, channel_id)
    options = {**row.options, **watch.delivering.secrets.open(row.sealed, row.id)}
    watch.options.reach.check(row.kind, options)
    try:
        channels.make(row.kind, options, watch.options.reach.resolver()).send(
            Notification(title="Buckler: a test", kind="watch.test", level="info")
        )
    except DeliveryError as error:
        raise RefusedError(f"channel: {error.message}", hint=error.hint) from error
    return {"sent": True}


@router.get("/deliveries")
def deliveries(
    watch: Watch, caller: Reader, state: Literal["waiting", "sent", "dead"] | None = None
) -> list[dict[str, Any]]:
    """Deliveries by the caller's channels."""
    with watch.database.read() as connection:
        return [shown(row, "leased_by") for row in alerts.deliveries(connection, caller, state)]


@router.post("/deliveries/again")
def again(watch: Watch, caller: Writer, given: Again) -> dict[str, Any]:
    """Send dead deliveries once more, under the id that they had."""
    return {"waiting": deliver.again(watch.delivering, caller, given.deliveries, now())}

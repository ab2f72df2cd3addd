"""Alerts that are to be told (the outbox), the channels, and what became of each delivery.

An alert is written in the transaction that changed what it tells of, so that there is none without a change and no
change without it. Its key makes it one, whoever writes it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    UniqueConstraint,
    delete,
    false,
    insert,
    or_,
    select,
    update,
)

from buckler.watch.db import targets
from buckler.watch.db.database import add_new
from buckler.watch.db.metadata import METADATA, PREFIX, new_id
from buckler.watch.db.targets import TARGETS
from buckler.watch.db.types import Data, Free, Seconds, Short
from buckler.watch.errors import MissingError, StaleError
from buckler.watch.interface import Caller

ALERTS: Final = Table(
    f"{PREFIX}alerts",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("key", Short(200), nullable=False, unique=True),
    Column("kind", Short(20), nullable=False),
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), nullable=False, index=True),
    Column("finding_id", Short(32)),
    Column("scan_id", Short(32)),
    Column("at", Seconds, nullable=False, index=True),
    Column("severity", Short(8), nullable=False),
    Column("rule", Short(80), nullable=False),
    Column("route", Free, nullable=False),
    Column("title", Free, nullable=False),
    Column("text", Free, nullable=False),
    Column("fields", Data, nullable=False),
    Column("routed", Boolean, nullable=False),
    Index(f"ix_{PREFIX}alerts_routed", "routed", "at"),
)
CHANNELS: Final = Table(
    f"{PREFIX}channels",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("name", Free, nullable=False),
    Column("kind", Short(10), nullable=False),
    Column("owner", Short(64), nullable=False),
    Column("everything", Boolean, nullable=False),
    Column("options", Data, nullable=False),
    Column("sealed", Free, nullable=False),
    Column("filters", Data, nullable=False),
    Column("quiet", Data),
    Column("digest", Seconds, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
"""``sealed`` holds the secrets, encrypted; ``everything`` whether its owner saw the targets of all when it was made."""
DELIVERIES: Final = Table(
    f"{PREFIX}deliveries",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("alert_id", Short(32), ForeignKey(ALERTS.c.id), nullable=False),
    Column("channel_id", Short(32), ForeignKey(CHANNELS.c.id), nullable=False),
    Column("batch", Short(32), index=True),
    Column("state", Short(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Seconds, nullable=False),
    Column("leased_until", Seconds),
    Column("leased_by", Short(64), nullable=False),
    Column("error", Free, nullable=False),
    Column("sent_at", Seconds),
    UniqueConstraint("alert_id", "channel_id"),
    Index(f"ix_{PREFIX}deliveries_due", "state", "next_at"),
)
"""Deliveries of one ``batch`` are one message, whose id is the batch's: the same at every try."""


_TELLS: Final = or_(CHANNELS.c.everything, CHANNELS.c.owner == TARGETS.c.owner)
"""Whether a channel may tell of a target, today and not only when it was said that it will."""


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write alerts; those whose key is there already are left out. How many were new."""
    rest: dict[str, Any] = {
        "finding_id": None,
        "scan_id": None,
        "severity": "info",
        "rule": "",
        "route": "",
        "text": "",
        "fields": {},
    }
    return add_new(
        connection, ALERTS, [{**rest, **row, "id": new_id(), "routed": False} for row in rows]
    )


def listed(connection: Connection, caller: Caller, most: int = 100) -> Sequence[Row[Any]]:
    """The latest alerts about targets that the caller may see."""
    return connection.execute(
        select(ALERTS)
        .join(TARGETS, TARGETS.c.id == ALERTS.c.target_id)
        .where(targets.visible(caller))
        .order_by(ALERTS.c.at.desc(), ALERTS.c.id)
        .limit(most)
    ).all()


def add_channel(connection: Connection, caller: Caller, values: Mapping[str, Any]) -> str:
    """Make a channel; its id."""
    made = str(values.get("id") or new_id())
    rest = {"owner": caller.id, "everything": caller.everything, "version": 1, "enabled": True}
    connection.execute(insert(CHANNELS).values(**{**rest, **values, "id": made}))
    return made


def channels(connection: Connection, caller: Caller) -> Sequence[Row[Any]]:
    """Channels of the caller, or all of them."""
    statement = select(CHANNELS).order_by(CHANNELS.c.name, CHANNELS.c.id)
    if not caller.everything:
        statement = statement.where(CHANNELS.c.owner == caller.id)
    return connection.execute(statement).all()


def channel(connection: Connection, caller: Caller, channel_id: str) -> Row[Any]:
    """One channel.

    Raises:
        MissingError: There is none of the caller's.
    """
    found = next((c for c in channels(connection, caller) if c.id == channel_id), None)
    if found is None:
        raise MissingError("channel")
    return found


def change_channel(
    connection: Connection, found: Row[Any], version: int, values: Mapping[str, Any]
) -> None:
    """Change a channel that the caller looked at.

    Raises:
        StaleError: It was changed after the caller looked, or was switched off.
    """
    mine = (CHANNELS.c.id == found.id) & (CHANNELS.c.version == version) & CHANNELS.c.enabled
    statement = update(CHANNELS).where(mine).values(**values, version=version + 1)
    if not connection.execute(statement).rowcount:
        raise StaleError("channel", {"version": found.version, "name": found.name})


def unrouted(connection: Connection, most: int = 500) -> Sequence[Row[Any]]:
    """Alerts of which nobody has said yet who is told, with the target's owner; nobody else gets them meanwhile."""
    return connection.execute(
        select(ALERTS, TARGETS.c.owner, TARGETS.c.name.label("target_name"))
        .join(TARGETS, TARGETS.c.id == ALERTS.c.target_id)
        .where(ALERTS.c.routed.is_(false()))
        .order_by(ALERTS.c.at)
        .limit(most)
        .with_for_update(of=ALERTS, skip_locked=True)
    ).all()


def routed(
    connection: Connection, alert_ids: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write down who is told of alerts."""
    rest = {"state": "waiting", "tries": 0, "leased_by": "", "error": "", "leased_until": None}
    add_new(connection, DELIVERIES, [{**rest, **row, "id": new_id()} for row in rows])
    connection.execute(update(ALERTS).where(ALERTS.c.id.in_(alert_ids)).values(routed=True))


def due(connection: Connection, now: float, furthest: float, lease: float) -> Sequence[Row[Any]]:
    """Deliveries whose time has come and that nobody is sending, with alert and target.

    What waits for longer than ``furthest``, or is leased for longer than ``lease``, waits for a clock that was set
    back: it is due, too.
    """
    d = DELIVERIES.c
    return connection.execute(
        select(DELIVERIES, ALERTS, TARGETS.c.name.label("target_name"))
        .join(ALERTS, ALERTS.c.id == d.alert_id)
        .join(TARGETS, TARGETS.c.id == ALERTS.c.target_id)
        .join(CHANNELS, CHANNELS.c.id == d.channel_id)
        .where(
            CHANNELS.c.enabled,
            _TELLS,
            d.state == "waiting",
            or_(d.next_at <= now, d.next_at > now + furthest),
            or_(d.leased_until.is_(None), d.leased_until <= now, d.leased_until > now + lease),
        )
        .order_by(d.next_at)
        .limit(200)
        .with_for_update(of=DELIVERIES, skip_locked=True)
    ).all()


def change_deliveries(
    connection: Connection, ids: Iterable[str], values: Mapping[str, Any], *, leased_by: str = ""
) -> int:
    """Change deliveries, where a lease is named only those that are still under it."""
    statement = update(DELIVERIES).where(DELIVERIES.c.id.in_(list(ids))).values(**values)
    if leased_by:
        statement = statement.where(DELIVERIES.c.leased_by == leased_by)
    return connection.execute(statement).rowcount


def deliveries(
    connection: Connection, caller: Caller, state: str | None = None, most: int = 100
) -> Sequence[Row[Any]]:
    """Deliveries by the caller's channels of what they may see, e.g. the dead ones."""
    statement = (
        select(DELIVERIES, ALERTS.c.title, ALERTS.c.kind)
        .join(ALERTS, ALERTS.c.id == DELIVERIES.c.alert_id)
        .join(CHANNELS, CHANNELS.c.id == DELIVERIES.c.channel_id)
        .join(TARGETS, TARGETS.c.id == ALERTS.c.target_id)
        .order_by(ALERTS.c.at.desc(), DELIVERIES.c.id)
        .limit(most)
    )
    if not caller.everything:
        statement = statement.where(CHANNELS.c.owner == caller.id, TARGETS.c.owner == caller.id)
    if state is not None:
        statement = statement.where(DELIVERIES.c.state == state)
    return connection.execute(statement).all()


def release(connection: Connection, workers: Sequence[str] | None = None) -> None:
    """Let others send what these workers, or all, had leased: they are gone."""
    statement = update(DELIVERIES).where(DELIVERIES.c.leased_until.is_not(None))
    if workers is not None:
        statement = statement.where(DELIVERIES.c.leased_by.in_(list(workers)))
    connection.execute(statement.values(leased_until=None, leased_by=""))


def dead(connection: Connection, caller: Caller, ids: Sequence[str]) -> list[str]:
    """Those of these deliveries that were given up and are by a channel of the caller's that is not switched off."""
    statement = (
        select(DELIVERIES.c.id)
        .join(CHANNELS, CHANNELS.c.id == DELIVERIES.c.channel_id)
        .join(ALERTS, ALERTS.c.id == DELIVERIES.c.alert_id)
        .join(TARGETS, TARGETS.c.id == ALERTS.c.target_id)
        .where(DELIVERIES.c.id.in_(list(ids)), DELIVERIES.c.state == "dead")
        .where(CHANNELS.c.enabled, _TELLS)
    )
    if not caller.everything:
        statement = statement.where(CHANNELS.c.owner == caller.id)
    return list(connection.execute(statement).scalars())


def narrow(connection: Connection, owner: str) -> None:
    """Let the channels of an account tell of its own targets alone; what waits about others is given up."""
    connection.execute(update(CHANNELS).where(CHANNELS.c.owner == owner).values(everything=False))
    of = select(CHANNELS.c.id).where(CHANNELS.c.owner == owner)
    others = select(ALERTS.c.id).join(TARGETS).where(TARGETS.c.owner != owner)
    d = DELIVERIES.c
    waiting = (d.state == "waiting") & d.channel_id.in_(of) & d.alert_id.in_(others)
    gone = {"state": "dead", "error": "the owner of the channel may not see the target any more"}
    connection.execute(update(DELIVERIES).where(waiting).values(**gone))


def silence(connection: Connection, owner: str) -> None:
    """Switch the channels of an account off, which may see nothing any more."""
    for channel_id in (
        connection.execute(
            select(CHANNELS.c.id).where(CHANNELS.c.owner == owner, CHANNELS.c.enabled)
        )
        .scalars()
        .all()
    ):
        disable(connection, channel_id)


def disable(connection: Connection, channel_id: str) -> None:
    """Switch a channel off; what waits for it is given up."""
    connection.execute(update(CHANNELS).where(CHANNELS.c.id == channel_id).values(enabled=False))
    waiting = (DELIVERIES.c.channel_id == channel_id) & (DELIVERIES.c.state == "waiting")
    gone = {"state": "dead", "error": "the channel was switched off"}
    connection.execute(update(DELIVERIES).where(waiting).values(**gone))


def drop_deliveries(connection: Connection, before: float) -> int:
    """Delete deliveries that arrived before a moment; how many. Dead ones stay until somebody looks at them."""
    statement = delete(DELIVERIES).where(
        DELIVERIES.c.state == "sent", DELIVERIES.c.sent_at < before
    )
    return connection.execute(statement).rowcount

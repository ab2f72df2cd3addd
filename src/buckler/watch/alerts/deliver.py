"""From the outbox to the channels: at least once, under one id at every try.

Threat: the alert that is lost because a process died between the change and the message, or because a receiver was
down for an hour (CWE-778). What is sent and not yet written down as sent is sent again, with the same id, so that a
receiver that honours it has it once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row

from buckler.notify.interface import DeliveryError, Notification
from buckler.notify.retry import Retry
from buckler.watch.alerts import channels, filters
from buckler.watch.alerts.channels import Reach
from buckler.watch.alerts.kinds import level
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import alerts
from buckler.watch.db.database import Database
from buckler.watch.db.metadata import new_id
from buckler.watch.interface import SYSTEM, Caller

log = logging.getLogger("buckler.watch")
LEASE: Final = 120.0
"""Seconds in which a message is sent, or somebody else sends it: more than all time limits of a channel together."""
AT_ONCE: Final = 4
MOST_LINES: Final = 50
_UNRELATED: Final = 400.0
"""Seconds beyond the longest wait that only a clock that was set back makes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """What it takes.

    Attributes:
        database: Where alerts wait.
        secrets: Opens those of the channels.
        worker: Id of this process.
        reach: Where channels may send to.
        retry: When a message is tried again, and when it is given up.
        stop: Set when this process ends.
    """

    database: Database
    secrets: Secrets
    worker: str
    reach: Reach = field(default_factory=Reach)
    retry: Retry = field(
        default_factory=lambda: Retry(attempts=12, first=2, factor=3, longest=3600)
    )
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Message:
    """Deliveries that are sent as one.

    Attributes:
        id: The same at every try.
        channel: Row of the channel.
        rows: Of the deliveries, with their alerts.
    """

    id: str
    channel: Row[Any]
    rows: tuple[Row[Any], ...]


def route(parts: Delivering, now: float) -> int:
    """Say of each new alert by which channels it goes; how many alerts those were."""
    with parts.database.write() as connection:
        waiting = alerts.unrouted(connection)
        if not waiting:
            return 0
        listed = [c for c in alerts.channels(connection, SYSTEM) if c.enabled]
        rows = [
            {"alert_id": one.id, "channel_id": channel.id, "next_at": _first(channel, now)}
            for one in waiting
            for channel in listed
            if (channel.everything or channel.owner == one.owner)
            and filters.wants(channel.filters, one._asdict())
        ]
        alerts.routed(connection, [one.id for one in waiting], rows)
        return len(waiting)


def deliver(parts: Delivering, now: float) -> int:
    """Send what is due; how many messages those were."""
    messages = [] if parts.stop.is_set() else _claimed(parts, now)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliver") as pool:
        for message, outcome in zip(
            messages, pool.map(lambda m: _sent(parts, m, now), messages), strict=True
        ):
            _written(parts, message, outcome, now)
    return len(messages)


def again(parts: Delivering, caller: Caller, ids: Sequence[str], now: float) -> int:
    """Send dead deliveries once more, under the same id; how many those were."""
    with parts.database.write() as connection:
        chosen = alerts.dead(connection, caller, ids)
        values = {"state": "waiting", "tries": 0, "next_at": now, "leased_until": None}
        return alerts.change_deliveries(connection, chosen, values)


def _first(channel: Row[Any], now: float) -> float:
    return filters.after_quiet(channel.quiet, now + channel.digest)


def _claimed(parts: Delivering, now: float) -> list[Message]:
    """Lease what is due; deliveries of a channel with a digest become one message, for good."""
    with parts.database.write() as connection:
        furthest = max(parts.retry.longest, filters.LONGEST_DIGEST + 86_400) + _UNRELATED
        rows = alerts.due(connection, now, furthest, LEASE)
        if not rows:
            return []
        listed = {c.id: c for c in alerts.channels(connection, SYSTEM)}
        messages = [m for m in _grouped(rows, listed) if m.channel.enabled]
        for message in messages:
            values = {
                "batch": message.id,
                "leased_until": now + LEASE,
                "leased_by": parts.worker,
            }
            alerts.change_deliveries(connection, [row.id for row in message.rows], values)
        return messages


def _grouped(rows: Iterable[Row[Any]], listed: Mapping[str, Row[Any]]) -> Iterable[Message]:
    def key(row: Row[Any]) -> tuple[str, str]:
        if row.batch:
            return row.channel_id, row.batch
        return row.channel_id, "" if listed[row.channel_id].digest else row.id

    for (channel_id, name), members in groupby(sorted(rows, key=key), key):
        yield Message(name or new_id(), listed[channel_id], tuple(members))


def _sent(parts: Delivering, message: Message, now: float) -> Exception | None:
    """Send one; why it did not arrive, or None."""
    channel = message.channel
    try:
        opened = parts.secrets.open(channel.sealed, channel.id)
        options = {**channel.options, **opened}
        parts.reach.check(channel.kind, options)
        channels.make(channel.kind, options, parts.reach.resolver()).send(notification(message))
    except Exception as error:  # noqa: BLE001 - the boundary: written down, told, tried again
        # Whatever is wrong with one message, those of others go out.
        return error
    return None


def notification(message: Message) -> Notification:
    """What is told: the alert, or a list of them."""
    if len(message.rows) == 1:
        row = message.rows[0]
        return Notification(
            id=message.id,
            title=f"{row.target_name}: {row.title}",
            text=row.text,
            level=level(row.severity, row.kind),
            kind=f"watch.{row.kind}",
            fields={"target": row.target_name, "alert": row.alert_id, **row.fields},
            time=row.at,
        )
    order = ("alert", "error", "warning", "notice", "info")
    shown = [f"{row.target_name}: {row.title}" for row in message.rows[:MOST_LINES]]
    left = len(message.rows) - len(shown)
    return Notification(
        id=message.id,
        title=f"{len(message.rows)} alerts",
        text="\n".join([*shown, *([f"and {left} more"] if left else [])]),
        level=min((level(row.severity, row.kind) for row in message.rows), key=order.index),
        kind="watch.digest",
        fields={"alerts": len(message.rows)},
        time=max(row.at for row in message.rows),
    )


def _written(parts: Delivering, message: Message, outcome: Exception | None, now: float) -> None:
    """Write down what became of a message, unless somebody else has it by now."""
    tries = max(row.tries for row in message.rows) + 1
    values: dict[str, Any] = {"leased_until": None, "leased_by": "", "tries": tries}
    if outcome is None:
        values.update(state="sent", sent_at=now, error="")
    else:
        retry = not isinstance(outcome, DeliveryError) or outcome.retry
        dead = not retry or tries >= parts.retry.attempts
        after = getattr(outcome, "after", 0.0)
        values.update(
            state="dead" if dead else "waiting",
            next_at=now + parts.retry.delay(tries, after),
            error=str(outcome)[:500],
        )
        log.warning("an alert by %s was not delivered: %s", message.channel.name, outcome)
    with parts.database.write() as connection:
        alerts.change_deliveries(
            connection, [row.id for row in message.rows], values, leased_by=parts.worker
        )

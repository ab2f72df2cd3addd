"""Takes events in: kept once, joined with open findings, counted for alarms, all in one transaction.

Threat: an application that floods (CWE-770): each may send so many a minute and is asked to wait beyond that, and of
each so many are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from buckler.guard.alarms.detectors import account, address
from buckler.guard.audit.events import EventKind
from buckler.watch.alerts import kinds
from buckler.watch.alerts.kinds import About
from buckler.watch.db import alerts, events
from buckler.watch.db.findings import BRIEF, FINDINGS
from buckler.watch.errors import BusyError
from buckler.watch.events import places, rules
from buckler.watch.events.reading import Received
from buckler.watch.life import UNSOLVED

MOST_A_MINUTE: Final = 6_000
MINUTE: Final = 60.0
AGAIN: Final = 3_600.0
"""Seconds in which attacks on one finding give one alert."""
LONGEST_ACCOUNT: Final = 256
LONGEST_ADDRESS: Final = 64


def take(
    connection: Connection, target: Row[Any], received: Sequence[Received], batch: str, now: float
) -> dict[str, int]:
    """Take the events of an application in.

    Args:
        connection: In a transaction that writes.
        target: Whose events they are.
        received: As they were read.
        batch: Name of the request, the same when it is sent again: what was taken is not taken twice.
        now: Seconds since 1970.

    Returns:
        ``taken``, and how many ``known`` ones were left out.

    Raises:
        BusyError: The application sent too many within a minute.
    """
    if events.received(connection, target.id, now - MINUTE) + len(received) > MOST_A_MINUTE:
        raise BusyError(f"events: {MOST_A_MINUTE} a minute are the most", MINUTE / 2)
    rows = [_row(target.id, one, batch, number, now) for number, one in enumerate(received)]
    known = _known(connection, rows)
    rows = [row for row in rows if row["id"] not in known]
    attacked = _join(connection, target.id, rows)
    events.add(connection, rows)
    told = [
        *_attacks(connection, target.id, rows, attacked, now),
        *rules.alarms(connection, rows, now),
    ]
    alerts.add(connection, told)
    return {"taken": len(rows), "known": len(known)}


def _row(target_id: str, one: Received, batch: str, number: int, now: float) -> dict[str, Any]:
    event = one.event
    name = f"{target_id}\0{batch}\0{number}".encode()
    place = str(event.detail.get("place", "")) if event.kind is EventKind.ATTACK_SEEN else ""
    return {
        "id": hashlib.sha256(name).hexdigest()[:32],
        "target_id": target_id,
        "at": event.time,
        "received_at": now,
        "kind": event.kind.value,
        "severity": str(event.severity),
        "reason": event.reason,
        "message": event.message,
        "request_id": event.request_id,
        "method": event.method,
        "route": event.route,
        "client": event.client,
        "principal": event.principal,
        "status": event.status,
        "detail": dict(event.detail),
        "dropped": one.dropped,
        "account": account(event).strip().casefold()[:LONGEST_ACCOUNT],
        "address": address(event)[:LONGEST_ADDRESS],
        "slot": places.slot_of(place, event.route),
        "finding_id": None,
    }


def _known(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    ids = [row["id"] for row in rows]
    found = connection.execute(select(events.EVENTS.c.id).where(events.EVENTS.c.id.in_(ids)))
    return set(found.scalars())


def _join(
    connection: Connection, target_id: str, rows: Sequence[dict[str, Any]]
) -> Mapping[str, Any]:
    """Write into each attack which open finding it aimed at; these findings by id."""
    wanted = {f"{row['method']} {row['route']}" for row in rows if row["slot"]}
    if not wanted:
        return {}
    f = FINDINGS.c
    found = connection.execute(
        select(*BRIEF)
        .where(
            f.target_id == target_id,
            f.operation.in_(wanted),
            f.slot.is_not(None),
            f.state.in_([state.value for state in UNSOLVED]),
        )
        .order_by(f.rank, f.id)
    ).all()
    for row in rows:
        operation = f"{row['method']} {row['route']}"
        for one in found if row["slot"] else ():
            if one.operation == operation and places.is_at(one.slot, row["slot"]):
                row["finding_id"] = one.id
                break
    return {one.id: one for one in found}


def _attacks(
    connection: Connection,
    target_id: str,
    rows: Sequence[Mapping[str, Any]],
    findings: Mapping[str, Any],
    now: float,
) -> Iterator[dict[str, Any]]:
    """Alerts about open findings that somebody attacks."""
    aimed: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["finding_id"]:
            aimed.setdefault(row["finding_id"], []).append(row)
    for finding_id, some in sorted(aimed.items()):
        about = hashlib.sha256(f"attack\0{finding_id}".encode()).hexdigest()
        if not events.claim(connection, about, now, now + AGAIN, 2 * AGAIN):
            continue
        one = findings[finding_id]
        alert = kinds.of_finding(
            "attack_on_finding",
            About(
                id=one.id,
                rule=one.rule,
                title=f"Attacked: {one.title or one.rule}",
                severity=one.severity,
                message=one.message,
                operation=one.operation,
                path=one.path,
                line=one.line,
            ),
            target_id,
            now,
            once=f"{now:.3f}",
        )
        latest = max(some, key=lambda row: row["at"])
        fields = {"slot": one.slot, "from": latest["address"], "attacks": len(some)}
        yield {**alert, "fields": {**alert["fields"], **fields}}

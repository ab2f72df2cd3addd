"""What happened to applications and to their findings, on one line of time; pages and interface show the same."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, select, tuple_

from buckler.watch.db import events, targets
from buckler.watch.db.events import Asked
from buckler.watch.db.findings import FINDINGS, HISTORY
from buckler.watch.db.targets import TARGETS
from buckler.watch.interface import Caller

_SHOWN: Final = ("rule", "title", "severity", "operation", "slot", "path")


def entries(
    connection: Connection,
    caller: Caller,
    target_id: str | None = None,
    before: tuple[float, str] | None = None,
    most: int = 100,
) -> list[dict[str, Any]]:
    """Events and changes of findings, newest first.

    Args:
        connection: For reading.
        caller: Who asks.
        target_id: Of one target; None for all that the caller may see.
        before: Those before this one, (at, id).
        most: So many.

    Returns:
        Each with ``type`` (``event`` or ``finding``), ``at``, ``id``, ``target_id``, ``target_name``, ``finding_id``
        and what its type has.
    """
    asked = Asked(target_id=target_id, before=before, most=most)
    happened = ({"type": "event", **r._mapping} for r in events.listed(connection, caller, asked))
    changed = _changes(connection, caller, target_id, before, most)
    merged = heapq.merge(happened, changed, key=lambda one: (one["at"], one["id"]), reverse=True)
    return [one for _, one in zip(range(most), merged, strict=False)]


def _changes(
    connection: Connection,
    caller: Caller,
    target_id: str | None,
    before: tuple[float, str] | None,
    most: int,
) -> Iterator[dict[str, Any]]:
    h = HISTORY.c
    told = [FINDINGS.c[name] for name in _SHOWN]
    statement = (
        select(HISTORY, FINDINGS.c.target_id, TARGETS.c.name.label("target_name"), *told)
        .join(FINDINGS, FINDINGS.c.id == h.finding_id)
        .join(TARGETS, TARGETS.c.id == FINDINGS.c.target_id)
        .where(targets.visible(caller))
        .order_by(h.at.desc(), h.id.desc())
        .limit(most)
    )
    if target_id is not None:
        statement = statement.where(FINDINGS.c.target_id == target_id)
    if before is not None:
        statement = statement.where(tuple_(h.at, h.id) < before)
    for row in connection.execute(statement):
        yield {"type": "finding", **row._mapping}

"""What packages each target has, so that a new advisory is matched without a scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Row,
    Table,
    delete,
    insert,
    select,
    update,
)

from buckler.watch.db.metadata import METADATA, PREFIX
from buckler.watch.db.targets import TARGETS
from buckler.watch.db.types import Data, Free, Short

INVENTORIES: Final = Table(
    f"{PREFIX}inventories",
    METADATA,
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), primary_key=True),
    Column("scan_id", Short(32), nullable=False),
    Column("date", Free, nullable=False),
    Column("packages", Data, nullable=False),
)
"""``date`` is that of the advisories with which it was matched last."""


def put(
    connection: Connection, target_id: str, scan_id: str, date: str, packages: Sequence[Any]
) -> None:
    """Keep what a scan read in place of what was read before."""
    connection.execute(delete(INVENTORIES).where(INVENTORIES.c.target_id == target_id))
    row = {"target_id": target_id, "scan_id": scan_id, "date": date, "packages": list(packages)}
    connection.execute(insert(INVENTORIES).values(**row))


def outdated(connection: Connection, date: str, most: int = 100) -> Sequence[Row[Any]]:
    """Inventories that were matched with older advisories than those of this date (RFC 3339, UTC)."""
    return connection.execute(
        select(INVENTORIES)
        .join(TARGETS, TARGETS.c.id == INVENTORIES.c.target_id)
        .where(INVENTORIES.c.date < date, TARGETS.c.removed_at.is_(None))
        .order_by(INVENTORIES.c.target_id)
        .limit(most)
    ).all()


def date(connection: Connection, target_id: str) -> str:
    """Of the advisories with which a target's packages were matched last; empty where there is no inventory."""
    found = select(INVENTORIES.c.date).where(INVENTORIES.c.target_id == target_id)
    return str(connection.execute(found).scalar() or "")


def dated(connection: Connection, target_id: str, date: str) -> None:
    """Write down with which advisories an inventory was matched."""
    statement = update(INVENTORIES).where(INVENTORIES.c.target_id == target_id)
    connection.execute(statement.values(date=date))

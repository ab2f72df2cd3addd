"""Workers and their heartbeats, and small facts that all workers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    Row,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from buckler.watch.db.metadata import METADATA, PREFIX
from buckler.watch.db.types import Free, Seconds, Short

WORKERS: Final = Table(
    f"{PREFIX}workers",
    METADATA,
    Column("id", Short(64), primary_key=True),
    Column("host", Free, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("begun_at", Seconds, nullable=False),
    Column("beat_at", Seconds, nullable=False, index=True),
    Column("beats", Integer, nullable=False),
)
MARKS: Final = Table(
    f"{PREFIX}marks",
    METADATA,
    Column("name", Short(80), primary_key=True),
    Column("value", Free, nullable=False),
)


def clock(connection: Connection, now: float) -> float:
    """One clock for all workers: the database's own where they may be on several machines."""
    if connection.dialect.name == "sqlite":
        return now
    return float(
        connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
    )


def beat(connection: Connection, worker: str, host: str, pid: int, now: float) -> None:
    """Say that a worker is alive."""
    now = clock(connection, now)
    alive = connection.execute(
        update(WORKERS).where(WORKERS.c.id == worker).values(beat_at=now, beats=WORKERS.c.beats + 1)
    ).rowcount
    if not alive:
        row = {"id": worker, "host": host, "pid": pid, "begun_at": now, "beat_at": now, "beats": 1}
        connection.execute(insert(WORKERS).values(**row))


def listed(connection: Connection) -> Sequence[Row[Any]]:
    """All that are not known to be gone."""
    return connection.execute(select(WORKERS).order_by(WORKERS.c.begun_at)).all()


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """They are gone, and what they had begun is queued again."""
    connection.execute(delete(WORKERS).where(WORKERS.c.id.in_(list(ids))))


def mark(connection: Connection, name: str) -> str:
    """A fact, or an empty text."""
    found = connection.execute(select(MARKS.c.value).where(MARKS.c.name == name)).scalar()
    return str(found or "")


def set_mark(connection: Connection, name: str, value: str) -> None:
    """Write a fact down."""
    statement = update(MARKS).where(MARKS.c.name == name).values(value=value)
    if not connection.execute(statement).rowcount:
        connection.execute(insert(MARKS).values(name=name, value=value))

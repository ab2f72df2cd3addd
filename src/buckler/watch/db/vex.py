"""Documents of statements that were given for targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
)

from buckler.watch.db import targets
from buckler.watch.db.metadata import METADATA, PREFIX
from buckler.watch.db.targets import TARGETS
from buckler.watch.db.types import Free, Seconds, Short
from buckler.watch.errors import MissingError
from buckler.watch.interface import Caller

STATED: Final = Table(
    f"{PREFIX}vex",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), nullable=False, index=True),
    Column("name", Free, nullable=False),
    Column("by", Short(64), nullable=False),
    Column("at", Seconds, nullable=False),
    Column("body", Free, nullable=False),
)
BRIEF: Final = tuple(c for c in STATED.c if c.name != "body")


def listed(connection: Connection, caller: Caller, target_id: str) -> Sequence[Row[Any]]:
    """Documents of a target, without their text.

    Raises:
        MissingError: There is no such target that the caller may see.
    """
    targets.get(connection, caller, target_id)
    v = STATED.c
    return connection.execute(
        select(*BRIEF).where(v.target_id == target_id).order_by(v.at, v.id)
    ).all()


def bodies(connection: Connection, target_id: str) -> Sequence[Row[Any]]:
    """Documents of a target, oldest first."""
    v = STATED.c
    return connection.execute(
        select(STATED).where(v.target_id == target_id).order_by(v.at, v.id)
    ).all()


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Keep a document."""
    connection.execute(insert(STATED).values(**values))


def remove(connection: Connection, target_id: str, vex_id: str) -> None:
    """Delete one.

    Raises:
        MissingError: There is none of this target.
    """
    v = STATED.c
    statement = delete(STATED).where(v.target_id == target_id, v.id == vex_id)
    if not connection.execute(statement).rowcount:
        raise MissingError("document")

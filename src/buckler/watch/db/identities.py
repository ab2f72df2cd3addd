"""Identities of targets: who the scanner is when it attacks. What is secret of them is encrypted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Row,
    Table,
    UniqueConstraint,
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

IDENTITIES: Final = Table(
    f"{PREFIX}identities",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), nullable=False),
    Column("name", Short(80), nullable=False),
    Column("role", Short(80), nullable=False),
    Column("how", Short(10), nullable=False),
    Column("shown", Free, nullable=False),
    Column("sealed", Free, nullable=False),
    Column("by", Short(64), nullable=False),
    Column("created_at", Seconds, nullable=False),
    UniqueConstraint("target_id", "name"),
)
"""``shown`` is what may be seen of it: the name of a header or a cookie, the request that signs it in."""


def of_target(connection: Connection, caller: Caller, target_id: str) -> Sequence[Row[Any]]:
    """Those of a target, with their secrets as they are kept.

    Raises:
        MissingError: There is no such target that the caller may see.
    """
    targets.get(connection, caller, target_id)
    i = IDENTITIES.c
    return connection.execute(
        select(IDENTITIES).where(i.target_id == target_id).order_by(i.name)
    ).all()


def put(connection: Connection, caller: Caller, values: Mapping[str, Any]) -> None:
    """Write one down, in place of one that has its name.

    Raises:
        MissingError: There is no such target that the caller may see.
    """
    targets.get(connection, caller, values["target_id"], lock=True)
    i = IDENTITIES.c
    same = (i.target_id == values["target_id"]) & (i.name == values["name"])
    connection.execute(delete(IDENTITIES).where(same))
    connection.execute(insert(IDENTITIES).values(**values, by=caller.id))


def remove(connection: Connection, caller: Caller, target_id: str, identity_id: str) -> None:
    """Delete one.

    Raises:
        MissingError: There is none of this target.
    """
    targets.get(connection, caller, target_id, lock=True)
    i = IDENTITIES.c
    statement = delete(IDENTITIES).where(i.target_id == target_id, i.id == identity_id)
    if not connection.execute(statement).rowcount:
        raise MissingError("identity")

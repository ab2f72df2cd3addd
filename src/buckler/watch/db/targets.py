"""Targets: what is scanned, whose it is, when, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    insert,
    select,
    true,
    update,
)

from buckler.watch.db.metadata import METADATA, PREFIX, new_id
from buckler.watch.db.types import Data, Free, Seconds, Short
from buckler.watch.errors import MissingError, StaleError
from buckler.watch.interface import Caller

TARGETS: Final = Table(
    f"{PREFIX}targets",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("name", Free, nullable=False),
    Column("kind", Short(20), nullable=False),
    Column("location", Free, nullable=False),
    Column("branch", Free, nullable=False),
    Column("owner", Short(64), nullable=False, index=True),
    Column("trusted", Boolean, nullable=False),
    Column("schedule", Short(120), nullable=False),
    Column("zone", Short(64), nullable=False),
    Column("next_at", Seconds, index=True),
    Column("rules", Data, nullable=False),
    Column("sla", Data, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("removed_at", Seconds, index=True),
    Column("version", Integer, nullable=False),
    Column("grade", Short(2), nullable=False),
    Column("score", Integer),
    Column("reached", Seconds),
    Column("reported_at", Seconds),
    Column("seen_until", Seconds),
)
"""``seen_until`` is when the scan began whose report the findings stand by; ``reported_at`` when that was stored."""
KINDS: Final = ("folder", "git", "environment", "url", "pushed")


def visible(caller: Caller) -> ColumnElement[bool]:
    """Which targets somebody may see; every question that is asked of the tables of a target holds it."""
    return _visible(None if caller.everything else caller.id)


def visible_once(everything: bool) -> ColumnElement[bool]:
    """The same for statements that are made once, whose making takes longer than their run.

    Args:
        everything: Of the caller; whose id is the parameter ``owner``.
    """
    return _visible(None if everything else bindparam("owner"))


def _visible(owner: str | BindParameter[str] | None) -> ColumnElement[bool]:
    there = TARGETS.c.removed_at.is_(None)
    return there & (true() if owner is None else TARGETS.c.owner == owner)


def add(connection: Connection, caller: Caller, values: Mapping[str, Any], now: float) -> str:
    """Make one; its id."""
    made = new_id()
    rest = {"owner": caller.id, "created_at": now, "version": 1, "grade": ""}
    connection.execute(insert(TARGETS).values(**{**rest, **values, "id": made}))
    return made


def get(connection: Connection, caller: Caller, target_id: str, *, lock: bool = False) -> Row[Any]:
    """One of those that the caller may see.

    Args:
        connection: In a transaction that writes, where ``lock`` is asked for.
        caller: Who asks.
        target_id: Which.
        lock: Whether nobody else may change it or its findings before the transaction ends.

    Raises:
        MissingError: There is none.
    """
    found = connection.execute(
        _one(caller.everything, lock), {"id": target_id, "owner": caller.id}
    ).one_or_none()
    if found is None:
        raise MissingError("target")
    return found


@lru_cache
def _one(everything: bool, lock: bool) -> Select[Any]:
    statement = select(TARGETS).where(TARGETS.c.id == bindparam("id"), visible_once(everything))
    # What only points at the target, e.g. an alert, waits for nobody.
    return statement.with_for_update(key_share=True) if lock else statement


def listed(connection: Connection, caller: Caller) -> Sequence[Row[Any]]:
    """Those that the caller may see, by name."""
    return connection.execute(
        select(TARGETS).where(visible(caller)).order_by(TARGETS.c.name, TARGETS.c.id)
    ).all()


def change(
    connection: Connection, caller: Caller, target_id: str, version: int, values: Mapping[str, Any]
) -> int:
    """Change what the caller looked at; its new version.

    Raises:
        MissingError: There is none.
        StaleError: It was changed after the caller looked.
    """
    found = get(connection, caller, target_id, lock=True)
    if found.version != version:
        raise StaleError("target", {"version": found.version, "name": found.name})
    connection.execute(
        update(TARGETS).where(TARGETS.c.id == target_id).values(**values, version=version + 1)
    )
    return version + 1


def same_place(
    connection: Connection, caller: Caller, kind: str, location: str, branch: str
) -> Row[Any] | None:
    """The target of a folder or repository, if there is one that the caller may see."""
    return connection.execute(
        select(TARGETS).where(
            TARGETS.c.kind == kind,
            TARGETS.c.location == location,
            TARGETS.c.branch == branch,
            visible(caller),
        )
    ).first()

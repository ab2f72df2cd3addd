"""Security events that applications sent, whose they are, and which alarms are quiet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from buckler.watch.db import targets
from buckler.watch.db.database import add_new, chunks
from buckler.watch.db.metadata import METADATA, PREFIX
from buckler.watch.db.targets import TARGETS
from buckler.watch.db.types import Data, Free, Seconds, Short
from buckler.watch.errors import MissingError
from buckler.watch.interface import Caller

EVENTS: Final = Table(
    f"{PREFIX}events",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), nullable=False),
    Column("at", Seconds, nullable=False),
    Column("received_at", Seconds, nullable=False),
    Column("kind", Short(40), nullable=False),
    Column("severity", Short(8), nullable=False),
    Column("reason", Free, nullable=False),
    Column("message", Free, nullable=False),
    Column("request_id", Free, nullable=False),
    Column("method", Free, nullable=False),
    Column("route", Free, nullable=False),
    Column("client", Free, nullable=False),
    Column("principal", Free, nullable=False),
    Column("status", Integer, nullable=False),
    Column("detail", Data, nullable=False),
    Column("dropped", Integer, nullable=False),
    Column("account", Short(256), nullable=False),
    Column("address", Short(64), nullable=False),
    Column("slot", Free, nullable=False),
    Column("finding_id", Short(32)),
    Index(f"ix_{PREFIX}events_target_id_at", "target_id", "at"),
    Index(f"ix_{PREFIX}events_target_id_received_at", "target_id", "received_at"),
    Index(f"ix_{PREFIX}events_at", "at"),
    Index(f"ix_{PREFIX}events_account_at", "account", "at"),
    Index(f"ix_{PREFIX}events_address_at", "address", "at"),
)
"""``account`` and ``address`` are what alarms count by; ``finding_id`` is the open finding that an attack aimed at."""
APPLICATIONS: Final = Table(
    f"{PREFIX}applications",
    METADATA,
    Column("id", Short(64), primary_key=True),
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), nullable=False, index=True),
    Column("name", Free, nullable=False),
    Column("by", Short(64), nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("ended_at", Seconds),
)
"""An application that may send events: the account of its token, and the one target that these are about."""
QUIET: Final = Table(
    f"{PREFIX}quiet",
    METADATA,
    Column("name", Short(64), primary_key=True),
    Column("until", Seconds, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which events are listed.

    Attributes:
        target_id: Of one target.
        kinds: Of these kinds; none for all.
        client: From this address, as it was told.
        principal: Of this one.
        finding_id: That aimed at this finding.
        before: Those before this one, (at, id).
        most: So many.
    """

    target_id: str | None = None
    kinds: tuple[str, ...] = ()
    client: str | None = None
    principal: str | None = None
    finding_id: str | None = None
    before: tuple[float, str] | None = None
    most: int = 100


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write events; those that are there already are left out. How many were new."""
    return add_new(connection, EVENTS, rows)


def listed(connection: Connection, caller: Caller, asked: Asked) -> Sequence[Row[Any]]:
    """Events of targets that the caller may see, newest first."""
    e = EVENTS.c
    statement = (
        select(EVENTS, TARGETS.c.name.label("target_name"))
        .join(TARGETS, TARGETS.c.id == e.target_id)
        .where(targets.visible(caller))
        .order_by(e.at.desc(), e.id.desc())
        .limit(asked.most)
    )
    for column, value in (
        (e.target_id, asked.target_id),
        (e.client, asked.client),
        (e.principal, asked.principal),
        (e.finding_id, asked.finding_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if asked.kinds:
        statement = statement.where(e.kind.in_(asked.kinds))
    if asked.before is not None:
        statement = statement.where(tuple_(e.at, e.id) < asked.before)
    return connection.execute(statement).all()


def received(connection: Connection, target_id: str, since: float) -> int:
    """How many of a target's events came since a moment."""
    e = EVENTS.c
    return connection.execute(
        select(func.count()).where(e.target_id == target_id, e.received_at > since)
    ).scalar_one()


def counted(
    connection: Connection, column: str, subjects: Sequence[str], kinds: Sequence[str], since: float
) -> Sequence[Row[Any]]:
    """How often something happened to subjects of alarms, for each target.

    Args:
        connection: For reading.
        column: ``account`` or ``address``.
        subjects: Values of it.
        kinds: Of events.
        since: Seconds since 1970.

    Returns:
        Rows of ``subject``, ``target_id``, ``owner``, ``name`` and ``number``.
    """
    e, by = EVENTS.c, EVENTS.c[column]
    found: list[Row[Any]] = []
    for some in chunks(subjects):
        statement = (
            select(
                by.label("subject"),
                e.target_id,
                TARGETS.c.owner,
                TARGETS.c.name,
                func.count().label("number"),
            )
            .join(TARGETS, TARGETS.c.id == e.target_id)
            .where(by.in_(some), e.at > since, e.kind.in_(kinds), TARGETS.c.removed_at.is_(None))
            .group_by(by, e.target_id, TARGETS.c.owner, TARGETS.c.name)
        )
        found.extend(connection.execute(statement).all())
    return found


def claim(connection: Connection, name: str, at: float, until: float, furthest: float) -> bool:
    """Give an alarm, and be quiet about it for a while; False where somebody was just told.

    Args:
        connection: In a transaction that writes.
        name: Of what the alarm is about.
        at: Seconds since 1970.
        until: End of the quiet.
        furthest: Seconds from now after which a quiet that ends later was written under a wrong clock.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(QUIET).values(name=name, until=until)
    known = QUIET.c.until
    # The row itself, since not every driver counts what an upsert left alone.
    claimed = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[QUIET.c.name],
            set_={"until": until},
            where=or_(known <= at, known > at + furthest),
        ).returning(QUIET.c.name)
    )
    return claimed.first() is not None


def drop(connection: Connection, before: float, most: int, now: float) -> int:
    """Delete events that came before a moment, and of each target all but the newest, some more where they came together; how many.

    Args:
        connection: In a transaction that writes.
        before: Seconds since 1970.
        most: Events of each target that stay.
        now: Ends of quiet times before it are forgotten, too.
    """
    e, dropped = EVENTS.c, 0
    for target_id in connection.execute(select(e.target_id).distinct()).scalars().all():
        oldest = connection.execute(
            select(e.received_at)
            .where(e.target_id == target_id)
            .order_by(e.received_at.desc())
            .offset(most - 1)
            .limit(1)
        ).scalar()
        gone = e.received_at < before
        if oldest is not None:
            gone = or_(gone, e.received_at < oldest)
        statement = delete(EVENTS).where(e.target_id == target_id, gone)
        dropped += connection.execute(statement).rowcount
    connection.execute(delete(QUIET).where(QUIET.c.until < now))
    return dropped


def add_application(connection: Connection, values: Mapping[str, Any]) -> None:
    """Let an account send the events of a target."""
    connection.execute(insert(APPLICATIONS).values(**values))


def applications(connection: Connection, caller: Caller, target_id: str) -> Sequence[Row[Any]]:
    """Applications that may send events of a target, or might.

    Raises:
        MissingError: There is no such target that the caller may see.
    """
    targets.get(connection, caller, target_id)
    a = APPLICATIONS.c
    return connection.execute(
        select(APPLICATIONS).where(a.target_id == target_id).order_by(a.created_at)
    ).all()


def target_of(connection: Connection, account: str) -> Row[Any]:
    """The target whose events an account sends.

    Raises:
        MissingError: There is none any more.
    """
    a = APPLICATIONS.c
    found = connection.execute(
        select(TARGETS)
        .join(APPLICATIONS, a.target_id == TARGETS.c.id)
        .where(a.id == account, a.ended_at.is_(None), TARGETS.c.removed_at.is_(None))
    ).one_or_none()
    if found is None:
        raise MissingError("application")
    return found


def end_application(connection: Connection, target_id: str, account: str, now: float) -> None:
    """Take nothing more of an application.

    Raises:
        MissingError: It is none of this target.
    """
    a = APPLICATIONS.c
    statement = update(APPLICATIONS).where(a.id == account, a.target_id == target_id)
    if not connection.execute(statement.values(ended_at=now)).rowcount:
        raise MissingError("application")

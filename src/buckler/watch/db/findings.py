"""Findings of targets, each once, with the history of what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    tuple_,
    union_all,
    update,
)

from buckler.core.finding import Severity
from buckler.watch.db import targets
from buckler.watch.db.metadata import METADATA, PREFIX, new_id
from buckler.watch.db.targets import TARGETS
from buckler.watch.db.types import Data, Free, Seconds, Short
from buckler.watch.errors import MissingError, StaleError
from buckler.watch.interface import Caller
from buckler.watch.life import State

FINDINGS: Final = Table(
    f"{PREFIX}findings",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), nullable=False),
    Column("fingerprint", Short(80), nullable=False),
    Column("rule", Short(80), nullable=False),
    Column("title", Free, nullable=False),
    Column("severity", Short(8), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("confidence", Short(10), nullable=False),
    Column("message", Free, nullable=False),
    Column("path", Free),
    Column("line", Integer),
    Column("operation", Free),
    Column("slot", Free),
    Column("subject", Free, nullable=False),
    Column("detail", Data, nullable=False),
    Column("digest", Short(64), nullable=False),
    Column("engines", Data, nullable=False),
    Column("tool", Short(80), nullable=False),
    Column("state", Short(12), nullable=False),
    Column("by_code", Boolean, nullable=False),
    Column("first_at", Seconds, nullable=False),
    Column("last_at", Seconds, nullable=False),
    Column("opened_at", Seconds),
    Column("due_at", Seconds, index=True),
    Column("told", Short(8), nullable=False),
    Column("assignee", Short(64), nullable=False),
    Column("accepted_until", Seconds, index=True),
    Column("accepted_by", Short(64), nullable=False),
    Column("reason", Free, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("target_id", "fingerprint"),
    Index(f"ix_{PREFIX}findings_list", "state", "rank", "id"),
    Index(f"ix_{PREFIX}findings_target", "target_id", "state", "rank", "id", "due_at"),
    Index(f"ix_{PREFIX}findings_rule", "rule", "state", "rank", "id"),
)
"""``told`` is how far the SLA was alerted: nothing, ``near`` or ``broken``; ``tool`` is empty for Buckler's own."""
HISTORY: Final = Table(
    f"{PREFIX}history",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("finding_id", Short(32), ForeignKey(FINDINGS.c.id), nullable=False, index=True),
    Column("at", Seconds, nullable=False, index=True),
    Column("who", Short(64), nullable=False),
    Column("what", Short(12), nullable=False),
    Column("before", Free, nullable=False),
    Column("after", Free, nullable=False),
    Column("reason", Free, nullable=False),
    Column("scan_id", Short(32)),
    Index(
        f"ix_{PREFIX}history_people",
        "at",
        sqlite_where=text("who <> 'watch'"),
        postgresql_where=text("who <> 'watch'"),
    ),
)
BRIEF: Final = tuple(c for c in FINDINGS.c if c.name not in ("detail", "digest"))
LISTED: Final = tuple(c for c in BRIEF if c.name not in ("engines", "message", "reason"))
"""What a row of a list shows."""


FEW_TARGETS: Final = 50
"""Of somebody who does not see everything: so many are asked one by one, more of them all together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which findings are listed.

    Attributes:
        target_id: Of one target.
        states: In these states; none for all.
        severities: Of these severities; none for all.
        rule: Of this rule.
        assignee: That this account takes care of.
        most: So many.
        after: Those after this one, (rank, id), in the order of the list.
    """

    target_id: str | None = None
    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    rule: str | None = None
    assignee: str | None = None
    most: int = 100
    after: tuple[int, str] | None = None


def listed(
    connection: Connection,
    caller: Caller,
    wanted: Wanted,
    columns: Sequence[Column[Any]] = BRIEF,
) -> Sequence[Any]:
    """Findings that the caller may see, worst first, without their evidence.

    Each state, and each target where they are few, is a walk along an index that ends after so many rows: sorting
    what many states have together would read all of it for every page.
    """
    walked = [
        (state, target_id)
        for state in wanted.states or tuple(State)
        for target_id in _targets(connection, caller, wanted)
    ]
    if not walked:
        return []
    statement = _walks(
        tuple(columns),
        len(walked),
        everything=caller.everything,
        of_targets=walked[0][1] is not None,
        by=frozenset(name for name in _OPTIONAL if getattr(wanted, name)),
    )
    return connection.execute(statement, _values(caller, wanted, walked)).all()


def _targets(connection: Connection, caller: Caller, wanted: Wanted) -> Sequence[str | None]:
    """Targets to walk along one by one; None for all together."""
    if wanted.target_id is not None:
        return [wanted.target_id]
    if caller.everything:
        return [None]
    few = select(TARGETS.c.id).where(targets.visible(caller)).limit(FEW_TARGETS + 1)
    found = list(connection.execute(few).scalars())
    return found if len(found) <= FEW_TARGETS else [None]


_OPTIONAL: Final = ("severities", "rule", "assignee", "after")


@lru_cache(maxsize=256)
def _walks(
    columns: tuple[Column[Any], ...],
    number: int,
    *,
    everything: bool,
    of_targets: bool,
    by: frozenset[str],
) -> Select[Any]:
    """The statement: one for each form that a question has."""
    visible = targets.visible_once(everything)
    walked = union_all(
        *(_walk(n, visible, by, of_targets=of_targets) for n in range(number))
    ).subquery()
    first = select(walked).order_by(walked.c.rank, walked.c.id).limit(bindparam("most")).subquery()
    return (
        select(*columns)
        .join_from(first, FINDINGS, FINDINGS.c.id == first.c.id)
        .order_by(first.c.rank, first.c.id)
    )


def _walk(
    number: int, visible: ColumnElement[bool], by: frozenset[str], *, of_targets: bool
) -> Select[Any]:
    f = FINDINGS.c
    statement = (
        select(f.rank, f.id)
        .join(TARGETS, TARGETS.c.id == f.target_id)
        .where(visible, f.state == bindparam(f"state_{number}"))
        .order_by(f.rank, f.id)
        .limit(bindparam("most"))
    )
    if of_targets:
        statement = statement.where(f.target_id == bindparam(f"target_{number}"))
    if "severities" in by:
        statement = statement.where(f.rank.in_(bindparam("ranks", expanding=True)))
    if "rule" in by:
        statement = statement.where(f.rule == bindparam("rule"))
    if "assignee" in by:
        statement = statement.where(f.assignee == bindparam("assignee"))
    if "after" in by:
        last = tuple_(
            bindparam("after_rank", type_=Integer), bindparam("after_id", type_=Short(32))
        )
        statement = statement.where(tuple_(f.rank, f.id) > last)
    # A part of a compound statement has its own order and limit only as a statement inside.
    inside = statement.subquery()
    return select(inside.c.rank, inside.c.id)


def _values(
    caller: Caller, wanted: Wanted, walked: Sequence[tuple[str, str | None]]
) -> dict[str, Any]:
    rank, finding_id = wanted.after or (0, "")
    return {
        "owner": caller.id,
        "most": wanted.most,
        "ranks": [Severity(one).rank for one in wanted.severities],
        "rule": wanted.rule,
        "assignee": wanted.assignee,
        "after_rank": rank,
        "after_id": finding_id,
        **{f"state_{n}": state for n, (state, _) in enumerate(walked)},
        **{f"target_{n}": target_id for n, (_, target_id) in enumerate(walked)},
    }


def get(connection: Connection, caller: Caller, finding_id: str, *, lock: bool = False) -> Row[Any]:
    """One finding with its evidence.

    Raises:
        MissingError: There is none that the caller may see.
    """
    found = connection.execute(
        _one(caller.everything, lock), {"id": finding_id, "owner": caller.id}
    ).one_or_none()
    if found is None:
        raise MissingError("finding")
    return found


@lru_cache
def _one(everything: bool, lock: bool) -> Select[Any]:
    statement = (
        select(FINDINGS)
        .join(TARGETS, TARGETS.c.id == FINDINGS.c.target_id)
        .where(FINDINGS.c.id == bindparam("id"), targets.visible_once(everything))
    )
    return statement.with_for_update(of=FINDINGS) if lock else statement


def history(connection: Connection, caller: Caller, finding_id: str) -> Sequence[Row[Any]]:
    """What became of a finding, oldest first.

    Raises:
        MissingError: There is none that the caller may see.
    """
    found = connection.execute(
        _history(caller.everything), {"id": finding_id, "owner": caller.id}
    ).all()
    if not found:  # every finding has its beginning
        raise MissingError("finding")
    return found


@lru_cache
def _history(everything: bool) -> Select[Any]:
    return (
        select(HISTORY)
        .join(FINDINGS, FINDINGS.c.id == HISTORY.c.finding_id)
        .join(TARGETS, TARGETS.c.id == FINDINGS.c.target_id)
        .where(HISTORY.c.finding_id == bindparam("id"), targets.visible_once(everything))
        .order_by(HISTORY.c.at)
    )


def change(
    connection: Connection,
    found: Row[Any],
    version: int,
    values: Mapping[str, Any],
    entry: Mapping[str, Any],
) -> int:
    """Change a finding that was locked, and write down who did it; its new version.

    Raises:
        StaleError: It was changed after the caller looked.
    """
    check(found, version)
    connection.execute(
        update(FINDINGS).where(FINDINGS.c.id == found.id).values(**values, version=version + 1)
    )
    note(connection, [{"finding_id": found.id, **entry}])
    return version + 1


def check(found: Row[Any], version: int) -> None:
    """Look whether a finding is still as somebody saw it.

    Raises:
        StaleError: It was changed after that.
    """
    if found.version != version:
        present = {key: found._mapping[key] for key in ("state", "version", "assignee", "reason")}
        raise StaleError("finding", present)


def of_target(connection: Connection, target_id: str) -> Sequence[Any]:
    """All of a target, without their evidence but with its digest; they are locked, as the target is."""
    return connection.execute(
        locked(select(*BRIEF, FINDINGS.c.digest).where(FINDINGS.c.target_id == target_id))
    ).all()


def locked(statement: Select[Any]) -> Select[Any]:
    """The same so that nobody decides about these findings before the transaction ends.

    In the order of their ids, as everybody locks several of them: else two wait for each other. Comments wait for nobody.
    """
    return statement.order_by(FINDINGS.c.id).with_for_update(of=FINDINGS, key_share=True)


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert findings."""
    if rows:
        connection.execute(insert(FINDINGS), list(rows))


def update_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update findings by id; all rows have the same columns."""
    if not rows:
        return
    columns = [name for name in rows[0] if name != "id"]
    statement = (
        update(FINDINGS)
        .where(FINDINGS.c.id == bindparam("of"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    values = [{"of": row["id"], **{f"new_{name}": row[name] for name in columns}} for row in rows]
    connection.execute(statement, values)


def note(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write history: ``finding_id``, ``at``, ``who``, ``what``, and what else there is."""
    if entries:
        rest = {"before": "", "after": "", "reason": "", "scan_id": None}
        connection.execute(insert(HISTORY), [{**rest, **e, "id": new_id()} for e in entries])

"""Figures over all targets: how many findings stand how, what is late, how the grades went.

What is counted over everything is read along one index and kept by who shows it; what is listed ends after a few rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Text, case, cast, func, select, text

from buckler.core.finding import Severity
from buckler.watch.db import targets
from buckler.watch.db.findings import BRIEF, FINDINGS, HISTORY
from buckler.watch.db.inventories import INVENTORIES
from buckler.watch.db.scans import SCANS
from buckler.watch.db.targets import TARGETS
from buckler.watch.interface import Caller
from buckler.watch.life import UNSOLVED

DAY: Final = 86_400.0
_SEVERITIES: Final = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Count:
    """Findings of one target, state and severity.

    Attributes:
        target_id: Whose.
        state: How they stand.
        severity: Of all of them.
        number: How many.
        late: Those of them that are open for too long.
    """

    target_id: str
    state: str
    severity: str
    number: int
    late: int


def counts(connection: Connection, now: float) -> list[Count]:
    """Of all targets, whoever may see them: the caller keeps to those that they may see."""
    f = FINDINGS.c
    late = func.sum(case((f.due_at <= now, 1), else_=0))
    statement = select(f.target_id, f.state, f.rank, func.count(), late).group_by(
        f.target_id, f.state, f.rank
    )
    return [
        Count(row[0], row[1], _SEVERITIES[row[2]].value, int(row[3]), int(row[4]))
        for row in connection.execute(statement)
    ]


def scores(connection: Connection, since: float) -> Sequence[tuple[str, int, float]]:
    """Mean score of each target on each day on which it was scanned: target, day since 1970, score."""
    day = cast(SCANS.c.asked_at, BigInteger) // int(DAY)
    statement = (
        select(SCANS.c.target_id, day, func.avg(SCANS.c.score))
        .where(SCANS.c.asked_at >= since, SCANS.c.state == "done", SCANS.c.score.is_not(None))
        .group_by(SCANS.c.target_id, day)
    )
    found = connection.execute(statement)
    return [(row[0], int(row[1]), float(row[2])) for row in found]


def due(connection: Connection, caller: Caller, most: int) -> Sequence[Any]:
    """Findings that have to be closed first, those that are late already among them."""
    return connection.execute(
        select(*BRIEF, TARGETS.c.name.label("target_name"))
        .join(TARGETS, TARGETS.c.id == FINDINGS.c.target_id)
        .where(targets.visible(caller), FINDINGS.c.due_at.is_not(None))
        .where(FINDINGS.c.state.in_([state.value for state in UNSOLVED]))
        .order_by(FINDINGS.c.due_at)
        .limit(most)
    ).all()


def brief(connection: Connection, caller: Caller) -> Sequence[Any]:
    """All targets that the caller may see, with no more than how they stand."""
    t = TARGETS.c
    return connection.execute(
        select(t.id, t.name, t.grade, t.score, t.reported_at).where(targets.visible(caller))
    ).all()


def names(connection: Connection, caller: Caller, ids: Sequence[str]) -> dict[str, str]:
    """Names of targets that the caller may see, by id."""
    statement = select(TARGETS.c.id, TARGETS.c.name).where(
        targets.visible(caller), TARGETS.c.id.in_(ids)
    )
    return {row.id: row.name for row in connection.execute(statement)}


def page(
    connection: Connection, caller: Caller, most: int, after: tuple[str, str] | None, words: str
) -> Sequence[Any]:
    """Targets by name, one page of them.

    Args:
        connection: To the database.
        caller: Who asks.
        most: So many.
        after: Those after this one, (name, id).
        words: That the name or the place holds; empty for all.
    """
    t = TARGETS.c
    statement = select(TARGETS).where(targets.visible(caller)).order_by(t.name, t.id).limit(most)
    if after is not None:
        name, target_id = after
        statement = statement.where((t.name > name) | ((t.name == name) & (t.id > target_id)))
    if words:
        holds = t.name.icontains(words, autoescape=True)
        statement = statement.where(holds | t.location.icontains(words, autoescape=True))
    return connection.execute(statement).all()


def holding(connection: Connection, caller: Caller, name: str, most: int) -> Sequence[Any]:
    """Inventories with a package whose name holds a text, with their targets.

    Args:
        connection: To the database.
        caller: Who asks.
        name: Part of a normalised name.
        most: So many targets.
    """
    return connection.execute(
        select(INVENTORIES, TARGETS.c.name.label("target_name"))
        .join(TARGETS, TARGETS.c.id == INVENTORIES.c.target_id)
        .where(targets.visible(caller))
        .where(cast(INVENTORIES.c.packages, Text).contains(name, autoescape=True))
        .order_by(TARGETS.c.name, TARGETS.c.id)
        .limit(most)
    ).all()


def inventory(connection: Connection, caller: Caller, target_id: str) -> Any | None:
    """The packages of one target, or None where nothing was read of them.

    Raises:
        MissingError: There is no such target that the caller may see.
    """
    targets.get(connection, caller, target_id)
    statement = select(INVENTORIES).where(INVENTORIES.c.target_id == target_id)
    return connection.execute(statement).one_or_none()


def decisions(connection: Connection, caller: Caller, most: int) -> Sequence[Any]:
    """What people did about findings that the caller may see, newest first."""
    return connection.execute(
        select(
            HISTORY,
            FINDINGS.c.title,
            FINDINGS.c.rule,
            TARGETS.c.id.label("target_id"),
            TARGETS.c.name.label("target_name"),
        )
        .join(FINDINGS, FINDINGS.c.id == HISTORY.c.finding_id)
        .join(TARGETS, TARGETS.c.id == FINDINGS.c.target_id)
        .where(targets.visible(caller), text("who <> 'watch'"))
        .order_by(HISTORY.c.at.desc())
        .limit(most)
    ).all()

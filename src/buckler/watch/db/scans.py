"""Scans: asked for, begun, ended; and what they reported.

A scan that is taken over has a higher number of attempts than the one who lost it knows, and what is stored names the
attempt: a worker that was frozen and wakes stores nothing over its successor's work (a fencing token).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from buckler.watch.db import targets
from buckler.watch.db.database import add_new
from buckler.watch.db.metadata import METADATA, PREFIX, new_id
from buckler.watch.db.targets import TARGETS
from buckler.watch.db.types import Data, Free, Seconds, Short
from buckler.watch.errors import MissingError, SupersededError
from buckler.watch.interface import Caller

_UNDER_WAY: Final = "state IN ('queued', 'running')"
"""Written out: by a value that is bound an index of a part is not found."""
SCANS: Final = Table(
    f"{PREFIX}scans",
    METADATA,
    Column("id", Short(32), primary_key=True),
    Column("target_id", Short(32), ForeignKey(TARGETS.c.id), nullable=False),
    Column("kind", Short(10), nullable=False),
    Column("state", Short(10), nullable=False),
    Column("branch", Free, nullable=False),
    Column("revision", Free, nullable=False),
    Column("asked_by", Short(64), nullable=False),
    Column("asked_at", Seconds, nullable=False),
    Column("handed_at", Seconds),
    Column("begun_at", Seconds),
    Column("ended_at", Seconds),
    Column("attempt", Integer, nullable=False),
    Column("worker", Short(64), nullable=False),
    Column("why", Free, nullable=False),
    Column("grade", Short(2), nullable=False),
    Column("score", Integer),
    Column("reached", Seconds),
    Column("counts", Data),
    Column("engines", Data),
    Column("changes", Data),
    Index(f"ix_{PREFIX}scans_target_id_asked_at", "target_id", "asked_at"),
    Index(f"ix_{PREFIX}scans_state", "state"),
    Index(f"ix_{PREFIX}scans_asked_at", "asked_at"),
    Index(
        f"ix_{PREFIX}scans_under_way",
        "asked_at",
        sqlite_where=text(_UNDER_WAY),
        postgresql_where=text(_UNDER_WAY),
    ),
    Index(
        f"uq_{PREFIX}scans_queued",
        "target_id",
        unique=True,
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
)
REPORTS: Final = Table(
    f"{PREFIX}reports",
    METADATA,
    Column("scan_id", Short(32), ForeignKey(SCANS.c.id), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
ENDED: Final = ("done", "failed")
MOST_ATTEMPTS: Final = 10
"""Workers that may die of one scan; the next one says that it failed instead of dying, too."""


def request(
    connection: Connection, caller: Caller, target_id: str, now: float, *, kind: str = "scan"
) -> tuple[str, bool]:
    """Ask for a scan; one that is queued already is joined, since it will see what this one would.

    Returns:
        Its id, and whether it was joined.

    Raises:
        MissingError: There is no such target.
    """
    target = targets.get(connection, caller, target_id, lock=True)
    row = _row(target, kind, caller, now)
    if add_new(connection, SCANS, [row]):
        return str(row["id"]), False
    queued = select(SCANS.c.id).where(SCANS.c.target_id == target_id, SCANS.c.state == "queued")
    return str(connection.execute(queued).scalar_one()), True


def pushed(
    connection: Connection,
    caller: Caller,
    target_id: str,
    now: float,
    *,
    kind: str,
    branch: str | None = None,
    revision: str = "",
) -> str:
    """Note a report that was made elsewhere; its id. It never waits, so it is running at once.

    Raises:
        MissingError: There is no such target.
    """
    target = targets.get(connection, caller, target_id, lock=True)
    row = _row(target, kind, caller, now)
    row.update(state="running", begun_at=now, attempt=1, revision=revision)
    row["branch"] = target.branch if branch is None else branch
    connection.execute(insert(SCANS).values(**row))
    return str(row["id"])


def begin(connection: Connection, scan_id: str, worker: str, now: float) -> int | None:
    """Take a scan; the number of this attempt, or None where it has ended.

    Raises:
        MissingError: There is none.
    """
    found = connection.execute(
        select(SCANS.c.state, SCANS.c.attempt).where(SCANS.c.id == scan_id).with_for_update()
    ).one_or_none()
    if found is None:
        raise MissingError("scan")
    if found.state in ENDED:
        return None
    attempt: int = found.attempt + 1
    connection.execute(
        update(SCANS)
        .where(SCANS.c.id == scan_id)
        .values(state="running", attempt=attempt, worker=worker, begun_at=now)
    )
    return attempt


def end(
    connection: Connection, scan_id: str, attempt: int, state: str, values: Mapping[str, Any]
) -> bool:
    """Write down how a scan ended; False where this attempt has done so before.

    Raises:
        SupersededError: A later attempt has begun, or ended it.
    """
    done = connection.execute(
        update(SCANS)
        .where(SCANS.c.id == scan_id, SCANS.c.attempt == attempt, SCANS.c.state == "running")
        .values(**values, state=state)
    ).rowcount
    if done:
        return True
    found = connection.execute(
        select(SCANS.c.attempt, SCANS.c.state).where(SCANS.c.id == scan_id)
    ).one_or_none()
    if found is None or found.attempt != attempt:
        raise SupersededError
    return False


def of_revision(connection: Connection, scan_id: str, attempt: int, revision: str) -> None:
    """Write down which revision of a repository an attempt looks at.

    Raises:
        SupersededError: Another attempt has begun.
    """
    statement = update(SCANS).where(SCANS.c.id == scan_id, SCANS.c.attempt == attempt)
    if not connection.execute(statement.values(revision=revision)).rowcount:
        raise SupersededError


def keep_report(connection: Connection, scan_id: str, body: bytes) -> None:
    """Keep the report itself, compressed."""
    add_new(connection, REPORTS, [{"scan_id": scan_id, "body": zlib.compress(body, 3)}])


def report(connection: Connection, caller: Caller, scan_id: str) -> bytes:
    """The report of a scan.

    Raises:
        MissingError: There is none that the caller may see.
    """
    get(connection, caller, scan_id)
    body = connection.execute(
        select(REPORTS.c.body).where(REPORTS.c.scan_id == scan_id)
    ).scalar_one_or_none()
    if body is None:
        raise MissingError("report")
    return zlib.decompress(body)


def last_report(connection: Connection, target_id: str) -> str | None:
    """The scan whose report is the latest that is kept of a target."""
    return connection.execute(
        select(SCANS.c.id)
        .join(REPORTS, REPORTS.c.scan_id == SCANS.c.id)
        .where(SCANS.c.target_id == target_id, SCANS.c.state == "done")
        .order_by(SCANS.c.asked_at.desc(), SCANS.c.id)
        .limit(1)
    ).scalar_one_or_none()


def forget(connection: Connection, scan_id: str) -> None:
    """Delete a scan that changed nothing and has no report, in the transaction that made it."""
    connection.execute(delete(SCANS).where(SCANS.c.id == scan_id))


def get(connection: Connection, caller: Caller, scan_id: str) -> Row[Any]:
    """One scan.

    Raises:
        MissingError: There is none that the caller may see.
    """
    found = connection.execute(
        select(SCANS)
        .join(TARGETS, TARGETS.c.id == SCANS.c.target_id)
        .where(SCANS.c.id == scan_id, targets.visible(caller))
    ).one_or_none()
    if found is None:
        raise MissingError("scan")
    return found


def listed(
    connection: Connection, caller: Caller, target_id: str | None = None, most: int = 50
) -> Sequence[Row[Any]]:
    """The latest scans that the caller may see, newest first."""
    values = {"owner": caller.id, "target": target_id, "most": most}
    return connection.execute(_latest(caller.everything, target_id is not None), values).all()


@lru_cache
def _latest(everything: bool, of_target: bool) -> Select[Any]:
    statement = (
        select(SCANS)
        .where(_visible(everything))
        .order_by(SCANS.c.asked_at.desc(), SCANS.c.id)
        .limit(bindparam("most"))
    )
    return statement.where(SCANS.c.target_id == bindparam("target")) if of_target else statement


def scores(
    connection: Connection, caller: Caller, target_id: str, most: int
) -> list[tuple[float, float]]:
    """When the latest scans of a target ended and what they scored, oldest first."""
    values = {"owner": caller.id, "target": target_id, "most": most}
    found = connection.execute(_scored(caller.everything), values).all()
    return [(float(at), float(score)) for at, score in reversed(found)]


@lru_cache
def _scored(everything: bool) -> Select[Any]:
    c = SCANS.c
    return (
        select(c.ended_at, c.score)
        .join(TARGETS, TARGETS.c.id == c.target_id)
        .where(targets.visible_once(everything), c.target_id == bindparam("target"))
        .where(c.state == "done", c.score.is_not(None), c.ended_at.is_not(None))
        .order_by(c.asked_at.desc(), c.id)
        .limit(bindparam("most"))
    )


def under_way(connection: Connection, caller: Caller, most: int) -> Sequence[Row[Any]]:
    """Scans that wait or run, of targets that the caller may see, newest first."""
    values = {"owner": caller.id, "most": most}
    return connection.execute(_running(caller.everything), values).all()


@lru_cache
def _running(everything: bool) -> Select[Any]:
    return (
        select(SCANS)
        .where(text(_UNDER_WAY), _visible(everything))
        .order_by(SCANS.c.asked_at.desc(), SCANS.c.id)
        .limit(bindparam("most"))
    )


def _visible(everything: bool) -> ColumnElement[bool]:
    """Asked of each scan that is found: a join may be begun at the targets, and read the scans of all of them."""
    return (
        select(TARGETS.c.id)
        .where(TARGETS.c.id == SCANS.c.target_id, targets.visible_once(everything))
        .exists()
    )


def waiting(connection: Connection, most: int = 200) -> Sequence[Any]:
    """Scans that were asked for and not handed to the engine yet, oldest first."""
    return connection.execute(
        select(SCANS.c.id, SCANS.c.target_id)
        .where(SCANS.c.state == "queued", SCANS.c.handed_at.is_(None))
        .order_by(SCANS.c.asked_at)
        .limit(most)
    ).all()


def handed(connection: Connection, scan_id: str, now: float) -> None:
    """Note that the engine has a scan."""
    connection.execute(update(SCANS).where(SCANS.c.id == scan_id).values(handed_at=now))


def _row(target: Row[Any], kind: str, caller: Caller, now: float) -> dict[str, Any]:
    return {
        "id": new_id(),
        "target_id": target.id,
        "kind": kind,
        "state": "queued",
        "branch": target.branch,
        "revision": "",
        "asked_by": caller.id,
        "asked_at": now,
        "attempt": 0,
        "worker": "",
        "why": "",
        "grade": "",
    }


def drop_reports(connection: Connection, before: float) -> int:
    """Delete the reports of scans that ended before a moment, but the last one of each target by the same engines; how many."""
    last = (
        select(func.max(SCANS.c.ended_at))
        .join(REPORTS, REPORTS.c.scan_id == SCANS.c.id)
        .where(SCANS.c.state == "done", SCANS.c.target_id == _OTHER.c.target_id)
        .where(SCANS.c.engines == _OTHER.c.engines)
        .scalar_subquery()
    )
    old = select(_OTHER.c.id).where(_OTHER.c.ended_at < before, _OTHER.c.ended_at < last)
    return connection.execute(delete(REPORTS).where(REPORTS.c.scan_id.in_(old))).rowcount


_OTHER: Final = SCANS.alias("other")

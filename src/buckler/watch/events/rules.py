"""What is watched for over all applications together: one alone sees too little of somebody who tries each of them.

Threat: a stolen list of passwords that is tried at every application a few times (credential stuffing, CAPEC-600),
below what each of them counts as an attack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, Row

from buckler.guard.audit.events import EventKind
from buckler.watch.alerts import kinds
from buckler.watch.db import events

QUIET: Final = 900.0
"""Seconds in which the same alarm is not given again; longer than every window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One of them.

    Attributes:
        name: The kind of its alerts.
        kinds: Of events that count.
        by: Column that they are counted by.
        threshold: Events that are too many.
        applications: Least number of applications where they happened.
        window: Seconds.
        severity: Of the alert.
        title: For people; ``{}`` is who it is about.
    """

    name: str
    kinds: tuple[EventKind, ...]
    by: str
    threshold: int
    applications: int = 1
    window: float = 300.0
    severity: str = "medium"
    title: str


RULES: Final[Sequence[Rule]] = (
    Rule(
        name="sign_in_failures",
        kinds=(EventKind.SIGN_IN_FAILED,),
        by="account",
        threshold=10,
        applications=2,
        window=600.0,
        severity="high",
        title="Many failed sign-ins as {} at several applications",
    ),
    Rule(
        name="sign_in_failures",
        kinds=(EventKind.SIGN_IN_FAILED, EventKind.TOKEN_REFUSED),
        by="address",
        threshold=20,
        applications=2,
        severity="high",
        title="Many failed sign-ins from {} at several applications",
    ),
    Rule(
        name="attack_burst",
        kinds=(EventKind.ATTACK_SEEN,),
        by="address",
        threshold=10,
        severity="high",
        title="Many attacks from {}",
    ),
    Rule(
        name="refusal_burst",
        kinds=(EventKind.ACCESS_REFUSED,),
        by="address",
        threshold=60,
        title="Many refusals of what {} wants",
    ),
    Rule(
        name="refusal_burst",
        kinds=(EventKind.ACCESS_REFUSED,),
        by="account",
        threshold=60,
        title="Many refusals of what {} wants",
    ),
)


def alarms(
    connection: Connection, rows: Sequence[dict[str, Any]], now: float
) -> Iterator[dict[str, Any]]:
    """Alerts that new events complete, one for each owner of an application that is concerned.

    An owner is told of their own applications by name and number, of others only that there are some.

    Args:
        connection: In the transaction that wrote the events.
        rows: Of the new events.
        now: Seconds since 1970.
    """
    for rule in RULES:
        wanted = [row for row in rows if row["kind"] in rule.kinds and row[rule.by]]
        if not wanted:
            continue
        at = max(row["at"] for row in wanted)
        subjects = sorted({row[rule.by] for row in wanted})
        found = events.counted(connection, rule.by, subjects, rule.kinds, at - rule.window)
        by_subject = attrgetter("subject")
        for subject, some in groupby(sorted(found, key=by_subject), by_subject):
            yield from _alarm(connection, rule, subject, list(some), now)


def _alarm(
    connection: Connection, rule: Rule, subject: str, rows: Sequence[Row[Any]], now: float
) -> Iterator[dict[str, Any]]:
    number = sum(row.number for row in rows)
    if number < rule.threshold or len(rows) < rule.applications:
        return
    for owner in sorted({row.owner for row in rows}):
        about = hashlib.sha256(f"{rule.name}\0{rule.by}\0{subject}\0{owner}".encode()).hexdigest()
        if not events.claim(connection, about, now, now + QUIET, 2 * QUIET):
            continue
        mine = sorted((row for row in rows if row.owner == owner), key=_most_first)
        yield kinds.of_target(
            rule.name,
            mine[0].target_id,
            now,
            once=f"{about[:32]}:{now:.3f}",
            severity=rule.severity,
            title=rule.title.format(subject),
            text=_text(rule, mine, elsewhere=len(rows) > len(mine)),
            fields={
                rule.by: subject,
                "count": sum(row.number for row in mine),
                "applications": len(mine),
            },
        )


def _most_first(row: Row[Any]) -> tuple[int, str]:
    return -row.number, row.target_id


def _text(rule: Rule, mine: Iterable[Row[Any]], *, elsewhere: bool) -> str:
    lines = [f"{row.name}: {row.number} in {rule.window / 60:g} minutes" for row in mine]
    return "\n".join([*lines[:20], *(["and at applications of others"] if elsewhere else [])])

"""Targets as people give them: every part is judged before it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from buckler.watch import sla
from buckler.watch.db import targets
from buckler.watch.errors import RefusedError
from buckler.watch.interface import Caller
from buckler.watch.scanning import address, environment
from buckler.watch.scanning.address import Allowed
from buckler.watch.schedule import Schedule

LONGEST_NAME: Final = 200
MOST_RULES: Final = 200
_RULE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,79}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A target as somebody gives it.

    Attributes:
        name: For people; empty for one that its place gives.
        kind: ``folder``, ``git``, ``environment``, ``url`` or ``pushed``.
        location: Folder, address of the repository or of a running site, or path of a virtual environment or its interpreter; empty where reports are pushed.
        branch: That findings stand by; empty for the repository's own choice.
        trusted: Whether its application may be imported and attacked on the workers; of a site, whether it may be attacked.
        schedule: Of cron, or empty.
        zone: Of the schedule.
        rules: ``select`` and ``ignore``: lists of rules.
        sla: Days by severity.
    """

    name: str = ""
    kind: str
    location: str = ""
    branch: str = ""
    trusted: bool = False
    schedule: str = ""
    zone: str = "UTC"
    rules: Mapping[str, Any] = field(default_factory=dict)
    sla: Mapping[str, Any] = field(default_factory=dict)


def add(
    connection: Connection,
    caller: Caller,
    given: Given,
    now: float,
    *,
    allowed: Allowed,
    here: bool = False,
) -> str:
    """Make a target; its id. A place that is one already is not made again, where it is the caller's.

    Args:
        connection: In a transaction that writes.
        caller: Whose it will be.
        given: As it was given.
        now: Seconds since 1970.
        allowed: What may be cloned or looked at.
        here: Whether it is given on the machine itself, by who runs watch: then any folder will do.

    Raises:
        RefusedError: A part is wrong; the message begins with its name.
    """
    if given.kind not in targets.KINDS:
        raise RefusedError("kind: there is no such kind", hint=", ".join(targets.KINDS))
    if given.trusted and not (here or caller.everything):
        raise RefusedError("trusted: only an administrator lets code be run on the workers")
    location = _location(given, allowed, here=here)
    name = given.name.strip() or location.rstrip("/").rpartition("/")[2].removesuffix(".git")
    if not 0 < len(name) <= LONGEST_NAME:
        raise RefusedError(f"name: of 1 to {LONGEST_NAME} characters")
    values = {
        "name": name,
        "kind": given.kind,
        "location": location,
        "branch": address.branch(given.branch),
        "trusted": given.trusted,
        "next_at": None,
        **scheduled(given.schedule, given.zone, now),
        "rules": rules(given.rules),
        "sla": sla.checked(given.sla),
    }
    known = targets.same_place(connection, caller, given.kind, location, given.branch)
    if known is not None and location:
        return str(known.id)
    return targets.add(connection, caller, values, now)


def scheduled(schedule: str, zone: str, now: float) -> dict[str, Any]:
    """The columns of a schedule.

    Raises:
        RefusedError: It is none.
    """
    following = Schedule(schedule, zone).next(now) if schedule else None
    return {"schedule": schedule, "zone": zone, "next_at": following}


def rules(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which rules are run.

    Raises:
        RefusedError: It is not ``select`` and ``ignore`` with lists of ids, prefixes or names.
    """
    for name, listed in given.items():
        if name not in ("select", "ignore"):
            raise RefusedError("rules: select and ignore")
        good = isinstance(listed, list) and len(listed) <= MOST_RULES
        if not good or not all(isinstance(r, str) and _RULE.fullmatch(r) for r in listed):
            raise RefusedError(f"rules.{name}: a list of ids, prefixes or names of rules")
    return {name: list(listed) for name, listed in given.items()}


def _location(given: Given, allowed: Allowed, *, here: bool) -> str:
    if given.kind == "pushed":
        if given.location:
            raise RefusedError("location: a target whose reports are pushed has none")
        return ""
    if given.kind == "url":
        return address.resolve(address.site(given.location, allowed), allowed).url
    if given.kind == "git":
        return address.resolve(address.parse(given.location, allowed), allowed).url
    folders = (Path("/"),) if here else allowed.folders
    if given.kind == "environment":
        if given.trusted:
            raise RefusedError("trusted: nothing of an environment is run; its packages are read")
        return environment.folder(given.location, folders)
    return str(address.folder(given.location, folders))

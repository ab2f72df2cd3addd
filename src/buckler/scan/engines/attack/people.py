"""Who is who: what tells one identity from the others, by name of field and value.

It is taken from an identity's own answers (``/me``, the owner of what it made) and from what it
signs in with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from buckler.scan.engines.attack.exchanges import succeeded
from buckler.scan.engines.attack.harvest import leaves
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Slot
from buckler.scan.model.application import Operation

NAMES = re.compile(
    r"(^|_)(owner|user|account|customer|member|person|patient|client|creator|author|holder|tenant|"
    r"employee|student|subscriber)(_?(id|uid|uuid|name|email|login))?$|^(uid|login|created_by|e-?mail)$",
    re.IGNORECASE,
)
"""What a parameter or a field that says whose something is, is called."""

_ME = re.compile(r"^(me|self|whoami|profile|account|current|current[-_]?user|user)$", re.IGNORECASE)
_WHO = re.compile(
    r"^(id|uid|uuid|pk|number|name|e-?mail|login|sub|handle|user_?name)$", re.IGNORECASE
)
_SIGNED_IN_BY = re.compile(r"user|mail|login|name|account|number|^id$", re.IGNORECASE)
_ID = re.compile(r"(^|_)(id|uid|uuid|pk|number|sub)$", re.IGNORECASE)

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a request that says whose things are meant.

    Attributes:
        way: Keys to the value in a JSON body.
        number: Whether only a number can stand there.
    """

    slot: Slot
    way: tuple[str | int, ...] = ()
    number: bool = False


def who_is(run: Run, name: str) -> list[Pair]:
    """What tells an identity from the others: names of fields and values, surest first."""
    sure, likely_ = dict.fromkeys(_told(run, name)), dict.fromkeys(_shown(run, name))
    others = [other for other in run.identities if other != name]
    told = {value for other in others for _, value in _told(run, other)}
    shown = told | {value for other in others for _, value in _shown(run, other)}
    return [
        *(pair for pair in sure if pair[1] not in told),
        *(pair for pair in likely_ if pair not in sure and pair[1] not in shown),
    ]


def _told(run: Run, name: str) -> Iterator[Pair]:
    """What the application says of an identity, and what that signs in with."""
    for operation, data in _answers(run, name):
        if _ME.match(operation.path.rstrip("/").rpartition("/")[2]) and isinstance(data, dict):
            yield from ((k, v) for k, v in leaves(data, "") if _WHO.match(k) or NAMES.search(k))
    for item in run.settings.identities:
        if item.name == name and item.login is not None:
            given = item.login.json or item.login.form or {}
            yield from ((k, str(v)) for k, v in given.items() if _SIGNED_IN_BY.search(k))
    yield "name", name


def _shown(run: Run, name: str) -> Iterator[Pair]:
    """The one owner that all objects of an answer have, if the request did not name him."""
    for operation, data in _answers(run, name):
        owners: dict[str, set[str]] = {}
        sent = run.seen.matrix[operation.key][name].request.body
        for key, value in leaves(data, ""):
            if "." not in key and NAMES.search(key) and key.encode() not in sent:
                owners.setdefault(key, set()).add(value)
        for key, values in owners.items():
            if len(values) == 1:
                yield key, next(iter(values))


def _answers(run: Run, name: str) -> Iterator[tuple[Operation, Any]]:
    for operation in run.operations:
        cell = run.seen.matrix.get(operation.key, {}).get(name)
        if cell is not None and succeeded(cell) and "{" not in operation.path:
            yield operation, cell.answer.json


def likely(reference: Reference, known: list[Pair]) -> list[str]:
    """Values for a reference, those of a field of the same name or kind first."""
    name = reference.slot.leaf
    fitting = [p for p in known if p[1].isdigit() or not reference.number]
    wants_mail, wants_id = "mail" in name.lower(), _ID.search(name) is not None

    def rank(pair: Pair) -> int:
        if pair[0].lower() == name.lower():
            return 0
        if wants_mail or "@" in pair[1]:
            return 1 if wants_mail and "@" in pair[1] else 3
        return 1 if wants_id == (_ID.search(pair[0]) is not None) else 2

    return list(dict.fromkeys(value for _, value in sorted(fitting, key=rank)))[:3]

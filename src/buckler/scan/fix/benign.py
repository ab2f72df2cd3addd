"""Keeps how an application answers ordinary requests, to see whether a repair changed that.

Ids, times and tokens differ from run to run, so what is kept is the status, the media type and the
shape of the body: its fields and their types.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Rule
from buckler.scan.engines.interface import Answer
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Place

DEEPEST = 6
ANY = "any"
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer: what of it must stay."""

    status: int | None
    media: str
    shape: Any

    def differs(self, other: Seen, without: Set[str] = frozenset()) -> str:
        """How another one differs, in words; empty where it does not.

        Args:
            other: The later one.
            without: Fields that may be gone from it.
        """
        if self.status != other.status:
            return f"{self.status} became {other.status}"
        if self.media != other.media:
            return f"{self.media or 'no body'} became {other.media or 'no body'}"
        before = pruned(self.shape, without)
        return "" if alike(before, pruned(other.shape, without)) else "its body has another shape"


Benign = dict[tuple[str, str], Seen]


class Recorder(Rule):
    """Looks at what benign requests showed, and finds nothing."""

    id = "CFG000"
    name = "benign-recorder"
    title = "Benign answers"
    severity = Severity.INFO

    def __init__(self) -> None:
        self.benign: Benign = {}
        self.limited: set[tuple[str, str]] = set()
        self.code: dict[str, tuple[Place, ...]] = {}

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Keep the best answer of each operation to each identity, and what code stands before it."""
        for operation in app.operations:
            places = (operation.place, *(d.place for d in operation.dependencies))
            self.code[operation.key] = tuple(place for place in places if place is not None)
        for key, cells in seen.matrix.items():
            for identity, exchange in cells.items():
                if exchange.answer.status == TOO_MANY:
                    self.limited.add((key, identity or ""))
                if exchange.reached and exchange.answer.ok:
                    self.benign[key, identity or ""] = seen_of(exchange.answer)
        return ()


def seen_of(answer: Answer) -> Seen:
    """What is kept of an answer."""
    return Seen(answer.status, answer.media_type, shape(answer.json))


def shape(value: Any, depth: int = 0) -> Any:
    """The types of a JSON value; of a list, those of its first element."""
    if value is None or depth > DEEPEST:
        return ANY
    if isinstance(value, dict):
        return {key: shape(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0], depth + 1)] if value else [ANY]
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else "text"


def pruned(value: Any, names: Set[str]) -> Any:
    """A shape without the fields of these names."""
    if isinstance(value, dict):
        return {key: pruned(item, names) for key, item in value.items() if key not in names}
    return [pruned(item, names) for item in value] if isinstance(value, list) else value


def alike(one: Any, other: Any) -> bool:
    """Whether two shapes can be of the same kind of answer."""
    if ANY in (one, other) if isinstance(one, str) or isinstance(other, str) else False:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return alike(one[0], other[0])
    return bool(one == other)

"""``$group`` and its accumulators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_arithmetic import (
    average,
    deviation,
    greatest,
    least,
    summed,
)
from buckler.scan.engines.app.servers.standin.mongo_arrays import distinct, merged
from buckler.scan.engines.app.servers.standin.mongo_bson import Document
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_expressions import Variables, evaluate
from buckler.scan.engines.app.servers.standin.mongo_numbers import is_number
from buckler.scan.engines.app.servers.standin.mongo_order import Missing, order

Accumulator: TypeAlias = Callable[[list[Any]], Any]


def _there(values: list[Any]) -> list[Any]:
    return [value for value in values if not isinstance(value, Missing)]


def _null(value: Any) -> Any:
    return None if isinstance(value, Missing) else value


ACCUMULATORS: Mapping[str, Accumulator] = {
    "$sum": lambda values: summed(v for v in values if is_number(v)),
    "$avg": lambda values: average(list(values)),
    "$min": lambda values: least(list(values)),
    "$max": lambda values: greatest(list(values)),
    "$first": lambda values: _null(values[0]) if values else None,
    "$last": lambda values: _null(values[-1]) if values else None,
    "$push": _there,
    "$addToSet": lambda values: distinct(_there(values)),
    "$count": len,
    "$mergeObjects": lambda values: merged(list(values)),
    "$stdDevPop": lambda values: deviation(list(values)),
}


def grouped(
    documents: Iterable[Document], given: Any, variables: Variables | None = None
) -> list[Document]:
    """The documents of ``$group``, in the order in which their groups began.

    Raises:
        MongoError: It has no ``_id``, or an accumulator that is not there.
    """
    if not isinstance(given, dict):
        raise MongoError(15947, "a group's fields must be specified in an object")
    if "_id" not in given:
        raise MongoError(15955, "a group specification must include an _id")
    fields = {name: _accumulator(name, item) for name, item in given.items() if name != "_id"}
    groups: dict[Any, tuple[Any, list[Document]]] = {}
    for document in documents:
        key = _null(evaluate(given["_id"], document, variables))
        groups.setdefault(order(key), (key, []))[1].append(document)
    return [
        {
            "_id": key,
            **{
                name: work([evaluate(expression, one, variables) for one in members])
                for name, (work, expression) in fields.items()
            },
        }
        for key, members in groups.values()
    ]


def _accumulator(name: str, given: Any) -> tuple[Accumulator, Any]:
    if not isinstance(given, dict) or len(given) != 1:
        raise MongoError(40234, f"The field '{name}' must be an accumulator object")
    ((operator, expression),) = given.items()
    work = ACCUMULATORS.get(operator)
    if work is None:
        raise MongoError(15952, f"unknown group operator '{operator}'")
    return work, expression

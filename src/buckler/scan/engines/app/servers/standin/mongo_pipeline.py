"""The stages of an aggregation pipeline. What would leave the database (``$out`` to another, change
streams) is not there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_bson import Document
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_expressions import Variables, evaluate
from buckler.scan.engines.app.servers.standin.mongo_groups import grouped
from buckler.scan.engines.app.servers.standin.mongo_order import MISSING, Missing, order
from buckler.scan.engines.app.servers.standin.mongo_paths import (
    found,
    parts_of,
    put,
    sort_value,
    value_at,
    without,
)
from buckler.scan.engines.app.servers.standin.mongo_projection import added, project
from buckler.scan.engines.app.servers.standin.mongo_query import check, condition, matches

MAX_STAGES = 1000
MAX_COUNT = 2**53
MOST = 100_000
"""Documents that a stage may hand on."""
Documents: TypeAlias = list[Document]


@dataclass(frozen=True, slots=True)
class Context:
    """What stages know beside their documents.

    Attributes:
        read: The documents of a collection of the same database.
        variables: That expressions may name.
    """

    read: Callable[[str], Documents]
    variables: Variables = field(default_factory=dict)


Stage: TypeAlias = Callable[[Documents, Any, Context], Documents]


def run(documents: Documents, pipeline: Any, context: Context) -> Documents:
    """What a pipeline makes of documents, which are not changed.

    Raises:
        MongoError: A stage is unknown, or its operand does not fit.
    """
    if not isinstance(pipeline, list) or len(pipeline) > MAX_STAGES:
        raise MongoError(14, "'pipeline' has to be an array of not too many stages")
    for stage in pipeline:
        if not isinstance(stage, dict) or len(stage) != 1:
            raise MongoError(40323, "A pipeline stage must be an object with exactly one field.")
        ((name, given),) = stage.items()
        work = _STAGES.get(name)
        if work is None:
            raise MongoError(40324, f"Unrecognized pipeline stage name: '{name}'")
        documents = work(documents, given, context)
        if len(documents) > MOST:
            raise MongoError(292, "the stand-in hands on no more documents than 100000")
    return documents


def _match(documents: Documents, given: Any, context: Context) -> Documents:
    if not isinstance(given, dict):
        raise MongoError(15959, "the match filter must be an expression in an object")
    check(given)
    return [one for one in documents if matches(one, given, context.variables)]


def _project(documents: Documents, given: Any, context: Context) -> Documents:
    if not isinstance(given, dict) or not given:
        raise MongoError(51272, "projection specification must have at least one field")
    return [project(one, given, variables=context.variables) for one in documents]


def _add(documents: Documents, given: Any, context: Context) -> Documents:
    if not isinstance(given, dict):
        raise MongoError(40272, "$addFields specification stage must be an object")
    return [added(one, given, context.variables) for one in documents]


def _unset(documents: Documents, given: Any, _: Context) -> Documents:
    names = given if isinstance(given, list) else [given]
    if not all(isinstance(name, str) for name in names):
        raise MongoError(31120, "$unset specification must be a string or an array of strings")
    for name in names:
        documents = [without(one, parts_of(name)) for one in documents]
    return documents


def _group(documents: Documents, given: Any, context: Context) -> Documents:
    return grouped(documents, given, context.variables)


def sorted_by(documents: Documents, given: Any) -> Documents:
    """Documents in an order.

    Raises:
        MongoError: It is none.
    """
    if not isinstance(given, dict):
        raise MongoError(15973, "the $sort key specification must be an object")
    made = list(documents)
    for name, way in reversed(list(given.items())):
        if isinstance(way, dict):  # {"$meta": "textScore"}: all alike
            continue
        if isinstance(way, bool) or way not in (1, -1):
            raise MongoError(15975, "$sort key ordering must be 1 (ascending) or -1 (descending)")
        parts, falling = parts_of(name), way == -1
        made.sort(
            key=lambda one, p=parts, f=falling: sort_value(one, p, falling=f),  # type: ignore[misc]
            reverse=falling,
        )
    return made


def count_of(given: Any, name: str, *, least: int = 0) -> int:
    """A number of documents.

    Raises:
        MongoError: It is none.
    """
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not least <= given < MAX_COUNT or given != int(given):
        raise MongoError(5107200, f"invalid argument to {name}: expected a non-negative number")
    return int(given)


def _unwind(documents: Documents, given: Any, _: Context) -> Documents:
    options = given if isinstance(given, dict) else {"path": given}
    path, place = options.get("path"), options.get("includeArrayIndex")
    keep = options.get("preserveNullAndEmptyArrays") is True
    if not isinstance(path, str) or not path.startswith("$"):
        raise MongoError(28818, "path option to $unwind stage should be prefixed with a '$'")
    parts, made = parts_of(path[1:]), []
    for one in documents:
        value = value_at(one, parts)
        items = value if isinstance(value, list) else [value]
        if not items or value is None or isinstance(value, Missing):
            if keep:
                rest = without(one, parts) if value == [] else one
                made.append(put(rest, parts_of(place), None) if place else rest)
            continue
        for at, item in enumerate(items):
            unwound = put(one, parts, item)
            index = at if isinstance(value, list) else None
            made.append(put(unwound, parts_of(place), index) if place else unwound)
        if len(made) > MOST:
            raise MongoError(292, "the stand-in unwinds no more documents than 100000")
    return made


def _lookup(documents: Documents, given: Any, context: Context) -> Documents:
    if not isinstance(given, dict) or not isinstance(given.get("as"), str):
        raise MongoError(9, "must specify 'as' field for a $lookup")
    name, pipeline = given.get("from"), given.get("pipeline")
    foreign = context.read(name) if isinstance(name, str) else []
    local, other = given.get("localField"), given.get("foreignField")
    if not isinstance(pipeline, list) and not (isinstance(local, str) and isinstance(other, str)):
        raise MongoError(9, "$lookup requires both or neither of 'localField' and 'foreignField'")
    made = []
    for one in documents:
        chosen = foreign
        if isinstance(local, str) and isinstance(other, str):
            chosen = _joined(one, parts_of(local), foreign, parts_of(other))
        if isinstance(pipeline, list):
            named = {
                key: evaluate(item, one, context.variables)
                for key, item in (given.get("let") or {}).items()
            }
            inner = Context(context.read, {**context.variables, **named})
            chosen = run(chosen, pipeline, inner)
        made.append(put(one, parts_of(given["as"]), chosen))
    return made


def _joined(
    document: Document, local: list[str], foreign: Documents, other: list[str]
) -> Documents:
    values: list[Any] = []
    for value in found(document, local):
        values += value if isinstance(value, list) else [value]
    wanted = {order(None if isinstance(value, Missing) else value) for value in values}
    made = []
    for one in foreign:
        theirs: list[Any] = []
        for value in found(one, other):
            theirs += value if isinstance(value, list) else [value]
        if any(order(None if isinstance(v, Missing) else v) in wanted for v in theirs):
            made.append(one)
    return made


def _facet(documents: Documents, given: Any, context: Context) -> Documents:
    if not isinstance(given, dict) or not given:
        raise MongoError(40169, "the $facet specification must be a non-empty object")
    return [{name: run(documents, inner, context) for name, inner in given.items()}]


def _replace(documents: Documents, given: Any, context: Context) -> Documents:
    made = [evaluate(given, one, context.variables) for one in documents]
    if not all(isinstance(one, dict) for one in made):
        raise MongoError(40228, "'newRoot' expression must evaluate to an object")
    return made


def _replace_root(documents: Documents, given: Any, context: Context) -> Documents:
    if not isinstance(given, dict) or "newRoot" not in given:
        raise MongoError(40230, "no newRoot specified for the $replaceRoot stage")
    return _replace(documents, given["newRoot"], context)


def _sample(documents: Documents, given: Any, _: Context) -> Documents:
    size = count_of(given.get("size") if isinstance(given, dict) else None, "$sample")
    return random.sample(documents, min(size, len(documents)))


def _count(documents: Documents, given: Any, _: Context) -> Documents:
    if not isinstance(given, str) or not given or given.startswith("$") or "." in given:
        raise MongoError(40156, "the count field must be a non-empty string")
    return [{given: len(documents)}] if documents else []


def _sort_by_count(documents: Documents, given: Any, context: Context) -> Documents:
    groups = grouped(documents, {"_id": given, "count": {"$sum": 1}}, context.variables)
    return sorted_by(groups, {"count": -1})


def _bucket(documents: Documents, given: Any, context: Context) -> Documents:
    borders = given.get("boundaries") if isinstance(given, dict) else None
    if not isinstance(borders, list) or len(borders) < 2 or "groupBy" not in given:
        raise MongoError(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.")
    made: dict[Any, tuple[Any, Documents]] = {}
    for one in documents:
        key = order(evaluate(given["groupBy"], one, context.variables))
        below = [b for b in borders if order(b) <= key]
        if below and key < order(borders[-1]):
            chosen = below[-1]
        elif "default" in given:
            chosen = given["default"]
        else:
            raise MongoError(7023, "$switch could not find a matching branch for an input")
        made.setdefault(order(chosen), (chosen, []))[1].append(one)
    output = given.get("output") or {"count": {"$sum": 1}}
    return [
        {**grouped(members, {"_id": None, **output}, context.variables)[0], "_id": chosen}
        for _, (chosen, members) in sorted(made.items())
    ]


def _union(documents: Documents, given: Any, context: Context) -> Documents:
    name = given.get("coll") if isinstance(given, dict) else given
    if not isinstance(name, str):
        raise MongoError(9, "$unionWith needs the name of a collection")
    inner = given.get("pipeline", []) if isinstance(given, dict) else []
    return documents + run(context.read(name), inner, context)


def _graph(documents: Documents, given: Any, context: Context) -> Documents:
    names = ("from", "as", "connectFromField", "connectToField")
    if not isinstance(given, dict) or not all(isinstance(given.get(n), str) for n in names):
        raise MongoError(40105, "$graphLookup needs from, as, connectFromField, connectToField")
    foreign, target = context.read(given["from"]), parts_of(given["connectToField"])
    limit = count_of(given.get("maxDepth", len(foreign)), "$graphLookup")
    made = []
    for one in documents:
        wanted = evaluate(given.get("startWith"), one, context.variables)
        seen: dict[int, Document] = {}
        for _ in range(limit + 1):
            values = wanted if isinstance(wanted, list) else [wanted]
            fresh = {
                id(f): f
                for f in foreign
                if id(f) not in seen
                and any(
                    condition(list(found(f, target)), v, {}) for v in values if v is not MISSING
                )
            }
            if not fresh:
                break
            seen.update(fresh)
            wanted = [evaluate(f"${given['connectFromField']}", f) for f in fresh.values()]
            wanted = [v for w in wanted for v in (w if isinstance(w, list) else [w])]
        made.append(put(one, parts_of(given["as"]), list(seen.values())))
    return made


_STAGES: Mapping[str, Stage] = {
    "$match": _match,
    "$project": _project,
    "$addFields": _add,
    "$set": _add,
    "$unset": _unset,
    "$group": _group,
    "$sort": lambda documents, given, _: sorted_by(documents, given),
    "$limit": lambda documents, given, _: documents[: count_of(given, "$limit", least=1)],
    "$skip": lambda documents, given, _: documents[count_of(given, "$skip") :],
    "$unwind": _unwind,
    "$lookup": _lookup,
    "$graphLookup": _graph,
    "$facet": _facet,
    "$replaceRoot": _replace_root,
    "$replaceWith": _replace,
    "$sample": _sample,
    "$count": _count,
    "$sortByCount": _sort_by_count,
    "$bucket": _bucket,
    "$unionWith": _union,
}

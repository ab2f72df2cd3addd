"""Filters, updates and pipelines of the stand-in for MongoDB mean what they mean to mongomock."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import mongomock
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from tests.scan.mongo_client import Client

NAMES = st.sampled_from(["a", "b", "c"])
NUMBERS = st.integers(-3, 3)
TEXTS = st.sampled_from(["", "x", "y", "xy", "Xyz"])
SCALARS = st.one_of(NUMBERS, TEXTS, st.none(), st.sampled_from([0.5, -1.5, 2.0]))
LISTS = st.lists(NUMBERS | TEXTS, max_size=3)
INNER = st.dictionaries(NAMES, NUMBERS | TEXTS | LISTS, max_size=2)
VALUES = st.one_of(SCALARS, LISTS, INNER, st.lists(INNER, min_size=1, max_size=3))
DOCUMENTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=3), min_size=1, max_size=5).map(
    lambda items: [{"_id": number, **item} for number, item in enumerate(items)]
)
PATHS = NAMES | st.builds("{}.{}".format, NAMES, NAMES)


TRIPS = (TypeError, AttributeError, KeyError, IndexError, ValueError, NotImplementedError)


def mock(documents: list[dict[str, Any]]) -> Any:
    collection = mongomock.MongoClient().shop.c
    collection.insert_many(copy.deepcopy(documents))
    return collection


def condition() -> st.SearchStrategy[Any]:
    comparisons = st.one_of(
        st.builds(lambda op, v: {op: v}, st.sampled_from(["$eq", "$ne"]), SCALARS | LISTS),
        st.builds(
            lambda op, v: {op: v}, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), NUMBERS | TEXTS
        ),
        st.builds(
            lambda op, v: {op: v},
            st.sampled_from(["$in", "$nin"]),
            st.lists(SCALARS, max_size=3),
        ),
        st.builds(lambda v: {"$exists": v}, st.booleans()),
        st.builds(lambda v: {"$all": v}, st.lists(NUMBERS, min_size=1, max_size=2)),
        st.builds(lambda a, b: {"$mod": [a, b]}, st.sampled_from([2, 3]), st.integers(0, 2)),
        st.builds(
            lambda p, o: {"$regex": p, "$options": o},
            st.sampled_from(["^x", "y$", "x.z", "z"]),
            st.sampled_from(["", "i"]),
        ),
        st.builds(lambda n, v: {"$elemMatch": {n: {"$gte": v}}}, NAMES, NUMBERS),
        st.builds(lambda v, w: {"$elemMatch": {"$gte": v, "$lt": w}}, NUMBERS, NUMBERS),
        st.builds(
            lambda v: {"$type": v}, st.sampled_from(["string", "int", "double", "object", "bool"])
        ),
    )
    return st.one_of(SCALARS, comparisons, comparisons, comparisons.map(lambda c: {"$not": c}))


QUERIES = st.recursive(
    st.dictionaries(PATHS, condition(), max_size=2),
    lambda inner: st.builds(
        lambda op, parts: {op: parts},
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=3,
)


def known(work: Callable[[], Any]) -> Any:
    """What mongomock says; what it trips over says nothing."""
    try:
        return work()
    except (*TRIPS, OperationFailure):
        assume(False)


def paths_of(query: dict[str, Any]) -> set[str]:
    return {
        path
        for name, given in query.items()
        for path in (set().union(*map(paths_of, given)) if name.startswith("$") else {name})
    }


def below_scalar(documents: list[dict[str, Any]], paths: set[str]) -> bool:
    """Whether a path goes on below a number or a text: to a server nothing is there, mongomock stops."""
    heads = {path.split(".")[0] for path in paths if "." in path}
    values = [document[head] for document in documents for head in heads & set(document)]
    return any(
        not isinstance(value, dict)
        and not (isinstance(value, list) and value and all(isinstance(i, dict) for i in value))
        for value in values
    )


ORACLE = settings(max_examples=400, deadline=None, derandomize=True)


@given(DOCUMENTS, QUERIES)
@ORACLE
def test_filters(documents: list[dict[str, Any]], query: dict[str, Any]) -> None:
    assume(not below_scalar(documents, paths_of(query)))
    expected = known(lambda: list(mock(documents).find(copy.deepcopy(query))))
    assert Client(documents).find(query) == expected


PLAIN = st.lists(
    st.dictionaries(NAMES, SCALARS | st.dictionaries(NAMES, SCALARS, max_size=2), max_size=3),
    min_size=1,
    max_size=5,
).map(lambda items: [{"_id": number, **item} for number, item in enumerate(items)])


@given(
    PLAIN,
    st.dictionaries(PATHS, st.sampled_from([1, -1]), min_size=1, max_size=2),
    st.integers(0, 2),
    st.integers(0, 3),
)
@ORACLE
def test_sort_skip_and_limit(
    documents: list[dict[str, Any]], by: dict[str, int], skip: int, limit: int
) -> None:
    expected = known(
        lambda: list(mock(documents).find({}).sort(list(by.items())).skip(skip).limit(limit))
    )
    assert Client(documents).find({}, sort=by, skip=skip, limit=limit) == expected


PROJECTIONS = st.one_of(
    st.dictionaries(PATHS, st.just(1), min_size=1, max_size=2),
    st.dictionaries(PATHS, st.just(0), min_size=1, max_size=2),
    st.builds(lambda fields: {**fields, "_id": 0}, st.dictionaries(NAMES, st.just(1), max_size=2)),
)


@given(DOCUMENTS, PROJECTIONS)
@ORACLE
def test_projections(documents: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    heads = [path.split(".")[0] for path in wanted]
    assume(len(set(heads)) == len(heads) and not below_scalar(documents, set(wanted)))
    expected = known(lambda: list(mock(documents).find({}, dict(wanted))))
    assert Client(documents).find({}, projection=wanted) == expected


UPDATES = st.one_of(
    st.builds(lambda n, v: {"$set": {n: v}}, PATHS, VALUES),
    st.builds(lambda n: {"$unset": {n: ""}}, PATHS),
    st.builds(lambda op, n, v: {op: {n: v}}, st.sampled_from(["$inc", "$mul"]), PATHS, NUMBERS),
    st.builds(lambda op, n, v: {op: {n: v}}, st.sampled_from(["$min", "$max"]), NAMES, NUMBERS),
    st.builds(lambda n, v: {"$push": {n: v}}, NAMES, SCALARS),
    st.builds(
        lambda n, v, at, most: {"$push": {n: {"$each": v, "$position": at, "$slice": most}}},
        NAMES,
        LISTS,
        st.integers(0, 2),
        st.integers(-3, 3),
    ),
    st.builds(lambda n, v: {"$addToSet": {n: v}}, NAMES, SCALARS),
    st.builds(lambda n, v: {"$addToSet": {n: {"$each": v}}}, NAMES, st.lists(NUMBERS, unique=True)),
    st.builds(lambda v: {"$pop": {"a": v}}, st.sampled_from([1, -1])),
    st.builds(lambda n, v: {"$pull": {n: v}}, NAMES, NUMBERS | TEXTS),
    st.builds(lambda n, v: {"$pull": {n: {"$gte": v}}}, NAMES, NUMBERS),
    st.builds(lambda n, v: {"$pullAll": {n: v}}, NAMES, LISTS),
    st.builds(lambda n, m: {"$rename": {n: m}}, st.just("a"), st.just("d")),
    st.builds(lambda n, v: {"$setOnInsert": {n: v}}, NAMES, SCALARS),
    st.dictionaries(NAMES, VALUES, max_size=3),
)


@given(DOCUMENTS, LISTS, UPDATES, st.booleans())
@ORACLE
def test_updates(
    documents: list[dict[str, Any]], items: list[Any], update: dict[str, Any], upsert: bool
) -> None:
    if len(items) > 1:
        documents = [{**documents[0], "a": items}, *documents[1:]]
    query = {"_id": 0} if not upsert else {"_id": 99, "c": 5}
    there = {"_id": 99, "c": 5} if upsert else documents[0]
    paths = {path for fields in update.values() if isinstance(fields, dict) for path in fields}
    assume(not below_scalar([there], paths))
    collection = mock(documents)
    operators = any(name.startswith("$") for name in update)

    def changed() -> Any:
        work = collection.update_one if operators else collection.replace_one
        work(query, copy.deepcopy(update), upsert=upsert)
        return list(collection.find())

    expected = known(changed)
    client = Client(documents)
    answer = client.update(query, update, upsert=upsert)
    if "writeErrors" in answer:
        # A server refuses to treat as an array what is none; mongomock lets it pass.
        ((name, fields),) = update.items()
        assert name in ("$push", "$addToSet", "$pop", "$pull", "$pullAll")
        assert not isinstance(there.get(next(iter(fields)), []), list)
        return
    assert client.all() == expected


FIELDS = NUMBERS | NAMES.map("${}".format)
"""Numbers; a boolean never meets one, as Python takes False for 0 and a server does not."""
SUMS = st.builds(
    lambda op, a, b: {op: [a, b]},
    st.sampled_from(["$add", "$subtract", "$multiply", "$cmp", "$ifNull"]),
    FIELDS,
    FIELDS,
)
TESTS = st.recursive(
    st.builds(
        lambda op, a, b: {op: [a, b]},
        st.sampled_from(["$eq", "$ne", "$gt", "$lt", "$gte", "$lte"]),
        FIELDS | SUMS,
        FIELDS | SUMS,
    ),
    lambda inner: st.one_of(
        st.builds(lambda op, a, b: {op: [a, b]}, st.sampled_from(["$and", "$or"]), inner, inner),
        st.builds(lambda a: {"$not": a}, inner),
    ),
    max_leaves=3,
)
EXPRESSIONS = st.one_of(
    TESTS, SUMS, st.builds(lambda a, b, c: {"$cond": [a, b, c]}, TESTS, SUMS, FIELDS)
)
FLAT = st.lists(st.fixed_dictionaries(dict.fromkeys("abc", NUMBERS)), min_size=1, max_size=5).map(
    lambda items: [{"_id": number, **item} for number, item in enumerate(items)]
)


@given(FLAT, EXPRESSIONS)
@ORACLE
def test_expressions(documents: list[dict[str, Any]], expression: Any) -> None:
    stage = {"$addFields": {"made": expression}}
    expected = known(lambda: list(mock(documents).aggregate([copy.deepcopy(stage)])))
    assert Client(documents).aggregate(stage) == expected


ACCUMULATORS = st.sampled_from(["$sum", "$avg", "$min", "$max", "$push"])


@given(FLAT, NAMES, ACCUMULATORS, NAMES)
@ORACLE
def test_groups(documents: list[dict[str, Any]], by: str, work: str, of: str) -> None:
    stages = [{"$group": {"_id": f"${by}", "made": {work: f"${of}"}}}, {"$sort": {"_id": 1}}]
    expected = known(lambda: list(mock(documents).aggregate(copy.deepcopy(stages))))
    assert Client(documents).aggregate(*stages) == expected

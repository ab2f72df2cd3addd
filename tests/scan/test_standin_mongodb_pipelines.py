"""Pipelines and expressions of the stand-in for MongoDB, as the manual has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId

from tests.scan.mongo_client import Client

ORDERS = [
    {
        "_id": 1,
        "who": 1,
        "n": 2,
        "at": datetime(2026, 5, 17, 12, 30, tzinfo=UTC),
        "tags": ["a", "b"],
    },
    {"_id": 2, "who": 2, "n": 5, "at": datetime(2026, 6, 1, tzinfo=UTC), "tags": ["b"]},
    {"_id": 3, "who": 1, "n": 1, "at": datetime(2025, 12, 31, tzinfo=UTC), "tags": []},
]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (
            [{"$unwind": "$tags"}, {"$sortByCount": "$tags"}],
            [{"_id": "b", "count": 2}, {"_id": "a", "count": 1}],
        ),
        (
            [
                {"$unwind": {"path": "$tags", "preserveNullAndEmptyArrays": True}},
                {"$group": {"_id": "$who", "n": {"$sum": 1}, "s": {"$addToSet": "$tags"}}},
                {"$sort": {"_id": 1}},
            ],
            [{"_id": 1, "n": 3, "s": ["a", "b"]}, {"_id": 2, "n": 1, "s": ["b"]}],
        ),
        ([{"$count": "all"}], [{"all": 3}]),
        (
            [{"$facet": {"a": [{"$limit": 1}, {"$project": {"n": 1}}], "b": [{"$count": "c"}]}}],
            [{"a": [{"_id": 1, "n": 2}], "b": [{"c": 3}]}],
        ),
        (
            [
                {"$lookup": {"from": "c", "localField": "who", "foreignField": "_id", "as": "w"}},
                {"$project": {"w.n": 1}},
                {"$limit": 1},
            ],
            [{"_id": 1, "w": [{"n": 2}]}],
        ),
        (
            [
                {
                    "$lookup": {
                        "from": "c",
                        "let": {"mine": "$n"},
                        "pipeline": [
                            {"$match": {"$expr": {"$lt": ["$n", "$$mine"]}}},
                            {"$project": {"_id": 1}},
                        ],
                        "as": "less",
                    }
                },
                {"$project": {"less": 1}},
            ],
            [
                {"_id": 1, "less": [{"_id": 3}]},
                {"_id": 2, "less": [{"_id": 1}, {"_id": 3}]},
                {"_id": 3, "less": []},
            ],
        ),
        (
            [{"$bucket": {"groupBy": "$n", "boundaries": [0, 2, 4], "default": "more"}}],
            [{"_id": 0, "count": 1}, {"_id": 2, "count": 1}, {"_id": "more", "count": 1}],
        ),
        (
            [{"$match": {"_id": 1}}, {"$replaceWith": {"$mergeObjects": [{"x": 1}, {"n": "$n"}]}}],
            [{"x": 1, "n": 2}],
        ),
        ([{"$match": {"n": 5}}, {"$unset": ["at", "tags"]}], [{"_id": 2, "who": 2, "n": 5}]),
        (
            [
                {
                    "$group": {
                        "_id": {"$year": "$at"},
                        "first": {"$first": "$x"},
                        "n": {"$avg": "$n"},
                    }
                },
                {"$sort": {"_id": 1}},
            ],
            [{"_id": 2025, "first": None, "n": 1.0}, {"_id": 2026, "first": None, "n": 3.5}],
        ),
        (
            [{"$unionWith": {"coll": "c", "pipeline": [{"$limit": 1}]}}, {"$count": "n"}],
            [{"n": 4}],
        ),
        (
            [
                {
                    "$graphLookup": {
                        "from": "c",
                        "startWith": "$who",
                        "connectFromField": "n",
                        "connectToField": "_id",
                        "as": "way",
                    }
                },
                {"$project": {"way": {"$size": "$way"}}},
            ],
            [{"_id": 1, "way": 2}, {"_id": 2, "way": 1}, {"_id": 3, "way": 2}],
        ),
    ],
)
def test_pipelines(stages: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert Client(ORDERS).aggregate(*stages) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"$concat": [{"$toUpper": "ab"}, "-", {"$toString": 5}]}, "AB-5"),
        ({"$dateToString": {"date": "$at", "format": "%Y-%m-%d %H:%M"}}, "2026-05-17 12:30"),
        ({"$dateToString": {"date": "$at", "timezone": "+02:00"}}, "2026-05-17T14:30:00.000Z"),
        ({"$dayOfWeek": "$at"}, 1),
        (
            {"$dateTrunc": {"date": "$at", "unit": "month"}},
            datetime(2026, 5, 1),
        ),
        (
            {"$dateAdd": {"startDate": "$at", "unit": "month", "amount": 1}},
            datetime(2026, 6, 17, 12, 30),
        ),
        ({"$subtract": ["$at", {"$subtract": ["$at", 5]}]}, 5),
        ({"$map": {"input": "$tags", "as": "t", "in": {"$concat": ["$$t", "!"]}}}, ["a!", "b!"]),
        ({"$filter": {"input": "$tags", "cond": {"$eq": ["$$this", "b"]}}}, ["b"]),
        (
            {
                "$reduce": {
                    "input": [1, 2, 3],
                    "initialValue": 0,
                    "in": {"$add": ["$$value", "$$this"]},
                }
            },
            6,
        ),
        (
            {
                "$switch": {
                    "branches": [{"case": {"$gt": ["$n", 1]}, "then": "many"}],
                    "default": "one",
                }
            },
            "many",
        ),
        ({"$let": {"vars": {"x": 2}, "in": {"$multiply": ["$$x", "$n"]}}}, 4),
        ({"$arrayElemAt": ["$tags", -1]}, "b"),
        ({"$slice": ["$tags", 1]}, ["a"]),
        ({"$in": ["a", "$tags"]}, True),
        ({"$setIntersection": ["$tags", ["b", "c"]]}, ["b"]),
        ({"$round": [2.345, 2]}, 2.35),
        ({"$trunc": [-2.7]}, -2.0),
        ({"$divide": [1, 2]}, 0.5),
        ({"$mod": [-7, 3]}, -1),
        ({"$literal": "$n"}, "$n"),
        ({"$convert": {"input": "x", "to": "int", "onError": 0}}, 0),
        ({"$toObjectId": "30" * 12}, ObjectId(b"0" * 12)),
        ({"$type": "$nothing"}, "missing"),
        ({"$cond": [{"$not": [0]}, 1, 2]}, 1),
        ({"$regexMatch": {"input": "Harbour", "regex": "^har", "options": "i"}}, True),
        ({"$split": ["a,b", ","]}, ["a", "b"]),
        ({"$objectToArray": {"k": 1}}, [{"k": "k", "v": 1}]),
        ({"$range": [0, 6, 2]}, [0, 2, 4]),
        ({"$trim": {"input": " x "}}, "x"),
        ({"$max": ["$n", 9, None]}, 9),
    ],
)
def test_expressions(expression: Any, expected: Any) -> None:
    stages = ({"$limit": 1}, {"$project": {"_id": 0, "made": expression}})
    assert Client(ORDERS).aggregate(*stages) == [{"made": expected}]


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        ({"$bad": 1}, 40324),
        ({"$match": {}, "$limit": 1}, 40323),
        ({"$limit": 0}, 5107200),
        ({"$changeStream": {}}, 40324),
        ({"$group": {"n": {"$sum": 1}}}, 15955),
        ({"$group": {"_id": 1, "n": {"$bad": 1}}}, 15952),
        ({"$project": {"a": 1, "b": 0}}, 31254),
        ({"$project": {"a": {"$size": "$n"}}}, 17124),
        ({"$project": {"a": {"$divide": [1, 0]}}}, 2),
        ({"$project": {"a": {"$range": [0, 10**9]}}}, 10334),
        ({"$project": {"a": "$$nothing"}}, 17276),
        ({"$unwind": "tags"}, 28818),
        ({"$out": {"db": "other", "coll": "x"}}, 20),
    ],
)
def test_pipelines_that_are_refused(stage: dict[str, Any], code: int) -> None:
    answer = Client(ORDERS).command("aggregate", pipeline=[stage], cursor={})
    assert answer["code"] == code


def test_pipelines_write() -> None:
    client = Client(ORDERS)
    client.aggregate({"$match": {"who": 1}}, {"$out": "mine"})
    client.aggregate({"$project": {"n": {"$add": ["$n", 1]}}}, {"$merge": {"into": "mine"}})
    found = client.command("find", "mine", projection={"n": 1, "who": 1})["cursor"]["firstBatch"]
    assert found == [{"_id": 1, "who": 1, "n": 3}, {"_id": 3, "who": 1, "n": 2}, {"_id": 2, "n": 6}]

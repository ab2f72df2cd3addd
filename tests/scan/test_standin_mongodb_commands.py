"""What MongoDB's manual says and mongomock does not do: the stand-in's commands, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Int64, ObjectId, Regex
from bson.decimal128 import Decimal128

from tests.scan.mongo_client import Client

PEOPLE: list[dict[str, Any]] = [
    {"_id": 1, "a": 1, "on": True, "t": [1, 2, 3], "n": [{"x": 1, "y": 5}, {"x": 4, "y": 9}]},
    {"_id": 2, "a": 0, "on": False, "t": [], "n": [{"x": 1, "y": 9}]},
    {"_id": 3, "a": None, "t": ["Ab"], "b": {"c": {"d": 7}}},
    {"_id": 4, "t": 2, "b": {"c": [1, {"d": 7}]}, "s": "a.b"},
    {"_id": 5, "a": Int64(1), "b": 3, "s": "A+B", "o": ObjectId(b"0" * 12)},
]


def ids(query: dict[str, Any]) -> list[int]:
    return [one["_id"] for one in Client(PEOPLE).find(query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"a": 0}, [2]),
        ({"on": False}, [2]),
        ({"on": 0}, []),
        ({"a": 1.0}, [1, 5]),
        ({"a": None}, [3, 4]),
        ({"a": {"$ne": None}}, [1, 2, 5]),
        ({"a": {"$type": "null"}}, [3]),
        ({"a": {"$type": "long"}}, [5]),
        ({"a": {"$type": ["number"]}}, [1, 2, 5]),
        ({"a": {"$exists": False}}, [4]),
        ({"a": {"$gte": None}}, [3, 4]),
        ({"a": {"$lt": "z"}}, []),
        ({"b.c.d": 7}, [3, 4]),
        ({"b.c.1.d": 7}, [4]),
        ({"b.d": None}, [1, 2, 3, 4, 5]),
        ({"t": {"$size": 1}}, [3]),
        ({"t": {"$size": 0}}, [2]),
        ({"t": [1, 2, 3]}, [1]),
        ({"t": {"$all": [1, 3]}}, [1]),
        ({"t": {"$all": [2]}}, [1, 4]),
        ({"t": {"$type": "array"}}, [1, 2, 3]),
        ({"t": {"$in": [Regex("^a", "i"), 2]}}, [1, 3, 4]),
        ({"t": {"$nin": [2]}}, [2, 3, 5]),
        ({"t": {"$elemMatch": {"$gt": 2}}}, [1]),
        ({"t": {"$gt": 1, "$lt": 2}}, [1]),
        ({"t.0": 1}, [1]),
        ({"n.x": 1, "n.y": 9}, [1, 2]),
        ({"n": {"$elemMatch": {"x": 1, "y": 9}}}, [2]),
        ({"n": {"$all": [{"$elemMatch": {"x": 1}}, {"$elemMatch": {"x": 4}}]}}, [1]),
        ({"n": {"x": 1, "y": 9}}, [2]),
        ({"n": {"y": 9, "x": 1}}, []),
        ({"s": {"$regex": "a.b", "$options": "i"}}, [4, 5]),
        ({"s": Regex("^A[+]")}, [5]),
        ({"s": {"$not": Regex("^a")}}, [1, 2, 3, 5]),
        ({"a": {"$mod": [2, 1]}}, [1, 5]),
        ({"a": {"$bitsAllSet": 1}}, [1, 5]),
        ({"$nor": [{"a": 1}, {"t": 2}]}, [2, 3]),
        ({"$expr": {"$eq": ["$a", {"$size": {"$ifNull": ["$n", []]}}]}}, []),
        ({"$expr": {"$gt": ["$a", 0]}}, [1, 5]),
        ({"$where": "true"}, []),
        ({"$comment": "x", "o": ObjectId(b"0" * 12)}, [5]),
        ({"$text": {"$search": "A"}}, [3, 4, 5]),
        ({"_id": {"$in": [5, 1]}}, [1, 5]),
    ],
)
def test_filters(query: dict[str, Any], expected: list[int]) -> None:
    assert ids(query) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"$bad": 1}, 2),
        ({"a": {"$bad": 1}}, 2),
        ({"a": {"$in": 1}}, 2),
        ({"a": {"$in": [{"$ne": 1}]}}, 2),
        ({"$or": []}, 2),
        ({"$and": [1]}, 2),
        ({"a": 99, "$or": [{"a": 1}, {"b": {"$bad": 1}}]}, 2),
        ({"a": {"$not": 3}}, 2),
        ({"a": {"$size": -1}}, 2),
        ({"a": {"$mod": [0, 1]}}, 2),
        ({"a": {"$type": "nothing"}}, 2),
        ({"a": {"$regex": "("}}, 51091),
        ({"a": {"$regex": "^(a+)+$"}}, 51091),
        ({"a": {"$options": "i"}}, 2),
        ({"$expr": {"$bad": 1}}, 168),
        ({"$expr": {"$function": {"body": "1", "args": [], "lang": "js"}}}, 31264),
    ],
)
def test_filters_that_are_none(query: dict[str, Any], code: int) -> None:
    assert Client(PEOPLE).command("find", filter=query)["code"] == code


@pytest.mark.parametrize(
    ("query", "update", "more", "expected"),
    [
        ({"t": 2}, {"$set": {"t.$": 9}}, {}, [1, 9, 3]),
        ({"t": {"$gt": 2}}, {"$inc": {"t.$": 1}}, {}, [1, 2, 4]),
        ({}, {"$inc": {"t.$[]": 1}}, {}, [2, 3, 4]),
        ({}, {"$set": {"t.$[big]": 0}}, {"arrayFilters": [{"big": {"$gte": 2}}]}, [1, 0, 0]),
        ({}, {"$push": {"t": {"$each": [0], "$sort": -1, "$slice": 2}}}, {}, [3, 2]),
        ({}, {"$pull": {"t": {"$in": [1, 3]}}}, {}, [2]),
        ({}, {"$set": {"t.5": 7}}, {}, [1, 2, 3, None, None, 7]),
        ({}, {"$unset": {"t.1": ""}}, {}, [1, None, 3]),
        ({}, {"$pop": {"t": 1}}, {}, [1, 2]),
        ({}, [{"$set": {"t": {"$reverseArray": "$t"}}}], {}, [3, 2, 1]),
    ],
)
def test_updates_of_arrays(
    query: dict[str, Any], update: Any, more: dict[str, Any], expected: list[Any]
) -> None:
    client = Client(PEOPLE[:1])
    assert "writeErrors" not in client.update({"_id": 1, **query}, update, **more)
    assert client.all()[0]["t"] == expected


def test_an_item_that_fits_several_conditions_is_updated() -> None:
    client = Client(PEOPLE[:1])
    client.update({"n": {"$elemMatch": {"x": 4}}}, {"$set": {"n.$.y": 0}})
    client.update({}, {"$inc": {"n.$[one].x": 10}}, arrayFilters=[{"one.y": 0}])
    assert client.all()[0]["n"] == [{"x": 1, "y": 5}, {"x": 14, "y": 0}]


@pytest.mark.parametrize(
    ("update", "code"),
    [
        ({"$bad": {"a": 1}}, 9),
        ({"$set": {"a": 1}, "b": 2}, 9),
        ({"$set": {"a": 1, "a.b": 2}}, 40),
        ({"$set": {"_id": 9}}, 66),
        ({"_id": 9}, 66),
        ({"$inc": {"t": 1}}, 14),
        ({"$inc": {"a": "x"}}, 14),
        ({"$push": {"a": 1}}, 2),
        ({"$set": {"a.b": 1}}, 28),
        ({"$set": {"t.$": 1}}, 2),
        ({"$set": {"t.$[x]": 1}}, 2),
        ({"$set": {"t.99999999": 1}}, 28),
        ({"$inc": {"a": Int64(2**63 - 1)}}, 2),
        ([{"$match": {}}], 72),
    ],
)
def test_updates_that_are_refused(update: Any, code: int) -> None:
    client = Client(PEOPLE[:1])
    answer = client.update({"_id": 1}, update)
    assert [error["code"] for error in answer.get("writeErrors", [answer])] == [code]
    assert client.all() == PEOPLE[:1]


def test_numbers_keep_the_widest_type() -> None:
    client = Client([{"_id": 1, "i": 1, "l": Int64(1), "d": 1.0, "x": Decimal128("1.10")}])
    client.update({}, {"$inc": {"i": 2**31 - 1, "l": 1, "d": 1, "x": 1}})
    (one,) = client.all()
    assert (one["i"], type(one["i"])) == (2**31, Int64)
    assert (one["l"], type(one["l"])) == (2, Int64)
    assert (one["d"], one["x"]) == (2.0, Decimal128("2.10"))


def test_upserts_take_what_the_filter_is_equal_to() -> None:
    client = Client(PEOPLE[:1])
    query = {"k": "v", "e": {"$eq": 2}, "g": {"$gt": 5}, "$and": [{"m.n": 3}]}
    answer = client.update(query, {"$set": {"z": 1}, "$setOnInsert": {"w": 2}}, upsert=True)
    made = client.find({"k": "v"})[0]
    assert answer["upserted"] == [{"index": 0, "_id": made["_id"]}]
    assert isinstance(made.pop("_id"), ObjectId)
    assert made == {"k": "v", "e": 2, "m": {"n": 3}, "z": 1, "w": 2}


def test_find_and_modify() -> None:
    client = Client(PEOPLE)
    changed = {"query": {"a": 1}, "sort": {"_id": -1}, "update": {"$set": {"z": 1}}}
    assert client.command("findAndModify", **changed)["value"] == PEOPLE[4]
    answer = client.command("findAndModify", **changed, new=True, fields={"z": 1})
    assert (answer["value"], answer["lastErrorObject"]["updatedExisting"]) == (
        {"_id": 5, "z": 1},
        True,
    )
    assert client.command("findAndModify", query={"_id": 5}, remove=True)["value"]["z"] == 1
    assert client.command("findAndModify", query={"_id": 5}, remove=True)["value"] is None
    upserted = client.command(
        "findAndModify", query={"_id": 8}, update={"q": 1}, upsert=True, new=True
    )
    assert upserted["value"] == {"_id": 8, "q": 1}


def test_unique_indexes_are_kept() -> None:
    client = Client([{"_id": 1, "e": "x", "t": [1, 2]}, {"_id": 2, "e": "y"}])
    index = {"key": {"e": 1}, "name": "e_1", "unique": True}
    assert client.command("createIndexes", indexes=[index])["numIndexesAfter"] == 2
    answer = client.command("insert", documents=[{"_id": 3, "e": "x"}, {"_id": 4, "e": "z"}])
    assert (answer["n"], answer["writeErrors"][0]["code"]) == (0, 11000)
    assert answer["writeErrors"][0]["keyValue"] == {"e": "x"}
    answer = client.command("insert", documents=[{"_id": 1}, {"_id": 4, "e": "z"}], ordered=False)
    assert (answer["n"], answer["writeErrors"][0]["index"]) == (1, 0)
    assert client.update({"_id": 2}, {"$set": {"e": "x"}})["writeErrors"][0]["code"] == 11000
    assert client.update({"_id": 1}, {"$set": {"e": "w"}})["nModified"] == 1
    assert client.update({"_id": 2}, {"$set": {"e": "x"}})["nModified"] == 1
    client.command("delete", deletes=[{"q": {"_id": 2}, "limit": 1}])
    assert client.command("insert", documents=[{"_id": 5, "e": "x"}])["n"] == 1
    taken = {"key": {"n": 1}, "name": "n_1", "unique": True}
    assert client.command("createIndexes", indexes=[taken])["code"] == 11000
    sparse = {**taken, "sparse": True}
    assert client.command("createIndexes", indexes=[sparse])["ok"] == 1.0
    names = [one["name"] for one in client.command("listIndexes")["cursor"]["firstBatch"]]
    assert names == ["_id_", "e_1", "n_1"]
    assert client.command("dropIndexes", index="e_1")["nIndexesWas"] == 3
    assert client.command("dropIndexes", index="e_1")["code"] == 27


def test_cursors() -> None:
    client = Client([{"_id": number} for number in range(10)])
    first = client.command("find", batchSize=4)["cursor"]
    assert [one["_id"] for one in first["firstBatch"]] == [0, 1, 2, 3]
    more = client.command("getMore", first["id"], collection="c", batchSize=4)["cursor"]
    assert ([one["_id"] for one in more["nextBatch"]], more["id"]) == ([4, 5, 6, 7], first["id"])
    assert client.command("killCursors", cursors=[first["id"]])["cursorsKilled"] == [first["id"]]
    assert client.command("getMore", first["id"], collection="c")["code"] == 43


def test_databases_and_collections() -> None:
    client = Client(PEOPLE)
    assert client.command("create", "made")["ok"] == 1.0
    assert client.command("create", "a$b")["code"] == 73
    found = client.command("listCollections", 1, filter={"name": "made"}, nameOnly=True)
    assert found["cursor"]["firstBatch"] == [{"name": "made", "type": "collection"}]
    assert client.command("renameCollection", "shop.made", to="shop.c")["code"] == 48
    assert client.command("renameCollection", "shop.made", to="shop.new")["ok"] == 1.0
    assert client.command("listDatabases", 1, nameOnly=True)["databases"] == [{"name": "shop"}]
    assert client.command("count")["n"] == 5
    assert client.command("distinct", key="t")["values"] == [1, 2, 3, "Ab"]
    client.command("drop")
    assert client.command("count")["n"] == 0
    client.command("dropDatabase", 1)
    assert client.command("listDatabases", 1)["databases"] == []


@pytest.mark.parametrize("name", ["nothing", "shutdown", "eval", "copydb", "bulkWrite"])
def test_what_is_not_there_is_told(name: str) -> None:
    answer = Client([]).command(name)
    assert (answer["ok"], answer["code"], answer["codeName"]) == (0.0, 59, "CommandNotFound")


def test_a_document_that_is_too_deep_or_too_large() -> None:
    client = Client([])
    value: Any = 1
    for _ in range(101):
        value = {"a": value}
    assert client.command("insert", documents=[{"d": value}])["writeErrors"][0]["code"] == 15
    large = "x" * (16 * 1024 * 1024)
    assert client.command("insert", documents=[{"d": large}])["writeErrors"][0]["code"] == 10334
    assert client.all() == []


def test_the_room_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    from buckler.scan.engines.app.servers.standin import mongo_store

    monkeypatch.setattr(mongo_store, "MEMORY", 4000)
    client = Client([])
    documents = [{"_id": number, "d": "x" * 900} for number in range(6)]
    answer = client.command("insert", documents=documents)
    assert (answer["n"], answer["writeErrors"][0]["code"]) == (4, 14031)
    client.command("delete", deletes=[{"q": {"_id": 0}, "limit": 0}])
    assert client.command("insert", documents=documents[5:])["n"] == 1

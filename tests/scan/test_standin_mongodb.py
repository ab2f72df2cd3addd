"""The stand-in for MongoDB answers the real drivers, and bytes that no driver sends."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import bson
import pymongo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import DuplicateKeyError, OperationFailure

from tests.conftest import run_apart

CODE = """
from pathlib import Path
from buckler.scan.engines.app.servers.standin.mongodb import serve
serve(Path({path!r}))
"""


def started(path: Path) -> subprocess.Popen[bytes]:
    """A stand-in in a process of its own, once it answers."""
    process = subprocess.Popen([sys.executable, "-c", CODE.format(path=str(path))])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                return process
        except OSError:
            time.sleep(0.02)
    process.kill()
    raise TimeoutError("the stand-in does not listen")


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("mongodb") / "mongodb.sock"
    process = started(path)
    yield path
    ended = process.poll()
    process.kill()
    process.wait()
    assert ended is None


def address(path: Path) -> str:
    return f"mongodb://{quote(str(path), safe='')}/shop"


def client(path: Path) -> pymongo.MongoClient[dict[str, Any]]:
    return pymongo.MongoClient(
        address(path), directConnection=True, serverSelectionTimeoutMS=10_000
    )


def test_the_blocking_driver(standin: Path) -> None:
    with client(standin) as opened:
        assert opened.server_info()["version"].startswith("7.")
        goods = opened.blocking.goods
        made = goods.insert_many([{"n": number, "t": ["x", number % 3]} for number in range(300)])
        assert len(made.inserted_ids) == 300
        assert len(list(goods.find())) == 300
        assert [one["n"] for one in goods.find({"t": 2}).sort("n", -1).limit(2)] == [299, 296]
        assert goods.find_one({"n": 7}, {"_id": 0}) == {"n": 7, "t": ["x", 1]}
        goods.create_index("n", unique=True)
        with pytest.raises(DuplicateKeyError):
            goods.insert_one({"n": 7})
        changed = goods.update_many({"n": {"$lt": 10}}, {"$set": {"low": True}})
        assert (changed.matched_count, changed.modified_count) == (10, 10)
        after = goods.find_one_and_update(
            {"n": 7}, {"$push": {"t": "y"}}, return_document=pymongo.ReturnDocument.AFTER
        )
        assert after["t"] == ["x", 1, "y"]
        done = goods.bulk_write(
            [
                pymongo.InsertOne({"n": 1000}),
                pymongo.UpdateOne({"n": 1001}, {"$set": {"a": 1}}, upsert=True),
                pymongo.ReplaceOne({"n": 1}, {"n": 1, "r": 1}),
                pymongo.DeleteMany({"n": {"$gte": 250, "$lt": 300}}),
            ]
        )
        counts = (done.inserted_count, done.upserted_count, done.modified_count, done.deleted_count)
        assert counts == (1, 1, 1, 50)
        assert goods.count_documents({}) == goods.estimated_document_count() == 252
        assert sorted(goods.distinct("t", {"n": {"$lt": 3}}), key=str) == [0, 2, "x"]
        groups = goods.aggregate(
            [{"$group": {"_id": "$low", "n": {"$sum": 1}}}, {"$sort": {"n": 1}}]
        )
        assert list(groups) == [{"_id": True, "n": 9}, {"_id": None, "n": 243}]
        with opened.start_session() as session, session.start_transaction():
            goods.insert_one({"n": 2000}, session=session)
        assert goods.find_one({"n": 2000}) is not None
        assert opened.blocking.list_collection_names() == ["goods"]
        assert set(goods.index_information()) == {"_id_", "n_1"}
        with pytest.raises(OperationFailure) as refused:
            opened.blocking.command("nonsense")
        assert refused.value.code == 59
        with pytest.raises(OperationFailure), goods.watch() as stream:
            stream.next()
        opened.drop_database("blocking")
        assert "blocking" not in opened.list_database_names()


def test_one_that_waits_for_no_answer(standin: Path) -> None:
    with client(standin) as opened:
        notes = opened.silent.get_collection("notes", write_concern=pymongo.WriteConcern(w=0))
        assert not notes.insert_one({"_id": 1}).acknowledged
        assert opened.silent.notes.count_documents({}) == 1


def test_raw_documents_come_as_they_went(standin: Path) -> None:
    with client(standin) as opened:
        document = {"_id": 1, "u": bson.Binary(bytes(16), 4), "r": bson.Regex("a", "im"), "d": 1.5}
        opened.raw.things.insert_one(document)
        (batch,) = opened.raw.things.find_raw_batches()
        assert batch == bson.encode(document)


def test_the_asynchronous_driver(standin: Path) -> None:
    async def work() -> None:
        opened = pymongo.AsyncMongoClient(address(standin), directConnection=True)
        goods = opened["later"]["goods"]
        await goods.insert_many([{"n": number} for number in range(250)])
        assert len([one async for one in goods.find().batch_size(20)]) == 250
        assert (await goods.update_one({"n": 3}, {"$inc": {"n": 1000}})).modified_count == 1
        assert await (await goods.aggregate([{"$count": "n"}])).to_list() == [{"n": 250}]
        async with opened.start_session() as session:
            await session.with_transaction(lambda s: goods.delete_one({"n": 4}, session=s))
        assert await goods.count_documents({"n": {"$in": [3, 4, 1003]}}) == 1
        await opened.close()

    run_apart(work())


def test_motor(standin: Path) -> None:
    async def work() -> None:
        opened: Any = AsyncIOMotorClient(address(standin), directConnection=True)
        goods = opened.get_default_database().goods
        await goods.insert_one({"_id": "a", "n": 1})
        assert await goods.find_one({"n": 1}) == {"_id": "a", "n": 1}
        assert await goods.find({}).to_list(None) == [{"_id": "a", "n": 1}]
        opened.close()

    run_apart(work())


def message(body: bytes, kind: int = 2013, length: int | None = None) -> bytes:
    return struct.pack("<iiii", length or 16 + len(body), 7, 0, kind) + body


def said(path: Path, *parts: bytes) -> bytes:
    """What comes back for bytes; nothing where it is hung up on."""
    with socket.socket(socket.AF_UNIX) as opened:
        opened.settimeout(20)
        opened.connect(str(path))
        for part in parts:
            opened.sendall(part)
        opened.shutdown(socket.SHUT_WR)
        found = b""
        try:
            while part := opened.recv(65536):
                found += part
        except ConnectionResetError:
            return b""
        return found


PING = bson.encode({"ping": 1, "$db": "admin"})


def test_messages_of_older_drivers(standin: Path) -> None:
    body = struct.pack("<i", 0) + b"admin.$cmd\0" + struct.pack("<ii", 0, -1)
    answer = said(standin, message(body + bson.encode({"isMaster": 1}), 2004))
    assert struct.unpack("<iiii", answer[:16])[2:] == (7, 1)
    assert bson.decode(answer[36:])["ismaster"] is True


def test_a_checksum_is_left_out(standin: Path) -> None:
    answer = said(standin, message(b"\1\0\0\0\0" + PING + b"\xde\xad\xbe\xef"))
    assert bson.decode(answer[21:]) == {"ok": 1.0}


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        message(b"", length=8),
        message(b"", length=2**31 - 1),
        message(b"", length=-5),
        message(b"\0\0\0\0", 2013),
        message(b"\0\0\0\0\0" + PING, 2012),
        message(b"\0\0\0\0\0" + PING, 99),
        message(b"\4\0\0\0\0" + PING),
        message(b"\0\0\0\0\2" + PING),
        message(b"\0\0\0\0\0" + PING + b"\0" + PING),
        message(b"\0\0\0\0shop.goods\0" + bytes(8) + PING, 2004),
        message(b"", 2004),
    ],
)
def test_what_is_no_message_is_hung_up_on(standin: Path, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.settimeout(20)
        opened.connect(str(standin))
        opened.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            assert opened.recv(100) == b""  # at once, though more could come


def test_a_command_that_is_no_bson_is_told(standin: Path) -> None:
    answer = said(standin, message(b"\0\0\0\0\0" + PING.replace(b"\x10ping", b"\x55ping")))
    assert bson.decode(answer[21:])["code"] == 22


@given(st.binary(max_size=80), st.sampled_from([2013, 2004, 2010, 1]))
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_bytes_end_nothing(standin: Path, body: bytes, kind: int) -> None:
    said(standin, message(body, kind))
    assert bson.decode(said(standin, message(b"\0\0\0\0\0" + PING))[21:]) == {"ok": 1.0}


WORDS = """a a.b _id q u $in $each $set $expr $add $match $group $project $slice $elemMatch $not $dateAdd
$lookup $size""".split()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "$a", "$$ROOT", "a.b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["filter", "sort", "projection", "pipeline", "documents", "updates", "deletes", "query"]
FIELDS += ["update", "limit", "skip", "key", "indexes", "cursor", "let", "batchSize", "cursors"]
NAMES = ["find", "insert", "update", "delete", "aggregate", "count", "distinct", "findAndModify"]
NAMES += ["createIndexes", "getMore", "killCursors", "listCollections", "dropIndexes", "create"]


@given(
    st.sampled_from(NAMES),
    st.just("c") | VALUES,
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
)
@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_command_is_answered(
    standin: Path, name: str, value: Any, fields: dict[str, Any]
) -> None:
    sent = bson.encode({name: value, **fields, "$db": "any"})
    answer = bson.decode(said(standin, message(b"\0\0\0\0\0" + sent))[21:])
    assert answer["ok"] in (0.0, 1.0)
    assert answer["ok"] or answer["errmsg"]

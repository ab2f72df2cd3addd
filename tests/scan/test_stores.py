"""Every kind of database is put back under the open connections of the application."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from buckler.scan.engines.app.agent.stores import (
    mongodb,
    mysql,
    postgresql,
    redis,
    sqlite,
    standin,
)
from buckler.scan.engines.app.agent.stores.interface import Store, StoreError
from buckler.scan.engines.app.servers.bring import Servers
from tests.conftest import needs_server


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers("auto") as running:
        running.bring(("postgresql", "mysql", "redis", "mongodb"))
        yield running


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Servers]:
    with Servers("stand-in") as running:
        running.bring(("postgresql", "mysql", "redis", "mongodb"))
        yield running


def put_back(store: Store, write: Any, read: Any) -> None:
    store.keep()
    before = read()
    assert not store.changed()
    write()
    assert read() != before
    assert store.changed()
    store.restore()
    assert read() == before
    assert not store.changed()


TABLES = (
    "create table person (id serial primary key, name text, born date, data jsonb, raw bytea,"
    " twice int generated always as (length(name) * 2) stored)",
    "create table note (id serial primary key, person int not null references person on delete restrict,"
    " parent int references note, body text)",
    "create table log (body text)",
    "create function tell() returns trigger language plpgsql as"
    " $$ begin insert into log values (tg_op); return null; end $$",
    "create trigger told after insert or delete on note for each row execute function tell()",
    "insert into person (name, born, data, raw) values"
    " ('o''neil \\ é', '2001-02-03', '{\"a\": [1]}', '\\x00ff'), (null, null, null, null)",
    "insert into note (person, parent, body) values (1, null, E'a\\tb\\n'), (2, 1, '')",
)


def test_postgresql_with_keys_triggers_and_an_open_transaction(servers: Servers) -> None:
    needs_server("postgresql")
    psycopg = pytest.importorskip("psycopg")
    server = servers.for_child()["postgresql"]
    where = f"host={server['folder']} port={server['port']} user={server['user']} dbname="
    with psycopg.connect(where + "postgres", autocommit=True) as admin:
        admin.execute("create database kept_here")
    with (
        psycopg.connect(where + "kept_here", autocommit=True) as shop,
        psycopg.connect(where + "kept_here") as reader,
    ):
        for statement in TABLES:
            shop.execute(statement)
        reader.execute("select * from note").fetchall()  # its transaction stays open
        store = postgresql.PostgreSQL(server, "kept_here")

        def read() -> list[Any]:
            tables = ("person", "note", "log")
            return [sorted(map(str, shop.execute(f"select * from {t}").fetchall())) for t in tables]

        def write() -> None:
            shop.execute("update note set parent = 2 where id = 1")
            shop.execute("delete from note where id = 2 or id = 1")
            shop.execute("delete from person where name is null")
            shop.execute("insert into person (name) values ('new')")

        put_back(store, write, read)
        (number,) = shop.execute("insert into person (name) values ('x') returning id").fetchone()
        assert number > 3, "a number is never given out twice"
        store.restore()
        with psycopg.connect(where + "kept_here") as writer:
            writer.execute("update person set name = 'held'")
            shop.execute("insert into note (person) values (1)")
            shop.execute("insert into person (name) values ('y')")
            with pytest.raises(StoreError, match="lock timeout"):
                store.restore()
            writer.rollback()
        store.restore()
        assert not store.changed()
        store.close()


def test_mariadb_with_keys_and_triggers(servers: Servers) -> None:
    needs_server("mysql")
    pymysql = pytest.importorskip("pymysql")
    server = servers.for_child()["mysql"]
    name = f"{server['user']}_kept_here"
    with (
        pymysql.connect(unix_socket=server["socket"], user=server["user"], autocommit=True) as shop,
        shop.cursor() as cursor,
    ):
        for statement in (
            f"create database {name}",
            f"use {name}",
            "create table person (id int auto_increment primary key, name varchar(40), born date,"
            " data json, raw blob, share float, flags bit(9), at timestamp null,"
            " twice int generated always as (length(name) * 2) stored)",
            "create table note (person int not null, body text,"
            " foreign key (person) references person (id))",
            "create table log (body text)",
            "create trigger told after delete on note for each row insert into log values ('x')",
            "insert into person (name, born, data, raw, share, flags, at) values"
            " ('o''neil \\\\ é', '2001-02-03', '[1]', x'00ff27', 0.1, b'100000001', now()),"
            " (null, null, null, null, null, null, null)",
            "insert into note values (1, 'a'), (2, '')",
        ):
            cursor.execute(statement)

        def read() -> list[Any]:
            found = []
            for table in ("person", "note", "log"):
                cursor.execute(f"select * from {table}")
                found.append(sorted(map(str, cursor.fetchall())))
            return found

        def write() -> None:
            cursor.execute("delete from note where person = 2")
            cursor.execute("delete from person where id = 2")
            cursor.execute("update person set raw = x'01', name = null")

        store = mysql.MySQL(server, name)
        put_back(store, write, read)
        store.close()


@pytest.mark.parametrize("which", ["servers", "stand_ins"])
def test_redis_with_every_kind_of_value(which: str, request: pytest.FixtureRequest) -> None:
    client = pytest.importorskip("redis")
    running: Servers = request.getfixturevalue(which)
    server = running.for_child()["redis"]
    assert which == "stand_ins" or not server["stand_in"] or needs_server("redis") is None
    other = client.Redis(
        unix_socket_path=server["socket"], db=running.for_child()["redis"]["number"] * 16
    )
    shop = client.Redis(unix_socket_path=server["socket"], db=server["number"] * 16 + 3)
    shop.set("text", b"\x00\xff")
    shop.set("ending", "x", ex=1000)
    shop.hset("hash", mapping={"a": "1"})
    shop.rpush("list", "a", "b")
    shop.sadd("set", "a")
    shop.zadd("sorted", {"a": 1.5})
    shop.xadd("stream", {"a": "1"})
    store = redis.Redis(server, "")

    def read() -> list[Any]:
        return [
            sorted(shop.keys()),
            shop.get("text"),
            shop.hgetall("hash"),
            shop.lrange("list", 0, -1),
            shop.smembers("set"),
            shop.zrange("sorted", 0, -1, withscores=True),
            shop.xrange("stream"),
        ]

    def write() -> None:
        shop.set("text", "y")
        shop.rpush("list", "c")
        shop.zadd("sorted", {"a": 2, "b": 1})
        shop.xadd("stream", {"a": "2"})
        shop.delete("hash")
        shop.set("new", "1")

    put_back(store, write, read)
    assert 900 < shop.ttl("ending") <= 1000
    other.set("theirs", "1")
    assert not store.changed(), "what another child writes is no change here"
    store.restore()
    assert other.get("theirs") == b"1"
    for opened in (shop, other, store):
        opened.close()


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_stand_in_keeps_and_puts_back(kind: str, stand_ins: Servers) -> None:
    server = stand_ins.for_child()[kind]
    store = standin.StandIn(kind, server, "kept_here")
    if kind == "postgresql":
        psycopg = pytest.importorskip("psycopg")
        shop = psycopg.connect(
            host=server["folder"],
            port=server["port"],
            user="x",
            dbname="kept_here",
            autocommit=True,
        )
    else:
        pymysql = pytest.importorskip("pymysql")
        shop = pymysql.connect(unix_socket=server["socket"], user="x", autocommit=True)
        shop.cursor().execute("create database kept_here")
        shop.select_db("kept_here")
    cursor = shop.cursor()
    cursor.execute("create table note (body varchar(9))")
    cursor.execute("insert into note values ('a')")

    def read() -> Any:
        cursor.execute("select body from note")
        return list(cursor.fetchall())

    put_back(store, lambda: cursor.execute("update note set body = 'b'"), read)
    cursor.close()
    shop.close()
    store.close()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_sqlite_under_open_connections(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    shop = sqlite3.connect(path, isolation_level=None)
    shop.execute(f"pragma journal_mode = {mode}")
    shop.execute("create table note (id integer primary key autoincrement, body text)")
    shop.execute("insert into note (body) values ('a')")
    store = sqlite._File(str(path))

    def read() -> Any:
        return shop.execute("select * from note").fetchall()

    put_back(store, lambda: shop.execute("delete from note"), read)
    shop.execute("begin immediate")
    shop.execute("delete from note")
    with pytest.raises(StoreError, match="lock"):
        store.restore()
    shop.execute("rollback")
    shop.execute("drop table note")
    store.restore()
    assert read() == [(1, "a")]
    shop.close()
    store.close()


@pytest.mark.parametrize("standing_still", [0.0, 0.1])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_sqlite_waits_for_what_runs_behind_an_answer(
    mode: str, standing_still: float, tmp_path: Path
) -> None:
    path = tmp_path / "shop.db"
    shop = sqlite3.connect(path, isolation_level=None)
    shop.execute(f"pragma journal_mode = {mode}")
    shop.execute("create table note (body text)")
    sqlite.opened(shop)
    store = sqlite._files[str(path)]
    store.keep()

    async def send_mail() -> None:
        shop.execute("begin immediate")
        shop.execute("insert into note values ('behind the answer')")
        for _ in range(5):
            await asyncio.sleep(0.004)
            time.sleep(standing_still)  # the machine does something else
        shop.execute("commit")

    async def between_probes() -> None:
        task = asyncio.ensure_future(send_mail())
        await asyncio.sleep(0)
        assert shop.in_transaction
        await sqlite.settle()
        store.restore()
        await task

    try:
        asyncio.run(between_probes())
        assert shop.execute("select count(*) from note").fetchone() == (0,)
    finally:
        shop.close()
        store.close()
        del sqlite._files[str(path)]


def test_mongodb_with_indexes_and_new_collections(stand_ins: Servers) -> None:
    pymongo = pytest.importorskip("pymongo")
    server = stand_ins.for_child()["mongodb"]
    where = f"mongodb://{quote(server['socket'], safe='')}"
    with pymongo.MongoClient(where, directConnection=True) as client:
        shop = client["shop_kept"]
        shop.teas.create_index("name", unique=True)
        shop.teas.insert_many([{"name": f"tea {n}", "tags": ["a", {"n": n}]} for n in range(2500)])
        shop.empty.insert_one({"_id": 1})
        shop.empty.delete_one({})
        store = mongodb.MongoDB(server, "shop_kept")

        def read() -> list[Any]:
            names = sorted(shop.list_collection_names())
            return [(name, list(shop[name].find())) for name in names]

        def write() -> None:
            shop.teas.delete_many({"tags.n": {"$lt": 1200}})
            shop.teas.insert_one({"name": "new"})
            shop.made.insert_one({"a": 1})
            shop.empty.insert_one({"b": 1})

        put_back(store, write, read)
        with pytest.raises(pymongo.errors.DuplicateKeyError):
            shop.teas.insert_one({"name": "tea 3"})
        store.close()

"""What an application makes a scratch server do stays within the server's own folder."""

from __future__ import annotations

import os
import time

import pytest

from buckler.scan.engines.app.servers import processes
from tests.conftest import needs_server
from tests.scan.listening import Listener

HOSTILE = {
    "mysql": """
import pymysql
from fastapi import FastAPI

app = FastAPI()


def run(statement: str) -> str:
    with pymysql.connect(host="db.internal", user="shop", password="sekret", db="shop") as opened:
        with opened.cursor() as cursor:
            cursor.execute(statement)
    return "done"


@app.get("/mine")
def mine() -> str:
    return run("create table if not exists note (body text)")


@app.get("/another")
def another() -> str:
    return run("create database if not exists another")


@app.get("/log")
def log() -> str:
    return run("set global general_log_file = '%(file)s'")


@app.get("/file")
def file() -> str:
    return run("select 'x' into outfile '%(file)s'")


@app.get("/dial")
def dial() -> str:
    return run("change master to master_host = '127.0.0.1', master_port = %(port)d")


@app.get("/rights")
def rights() -> str:
    return run("create user helper@localhost")
""",
    "redis": """
import redis
from fastapi import FastAPI

store = redis.Redis(host="cache.internal")
app = FastAPI()


@app.get("/mine")
def mine() -> str:
    store.set("note", "x")
    return "done"


@app.get("/another")
def another() -> str:
    store.execute_command("CONFIG", "SET", "notify-keyspace-events", "KEA")
    return "done"


@app.get("/log")
def log() -> str:
    store.execute_command("CONFIG", "SET", "dir", "%(folder)s")
    return "done"


@app.get("/file")
def file() -> str:
    store.execute_command("SAVE")
    return "done"


@app.get("/dial")
def dial() -> str:
    store.execute_command("REPLICAOF", "127.0.0.1", "%(port)d")
    return "done"


@app.get("/rights")
def rights() -> str:
    store.execute_command("MODULE", "LOAD", "/lib/x.so")
    return "done"
""",
    "postgresql": """
import psycopg
from fastapi import FastAPI

app = FastAPI()


def run(statement: str) -> str:
    with psycopg.connect("postgresql://shop:sekret@db.internal/shop") as opened:
        opened.execute(statement)
    return "done"


@app.get("/mine")
def mine() -> str:
    return run("create table if not exists note (body text)")


@app.get("/another")
def another() -> str:
    return run("create schema if not exists another")


@app.get("/log")
def log() -> str:
    return run("alter system set log_directory = '%(folder)s'")


@app.get("/file")
def file() -> str:
    return run("copy note to '%(file)s'")


@app.get("/dial")
def dial() -> str:
    return run("copy note from program 'true'")


@app.get("/rights")
def rights() -> str:
    return run("create role helper superuser")
""",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_server_does_nothing_that_the_box_refuses(kind: str, project, scan, tmp_path) -> None:
    needs_server(kind)
    listener = Listener()
    target = tmp_path / "written"
    names = {"file": str(target), "folder": str(tmp_path), "port": listener.port}
    report = scan(project({"main.py": HOSTILE[kind] % names}), select=("INJ",))
    listener.socket.close()
    statuses = {row.operation: row.status for row in report.coverage.operations}
    assert statuses.pop("GET /mine") == 200
    assert statuses.pop("GET /another") == 200
    assert set(statuses.values()) == {500}, statuses
    assert not target.exists()
    assert listener.seen == 0


def test_a_server_has_no_network_and_one_folder(place) -> None:
    own, other = place / "own", place / "other"
    for folder in (own, other):
        folder.mkdir()
        processes.give(folder)
    script = f"cat /proc/net/dev; id -u; echo x > {other}/file; echo x > {own}/file; echo over"
    process = processes.Process(["/bin/sh", "-c", script], own)
    deadline = time.monotonic() + 20
    while "over" not in process.told() and time.monotonic() < deadline:
        time.sleep(0.02)
    told = process.told(4000)
    process.end()
    assert [line.split(":")[0].strip() for line in told.splitlines() if ":" in line][:1] == ["lo"]
    assert "eth" not in told
    assert (own / "file").exists()
    assert not (other / "file").exists()
    owner = processes.owner()
    assert str(owner[0] if owner else os.getuid()) in told.splitlines()

"""What an application makes a scratch server do stays within the server's own folder."""

from __future__ import annotations

import os
import time

import pytest

from buckler.scan.engines.app.servers import processes
from tests.conftest import needs_server
from tests.scan.listening import Listener

APP = """
from fastapi import FastAPI

%(door)s

app = FastAPI()


@app.get("/mine")
def mine() -> str:
    return run(%(mine)r)


@app.get("/another")
def another() -> str:
    return run(%(another)r)


@app.get("/log")
def log() -> str:
    return run(%(log)r)


@app.get("/file")
def file() -> str:
    return run(%(file)r)


@app.get("/dial")
def dial() -> str:
    return run(%(dial)r)


@app.get("/rights")
def rights() -> str:
    return run(%(rights)r)
"""
HOSTILE = {
    "mysql": {
        "door": """
import pymysql


def run(statement: str) -> str:
    with pymysql.connect(host="db.internal", user="shop", password="sekret", db="shop") as opened:
        with opened.cursor() as cursor:
            cursor.execute(statement)
    return "done"
""",
        "mine": "create table if not exists note (body text)",
        "another": "create database if not exists another",
        "log": "set global general_log_file = '{file}'",
        "file": "select 'x' into outfile '{file}'",
        "dial": "change master to master_host = '127.0.0.1', master_port = {port}",
        "rights": "create user helper@localhost",
    },
    "redis": {
        "door": """
import redis

store = redis.Redis(host="cache.internal")


def run(command: str) -> str:
    store.execute_command(*command.split())
    return "done"
""",
        "mine": "SET note x",
        "another": "CONFIG SET notify-keyspace-events KEA",
        "log": "CONFIG SET dir {folder}",
        "file": "SAVE",
        "dial": "REPLICAOF 127.0.0.1 {port}",
        "rights": "MODULE LOAD /lib/x.so",
    },
    "postgresql": {
        "door": """
import psycopg


def run(statement: str) -> str:
    with psycopg.connect("postgresql://shop:sekret@db.internal/shop") as opened:
        opened.execute(statement)
    return "done"
""",
        "mine": "create table if not exists note (body text)",
        "another": "create schema if not exists another",
        "log": "alter system set log_directory = '{folder}'",
        "file": "copy note to '{file}'",
        "dial": "copy note from program 'true'",
        "rights": "create role helper superuser",
    },
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_server_does_nothing_that_the_box_refuses(kind: str, project, scan, tmp_path) -> None:
    needs_server(kind)
    listener = Listener()
    target = tmp_path / "written"
    names = {"file": str(target), "folder": str(tmp_path), "port": listener.port}
    parts = {
        name: text if name == "door" else text.format(**names)
        for name, text in HOSTILE[kind].items()
    }
    report = scan(project({"main.py": APP % parts}), select=("INJ",))
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
    deadline = time.monotonic() + 60
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

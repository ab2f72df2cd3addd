"""Whatever address an application gives pymongo or motor, the scan's own server answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buckler.core.errors import BucklerError
from buckler.scan.engines.app.agent.drivers import mongodb as door
from buckler.scan.engines.app.servers.bring import HINTS, Servers
from buckler.scan.engines.app.servers.mongodb import MongoDB
from buckler.scan.engines.app.session import Options
from buckler.scan.hints import server_kinds
from tests.scan.listening import Listener
from tests.scan.test_standin_mongodb import started


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("doors") / "mongodb.sock"
    process = started(path)
    yield path
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        (None, None, ("localhost", "27017", "")),
        (None, 27018, ("localhost", "27018", "")),
        ("db.internal", None, ("db.internal", "27017", "")),
        ("db.internal:27019", 1, ("db.internal", "27019", "")),
        (["a.internal:1", "b.internal:2"], None, ("a.internal", "1", "")),
        ("mongodb://u:p%40ss@db.internal:27018/shop", None, ("db.internal", "27018", "shop")),
        ("mongodb://a:1,b:2/shop?replicaSet=rs", None, ("a", "1", "shop")),
        (
            "mongodb+srv://u:p@c0.ab1.example/shop?w=majority",
            None,
            ("c0.ab1.example", "27017", "shop"),
        ),
        ("mongodb+srv://c0.ab1.example/?retryWrites=true", None, ("c0.ab1.example", "27017", "")),
        ("mongodb://[::1]:27020/x", None, ("::1", "27020", "x")),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock/x", None, ("/tmp/mongodb-27017.sock", "", "x")),
        ("mongodb://db.internal/shop.people", None, ("db.internal", "27017", "shop")),
        (["mongodb://u:p@db.internal"], None, ("db.internal", "27017", "")),
        ("https://made-up.test/", None, ("made-up.test", "27017", "")),
    ],
)
def test_what_was_wanted(host: Any, port: Any, expected: tuple[str, str, str]) -> None:
    told = door._told(host, port)
    assert told[:3] == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mongodb://u:secret@h/shop?authSource=admin&tls=true&tlsCAFile=/x", "/shop"),
        ("mongodb://h/?replicaSet=rs&ssl=true&w=3&compressors=zstd", "/"),
        (
            "mongodb://h/a?w=majority&readPreference=secondary",
            "/a?w=majority&readPreference=secondary",
        ),
        ("mongodb://h/a%20b", "/"),
    ],
)
def test_what_is_left_of_an_address(uri: str, expected: str) -> None:
    made = door._address({"socket": "/scratch/mongodb.sock"}, door._told(uri, None))
    assert made == "mongodb://%2Fscratch%2Fmongodb.sock" + expected


CHILD = """
import socket, sys
sys.modules["dns"] = None
def refused(*_, **__):
    raise OSError("a look-up")
socket.getaddrinfo = refused
from buckler.scan.engines.app.agent.drivers import mongodb, wanted
mongodb.install({"socket": sys.argv[1], "suffix": sys.argv[2], "number": 1})
import asyncio, json
import pymongo
client = pymongo.MongoClient(
    "mongodb+srv://shop:sekret@c0.ab1.example/shop?authSource=admin",
    username="shop", password="sekret", tls=True, tlsAllowInvalidCertificates=True,
    replicaSet="rs0", authMechanism="SCRAM-SHA-256", maxPoolSize=5,
)
said = {}
shop = client.get_default_database()
shop.notes.insert_one({"by": sys.argv[2]})
said["seen"] = [one["by"] for one in client["shop"].with_options().notes.find()]
said["pool"] = client.options.pool_options.max_pool_size
client.other.things.insert_one({})
said["names"] = sorted(client.list_database_names())
client.drop_database("other")
said["left"] = sorted(client.list_database_names())
async def later():
    opened = pymongo.AsyncMongoClient(["a.internal:1", "b.internal:2"], tls=True, password="sekret", username="u")
    found = [one["by"] async for one in opened.shop.notes.find()]
    names = await opened.list_database_names()
    await opened.close()
    return found, names
said["later"] = asyncio.run(later())
from motor.motor_asyncio import AsyncIOMotorClient
async def motor():
    opened = AsyncIOMotorClient("mongodb://u:sekret@m.internal/shop?ssl=true")
    found = await opened.get_default_database().notes.count_documents({})
    opened.close()
    return found
said["motor"] = asyncio.run(motor())
said["wanted"] = wanted.take()
print(json.dumps(said))
"""


def child(standin: Path, suffix: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(standin), suffix],
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"sekret" not in done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_child_has_databases_of_its_own(standin: Path) -> None:
    for suffix in ("_1", "_2"):
        said = child(standin, suffix)
        assert said["seen"] == [suffix]
        assert (said["names"], said["left"]) == (["other", "shop"], ["shop"])
        assert said["later"] == [[suffix], ["shop"]]
        assert said["motor"] == 1
        assert said["pool"] == 5
        told = [(w["driver"], w["host"], w["port"], w["database"]) for w in said["wanted"]]
        assert told == [
            ("pymongo", "c0.ab1.example", "27017", "shop"),
            ("pymongo", "a.internal", "1", ""),
            ("motor", "m.internal", "27017", "shop"),
        ]


BLOCKING = """
from fastapi import FastAPI
from pymongo import MongoClient

client = MongoClient("%s", 1, username="shop", password="sekret", ssl=True, replicaSet="rs0")
notes = client["shop"].get_collection("notes")
app = FastAPI()


@app.post("/notes")
def add(body: str) -> str:
    return str(notes.insert_one({"body": body}).inserted_id)


@app.get("/notes")
def find(q: str = "") -> list[str]:
    return [one["body"] for one in notes.find({"$where": f"this.body == '{q}'"})]


@app.get("/notes/safe")
def safe(q: str = "") -> list[str]:
    return [one["body"] for one in notes.find({"body": q}).limit(20)]
"""
LATER = """
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pymongo import AsyncMongoClient


@asynccontextmanager
async def lifespan(app):
    app.state.db = AsyncMongoClient("mongodb://shop:sekret@%s/shop?tls=true&authSource=admin")["shop"]
    await app.state.db.notes.create_index("body")
    yield
    await app.state.db.client.close()


app = FastAPI(lifespan=lifespan)


@app.post("/notes")
async def add(body: str) -> str:
    return str((await app.state.db.notes.insert_one({"body": body})).inserted_id)


@app.get("/notes")
async def find(q: str = "") -> list[str]:
    return [o["body"] async for o in app.state.db.notes.find({"$where": f"this.body == '{q}'"})]


@app.get("/notes/safe")
async def safe(q: str = "") -> list[str]:
    return [o["body"] async for o in app.state.db.notes.find({"body": q})]
"""
MOTOR = """
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

db = AsyncIOMotorClient("mongodb://shop:sekret@%s/shop?replicaSet=rs0&ssl=true").get_default_database()
app = FastAPI()


@app.post("/notes")
async def add(body: str) -> str:
    return str((await db.notes.insert_one({"body": body})).inserted_id)


@app.get("/notes")
async def find(q: str = "") -> int:
    return await db.notes.count_documents({"$where": f"this.body == '{q}'"})


@app.get("/notes/safe")
async def safe(q: str = "") -> list[str]:
    return [one["body"] for one in await db.notes.find({"body": q}).to_list(20)]
"""
STYLES = {
    "pymongo": BLOCKING,
    "pymongo asynchronous": LATER,
    "motor": MOTOR,
}


@pytest.mark.parametrize("style", STYLES)
def test_it_is_brought(style: str, project: Any, scan: Any) -> None:
    text = STYLES[style]
    listener = Listener()
    folder = project({"main.py": text.replace("%s", f"127.0.0.1:{listener.port}")})
    report = scan(folder, select=("INJ",), options=Options(database="stand-in"))
    listener.socket.close()
    found = [(f.rule, f.location.operation) for f in report.findings if f.confidence == "proved"]
    assert found == [("INJ018", "GET /notes")]
    line = next(n for n, t in enumerate(text.splitlines(), 1) if "$where" in t)
    assert [(f.location.path, f.location.line) for f in report.findings] == [("main.py", line)]
    assert report.coverage.reached_share == 1.0
    assert {row.status for row in report.coverage.operations} == {200}
    assert listener.seen == 0
    ((wanted, by),) = report.coverage.servers.items()
    assert (wanted.kind, wanted.host, by) == ("mongodb", "127.0.0.1", "stand-in")
    assert wanted.driver == style.split()[0]
    assert wanted.where.partition(":")[0] == "main.py"
    assert "sekret" not in json.dumps(report.coverage.as_dict()["servers"])


def test_a_machine_without_mongod_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("buckler.scan.engines.app.servers.binaries.find", lambda *_: None)
    assert MongoDB.program() is None
    with pytest.raises(BucklerError, match="not on this machine") as absent:
        MongoDB(tmp_path).start()
    assert absent.value.hint == HINTS["mongodb"]
    with Servers("scratch") as servers:
        assert not servers.bring(["mongodb"])
        assert servers.failed["mongodb"].hint == "install mongodb-org-server"


FAKE = """#!%s
import sys
sys.path[:0] = %r
arguments = dict(zip(sys.argv[1:], sys.argv[2:]))
from pathlib import Path
from buckler.scan.engines.app.servers.standin.mongodb import serve
assert Path(arguments["--dbpath"]).is_dir() and "--noscripting" in sys.argv
serve(Path(arguments["--bind_ip"]))
"""


def test_a_program_is_started_and_ended(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a program in mongod's place, as there is none here: how it is started, asked and ended."""
    program = place / "mongod"
    program.write_text(FAKE % (sys.executable, sys.path), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("buckler.scan.engines.app.servers.processes.owner", lambda: None)
    monkeypatch.setattr(MongoDB, "program", staticmethod(lambda: program))
    folder = place / "server"
    folder.mkdir()
    server = MongoDB(folder)
    made = server.start()
    assert (made.kind, made.socket) == ("mongodb", folder / "mongodb.sock")
    assert server._process is not None
    pid = server._process.pid
    server.stop()
    server.stop()
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    "text",
    [
        "from pymongo import AsyncMongoClient",
        "import motor.motor_asyncio",
        'URL = "mongodb+srv://c0.example/shop"',
        'URL = "mongodb://db/shop"',
    ],
)
def test_the_source_tells_that_it_is_wanted(text: str, project: Any) -> None:
    assert server_kinds(project({"main.py": text})) == ("mongodb",)

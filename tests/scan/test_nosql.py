"""Where input decides what a query of MongoDB means, and where it only looks so: by real scans."""

from __future__ import annotations

from typing import Any

from buckler.scan.engines.app.session import Options

HEAD = """
import json
import re
from typing import Any

from bson import Code
from fastapi import Body, FastAPI, HTTPException, Request
from pydantic import BaseModel
from pymongo import InsertOne, MongoClient, UpdateOne

db = MongoClient("mongodb://shop:sekret@db.internal/shop").get_default_database()
db.notes.insert_one({"name": "sample", "owner": "casey", "tags": ["x"], "n": 1})
app = FastAPI()


def shown(found: Any) -> list[str]:
    return [str(one["_id"]) for one in found]

"""
BAD = """
@app.post("/whole")
def whole(payload: dict[str, Any]) -> list[str]:
    return shown(db.notes.find(payload))


@app.post("/field")
def field(payload: dict[str, Any] = Body()) -> list[str]:
    return shown(db.notes.find({"name": payload["name"], "n": {"$gt": 0}}))


@app.get("/parsed")
def parsed(filter: str = "{}") -> list[str]:
    return shown(db.notes.find(json.loads(filter)))


@app.post("/named")
def named(payload: dict[str, Any]) -> list[str]:
    return shown(db.notes.find({payload["field"]: payload["value"]}))


@app.post("/change")
def change(payload: dict[str, Any]) -> int:
    return db.notes.update_one({"name": "sample"}, payload).modified_count


@app.get("/compiled")
def compiled(q: str) -> list[str]:
    return shown(db.notes.find({"name": re.compile(q, re.I)}))


@app.get("/expression")
def expression(owner: str) -> list[str]:
    return shown(db.notes.aggregate([{"$match": {"$expr": {"$eq": ["$owner", owner]}}}]))


@app.get("/grouped")
def grouped(by: str = "owner") -> list[str]:
    return shown(db.notes.aggregate([{"$group": {"_id": f"${by}", "n": {"$sum": 1}}}]))


@app.post("/form")
async def form(request: Request) -> list[str]:
    sent = await request.form()
    query: Any = sent.get("name")
    for key, value in sent.multi_items():
        if key.startswith("name["):
            query = {key[5:-1]: value}
    return shown(db.notes.find({"name": query}))


@app.post("/drop")
async def drop(request: Request) -> int:
    sent = await request.json()
    return db.notes.delete_many({"name": sent["name"], "owner": "nobody"}).deleted_count


@app.post("/bulk")
async def bulk(request: Request) -> int:
    sent = await request.json()
    return db.notes.bulk_write([UpdateOne({"name": sent["name"]}, {"$set": {"n": 2}})]).matched_count


@app.get("/script")
def script(q: str) -> list[str]:
    return shown(db.notes.find({"$where": Code('return this.name == "' + q + '"')}))


@app.post("/command")
async def command(request: Request) -> int:
    sent = await request.json()
    return db.command({"count": "notes", "query": {"name": sent["name"]}})["n"]


class Tagged(BaseModel):
    tags: dict[str, str] = {}


@app.post("/tagged")
def tagged(note: Tagged) -> list[str]:
    return shown(db.notes.find({"tags": note.tags}))
"""
GOOD = """
class Note(BaseModel):
    name: str


@app.post("/insert")
def insert(payload: dict[str, Any]) -> str:
    return str(db.notes.insert_one({"note": payload}).inserted_id)


@app.post("/set")
def set_(payload: dict[str, Any]) -> int:
    return db.notes.update_one({"name": "sample"}, {"$set": {"note": payload}}).modified_count


@app.post("/typed")
def typed(note: Note) -> list[str]:
    return shown(db.notes.find({"name": note.name}))


@app.post("/equal")
async def equal(request: Request) -> list[str]:
    sent = await request.json()
    return shown(db.notes.find({"name": {"$eq": sent["name"]}, "owner": {"$in": [sent["owner"]]}}))


@app.post("/text")
async def text(request: Request) -> list[str]:
    sent = await request.json()
    return shown(db.notes.find({"name": str(sent["name"])}))


@app.post("/checked")
async def checked(request: Request) -> list[str]:
    name = (await request.json())["name"]
    if not isinstance(name, str):
        raise HTTPException(422)
    return shown(db.notes.find({"name": name}))


@app.get("/escaped")
def escaped(q: str) -> list[str]:
    return shown(db.notes.find({"name": re.compile("^" + re.escape(q))}))


@app.get("/number")
def number(n: int = 1) -> list[str]:
    return shown(db.notes.find({"$where": f"this.n > {n}"}))


@app.get("/quoted")
def quoted(q: str) -> list[str]:
    return shown(db.notes.find({"$where": f"this.name == {json.dumps(q)}"}))


@app.get("/literal")
def literal(owner: str) -> list[str]:
    return shown(db.notes.aggregate([{"$match": {"$expr": {"$eq": ["$owner", {"$literal": owner}]}}}]))


@app.get("/matched")
def matched(owner: str, lang: str = "en") -> list[str]:
    return shown(db.notes.aggregate([{"$match": {"owner": owner, f"titles.{lang}": {"$exists": 1}}}]))


@app.post("/many")
async def many(request: Request) -> int:
    sent = await request.json()
    return db.notes.bulk_write([InsertOne({"name": sent["name"]})]).inserted_count
"""


def reported(project: Any, scan: Any, text: str) -> Any:
    folder = project({"main.py": HEAD + text})
    report = scan(folder, select=("INJ018",), options=Options(database="stand-in"))
    assert not report.failed
    assert report.coverage.reached_share == 1.0
    return report


def test_what_decides_on_a_query_is_found(project: Any, scan: Any) -> None:
    report = reported(project, scan, BAD)
    found = {(f.location.operation, f.location.slot, f.severity.name) for f in report.findings}
    assert found == {
        ("POST /whole", "json:", "HIGH"),
        ("POST /field", "json:name", "HIGH"),
        ("GET /parsed", "query:filter", "HIGH"),
        ("POST /named", "json:field", "HIGH"),
        ("POST /named", "json:value", "HIGH"),
        ("POST /change", "json:", "HIGH"),
        ("GET /compiled", "query:q", "MEDIUM"),
        ("GET /expression", "query:owner", "HIGH"),
        ("GET /grouped", "query:by", "HIGH"),
        ("POST /form", "form:name", "HIGH"),
        ("POST /drop", "json:name", "HIGH"),
        ("POST /bulk", "json:name", "HIGH"),
        ("GET /script", "query:q", "CRITICAL"),
        ("POST /command", "json:name", "HIGH"),
        ("POST /tagged", "json:tags", "HIGH"),
    }
    assert all(f.confidence == "proved" for f in report.findings)
    lines = (HEAD + BAD).splitlines()
    for finding in report.findings:
        assert "db." in lines[finding.location.line - 1], finding.location
        (sink, *_) = [p.data for p in finding.proof if p.kind == "sink"]
        assert sink["answered_by"] == "stand-in"


def test_what_is_a_value_is_not(project: Any, scan: Any) -> None:
    report = reported(project, scan, GOOD)
    assert [f"{f.location.operation} {f.location.slot} {f.message}" for f in report.findings] == []
    assert {row.status for row in report.coverage.operations} <= {200}


STORED = """
@app.post("/sign-up", status_code=201)
def sign_up(name: str = Body(), password: str = Body()) -> str:
    return str(db.people.insert_one({"name": name, "password": password}).inserted_id)


@app.get("/pages")
def pages(limit: int = 20) -> list[str]:
    return shown(db.notes.find().limit(limit))


@app.get("/pages/counted")
def counted(limit: int = 20) -> list[str]:
    return shown(db.notes.aggregate([{"$limit": min(limit, 100)}]))


class Person(BaseModel):
    model_config = {"extra": "allow"}

    town: str


@app.post("/profiles")
def profile(person: Person) -> str:
    return str(db.people.insert_one(person.model_dump()).inserted_id)
"""


def test_what_is_stored_and_how_much_is_read_is_seen(project: Any, scan: Any) -> None:
    """The rules about passwords, pages and fields look at documents as they look at rows."""
    folder = project({"main.py": HEAD + STORED})
    rules = ("AUT010", "CFG011", "ACC010", "ACC001")
    report = scan(folder, select=rules, options=Options(database="stand-in"))
    found = {(f.rule, f.location.operation) for f in report.findings if f.confidence == "proved"}
    assert found == {
        ("AUT010", "POST /sign-up"),
        ("CFG011", "GET /pages"),
        ("ACC010", "POST /profiles"),
        ("ACC001", "POST /profiles"),
    }

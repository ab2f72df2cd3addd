"""Commands of a stand-in for MongoDB that answer documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_arrays import distinct as without_doubles
from buckler.scan.engines.app.servers.standin.mongo_bson import Document
from buckler.scan.engines.app.servers.standin.mongo_commands import (
    FIRST_BATCH,
    Session,
    answered,
    command,
    document,
    named,
    target,
    variables_of,
    whole,
)
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError, failed
from buckler.scan.engines.app.servers.standin.mongo_order import Missing
from buckler.scan.engines.app.servers.standin.mongo_paths import found as at_path
from buckler.scan.engines.app.servers.standin.mongo_paths import parts_of
from buckler.scan.engines.app.servers.standin.mongo_pipeline import Context, run, sorted_by
from buckler.scan.engines.app.servers.standin.mongo_projection import project
from buckler.scan.engines.app.servers.standin.mongo_query import check
from buckler.scan.engines.app.servers.standin.mongo_writes import Change


def _fitting(
    session: Session, name: Any, query: Document, variables: Document | None = None
) -> list[Document]:
    check(query)
    collection = session.found(name)
    return list(collection.fitting(query, variables)) if collection is not None else []


def _cut(documents: list[Document], body: Document) -> list[Document]:
    skip, limit = whole(body, "skip"), abs(whole(body, "limit"))
    if skip < 0:
        raise MongoError(51024, "the skip has to be 0 or more")
    return documents[skip : skip + limit] if limit else documents[skip:]


@command("find")
def find(session: Session, body: Document) -> Document:
    """The documents that fit a filter."""
    name, query, variables = named(target(body)), document(body, "filter"), variables_of(body)
    found = _fitting(session, name, query, variables)
    if body.get("sort"):
        found = sorted_by(found, body["sort"])
    found = _cut(found, body)
    wanted = document(body, "projection")
    if wanted:
        found = [project(one, wanted, query, variables) for one in found]
    single = bool(body.get("singleBatch")) or whole(body, "limit") < 0
    batch = whole(body, "batchSize", FIRST_BATCH)
    return answered(session, name, found, batch, single=single)


@command("count")
def count(session: Session, body: Document) -> Document:
    """How many documents fit."""
    return {"n": len(_cut(_fitting(session, target(body), document(body, "query")), body))}


@command("distinct")
def distinct(session: Session, body: Document) -> Document:
    """The different values of a field."""
    key = body.get("key")
    if not isinstance(key, str):
        raise MongoError(14, "distinct needs the name of a field as its key")
    values: list[Any] = []
    for one in _fitting(session, target(body), document(body, "query")):
        for value in at_path(one, parts_of(key)):
            values += value if isinstance(value, list) else [value]
    return {"values": without_doubles(v for v in values if not isinstance(v, Missing))}


@command("aggregate")
def aggregate(session: Session, body: Document) -> Document:
    """What a pipeline makes of a collection."""
    pipeline = body.get("pipeline")
    if not isinstance(pipeline, list):
        raise failed("'pipeline' option must be specified as an array")
    variables, rest = variables_of(body), list(pipeline)
    first = rest[0] if rest and isinstance(rest[0], dict) else {}
    if "$documents" in first:
        found, rest = first["$documents"], rest[1:]
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise MongoError(5858203, "$documents needs an array of documents")
        name = "$cmd.aggregate"
    else:
        name = named(target(body))
        found = session.documents(name)
    last = rest[-1] if rest and isinstance(rest[-1], dict) else {}
    write = next((_WRITES[key] for key in last if key in _WRITES), None)
    found = run(found, rest[:-1] if write else rest, Context(session.documents, variables))
    if body.get("explain"):
        return {"stages": [], "serverInfo": {}}
    if write is not None:
        write(session, next(iter(last.values())), found)
        found = []
    batch = whole(document(body, "cursor"), "batchSize", FIRST_BATCH)
    return answered(session, name, found, batch)


def _out(session: Session, given: Any, found: list[Document]) -> None:
    name = given.get("coll") if isinstance(given, dict) else given
    database = given.get("db", session.database) if isinstance(given, dict) else session.database
    if database != session.database:
        raise MongoError(20, "the stand-in writes to the same database only")
    session.store.drop(database, named(name))
    collection = session.store.make(database, named(name))
    for one in found:
        collection.insert(one)


def _merge(session: Session, given: Any, found: list[Document]) -> None:
    options = given if isinstance(given, dict) else {"into": given}
    collection = session.store.make(session.database, named(options.get("into")))
    on = options.get("on", "_id")
    names = on if isinstance(on, list) else [on]
    for one in found:
        query = {name: one.get(name) for name in names}
        old = next(collection.fitting(query), None)
        if old is None:
            if options.get("whenNotMatched", "insert") == "insert":
                collection.insert(one)
        elif options.get("whenMatched", "merge") == "replace":
            collection.replace(old, {**one, "_id": old["_id"]})
        elif options.get("whenMatched", "merge") == "merge":
            rest = {key: value for key, value in one.items() if key != "_id"}
            change = Change.of({}, query, {"$set": rest}, {})
            collection.replace(old, change.applied(old) if rest else old)


_WRITES: dict[str, Callable[[Session, Any, list[Document]], None]] = {
    "$out": _out,
    "$merge": _merge,
}


@command("explain")
def explain(_: Session, __: Document) -> Document:
    """There are no plans to tell of."""
    return {"queryPlanner": {"winningPlan": {"stage": "COLLSCAN"}}, "executionStats": {}}

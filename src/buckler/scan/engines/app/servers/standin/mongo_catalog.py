"""Commands of a stand-in for MongoDB on databases, collections and indexes."""

from __future__ import annotations

from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import Document
from buckler.scan.engines.app.servers.standin.mongo_commands import (
    Session,
    answered,
    command,
    document,
    documents,
    named,
    target,
)
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_numbers import is_number
from buckler.scan.engines.app.servers.standin.mongo_query import check, matches

MANY = 1_000_000
_OPTIONS = ("capped", "size", "max", "validator")


@command("create")
def create(session: Session, body: Document) -> Document:
    """Make a collection."""
    name = named(target(body))
    options: Document = {key: body[key] for key in _OPTIONS if key in body}
    known = session.found(name)
    if known is not None and known.options != options:
        raise MongoError(48, f"Collection {known.name} already exists.")
    session.store.make(session.database, name, options)
    return {}


@command("drop")
def drop(session: Session, body: Document) -> Document:
    """Take a collection away."""
    collection = session.store.drop(session.database, named(target(body)))
    if collection is None:
        return {}
    return {"nIndexesWas": len(collection.indexes), "ns": collection.name}


@command("dropDatabase")
def drop_database(session: Session, _: Document) -> Document:
    """Take a database away."""
    for name in list(session.store.databases.get(session.database, {})):
        session.store.drop(session.database, name)
    return {"dropped": session.database}


@command("renameCollection")
def rename(session: Session, body: Document) -> Document:
    """Give a collection another name, in its own database."""
    old_database, _, old = named(target(body)).partition(".")
    new_database, _, new = named(body.get("to")).partition(".")
    collections = session.store.databases.get(old_database, {})
    if old not in collections:
        raise MongoError(26, f"Source collection {old_database}.{old} does not exist")
    if new_database != old_database:
        raise MongoError(20, "the stand-in renames within one database only")
    if new in collections and not body.get("dropTarget"):
        raise MongoError(48, "target namespace exists")
    session.store.drop(new_database, new)
    moved = collections.pop(old)
    moved.name = f"{new_database}.{new}"
    session.store.databases.setdefault(new_database, {})[new] = moved
    return {}


@command("collMod")
def change(session: Session, body: Document) -> Document:
    """Settings of a collection, which change nothing here."""
    if session.found(target(body)) is None:
        raise MongoError(26, "ns does not exist")
    return {}


@command("listCollections")
def list_collections(session: Session, body: Document) -> Document:
    """The collections of a database."""
    wanted = document(body, "filter")
    check(wanted)
    found: list[Document] = [
        {
            "name": name,
            "type": "collection",
            "options": collection.options,
            "info": {"readOnly": False},
            "idIndex": collection.indexes["_id_"].spec,
        }
        for name, collection in session.store.databases.get(session.database, {}).items()
    ]
    found = [one for one in found if matches(one, wanted)]
    if body.get("nameOnly"):
        found = [{"name": one["name"], "type": "collection"} for one in found]
    return answered(session, "$cmd.listCollections", found, MANY)


@command("listDatabases")
def list_databases(session: Session, body: Document) -> Document:
    """All databases."""
    wanted = document(body, "filter")
    found: list[Document] = []
    for name, collections in session.store.databases.items():
        size = sum(collection.size for collection in collections.values())
        found.append({"name": name, "sizeOnDisk": size, "empty": size == 0})
    found = [one for one in found if matches(one, wanted)]
    if body.get("nameOnly"):
        found = [{"name": one["name"]} for one in found]
    return {"databases": found, "totalSize": session.store.used}


@command("createIndexes")
def create_indexes(session: Session, body: Document) -> Document:
    """Make indexes; a unique one is kept."""
    there = session.found(target(body)) is not None
    collection = session.store.make(session.database, named(target(body)))
    before = len(collection.indexes)
    for spec in documents(body, "indexes"):
        key = spec.get("key")
        if not isinstance(key, dict) or not key:
            raise MongoError(67, "Index keys cannot be an empty object")
        for name, way in key.items():
            if not name or name.startswith("$") or not _is_way(way):
                raise MongoError(67, f"Values in the index key pattern cannot be that: {name}")
        collection.add_index({"v": 2, **spec, "name": spec.get("name") or _name(key)})
    return {
        "numIndexesBefore": before,
        "numIndexesAfter": len(collection.indexes),
        "createdCollectionAutomatically": not there,
    }


def _is_way(way: Any) -> bool:
    """Whether it is a direction, or the name of a kind of index."""
    return bool(way) if isinstance(way, str) else is_number(way) and way != 0


def _name(key: Document) -> str:
    return "_".join(f"{name}_{way}" for name, way in key.items())


@command("listIndexes")
def list_indexes(session: Session, body: Document) -> Document:
    """The indexes of a collection."""
    name = named(target(body))
    collection = session.found(name)
    if collection is None:
        raise MongoError(26, f"ns does not exist: {session.database}.{name}")
    return answered(session, name, [index.spec for index in collection.indexes.values()], MANY)


@command("dropIndexes")
def drop_indexes(session: Session, body: Document) -> Document:
    """Take indexes away."""
    collection = session.found(target(body))
    if collection is None:
        raise MongoError(26, "ns not found")
    before, wanted = len(collection.indexes), body.get("index")
    for name in list(collection.indexes) if wanted == "*" else _chosen(collection.indexes, wanted):
        if name != "_id_":
            del collection.indexes[name]
        elif wanted != "*":
            raise MongoError(72, "cannot drop _id index")
    return {"nIndexesWas": before}


def _chosen(indexes: dict[str, Any], wanted: Any) -> list[str]:
    found = []
    for item in wanted if isinstance(wanted, list) else [wanted]:
        fitting = [n for n, index in indexes.items() if item in (n, index.spec["key"])]
        if not fitting:
            raise MongoError(27, f"index not found with name [{item}]")
        found += fitting
    return found


@command("dbStats dbstats")
def database_stats(session: Session, _: Document) -> Document:
    """Numbers on a database."""
    collections = session.store.databases.get(session.database, {}).values()
    size = sum(collection.size for collection in collections)
    return {
        "db": session.database,
        "collections": len(collections),
        "objects": sum(map(len, collections)),
        "dataSize": float(size),
        "storageSize": float(size),
        "indexes": sum(len(collection.indexes) for collection in collections),
    }


@command("collStats collstats")
def collection_stats(session: Session, body: Document) -> Document:
    """Numbers on a collection."""
    collection = session.found(target(body))
    size, count = (collection.size, len(collection)) if collection is not None else (0, 0)
    indexes = len(collection.indexes) if collection is not None else 0
    name = f"{session.database}.{target(body)}"
    return {"ns": name, "count": count, "size": size, "storageSize": size, "nindexes": indexes}


@command("validate")
def validate(session: Session, body: Document) -> Document:
    """Nothing here is ever damaged."""
    if session.found(target(body)) is None:
        raise MongoError(26, "Collection does not exist to validate.")
    return {"ns": f"{session.database}.{target(body)}", "valid": True, "errors": []}

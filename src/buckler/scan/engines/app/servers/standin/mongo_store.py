"""The databases of a stand-in for MongoDB, in memory: collections, their unique indexes, cursors.

Threat: the application may insert without end. What is stored is counted, and refused beyond a limit.
Documents are never changed in place, so that cursors keep what they found.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import (
    BsonError,
    Document,
    ObjectId,
    Regex,
    Undefined,
    encode,
)
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_order import MISSING, Missing, order
from buckler.scan.engines.app.servers.standin.mongo_paths import found, parts_of
from buckler.scan.engines.app.servers.standin.mongo_query import matches

LARGEST = 16 * 1024 * 1024
"""Bytes of one document, as with a real server."""
DEEPEST = 100
MEMORY = 128 * 1024 * 1024
COLLECTIONS = 2_000
INDEXES = 64
CURSORS = 1_000
_started = os.urandom(5)
_counter = itertools.count(int.from_bytes(os.urandom(2), "big"))


def new_id() -> ObjectId:
    """An identifier as drivers make them: time, process, counter."""
    count = next(_counter) & 0xFFFFFF
    return ObjectId(int(time.time()).to_bytes(4, "big") + _started + count.to_bytes(3, "big"))


@dataclass(slots=True)
class Index:
    """An index; only a unique one has entries.

    Attributes:
        spec: As it was created: ``key``, ``name``, ``unique`` …
        entries: Values of its fields, each with the key of the document that has them.
    """

    spec: Document
    entries: dict[Any, Any] = field(default_factory=dict)

    @property
    def unique(self) -> bool:
        """Whether no two documents may have the same values."""
        return bool(self.spec.get("unique"))

    def keys(self, document: Document) -> list[tuple[Any, list[Any]]]:
        """The entries that a document has: each as a key, and as values."""
        condition = self.spec.get("partialFilterExpression")
        if isinstance(condition, dict) and not matches(document, condition):
            return []
        columns = []
        for path in self.spec["key"]:
            values: list[Any] = []
            for value in found(document, parts_of(path)):
                values += (value or [Undefined()]) if isinstance(value, list) else [value]
            columns.append(values or [MISSING])
        rows = list(itertools.islice(itertools.product(*columns), 10_000))
        if self.spec.get("sparse"):
            rows = [row for row in rows if any(value is not MISSING for value in row)]
        shown = [[None if isinstance(value, Missing) else value for value in row] for row in rows]
        return [(tuple(order(value) for value in row), row) for row in shown]


class Collection:
    """Documents by the key of their ``_id``, in the order in which they came.

    Args:
        name: With its database: ``shop.orders``.
        options: As it was created.
        store: Counts what is stored.
    """

    def __init__(self, name: str, options: Document, store: Store) -> None:
        self.name = name
        self.options = options
        self._store = store
        self._documents: dict[Any, Document] = {}
        self._sizes: dict[Any, int] = {}
        self.indexes: dict[str, Index] = {
            "_id_": Index({"v": 2, "key": {"_id": 1}, "name": "_id_"})
        }

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def size(self) -> int:
        """Bytes of its documents."""
        return sum(self._sizes.values())

    def all(self) -> list[Document]:
        """Every document, in the order in which they came."""
        return list(self._documents.values())

    def fitting(self, query: Document, variables: Document | None = None) -> Iterator[Document]:
        """The documents that fit a filter."""
        identifier = query.get("_id", MISSING)
        if not isinstance(identifier, dict | Regex | Missing) and identifier is not None:
            one = self._documents.get(order(identifier))
            candidates = [one] if one is not None else []
        else:
            candidates = self.all()
        return (one for one in candidates if matches(one, query, variables))

    def insert(self, document: Document) -> Document:
        """Store a new document; gives it as it is stored, with an ``_id`` first.

        Raises:
            MongoError: There is one alike, or it is too large.
        """
        if "_id" in document:
            made = {"_id": document["_id"], **document}
        else:
            made = {"_id": new_id(), **document}
        if isinstance(made["_id"], list | Regex | Undefined):
            raise MongoError(53, "The '_id' value cannot be of that type")
        key = order(made["_id"])
        if key in self._documents:
            raise self._duplicate("_id_", {"_id": 1}, [made["_id"]])
        self._keep(key, made, None)
        return made

    def replace(self, old: Document, new: Document) -> Document:
        """Store a document in place of one with the same ``_id``; gives it as it is stored.

        Raises:
            MongoError: Its ``_id`` is another, or it collides with a third.
        """
        if "_id" not in new:
            new = {"_id": old["_id"], **new}
        if order(new["_id"]) != order(old["_id"]):
            raise MongoError(
                66, "Performing an update on the path '_id' would modify the immutable field '_id'"
            )
        self._keep(order(old["_id"]), new, old)
        return new

    def remove(self, document: Document) -> None:
        """Take one away."""
        key = order(document["_id"])
        del self._documents[key]
        self._store.used -= self._sizes.pop(key)
        for index in self._unique():
            for entry, _ in index.keys(document):
                if index.entries.get(entry) == key:
                    del index.entries[entry]

    def clear(self) -> None:
        """Take all away."""
        self._store.used -= self.size
        self._documents.clear()
        self._sizes.clear()
        for index in self._unique():
            index.entries.clear()

    def add_index(self, spec: Document) -> bool:
        """Make an index; whether it is a new one.

        Raises:
            MongoError: There is another of that name, or the documents collide.
        """
        name = spec["name"]
        known = self.indexes.get(name)
        if known is not None:
            alike = list(known.spec["key"].items()) == list(spec["key"].items())
            if not alike or known.unique != bool(spec.get("unique")):
                raise MongoError(86, f"An existing index has the same name: {name}")
            return False
        if len(self.indexes) >= INDEXES:
            raise MongoError(67, f"too many indexes for {self.name}")
        index = Index(spec)
        if index.unique:
            for key, document in self._documents.items():
                for entry, values in index.keys(document):
                    if index.entries.setdefault(entry, key) != key:
                        raise self._duplicate(name, spec["key"], values)
        self.indexes[name] = index
        return True

    def _unique(self) -> list[Index]:
        return [index for index in self.indexes.values() if index.unique]

    def _keep(self, key: Any, document: Document, old: Document | None) -> None:
        try:
            size = len(encode(document, DEEPEST))
        except BsonError as error:
            raise MongoError(15, f"the document cannot be stored: {error}") from error
        if size > LARGEST:
            raise MongoError(10334, "the document is larger than 16777216 bytes")
        grown = size - self._sizes.get(key, 0)
        if grown > 0 and self._store.used + grown > MEMORY:
            raise MongoError(14031, "the stand-in has no room left")
        fresh = [(index, index.keys(document)) for index in self._unique()]
        for index, entries in fresh:
            for entry, values in entries:
                if index.entries.get(entry, key) != key:
                    raise self._duplicate(index.spec["name"], index.spec["key"], values)
        if old is not None:
            for index in self._unique():
                for entry, _ in index.keys(old):
                    index.entries.pop(entry, None)
        for index, entries in fresh:
            index.entries.update((entry, key) for entry, _ in entries)
        self._documents[key] = document
        self._sizes[key] = size
        self._store.used += grown

    def _duplicate(self, index: str, pattern: Document, values: list[Any]) -> MongoError:
        held = dict(zip(pattern, values, strict=True))
        shown = ", ".join(f"{name}: {_shown(value)}" for name, value in held.items())
        text = f"E11000 duplicate key error collection: {self.name} index: {index} dup key: "
        return MongoError(11000, f"{text}{{ {shown} }}", {"keyPattern": pattern, "keyValue": held})


def _shown(value: Any) -> str:
    if isinstance(value, ObjectId):
        return f"ObjectId('{value}')"
    return f'"{value[:200]}"' if isinstance(value, str) else repr(value)[:200]


@dataclass(slots=True)
class Cursor:
    """What is left of an answer.

    Attributes:
        collection: With its database.
        documents: Those that were not sent yet.
        batch: How many are sent at once, where it was said.
    """

    collection: str
    documents: list[Document]
    batch: int


class Store:
    """All databases, and the cursors that are open."""

    def __init__(self) -> None:
        self.used = 0
        self.databases: dict[str, dict[str, Collection]] = {}
        self.cursors: dict[int, Cursor] = {}
        self._numbers = itertools.count(1_000_001)

    def find(self, database: str, name: str) -> Collection | None:
        """A collection, if it is there."""
        return self.databases.get(database, {}).get(name)

    def make(self, database: str, name: str, options: Document | None = None) -> Collection:
        """A collection, made if it is not there.

        Raises:
            MongoError: The name cannot be one, or there are too many.
        """
        known = self.find(database, name)
        if known is not None:
            return known
        if not name or name.startswith(".") or "$" in name or "\0" in name or len(name) > 200:
            raise MongoError(73, f"Invalid collection name: {name[:200]}")
        if not database or len(database) > 63 or set(database) & set('/\\. "$\0'):
            raise MongoError(73, f"Invalid database name: {database[:200]}")
        if sum(map(len, self.databases.values())) >= COLLECTIONS:
            raise MongoError(14031, "the stand-in has no room for more collections")
        made = Collection(f"{database}.{name}", options or {}, self)
        self.databases.setdefault(database, {})[name] = made
        return made

    def drop(self, database: str, name: str) -> Collection | None:
        """Take a collection away; gives it, if it was there."""
        collection = self.databases.get(database, {}).pop(name, None)
        if collection is not None:
            collection.clear()
            if not self.databases[database]:
                del self.databases[database]
        return collection

    def keep(self, cursor: Cursor) -> int:
        """A number under which the rest of an answer is asked for."""
        while len(self.cursors) >= CURSORS:
            del self.cursors[next(iter(self.cursors))]
        number = next(self._numbers)
        self.cursors[number] = cursor
        return number

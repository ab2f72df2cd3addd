"""The table of commands of a stand-in for MongoDB, what they have in common, and how one is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_bson import BsonError, Document, Int64
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError, failed
from buckler.scan.engines.app.servers.standin.mongo_expressions import evaluate
from buckler.scan.engines.app.servers.standin.mongo_order import type_of
from buckler.scan.engines.app.servers.standin.mongo_store import Collection, Cursor, Store

FIRST_BATCH = 101
"""Documents that come at first where nothing was said, as with a real server."""


@dataclass(slots=True)
class Session:
    """What a command knows beside its own document.

    Attributes:
        store: What all clients share.
        number: Of the client, from 1.
        database: That the command is about.
    """

    store: Store
    number: int
    database: str = "admin"

    def found(self, name: Any) -> Collection | None:
        """A collection, if it is there."""
        return self.store.find(self.database, named(name))

    def documents(self, name: Any) -> list[Document]:
        """Every document of a collection; none where it is not there."""
        collection = self.found(name)
        return collection.all() if collection is not None else []


Handler: TypeAlias = Callable[[Session, Document], Document]
COMMANDS: dict[str, Handler] = {}


def command(names: str) -> Callable[[Handler], Handler]:
    """Enter a function into the table of commands, under names with blanks between."""

    def enter(run: Handler) -> Handler:
        COMMANDS.update(dict.fromkeys(names.split(), run))
        return run

    return enter


def run(session: Session, body: Document) -> Document:
    """The answer to a command; an error is an answer, too."""
    name = next(iter(body), "")
    database = body.get("$db", session.database)
    session.database = database if isinstance(database, str) else "admin"
    work = COMMANDS.get(name)
    try:
        if work is None:
            raise MongoError(59, f"no such command: '{name[:100]}'")
        return {**work(session, body), "ok": 1.0}
    except MongoError as error:
        return error.reply()
    except BsonError as error:
        return MongoError(22, f"the answer cannot be written: {error}").reply()
    except RecursionError:
        return MongoError(15, "the command is nested too deep").reply()


def target(body: Document) -> Any:
    """What a command is about: the value of its first field."""
    return next(iter(body.values()), None)


def named(value: Any) -> str:
    """The name of a collection.

    Raises:
        MongoError: It is none.
    """
    if not isinstance(value, str) or not value:
        raise MongoError(73, f"collection name has invalid type {type_of(value)}")
    return value


def document(body: Document, name: str) -> Document:
    """A field that holds a document; an empty one where it is not there.

    Raises:
        MongoError: It holds something else.
    """
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MongoError(14, f"Expected field {name} to be of type object, not {type_of(value)}")
    return value


def documents(body: Document, name: str) -> list[Document]:
    """A field that holds documents.

    Raises:
        MongoError: It holds something else, or nothing.
    """
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise failed(f"the field '{name}' has to be an array of documents")
    return value


def whole(body: Document, name: str, default: int = 0) -> int:
    """A field that holds a whole number.

    Raises:
        MongoError: It holds something else.
    """
    value = body.get(name)
    if value is None:
        return default
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or value != value or abs(value) > 2**53 or value != int(value):
        raise MongoError(14, f"the field '{name}' has to be a whole number")
    return int(value)


def variables_of(body: Document) -> Document:
    """The variables that ``let`` names."""
    return {name: evaluate(value, {}) for name, value in document(body, "let").items()}


def answered(
    session: Session, collection: str, found: list[Document], batch: int, *, single: bool = False
) -> Document:
    """The first batch of documents, and a cursor for the others."""
    first, rest = found[:batch], found[batch:]
    number = 0
    if rest and not single:
        number = session.store.keep(Cursor(f"{session.database}.{collection}", rest, 0))
    namespace = f"{session.database}.{collection}"
    return {"cursor": {"firstBatch": first, "id": Int64(number), "ns": namespace}}


@command("getMore")
def get_more(session: Session, body: Document) -> Document:
    """The next batch of a cursor."""
    number = target(body)
    cursor = session.store.cursors.get(number) if isinstance(number, int) else None
    if cursor is None:
        raise MongoError(43, f"cursor id {number} not found")
    size = whole(body, "batchSize") or len(cursor.documents)
    batch, cursor.documents = cursor.documents[:size], cursor.documents[size:]
    if not cursor.documents:
        del session.store.cursors[number]
    left = Int64(number if cursor.documents else 0)
    return {"cursor": {"nextBatch": batch, "id": left, "ns": cursor.collection}}


@command("killCursors")
def kill_cursors(session: Session, body: Document) -> Document:
    """Forget cursors."""
    given = body.get("cursors")
    numbers = [n for n in given if isinstance(n, int)] if isinstance(given, list) else []
    killed = [n for n in numbers if session.store.cursors.pop(n, None) is not None]
    missing = [number for number in numbers if number not in killed]
    return {"cursorsKilled": killed, "cursorsNotFound": missing, "cursorsAlive": []}

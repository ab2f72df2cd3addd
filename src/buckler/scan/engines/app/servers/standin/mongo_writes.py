"""Commands of a stand-in for MongoDB that change documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_bson import Document
from buckler.scan.engines.app.servers.standin.mongo_commands import (
    Session,
    command,
    document,
    documents,
    named,
    target,
    variables_of,
)
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError, failed
from buckler.scan.engines.app.servers.standin.mongo_order import order
from buckler.scan.engines.app.servers.standin.mongo_paths import parts_of, put
from buckler.scan.engines.app.servers.standin.mongo_pipeline import Context, run, sorted_by
from buckler.scan.engines.app.servers.standin.mongo_projection import project
from buckler.scan.engines.app.servers.standin.mongo_query import check, operators_of
from buckler.scan.engines.app.servers.standin.mongo_store import Collection, new_id
from buckler.scan.engines.app.servers.standin.mongo_updates import Update

_PIPELINE = ("$set", "$addFields", "$unset", "$project", "$replaceRoot", "$replaceWith")
"""Stages that an update may be made of."""


def copied(value: Any) -> Any:
    """A copy in which documents and arrays can be changed."""
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


@command("insert")
def insert(session: Session, body: Document) -> Document:
    """Store documents."""
    collection = session.store.make(session.database, named(target(body)))
    return _each(body, documents(body, "documents"), lambda one: _counted(collection.insert(one)))


def _counted(_: Document) -> int:
    return 1


def _each(body: Document, items: list[Document], work: Callable[[Document], int]) -> Document:
    """Do something with each item; what fails is told, and ends it where they are ordered."""
    count, errors = 0, []
    for number, item in enumerate(items):
        try:
            count += work(item)
        except MongoError as error:
            errors.append({"index": number, **error.fields()})
            if body.get("ordered", True):
                break
    return {"n": count, **({"writeErrors": errors} if errors else {})}


@command("delete")
def delete(session: Session, body: Document) -> Document:
    """Take documents away."""
    collection = session.found(target(body))

    def work(item: Document) -> int:
        query = document(item, "q")
        check(query)
        if collection is None:
            return 0
        gone = list(collection.fitting(query, variables_of(body)))
        gone = gone[:1] if item.get("limit") == 1 else gone
        for one in gone:
            collection.remove(one)
        return len(gone)

    return _each(body, documents(body, "deletes"), work)


@dataclass(slots=True)
class Change:
    """An update as it is asked for.

    Attributes:
        query: The filter.
        update: Operators, a whole document, or stages.
        filters: ``arrayFilters`` by identifier.
        variables: That expressions may name.
    """

    query: Document
    update: Any
    filters: dict[str, Document]
    variables: Document

    @classmethod
    def of(cls, body: Document, query: Document, update: Any, variables: Document) -> Change:
        """Check one.

        Raises:
            MongoError: It mixes operators and fields, or is no update.
        """
        check(query)
        filters: dict[str, Document] = {}
        given = body.get("arrayFilters") or []
        if not isinstance(given, list):
            raise failed("arrayFilters has to be an array")
        for item in given:
            name = next(iter(item), "") if isinstance(item, dict) else ""
            if not name or name.startswith("$"):
                raise failed("Error parsing array filter: it needs a field name")
            filters[name.split(".")[0]] = item
        if isinstance(update, list):
            for stage in update:
                if not isinstance(stage, dict) or next(iter(stage), "") not in _PIPELINE:
                    raise MongoError(72, "that stage is not allowed to be used in an update")
        elif not isinstance(update, dict):
            raise failed("Update argument must be either an object or an array")
        elif len({name.startswith("$") for name in update}) > 1:
            raise failed("the update operators and fields cannot be mixed")
        return cls(query, update, filters, variables)

    @property
    def replaces(self) -> bool:
        """Whether a whole document takes the place of what is there."""
        return isinstance(self.update, dict) and not any(n.startswith("$") for n in self.update)

    def applied(self, old: Document, *, inserting: bool = False) -> Document:
        """What it makes of a document, which is not changed.

        Raises:
            MongoError: It does not fit the document.
        """
        if isinstance(self.update, list):
            context = Context(lambda _: [], self.variables)
            return run([old], self.update, context)[0]
        if self.replaces:
            kept = {"_id": old["_id"]} if "_id" in old else {}
            return {**kept, **self.update}
        update = Update(copied(old), self.query, self.filters, inserting)
        return update.apply(self.update)

    def inserted(self, collection: Collection) -> Document:
        """Store what an upsert makes: the values that the filter asks for, then the update."""
        start = _asked_for(self.query)
        if self.replaces:
            start = {"_id": start["_id"]} if "_id" in start else {}
        made = self.applied(start, inserting=True)
        return collection.insert(made if "_id" in made else {"_id": new_id(), **made})


def _asked_for(query: Document) -> Document:
    """The fields that a filter wants to be equal to a value."""
    made: Document = {}
    for name, given in query.items():
        if name == "$and":
            for part in given:
                made = {**made, **_asked_for(part)}
        elif not name.startswith("$"):
            operators = operators_of(given)
            if operators is None:
                made = put(made, parts_of(name), given)
            elif "$eq" in operators:
                made = put(made, parts_of(name), operators["$eq"])
    return made


@command("update")
def update(session: Session, body: Document) -> Document:
    """Change documents."""
    collection = session.store.make(session.database, named(target(body)))
    changed, upserted = 0, []
    items = documents(body, "updates")
    numbers = {id(item): number for number, item in enumerate(items)}

    def work(item: Document) -> int:
        nonlocal changed
        change = Change.of(item, document(item, "q"), item.get("u"), variables_of(body))
        if item.get("multi") and change.replaces:
            raise failed("multi update is not supported for replacement-style update")
        found = list(collection.fitting(change.query, change.variables))
        for one in found if item.get("multi") else found[:1]:
            changed += _changed(collection, one, change)[1]
        if not found and item.get("upsert"):
            made = change.inserted(collection)
            upserted.append({"index": numbers[id(item)], "_id": made["_id"]})
            return 1
        return len(found) if item.get("multi") else len(found[:1])

    answer = _each(body, items, work)
    return {**answer, "nModified": changed, **({"upserted": upserted} if upserted else {})}


def _changed(collection: Collection, old: Document, change: Change) -> tuple[Document, bool]:
    """The document as it is then, and whether that is another."""
    new = change.applied(old)
    if order(new) == order(old):
        return old, False
    return collection.replace(old, new), True


@command("findAndModify findandmodify")
def find_and_modify(session: Session, body: Document) -> Document:
    """Change one document and answer it, as it was or as it is."""
    collection = session.store.make(session.database, named(target(body)))
    query, variables = document(body, "query"), variables_of(body)
    check(query)
    found = list(collection.fitting(query, variables))
    if body.get("sort"):
        found = sorted_by(found, body["sort"])
    fields = document(body, "fields")
    old = found[0] if found else None
    if body.get("remove"):
        if old is not None:
            collection.remove(old)
        return _modified(old, fields, query, {"n": int(old is not None)})
    change = Change.of(body, query, body.get("update"), variables)
    if old is not None:
        new, _ = _changed(collection, old, change)
        told = {"n": 1, "updatedExisting": True}
        return _modified(new if body.get("new") else old, fields, query, told)
    if not body.get("upsert"):
        return _modified(None, fields, query, {"n": 0, "updatedExisting": False})
    made = change.inserted(collection)
    told = {"n": 1, "updatedExisting": False, "upserted": made["_id"]}
    return _modified(made if body.get("new") else None, fields, query, told)


def _modified(
    value: Document | None, fields: Document, query: Document, told: Document
) -> Document:
    if value is not None and fields:
        value = project(value, fields, query)
    return {"lastErrorObject": told, "value": value}

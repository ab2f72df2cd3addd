"""Which fields of a document are answered: ``find``'s projection and the stages that choose fields."""

from __future__ import annotations

from typing import Any

from buckler.scan.engines.app.servers.standin.mongo_arrays import cut
from buckler.scan.engines.app.servers.standin.mongo_bson import Document
from buckler.scan.engines.app.servers.standin.mongo_errors import MongoError
from buckler.scan.engines.app.servers.standin.mongo_expressions import Variables, evaluate
from buckler.scan.engines.app.servers.standin.mongo_order import Missing
from buckler.scan.engines.app.servers.standin.mongo_paths import parts_of, put, without
from buckler.scan.engines.app.servers.standin.mongo_query import matches
from buckler.scan.engines.app.servers.standin.mongo_updates import position


def _switch(value: Any) -> bool | None:
    """Whether a field is chosen or left out; None where it is something else."""
    return bool(value) if isinstance(value, bool | int | float) else None


def project(
    document: Document,
    wanted: Document,
    query: Document | None = None,
    variables: Variables | None = None,
) -> Document:
    """The fields of a document that a projection chooses.

    Args:
        document: As it is stored; it is not changed.
        wanted: The projection.
        query: The filter that found it; says what ``$`` stands for.
        variables: That expressions may name.

    Raises:
        MongoError: It chooses some and leaves out others.
    """
    fields = _flat(wanted)
    plain = {name: _switch(value) for name, value in fields.items() if name != "_id"}
    special = [n for n, v in fields.items() if isinstance(v, dict) and _is_slice_or_match(v)]
    sliced = [name for name in special if "$slice" in fields[name]]
    chosen = [n for n, on in plain.items() if on or (on is None and n not in sliced)]
    left_out = [name for name, on in plain.items() if on is False]
    if chosen and left_out:
        raise MongoError(
            31254, f"Cannot do exclusion on field {left_out[0]} in inclusion projection"
        )
    keep_id = _switch(fields.get("_id", True))
    including = bool(chosen) or (not left_out and not special and bool(keep_id) and "_id" in fields)
    if "_id" in fields and keep_id is None:
        including = True
    made = _included(document, fields, keep_id) if including else dict(document)
    if not including:
        for name in left_out + ([] if keep_id else ["_id"]):
            made = without(made, parts_of(name))
    for name in special:
        made = _special(document, made, name, fields[name])
    for name, value in fields.items():
        if name.endswith(".$"):
            made = _positional(document, made, name[:-2], query or {})
        elif _switch(value) is None and name not in special:
            computed = evaluate(value, document, variables)
            if not isinstance(computed, Missing):
                made = _put(made, name, computed)
    return made


def _flat(wanted: Document, before: str = "") -> Document:
    """A projection with nested documents as dotted paths."""
    flat: Document = {}
    for name, value in wanted.items():
        nested = isinstance(value, dict) and value and not next(iter(value)).startswith("$")
        if nested:
            flat.update(_flat(value, f"{before}{name}."))
        else:
            flat[before + name] = value
    return flat


def _is_slice_or_match(value: Document) -> bool:
    name = next(iter(value), "")
    if name == "$slice":
        given = value[name]
        numbers = given if isinstance(given, list) else [given]
        return all(isinstance(number, int | float) for number in numbers)
    return name == "$elemMatch"


def _included(document: Document, fields: Document, keep_id: bool | None) -> Document:
    paths = [parts_of(n.removesuffix(".$")) for n, v in fields.items() if _switch(v)]
    if keep_id and "_id" not in fields:
        paths.append(["_id"])
    made: Document = _picked(document, paths)
    return made


def _picked(value: Any, paths: list[list[str]]) -> Any:
    """A copy with these paths only, in the order of the document."""
    if isinstance(value, list):
        return [_picked(item, paths) for item in value if isinstance(item, dict | list)]
    made = {}
    for name, item in value.items():
        inner = [path[1:] for path in paths if path[0] == name]
        if [] in inner:
            made[name] = item
        elif inner and isinstance(item, dict | list):
            made[name] = _picked(item, inner)
    return made


def _special(document: Document, made: Document, name: str, value: Document) -> Document:
    items = evaluate(f"${name}", document)
    if not isinstance(items, list):
        return made
    if "$slice" in value:
        given = value["$slice"]
        one, other = given if isinstance(given, list) else (given, None)
        return _put(made, name, cut(items, int(one), other) if one or other else [])
    fitting = [item for item in items if matches({"item": [item]}, {"item": value})]
    return _put(made, name, fitting[:1]) if fitting else made


def _put(made: Document, name: str, value: Any) -> Document:
    changed: Document = put(made, parts_of(name), value)
    return changed


def _positional(document: Document, made: Document, name: str, query: Document) -> Document:
    at = position(document, query, name)
    items = evaluate(f"${name}", document)
    if at is None or not isinstance(items, list):
        raise MongoError(51246, "Executor error during find: the positional operator has no match")
    return _put(made, name, items[at : at + 1])


def added(document: Document, fields: Document, variables: Variables | None = None) -> Document:
    """A copy of a document with fields that expressions give (``$addFields``, ``$set``)."""
    made = document
    for name, value in _flat(fields).items():
        computed = evaluate(value, document, variables)
        if isinstance(computed, Missing):
            made = without(made, parts_of(name))
        else:
            made = _put(made, name, computed)
    return made

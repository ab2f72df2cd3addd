"""Lists the slots of an operation: every place where text can go in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from buckler.scan.engines.attack.values import MAX_DEPTH, resolve
from buckler.scan.engines.interface import Slot
from buckler.scan.model.application import Operation, Schema

CLEAN_FORMATS = frozenset(
    {"date", "date-time", "time", "duration", "uuid", "uuid4", "ipv4", "ipv6", "ipvanyaddress"}
)
MAX_SLOTS = 80
MAX_TYPED = 12


def slots_of(operation: Operation) -> tuple[Slot, ...]:
    """The slots that can carry a text, in the order of the operation's parameters."""
    found: list[Slot] = []
    for parameter in operation.parameters:
        schema = resolve(parameter.schema)
        if parameter.model:
            for name, child in (schema.get("properties") or {}).items():
                inner = _with_definitions(child, schema)
                found.extend(
                    _leaf(parameter.where, name, inner, name in (schema.get("required") or ()))
                )
        else:
            found.extend(_leaf(parameter.where, parameter.name, schema, parameter.required))
    if operation.body is not None:
        found.extend(_body(operation))
    if operation.is_websocket:
        found.append(Slot("message", ""))
    return tuple(_unique(found))[:MAX_SLOTS]


def typed_slots_of(operation: Operation) -> tuple[Slot, ...]:
    """The slots of JSON bodies and queries whose type refuses a text.

    A validator that runs before the type is checked sees the text all the same.
    """
    found: list[Slot] = []
    for parameter in operation.parameters:
        if (
            parameter.where == "query"
            and not parameter.model
            and not takes_text(resolve(parameter.schema))
        ):
            found.append(Slot("query", parameter.name, parameter.schema, parameter.required))
    body = operation.body
    for field in body.fields if body is not None and body.is_json else ():
        schema = resolve(field.schema)
        for name, child in (schema.get("properties") or {}).items():
            path = f"{field.name}.{name}" if body is not None and body.embed else name
            if not takes_text(resolve(_with_definitions(child, schema))):
                found.append(Slot("json", path, child, name in (schema.get("required") or ())))
    return tuple(_unique(found))[:MAX_TYPED]


def _unique(found: list[Slot]) -> Iterator[Slot]:
    seen: set[str] = set()
    for slot in found:
        if slot.key not in seen:
            seen.add(slot.key)
            yield slot


def _body(operation: Operation) -> Iterator[Slot]:
    body = operation.body
    if body is None:
        return
    for field in body.fields:
        schema = resolve(field.schema)
        if body.is_json:
            yield from _json(field.name if body.embed else "", schema, field.required, 0)
        elif field.file or _is_file(schema):
            yield Slot("file", field.name, schema, field.required)
            yield Slot("filename", field.name, schema, field.required)
        elif field.model:
            for name, child in (schema.get("properties") or {}).items():
                inner = resolve(_with_definitions(child, schema))
                kind = "file" if _is_file(inner) else "form"
                yield from _leaf(kind, name, inner, name in (schema.get("required") or ()))
                if kind == "file":
                    yield Slot("filename", name, inner)
        else:
            yield from _leaf("form", field.name, schema, field.required)


def _is_file(schema: Schema) -> bool:
    if schema.get("type") == "array":
        return _is_file(resolve(_with_definitions(schema.get("items") or {}, schema)))
    return schema.get("format") == "binary" or "contentMediaType" in schema


def _with_definitions(child: Schema, parent: Schema) -> dict[str, object]:
    return {**child, "$defs": parent["$defs"]} if "$defs" in parent else dict(child)


def _json(path: str, schema: Schema, required: bool, depth: int) -> Iterator[Slot]:
    schema = resolve(schema)
    if depth > MAX_DEPTH:
        return
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        needed = schema.get("required") or ()
        for name, child in properties.items():
            inner = _with_definitions(child, schema)
            yield from _json(f"{path}.{name}" if path else name, inner, name in needed, depth + 1)
    elif schema.get("type") == "array":
        items = _with_definitions(schema.get("items") or {}, schema)
        yield from _json(f"{path}[]", items, required, depth + 1)
    else:
        yield from _leaf("json", path, schema, required)


def _leaf(where: str, name: str, schema: Schema, required: bool) -> Iterator[Slot]:
    schema = resolve(schema)
    if where != "json" and schema.get("type") == "array":
        schema = resolve(_with_definitions(schema.get("items") or {}, schema))
    if takes_text(schema):
        yield Slot(where, name, schema, required)


def takes_text(schema: Schema) -> bool:
    """Whether a value of this schema can be an arbitrary text.

    Numbers, booleans, enumerations, dates and the like are refused by validation before the
    handler sees them, so there is nothing to send there.
    """
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "enum" in schema or "const" in schema or schema.get("format") in CLEAN_FORMATS:
        return False
    return any(item in (None, "string", "object") for item in kinds)

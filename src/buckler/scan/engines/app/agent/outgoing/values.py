"""Makes the JSON value that a shape or a schema asks for; the same one each time."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any, Dict, List

from .. import fitting, state
from . import constants
from .shapes import Shape

MAX_DEPTH = 8
MAX_REFERENCES = 30
MAX_ITEMS = 20
MAX_LENGTH = 1000
MOMENT = datetime(2024, 5, 17, 12, 30, tzinfo=timezone.utc)
FORMATS = {
    "date": "2024-05-17",
    "date-time": "2024-05-17T12:30:00Z",
    "naive": "2024-05-17T12:30:00",
    "time": "12:30:00",
    "duration": "PT1H",
    "uuid": "6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f",
    "email": "casey@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "http-url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.10",
    "ipv6": "2001:db8::10",
    "byte": "c2FtcGxl",
    "base64": "c2FtcGxl",
    "base64url": "c2FtcGxl",
    "mail-date": "Fri, 17 May 2024 12:30:00 GMT",
    "json-string": "{}",
}
NAMED = (
    (r"e-?mail", "casey@example.com"),
    (r"phone|mobile", "+12025550143"),
    (r"currency|^base$|symbol", "EUR"),
    (r"country", "DE"),
    (r"lang|locale", "en"),
    (r"(^|_)date$|(^|_)day$", "2024-05-17"),
    (r"_at$|timestamp|datetime|expires", "2024-05-17T12:30:00Z"),
    (r"url$|uri$|link|website|href", "https://example.com/"),
    (r"(^|_)ip(_|$)", "192.0.2.10"),
    (r"host(name)?$", "example.com"),
    (r"uuid|guid", "6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f"),
    (r"token_type", "bearer"),
    (r"user_?name|login", "casey"),
)


def of(shape: Shape, frames: List[Any], name: str, *, top: bool = False, depth: int = 0) -> Any:
    """The value of a shape.

    Args:
        shape: What is known of it.
        frames: In which names of fields that stand in variables are looked up.
        name: The field's own; a hint where nothing but its presence is known.
        top: Whether it is a whole answer, which is an object where nothing is known.
        depth: How deep this is nested.
    """
    if depth > MAX_DEPTH:
        return None
    if shape.literal:
        return shape.literal[0]
    if shape.alike is not None and shape.alike[1] < len(frames):
        other = constants.in_frame(shape.alike[0], frames[shape.alike[1]])
        if isinstance(other, (str, int, float)):
            return str.__str__(other) if isinstance(other, str) else other
    if shape.nested is not None:
        return json.dumps(of(shape.nested, frames, "", top=True, depth=depth + 1))
    if shape.schema is not None:
        made = of_schema(shape.schema, name)
        return {**_object(shape, frames, depth), **made} if isinstance(made, dict) else made
    if shape.kind == "object" or (top and shape.kind == ""):
        return _object(shape, frames, depth)
    if shape.kind == "array":
        item = shape.item or Shape()
        count = min(max(shape.count, 1), MAX_ITEMS)
        return [of(item, frames, name, depth=depth + 1) for _ in range(count)]
    if shape.kind == "number":
        return 1.5
    if shape.kind == "integer":
        return 1
    if shape.kind == "boolean":
        return True
    if shape.kind == "date":
        return _date(shape.formatted)
    return text(name)


def _object(shape: Shape, frames: List[Any], depth: int) -> Dict[str, Any]:
    made = {
        key: of(child, frames, key, depth=depth + 1)
        for key, child in shape.fields.items()
        if not child.absent
    }
    for node, number, child in shape.chosen:
        key = constants.in_frame(node, frames[number]) if number < len(frames) else None
        if shape.item is not None and isinstance(key, str) and state.carries(key):
            continue  # no API names its fields by the attack, and here all names are gone through
        if isinstance(key, (str, int)) and not isinstance(key, bool):
            named = str.__str__(key) if isinstance(key, str) else str(key)
            made.setdefault(named, of(child, frames, named, depth=depth + 1))
    if shape.item is not None and not made:
        made["sample"] = of(shape.item, frames, "", depth=depth + 1)
    return made


def _date(formatted: str) -> Any:
    if formatted == "stamp":
        return int(MOMENT.timestamp())
    if formatted in FORMATS:
        return FORMATS[formatted]
    return MOMENT.strftime(formatted) if "%" in formatted else FORMATS["date-time"]


def text(name: str) -> str:
    """A text for a field of that name."""
    lowered = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:100]).lower()
    return next((made for pattern, made in NAMED if re.search(pattern, lowered)), "sample")


def of_schema(schema: Dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A valid value for a schema."""
    schema = _resolved(schema)
    if "const" in schema:
        return schema["const"]
    for given in (schema.get("enum"), schema.get("examples")):
        if isinstance(given, list) and given:
            return given[0]
    if schema.get("default") not in (None, "", [], {}):
        return schema["default"]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((item for item in kind if item != "null"), "null")
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    if kind == "object" or "properties" in schema:
        return _fields(schema, definitions, depth)
    if kind == "array":
        return _array(schema, definitions, name, depth)
    if kind in ("integer", "number"):
        return _number(schema, kind == "integer")
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        matching = fitting.matching(pattern, int(schema.get("minLength") or 0))
        if matching is not None:
            return matching
    made = FORMATS.get(str(schema.get("format", ""))) or text(name)
    least, most = schema.get("minLength") or 0, schema.get("maxLength")
    made += "a" * (min(int(least), MAX_LENGTH) - len(made))
    return made if most is None else made[: int(most)]


def _resolved(schema: Dict[str, Any]) -> Dict[str, Any]:
    definitions = schema.get("$defs") or schema.get("definitions") or {}
    current = dict(schema)
    for _ in range(MAX_REFERENCES):
        reference = current.pop("$ref", None)
        branches = current.pop("allOf", None) or current.pop("anyOf", None)
        branches = branches or current.pop("oneOf", None)
        if isinstance(reference, str):
            found: Any = definitions.get(reference.rsplit("/", 1)[-1])
        elif branches:
            found = next((b for b in branches if b.get("type") != "null"), None)
        else:
            break
        current = {**(found if isinstance(found, dict) else {}), **current}
    if definitions:
        current["$defs"] = definitions
    return current


def _fields(schema: Dict[str, Any], definitions: Dict[str, Any], depth: int) -> Dict[str, Any]:
    required = set(schema.get("required") or ())
    made = {
        key: of_schema({**definitions, **child}, key, depth + 1)
        for key, child in (schema.get("properties") or {}).items()
        if key in required or depth < MAX_DEPTH // 2
    }
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict) and not made and depth < MAX_DEPTH:
        made["sample"] = of_schema({**definitions, **extra}, "", depth + 1)
    return made


def _array(schema: Dict[str, Any], definitions: Dict[str, Any], name: str, depth: int) -> List[Any]:
    fixed = schema.get("prefixItems")
    if isinstance(fixed, list):
        return [of_schema({**definitions, **item}, name, depth + 1) for item in fixed]
    if depth > MAX_DEPTH or schema.get("maxItems") == 0:
        return []
    items = schema.get("items")
    inner = {**definitions, **(items if isinstance(items, dict) else {})}
    count = min(max(int(schema.get("minItems") or 0), 1), MAX_ITEMS)
    return [of_schema(inner, name, depth + 1) for _ in range(count)]


def _number(schema: Dict[str, Any], whole: bool) -> Any:
    step = 1 if whole else 0.5
    made: float = 1 if whole else 1.5
    low, high = schema.get("minimum"), schema.get("maximum")
    if schema.get("exclusiveMinimum") is not None:
        low = schema["exclusiveMinimum"] + step
    if schema.get("exclusiveMaximum") is not None:
        high = schema["exclusiveMaximum"] - step
    made = made if low is None else max(made, low)
    made = made if high is None else min(made, high)
    multiple = schema.get("multipleOf")
    return -(-made // multiple) * multiple if multiple else made

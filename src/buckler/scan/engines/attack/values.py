"""Makes values that pass validation, from JSON Schema.

What an operation asks for is answered as a careful caller would: examples and defaults first,
then type, format, pattern and bounds. The same schema gives the same value, so that a scan can
be repeated; ``variant`` gives another valid one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from buckler.scan.engines.attack.patterns import matching
from buckler.scan.model.application import Schema

MAX_DEPTH = 6
MAX_REFERENCES = 30
MOST_ENTRIES = 20
"""Of an object whose names are free and that has to have some."""
FORMATS = {
    "date": "2024-05-17",
    "date-time": "2024-05-17T12:30:00Z",
    "time": "12:30:00",
    "duration": "PT1H",
    "uuid": "6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f",
    "email": "casey@example.com",
    "idn-email": "casey@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.10",
    "ipv6": "2001:db8::10",
    "binary": "sample",
    "byte": "c2FtcGxl",
    "base64": "c2FtcGxl",
    "password": "Correct-Horse-7-Staple",
    "json-string": "{}",
    "file-path": "/tmp/sample.txt",  # noqa: S108 - a value to send, not a file of ours
    "directory-path": "/tmp",  # noqa: S108
}
NAMED = (
    (r"e-?mail", "casey@example.com"),
    (r"pass(word|wd|phrase)?$|pwd", "Correct-Horse-7-Staple"),
    (r"phone|mobile", "+12025550143"),
    (r"currency", "EUR"),
    (r"country", "DE"),
    (r"lang|locale", "en"),
    (r"(^|_)(date|day)$", "2024-05-17"),
    (r"iban", "DE89370400440532013000"),
    (r"zip|postal", "10115"),
    (r"colou?r", "blue"),
    (r"url$|uri$|link|website|webhook|callback", "https://example.com/"),
    (r"(^|_)ip(_|$)", "192.0.2.10"),
    (r"host(name)?$", "example.com"),
    (r"slug", "sample-item"),
    (r"file_?name", "sample.txt"),
    (r"sort|order_by", "id"),
    (r"direction|(^|_)dir$", "asc"),
    (r"format", "json"),
    (r"user_?name|login", "casey"),
)


def resolve(schema: Schema, root: Schema | None = None) -> dict[str, Any]:
    """A schema with its outermost reference, ``allOf`` and nullable ``anyOf`` taken out.

    Args:
        schema: Any schema.
        root: The schema whose ``$defs`` it refers to; itself if None.
    """
    definitions = (root or schema).get("$defs") or {}
    current: dict[str, Any] = dict(schema)
    for _ in range(MAX_REFERENCES):
        reference = current.get("$ref")
        if isinstance(reference, str):
            target = definitions.get(reference.rsplit("/", 1)[-1])
            rest = {k: v for k, v in current.items() if k != "$ref"}
            current = {**(target if isinstance(target, Mapping) else {}), **rest}
            continue
        branches = current.get("allOf") or _meaningful(current.get("anyOf") or current.get("oneOf"))
        if not branches or not isinstance(branches[0], Mapping):
            break
        rest = {
            k: v
            for k, v in current.items()
            if k not in ("allOf", "anyOf", "oneOf", "discriminator")
        }
        current = {**branches[0], **{k: v for k, v in rest.items() if k != "title"}}
    if definitions:
        current.setdefault("$defs", definitions)
    return current


def _meaningful(branches: Any) -> list[Any]:
    """Branches but for ``null``, text first: it is the one that can carry something."""
    if not isinstance(branches, Sequence):
        return []
    kept = [b for b in branches if isinstance(b, Mapping) and b.get("type") != "null"]
    return sorted(kept, key=lambda b: 0 if b.get("type") == "string" and "enum" not in b else 1)


def value(
    schema: Schema, name: str = "", *, variant: int = 0, full: bool = True, depth: int = 0
) -> Any:
    """A valid value.

    Args:
        schema: JSON Schema, with ``$defs`` of its own where it refers to any.
        name: Name of the field; a hint where the schema says no more than ``string``.
        variant: 0 for the first choice; others give other valid values.
        full: Whether optional properties are filled in.
        depth: How deep this is nested.
    """
    schema = resolve(schema)
    given = _given(schema, variant)
    if given is not None:
        return given
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((item for item in kind if item != "null"), "null")
    if kind == "object" or "properties" in schema:
        return _object(schema, variant, full, depth)
    if kind == "array":
        return _array(schema, name, variant, full, depth)
    if kind == "integer":
        return int(_number(schema, 1 + variant, whole=True))
    if kind == "number":
        return _number(schema, 1.5 + variant, whole=False)
    if kind == "boolean":
        return variant % 2 == 0
    if kind == "null":
        return None
    return text(schema, name, variant)


def _given(schema: Schema, variant: int) -> Any:
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][variant % len(schema["enum"])]
    examples = schema.get("examples")
    examples = list(examples.values()) if isinstance(examples, Mapping) else examples
    choices = [*(examples or []), *([schema["example"]] if "example" in schema else [])]
    if choices and variant < len(choices) + 1:
        return choices[variant % len(choices)]
    default = schema.get("default")
    return default if variant == 0 and default not in (None, "", [], {}) else None


def _object(schema: Schema, variant: int, full: bool, depth: int) -> dict[str, Any]:
    required = set(schema.get("required") or ())
    made = {}
    for key, child in (schema.get("properties") or {}).items():
        if key in required or (full and depth < MAX_DEPTH):
            inner = {**child, "$defs": schema["$defs"]} if "$defs" in schema else child
            made[key] = (
                value(inner, key, variant=variant, full=full, depth=depth + 1)
                if depth <= MAX_DEPTH
                else None
            )
    (keys, more), least = _entries(schema), schema.get("minProperties", 0)
    if isinstance(more, Mapping) and depth <= MAX_DEPTH and isinstance(least, int):
        inner = {**more, "$defs": schema["$defs"]} if "$defs" in schema else more
        for number in range(len(made), min(least, MOST_ENTRIES)):
            key = text(keys, "", number)
            made[key] = value(inner, key, variant=variant, full=full, depth=depth + 1)
    return made


def _entries(schema: Schema) -> tuple[Schema, Any]:
    """Of an object that is a mapping: what its keys are, and what belongs to each (JSON Schema 2020-12, core, 10.3.2)."""
    patterned = schema.get("patternProperties")
    if isinstance(patterned, Mapping) and patterned:
        pattern, inner = next(iter(patterned.items()))
        return {"type": "string", "pattern": pattern}, inner
    return resolve(schema.get("propertyNames") or {}), schema.get("additionalProperties")


def _array(schema: Schema, name: str, variant: int, full: bool, depth: int) -> list[Any]:
    fixed = schema.get("prefixItems")
    if fixed:
        return [value(item, name, variant=variant, full=full, depth=depth + 1) for item in fixed]
    least = int(schema.get("minItems") or 0)
    if depth > MAX_DEPTH:
        return []
    items = schema.get("items") or {}
    inner = (
        {**items, "$defs": schema["$defs"]}
        if "$defs" in schema and isinstance(items, Mapping)
        else items
    )
    count = max(least, 1) if schema.get("maxItems") != 0 else 0
    return [
        value(inner, name, variant=variant + i, full=full, depth=depth + 1)
        for i in range(min(count, 50))
    ]


def _number(schema: Schema, wanted: float, *, whole: bool) -> float:
    step = 1 if whole else 0.5
    low, high = schema.get("minimum"), schema.get("maximum")
    if schema.get("exclusiveMinimum") is not None:
        low = schema["exclusiveMinimum"] + step
    if schema.get("exclusiveMaximum") is not None:
        high = schema["exclusiveMaximum"] - step
    if low is not None:
        wanted = max(wanted, low)
    if high is not None:
        wanted = min(wanted, high)
    multiple = schema.get("multipleOf")
    if multiple:
        wanted = -(-wanted // multiple) * multiple
    return wanted


MOST_LEAST = 100_000
"""Characters that a text is filled up to: who wants more of them is not reached."""


def lengths(schema: Schema) -> tuple[int, int | None]:
    """How long a text is at least and at most; what the application says of it may be of any kind and size."""
    least, most = schema.get("minLength"), schema.get("maxLength")
    return (
        min(max(least, 0), MOST_LEAST) if type(least) is int else 0,
        max(most, 0) if type(most) is int else None,
    )


def text(schema: Schema, name: str = "", variant: int = 0) -> str:
    """A valid text."""
    pattern = schema.get("pattern")
    made = matching(pattern, variant) if isinstance(pattern, str) else None
    if made is None:
        made = FORMATS.get(str(schema.get("format", ""))) or _by_name(name)
        if variant:
            made = _other(made, variant)
    least, most = lengths(schema)
    return made.ljust(least, "a")[:most]


def _by_name(name: str) -> str:
    lowered = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    for pattern, made in NAMED:
        if re.search(pattern, lowered):
            return made
    return "sample"


def _other(made: str, variant: int) -> str:
    if "@" in made:
        return made.replace("@", f"{variant}@", 1)
    return f"{made}{variant}" if made.isidentifier() else made

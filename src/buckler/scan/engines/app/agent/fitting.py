"""Texts for environment variables that a field of settings takes, from its JSON Schema.

A field that only takes a few words, a bounded number, a list or a model of its own would refuse any
general value, and the application would not start.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        import re._parser as _parser  # type: ignore[import-not-found]
    except ImportError:
        import sre_parse as _parser

MAX_DEPTH = 6
LONG = "made-up-by-buckler-" + "0123456789abcdef" * 3
_HARMLESS = re.compile(r"^(dev|develop|development|test|testing|local)$", re.IGNORECASE)
_OFF = re.compile(r"debug|reload|insecure|unsafe|bypass", re.IGNORECASE)
_FORMATS = {
    "date": "2024-05-17",
    "date-time": "2024-05-17T12:30:00Z",
    "time": "12:30:00",
    "duration": "PT1H",
    "uuid": "6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f",
    "email": "made-up@buckler.test",
    "uri": "https://made-up.test/",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "ipvanyaddress": "127.0.0.1",
    "ipvanynetwork": "127.0.0.0/8",
    "path": "/tmp",
    "directory-path": "/tmp",
    "file-path": "/dev/null",
}
_ADDRESSES = (
    (r"postgres", "postgresql://made-up:made-up@127.0.0.1:5432/made-up"),
    (r"redis|cache", "redis://127.0.0.1:6379/0"),
    (r"mysql|maria", "mysql://made-up:made-up@127.0.0.1:3306/made-up"),
    (r"mongo", "mongodb://127.0.0.1:27017/made-up"),
    (r"amqp|rabbit|broker", "amqp://made-up:made-up@127.0.0.1:5672/"),
    (r"kafka", "kafka://127.0.0.1:9092"),
    (r"nats", "nats://127.0.0.1:4222"),
    (r"clickhouse", "clickhouse://127.0.0.1:8123/made-up"),
    (r"websocket|(^|_)ws", "wss://made-up.test/"),
    (r"ftp", "ftp://made-up.test/"),
)


def texts(name: str, schema: Mapping[str, Any], kind: str = "") -> List[str]:
    """Values to try for one field, the likeliest first, each as text for the environment.

    Args:
        name: Name of the field.
        schema: Its JSON Schema; ``$defs`` or ``definitions`` beside it where it refers to any.
        kind: How its annotation is written, for addresses that the schema calls ``uri`` alike.
    """
    root = schema
    made = [_text(_value(name, schema, root, 0))]
    if _text_field(_plain(schema, root)):
        addresses = [
            value for pattern, value in _ADDRESSES if re.search(pattern, kind, re.IGNORECASE)
        ]
        made = [*addresses, *made, *(v for _, v in _ADDRESSES if addresses or "Dsn" in kind)]
    return list(dict.fromkeys(made))


def inner(schema: Mapping[str, Any], part: str) -> Dict[str, Any]:
    """The schema of a field of a model, with the definitions that it may refer to."""
    known = schema.get("$defs") or schema.get("definitions") or {}
    return {**(_plain(schema, schema).get("properties") or {}).get(part, {}), "$defs": known}


def by_name(name: str) -> str:
    """A text for a setting of which no more than the name is known."""
    lowered = name.lower()
    if "mongo" in lowered:
        if re.search(r"(ur[il]|dsn|connection|string|mongo(db)?)$", lowered):
            return "mongodb://127.0.0.1:27017/made-up"
        if re.search(r"(db|database|collection)(_name)?$", lowered):
            return "made-up"
    if "database" in lowered or lowered in ("db_url", "dsn", "sqlalchemy_url", "db_uri"):
        return "sqlite:///./buckler-made-up.db"
    if lowered.endswith(("_url", "_uri")):
        return "https://made-up.test/"
    if lowered.endswith("_port") or lowered == "port":
        return "8000"
    return LONG


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text_field(schema: Mapping[str, Any]) -> bool:
    return schema.get("type", "string") == "string" and "enum" not in schema


def _plain(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Dict[str, Any]:
    """A schema with references and alternatives resolved, ``null`` never chosen."""
    current = dict(schema)
    for _ in range(10):
        reference = current.pop("$ref", None)
        if isinstance(reference, str):
            known = root.get("$defs") or root.get("definitions") or {}
            current = {**known.get(reference.rsplit("/", 1)[-1], {}), **current}
            continue
        branches = [
            branch
            for key in ("allOf", "anyOf", "oneOf")
            for branch in current.pop(key, ())
            if branch.get("type") != "null"
        ]
        if not branches:
            break
        current = {**branches[0], **current}
    return current


def _value(name: str, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    schema = _plain(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        choices = list(schema["enum"])
        return next((c for c in choices if _HARMLESS.match(str(c))), choices[0])
    kind = schema.get("type")
    if kind == "boolean":
        return not _OFF.search(name)
    if kind in ("integer", "number"):
        return _number(name, schema, whole=kind == "integer")
    if kind == "array":
        return _list(name, schema, root, depth)
    if kind == "object" or "properties" in schema:
        return _object(schema, root, depth)
    return _word(name, schema)


def _number(name: str, schema: Mapping[str, Any], *, whole: bool) -> Any:
    """The least number above the bounds, or below where there is only an upper one."""
    step = schema.get("multipleOf") or (1 if whole else 0.5)
    low = schema.get("minimum")
    if low is None and "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + (1 if whole else _least(schema))
    high = schema.get("maximum")
    if high is None and "exclusiveMaximum" in schema:
        high = schema["exclusiveMaximum"] - (1 if whole else _least(schema))
    wanted = 8000 if re.search(r"(^|_)port$", name, re.IGNORECASE) else 1
    found = max(wanted, low) if low is not None else wanted
    found = min(found, high) if high is not None else found
    if found % step and schema.get("multipleOf"):
        found += step - found % step
    return int(found) if whole else found


def _least(schema: Mapping[str, Any]) -> float:
    """Half of what lies between the bounds, and at most a half."""
    low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    return min(0.5, (high - low) / 2) if low is not None and high is not None else 0.5


def _list(name: str, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> List[Any]:
    fixed = schema.get("prefixItems")
    if fixed is None and isinstance(schema.get("items"), list):
        fixed = schema["items"]
    if fixed is not None:
        return [_value(name, item, root, depth + 1) for item in fixed]
    least = int(schema.get("minItems", 0))
    item = schema.get("items") or {}
    return [_value(name, item, root, depth + 1) for _ in range(least if depth < MAX_DEPTH else 0)]


def _object(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Dict[str, Any]:
    if depth >= MAX_DEPTH:
        return {}
    properties = schema.get("properties") or {}
    return {
        name: _value(name, properties.get(name, {}), root, depth + 1)
        for name in schema.get("required", ())
    }


def _word(name: str, schema: Mapping[str, Any]) -> str:
    if schema.get("pattern"):
        made = matching(str(schema["pattern"]), int(schema.get("minLength", 0)))
        if made is not None:
            return made
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    made = by_name(name)
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    made += "0123456789abcdef" * ((max(least - len(made), 0) + 15) // 16)
    return made[: int(most)] if most is not None else made


def matching(pattern: str, least: int = 0) -> Optional[str]:
    """A text that matches a regular expression, or None where none could be made.

    Args:
        pattern: Searched for, not anchored, as JSON Schema has it.
        least: How long it is at least, where the expression allows that.
    """
    for many in dict.fromkeys((1, least, 64)):
        try:
            made = "".join(_parts(_parser.parse(pattern), many))
            if len(made) >= least and re.search(pattern, made):
                return made
        except (re.error, RecursionError, OverflowError, ValueError):
            return None
    return None


def _parts(items: Iterable[Any], many: int) -> Iterator[str]:
    for code, argument in items:
        kind = str(code)
        if kind == "LITERAL":
            yield chr(argument)
        elif kind in ("IN", "NOT_LITERAL", "ANY", "CATEGORY"):
            yield _letter(kind, argument)
        elif kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            for _ in range(min(max(low, many), int(high))):
                yield from _parts(inner, many)
        elif kind == "SUBPATTERN":
            yield from _parts(argument[3], many)
        elif kind == "BRANCH":
            yield from _parts(argument[1][0], many)
        elif kind == "ATOMIC_GROUP":
            yield from _parts(argument, many)


_LIKED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. /:"


def _letter(kind: str, argument: Any) -> str:
    """A letter that one element of an expression takes, readable where it can be."""
    if kind == "ANY":
        return "a"
    members = argument if kind == "IN" else [(kind.replace("NOT_LITERAL", "LITERAL"), argument)]
    negated = kind == "NOT_LITERAL" or str(members[0][0]) == "NEGATE"
    for letter in _LIKED:
        if any(_takes(str(code), item, letter) for code, item in members) != negated:
            return letter
    first = next((a for c, a in members if str(c) in ("LITERAL", "RANGE")), ord("a"))
    return chr(first[0] if isinstance(first, tuple) else first)


def _takes(kind: str, argument: Any, letter: str) -> bool:
    if kind == "LITERAL":
        return bool(argument == ord(letter))
    if kind == "RANGE":
        return bool(argument[0] <= ord(letter) <= argument[1])
    name = str(argument)
    plain = {
        "CATEGORY_DIGIT": letter.isdigit(),
        "CATEGORY_WORD": letter.isalnum() or letter == "_",
        "CATEGORY_SPACE": letter.isspace(),
    }
    return kind == "CATEGORY" and plain.get(name.replace("NOT_", ""), False) != ("NOT_" in name)

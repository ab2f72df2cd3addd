"""Identifiers: which an operation takes, and which the application's own answers name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from buckler.scan.model.application import Operation

ITSELF = frozenset(
    {"id", "number", "no", "nr", "num", "ref", "pk", "uuid", "guid", "uid", "ident", "identifier"}
)
"""Names of what tells one object from the others of its kind."""
WRAPPERS = frozenset(
    {
        "items",
        "data",
        "results",
        "result",
        "rows",
        "records",
        "content",
        "entries",
        "list",
        "objects",
    }
)
"""Keys around objects that say nothing of their kind."""


def nouns_of(operation: Operation) -> list[str]:
    """The constant parts of a path: ``api`` and ``orders`` of ``/api/orders/{id}``."""
    return [part.lower() for part in operation.path.split("/") if part and not part.startswith("{")]


def resource_of(operation: Operation) -> str:
    """The noun an operation is about: ``orders`` of ``/api/orders/{id}``."""
    nouns = nouns_of(operation)
    return nouns[-1] if nouns else ""


def identifiers(operation: Operation) -> list[tuple[str, str]]:
    """Names that take an identifier, each with the noun before it in the path."""
    parts = operation.path.split("/")
    found = []
    for before, part in zip(parts, parts[1:], strict=False):
        for name in re.findall(r"\{([^{}:]+)", part):
            found.append((name, before.lower()))
    for parameter in operation.parameters:
        if parameter.where == "query" and re.search(r"(^|_)id$", parameter.name):
            found.append((parameter.name, parameter.name.removesuffix("_id")))
    body = operation.body
    for item in body.fields if body else ():
        for name in item.schema.get("properties") or {}:
            if re.search(r"_(id|slug|sku)$", name):
                found.append((name, name.rpartition("_")[0]))
    return found


def singular(resource: str) -> str:
    """``category`` of ``categories``."""
    if resource.endswith("ies"):
        return resource.removesuffix("ies") + "y"
    return resource.removesuffix("s")


def candidates(pool: dict[str, list[str]], parameter: str, resource: str) -> Iterable[str]:
    """Harvested values for a parameter, the likeliest first.

    What stands for the object itself may be called otherwise in answers: ``{number}`` where they
    say ``id``.
    """
    one = singular(resource)
    last = parameter.rpartition("_")[2]
    keys = [
        f"{resource}.{parameter}",
        f"{resource}.{last}",
        f"{one}.{last}",
        parameter,
        f"{parameter.removesuffix('_' + last)}s.{last}",
        f"{one}_{last}",
    ]
    if last.lower() in ITSELF or (one and parameter.lower() == one):
        keys += [f"{resource}.id", f"{one}.id", f"{one}_id", f"{resource}.{one}"]
        keys += [f"{resource}.{name}" for name in ("number", "uuid", "ref")]
    for key in dict.fromkeys(keys):
        yield from pool.get(key, ())


def leaves(data: Any, resource: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Scalars of a JSON answer: ``name`` and ``resource.name`` to text."""
    if depth > 5:
        return
    if isinstance(data, dict):
        for key, item in list(data.items())[:60]:
            if isinstance(item, dict | list):
                named = isinstance(item, list) and key.lower() not in WRAPPERS
                yield from leaves(item, key.lower() if named else resource, depth + 1)
            elif (
                isinstance(item, str | int) and not isinstance(item, bool) and len(str(item)) < 100
            ):
                yield f"{resource}.{key}", str(item)
                yield key, str(item)
    elif isinstance(data, list):
        for item in data[:10]:
            if isinstance(item, str | int) and not isinstance(item, bool) and len(str(item)) < 100:
                yield resource, str(item)
            else:
                yield from leaves(item, resource, depth + 1)

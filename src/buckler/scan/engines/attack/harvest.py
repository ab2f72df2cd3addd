"""Identifiers: which an operation takes, and which the application's own answers name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from buckler.scan.model.application import Operation


def nouns_of(operation: Operation) -> list[str]:
    """The constant parts of a path: ``api`` and ``orders`` of ``/api/orders/{id}``."""
    return [part.lower() for part in operation.path.split("/") if part and not part.startswith("{")]


def resource_of(operation: Operation) -> str:
    """The noun an operation is about: ``orders`` of ``/api/orders/{id}``."""
    words = [part for part in operation.path.split("/") if part and not part.startswith("{")]
    return words[-1].lower() if words else ""


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


def candidates(pool: dict[str, list[str]], parameter: str, resource: str) -> Iterable[str]:
    """Harvested values for a parameter, the likeliest first."""
    singular = (
        resource.removesuffix("ies") + "y"
        if resource.endswith("ies")
        else resource.removesuffix("s")
    )
    last = parameter.rpartition("_")[2]
    for key in (
        f"{resource}.{parameter}",
        f"{resource}.{last}",
        f"{singular}.{last}",
        parameter,
        f"{parameter.removesuffix('_' + last)}s.{last}",
        f"{singular}_{last}",
    ):
        yield from pool.get(key, ())


def leaves(data: Any, resource: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Scalars of a JSON answer: ``name`` and ``resource.name`` to text."""
    if depth > 5:
        return
    if isinstance(data, dict):
        for key, item in list(data.items())[:60]:
            if isinstance(item, dict | list):
                yield from leaves(
                    item, key.lower() if isinstance(item, list) else resource, depth + 1
                )
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

"""Names that a route declares, so that the place of a mistake is told and no name of the caller's.

Threat: a key of a mapping that was sent stands in the place of a mistake (``prices.hunter2``) and is
repeated in the answer and whatever logs it (CWE-209; ASVS 5.0 V16.5.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from buckler.guard.routes import fields

PARTS: Final = ("body", "query", "path", "header", "cookie")
"""Where a mistake lies at all (FastAPI's first word of a place)."""
_KEPT: Final = "__buckler_places__"
"""Where a route keeps them; it is not hashable."""


def declared(scope: Mapping[str, Any]) -> frozenset[str] | None:
    """Names in places that the route of a request declares; None where it is not known.

    Args:
        scope: Of the request.
    """
    route = scope.get("route")
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return None
    found: frozenset[str] | None = getattr(route, _KEPT, None)
    if found is None:
        found = frozenset((*PARTS, *_of_dependant(dependant)))
        setattr(route, _KEPT, found)
    return found


def _of_dependant(dependant: Any) -> Iterator[str]:
    for part in PARTS:
        for field in getattr(dependant, f"{part}_params", ()):
            yield field.alias
            yield field.name
            adapter = getattr(field, "_type_adapter", None)
            if adapter is None:  # Pydantic 1
                yield from fields(getattr(field.field_info, "annotation", None))
            else:
                yield from _of_schema(adapter.core_schema)
    for sub in dependant.dependencies:
        yield from _of_dependant(sub)


def _of_schema(schema: Any) -> Iterator[str]:
    """What may stand in a place by a schema of Pydantic's: fields, aliases, tags and members of unions."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list | tuple):
            waiting += part
        elif isinstance(part, dict):
            yield from _of_part(part)
            waiting += [v for v in part.values() if isinstance(v, dict | list | tuple)]


def _of_part(part: dict[Any, Any]) -> Iterator[str]:
    kind = part.get("type")
    if not isinstance(kind, str):
        return
    yield kind
    alias = part.get("validation_alias")
    paths = alias if isinstance(alias, list) else [alias]
    for path in paths:
        steps = path if isinstance(path, list) else [path]
        yield from (step for step in steps if isinstance(step, str))
    named = part.get("fields")
    if isinstance(named, dict):
        yield from named
    if isinstance(part.get("name"), str):
        yield part["name"]
    if isinstance(part.get("cls"), type):
        yield part["cls"].__name__
    choices = part.get("choices")
    if isinstance(choices, dict):
        yield from (str(getattr(tag, "value", tag)) for tag in choices)
    elif isinstance(choices, list):
        yield from (one[1] for one in choices if isinstance(one, tuple) and isinstance(one[1], str))

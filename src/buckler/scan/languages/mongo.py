"""Tells what a place in a query of MongoDB is read as: a value, an operator, JavaScript, a pattern.

A place is the way to it from the arguments of the driver's call: ``("filter", "email", "$ne")``.
What a filter does with a value that is below an operator (``{"$eq": {"$ne": 1}}``) is to compare it;
only above that a name that begins with ``$`` is an operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

Way: TypeAlias = Sequence[Any]
State: TypeAlias = Literal["query", "condition", "expression", "stages", "stage", "update", "other"]

_STARTS: dict[str, State] = {
    "filter": "query",
    "query": "query",
    "q": "query",
    "array_filters": "query",
    "arrayFilters": "query",
    "pipeline": "stages",
    "update": "update",
    "u": "update",
    "projection": "query",
}
"""What the arguments of calls, and the fields of commands, hold."""
_LOGICAL = ("$and", "$or", "$nor")
_SCRIPTS = ("$where", "$function", "$accumulator", "map", "reduce", "finalize")
_BODIES = ("body", "init", "accumulate", "merge", "finalize", "")


def is_operator(way: Way) -> bool:
    """Whether the last name of a way is read as an operator, if it begins with ``$``."""
    return bool(way) and str(way[-1]).startswith("$") and state_at(way[:-1]) != "other"


def is_expression(way: Way) -> bool:
    """Whether a text at the end of a way names a field of the document, if it begins with ``$``."""
    return state_at(way) == "expression"


def is_script(way: Way) -> bool:
    """Whether a text at the end of a way is JavaScript."""
    names = [str(name) for name in way]
    if not names or state_at(way[:-1]) == "other":
        return names[:1] == ["command"] and names[-1] in ("map", "reduce", "finalize")
    if names[-1] == "$where":
        return True
    return len(names) > 1 and names[-1] in _BODIES and names[-2] in _SCRIPTS


def is_pattern(way: Way) -> bool:
    """Whether a text at the end of a way is a regular expression."""
    names = [name for name in way if isinstance(name, str)]
    if names[-1:] == ["regex"]:
        return names[-2:-1] in (["$regexMatch"], ["$regexFind"], ["$regexFindAll"])
    return names[-1:] == ["$regex"]


def state_at(way: Way) -> State:
    """What stands at the end of a way: which names have a meaning there."""
    names = list(way)
    if names[:1] in (["command"], ["requests"]):
        # The parts of a command and of a bulk are named further inside.
        start = next((at for at, name in enumerate(names) if name in _STARTS), len(names))
        names = names[start:]
    state = _STARTS.get(str(names[0]), "other") if names else "other"
    for name in names[1:]:
        state = _next(state, name)
    return state


def _next(state: State, name: Any) -> State:
    if isinstance(name, int):
        return "stage" if state == "stages" else state
    operator = name.startswith("$")
    match state:
        case "query":
            if name in _LOGICAL:
                return "query"
            return _of_operator(name) if operator else "condition"
        case "condition":
            return _of_operator(name) if operator else "other"
        case "update":
            return "query" if name == "$pull" else "other"
        case "stages" | "stage":
            return _of_stage(name)
        case "expression":
            return "other" if name == "$literal" else "expression"
    return "other"


def _of_operator(name: str) -> State:
    """What stands below an operator of a filter."""
    if name in ("$expr", "$function"):
        return "expression"
    return {"$not": "condition", "$elemMatch": "query"}.get(name, "other")  # type: ignore[return-value]


def _of_stage(name: str) -> State:
    if name == "$match":
        return "query"
    if name in ("$sort", "$limit", "$skip", "$count", "$unset", "$sample", "$documents"):
        return "other"
    return "expression"

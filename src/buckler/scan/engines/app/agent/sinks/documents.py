"""What is sent to a database of documents: CWE-943. The filter itself is watched, not its values alone.

A canary that arrives as a value is as it should be. Whether it stands where an operator, a field's
name, JavaScript or a pattern is read is judged in the parent, which is told the way to each canary.
"""

from __future__ import annotations

import functools
import json
import re
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from .. import state
from ..imports import when_imported

MAX_DEPTH = 16
MAX_LEAVES = 2000
MAX_PLACES = 20
LONGEST = 500
Way = Tuple[Any, ...]

_METHODS: Dict[str, Tuple[str, ...]] = {
    "find": ("filter", "projection"),
    "find_raw_batches": ("filter", "projection"),
    "count_documents": ("filter",),
    "distinct": ("key", "filter"),
    "aggregate": ("pipeline",),
    "aggregate_raw_batches": ("pipeline",),
    "insert_one": ("document",),
    "insert_many": ("documents",),
    "update_one": ("filter", "update"),
    "update_many": ("filter", "update"),
    "replace_one": ("filter", "replacement"),
    "delete_one": ("filter",),
    "delete_many": ("filter",),
    "find_one_and_delete": ("filter", "projection"),
    "find_one_and_replace": ("filter", "replacement", "projection"),
    "find_one_and_update": ("filter", "update", "projection"),
    "bulk_write": ("requests",),
}
"""Methods of a collection with their first parameters."""
_NAMED = ("filter", "update", "pipeline", "array_filters", "projection", "replacement", "limit")
_WRITES = ("insert", "update", "replace", "delete", "find_one_and", "bulk")


def install() -> None:
    """Watch collections and databases of pymongo, and the calls of motor that lead to them."""
    for part, start in (("synchronous.", ""), ("asynchronous.", "Async"), ("", "")):
        when_imported(
            "pymongo.%scollection" % part,
            lambda module, name=start + "Collection": _watch(module, name, _METHODS),  # type: ignore[misc]
        )
        when_imported(
            "pymongo.%sdatabase" % part,
            lambda module, name=start + "Database": _watch(  # type: ignore[misc]
                module, name, {"command": ("command",), "aggregate": ("pipeline",)}
            ),
        )
        when_imported(
            "pymongo.%scursor" % part,
            lambda module, name=start + "Cursor": _pages(module, name),  # type: ignore[misc]
        )
    when_imported("motor.motor_asyncio", _motor)


def _watch(module: ModuleType, name: str, methods: Dict[str, Tuple[str, ...]]) -> None:
    owner = getattr(module, name, None)
    if getattr(owner, "__module__", "") != module.__name__:
        return  # before 4.9 it is there, since then it is handed on
    for method, names in methods.items():
        if hasattr(owner, method):
            call = "pymongo.%s.%s" % (name, method)
            setattr(owner, method, _method(getattr(owner, method), call, names))


def _method(real: Callable[..., Any], call: str, names: Sequence[str]) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, *args: Any, **given: Any) -> Any:
        watch(call, _parts(names, args, given))
        return real(self, *args, **given)

    return watched


def _pages(module: ModuleType, name: str) -> None:
    """How many documents are asked for is said of the cursor, behind the filter."""
    owner = getattr(module, name, None)
    if getattr(owner, "__module__", "") != module.__name__:
        return
    limit: Callable[..., Any] = owner.limit  # type: ignore[union-attr]

    @functools.wraps(limit)
    def watched(self: Any, limited: Any) -> Any:
        if state.number and _is_number(limited):
            state.effects.add("sql-number")
        return limit(self, limited)

    owner.limit = watched  # type: ignore[union-attr]


def _motor(module: ModuleType) -> None:
    """Motor calls pymongo in a thread, where the application's lines are out of sight."""
    owner: Any = getattr(module, "AsyncIOMotorCollection", None)
    for method, names in _METHODS.items():
        for name in (method, "find_one") if method == "find" else (method,):
            if owner is not None and hasattr(owner, name):
                setattr(owner, name, _remembered(getattr(owner, name), names))


def _remembered(real: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, *args: Any, **given: Any) -> Any:
        for _, text in _carrying(_parts(names, args, given)):
            state.remember(text)
        return real(self, *args, **given)

    return watched


def _parts(names: Sequence[str], args: Sequence[Any], given: Dict[str, Any]) -> Dict[str, Any]:
    """What a call is given, by the names of its parameters."""
    parts = dict(zip(names, args))  # noqa: B905 - Python 3.9
    parts.update((name, given[name]) for name in (*names, *_NAMED) if name in given)
    if "requests" in parts:
        parts["requests"] = [_request(item) for item in parts["requests"]]
    return {name: value for name, value in parts.items() if value is not None}


def _request(item: Any) -> Any:
    """One of a bulk, by what it is made of."""
    doc = getattr(item, "_doc", None)
    kind = type(item).__name__
    name = "update" if "Update" in kind else "replacement" if "Replace" in kind else "document"
    found = {"filter": getattr(item, "_filter", None), name: doc}
    return {key: value for key, value in found.items() if value is not None}


def watch(call: str, parts: Dict[str, Any]) -> None:
    """Record what is asked for if a canary stands in it, and what it does to the database."""
    writes = call.rpartition(".")[2].startswith(_WRITES)
    if writes:
        state.effects.add("sql-write")
    if state.number and any(_is_number(text) for _, text in _leaves(parts)):
        state.effects.add("sql-number")
    places = list(_carrying(parts))
    if not places:
        return
    more: Dict[str, Any] = {
        "places": [[list(way), state.excerpt(text)] for way, text in places[:MAX_PLACES]]
    }
    if call.partition(".")[0] in state.stand_ins:
        more["stand_in"] = True
    state.hit("nosql", call, _shown(parts), **more)
    if writes:
        for way, text in places:
            if way[0] != "filter" and len(text) < LONGEST:
                statement = "%s %s" % (call, ".".join(map(str, way)))
                state.hit("store", call, text, statement=statement)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, str)) and str(value) == state.number


def _carrying(parts: Any) -> Iterator[Tuple[Way, str]]:
    """The texts with a canary, each with the way to it; a name is the end of its way."""
    for way, value in _leaves(parts):
        text = state.text_of(value) if isinstance(value, (str, bytes)) else ""
        if text and state.carries(text):
            yield way, text


def _leaves(value: Any) -> Iterator[Tuple[Way, Any]]:
    """Everything that is no container, and every name, in order; so many at most."""
    waiting: List[Tuple[Way, Any]] = [((), value)]
    seen = 0
    while waiting and seen < MAX_LEAVES:
        way, item = waiting.pop()
        seen += 1
        if isinstance(item, dict) or hasattr(item, "items"):
            inner = [(str(name), one) for name, one in item.items()]
            for name, _ in inner:
                yield (*way, name), name
            if len(way) < MAX_DEPTH:
                waiting += [((*way, name), one) for name, one in reversed(inner)]
        elif isinstance(item, (list, tuple, set)):
            if len(way) < MAX_DEPTH:
                waiting += [((*way, at), one) for at, one in reversed(list(enumerate(item)))]
        elif isinstance(item, re.Pattern) or hasattr(item, "pattern"):
            yield (*way, "$regex"), item.pattern
        else:
            yield way, item


def _shown(parts: Any) -> str:
    """What was asked for, as people write it."""
    try:
        return json.dumps(parts, default=_plain, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        # Names that are no texts, or a document within itself.
        return " ".join(text for _, text in _carrying(parts))


def _plain(value: Any) -> Any:
    pattern = getattr(value, "pattern", None)
    if pattern is not None:
        return {"$regex": state.text_of(pattern)}
    if hasattr(value, "items"):
        return dict(value.items())
    return list(value) if isinstance(value, (set, tuple)) else str(value)

"""What a route states of who may pass, as ``buckler.guard`` marks it.

Read by name off whatever carries the mark: nothing of guard is imported here, and an application that does
not use it has no such attribute.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

MARK = "__buckler_access__"
MAX_DEPTH = 8
_PUBLIC = ("public", "known", "any_of", "verified")


def of_operation(route: Any, endpoint: Any, dependant: Any) -> List[Dict[str, Any]]:
    """The rules of a route, of its dependencies and of its handler, each once.

    Args:
        route: Of Starlette.
        endpoint: Its handler.
        dependant: Of FastAPI, with what routers and the application add; or None.
    """
    holders = [route, *_calls(dependant, 0), *_handlers(endpoint)]
    marks = {id(mark): mark for mark in map(mark_of, holders) if mark is not None}
    return [_plain(mark) for mark in marks.values()]


def around(app: Any) -> List[Dict[str, Any]]:
    """The rules around what is mounted, through layers that keep it as ``app``."""
    found = []
    for _ in range(MAX_DEPTH):
        mark = mark_of(app)
        if mark is not None:
            found.append(_plain(mark))
        if getattr(app, "routes", None) is not None or not hasattr(app, "app"):
            break
        app = app.app
    return found


def mark_of(holder: Any) -> Optional[Any]:
    """The mark of one object; None where there is none, or something else that answers to every name."""
    mark = getattr(holder, MARK, None)
    if mark is None or not all(isinstance(getattr(mark, n, None), bool) for n in _PUBLIC):
        return None
    if not isinstance(getattr(mark, "permissions", None), tuple):
        return None
    return mark


def _calls(dependant: Any, depth: int) -> Iterator[Any]:
    if depth > MAX_DEPTH:
        return
    for sub in getattr(dependant, "dependencies", None) or ():
        yield sub.call
        yield from _calls(sub, depth + 1)


def _handlers(endpoint: Any) -> Iterator[Any]:
    for _ in range(MAX_DEPTH):
        if endpoint is None:
            return
        yield endpoint
        if mark_of(endpoint) is not None:
            return
        endpoint = getattr(endpoint, "func", None) or getattr(endpoint, "__wrapped__", None)


def _plain(mark: Any) -> Dict[str, Any]:
    return {
        "public": mark.public,
        "permissions": [str(one) for one in mark.permissions],
        "owner_of": str(getattr(mark, "owner_of", "")),
        "words": str(mark.words()),
    }

"""What a route states of who may pass and what it answers on purpose, as ``buckler.guard`` marks it.

Read by name off whatever carries the mark: nothing of guard is imported here, and an application that does
not use it has no such attribute.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

MARK = "__buckler_access__"
POLICY = "__buckler_policy__"
PAGE = "__buckler_docs__"
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


def shown(endpoint: Any, dependant: Any) -> List[str]:
    """Fields that look like a secret, and that a route says it answers on purpose."""
    wishes = [call for call in _calls(dependant, 0) if _is_wish(call)]
    for handler in _wrapped(endpoint):
        marked = getattr(handler, POLICY, None)
        wishes += filter(_is_wish, marked if isinstance(marked, tuple) else ())
    return sorted({str(name) for wish in wishes for name in wish.secrets})


def is_documentation(endpoint: Any) -> bool:
    """Whether guard put this page in the place of FastAPI's."""
    return isinstance(getattr(endpoint, PAGE, None), str)


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


def _is_wish(value: Any) -> bool:
    kind = type(value)
    ours = kind.__name__ == "RoutePolicy" and kind.__module__.startswith("buckler.guard.")
    return ours and isinstance(getattr(value, "secrets", None), (list, tuple))


def _handlers(endpoint: Any) -> Iterator[Any]:
    """The handler up to what carries a mark, which stands for what it wraps."""
    for handler in _wrapped(endpoint):
        yield handler
        if mark_of(handler) is not None:
            return


def _wrapped(endpoint: Any) -> Iterator[Any]:
    for _ in range(MAX_DEPTH):
        if endpoint is None:
            return
        yield endpoint
        endpoint = getattr(endpoint, "func", None) or getattr(endpoint, "__wrapped__", None)


def _plain(mark: Any) -> Dict[str, Any]:
    # Where a server of resources decides, the scopes of the token stand in their place.
    scopes = getattr(mark, "scopes", ())
    return {
        "public": mark.public,
        "permissions": [str(one) for one in (*mark.permissions, *scopes)],
        "owner_of": str(getattr(mark, "owner_of", "")),
        "words": str(mark.words()),
    }

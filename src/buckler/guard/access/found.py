"""Reads from a route what it says of who may pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from buckler.guard.access.requirement import MARK, Requirement
from buckler.guard.options import GuardError

MAX_DEPTH: Final = 8


def rules_of(route: Any, endpoint: Any, dependant: Any) -> tuple[Requirement, ...]:
    """What a route, its handler and its dependencies say, each once.

    Args:
        route: Of Starlette.
        endpoint: Its handler.
        dependant: Of FastAPI, with what routers and the application add; or None.

    Raises:
        GuardError: ``Depends(authenticated)``: FastAPI would take the rule for a function, and let everybody pass.
    """
    found = [*_mark(route), *_of_dependant(dependant, endpoint), *_of_handler(endpoint)]
    return tuple({id(rule): rule for rule in found}.values())


def rules_around(app: Any) -> tuple[Requirement, ...]:
    """What stands around a mounted application, through layers that keep it as ``app``."""
    found: list[Requirement] = []
    for _ in range(MAX_DEPTH):
        found += _mark(app)
        if getattr(app, "routes", None) is not None or not hasattr(app, "app"):
            break
        app = app.app
    return tuple(found)


def _mark(holder: Any) -> Iterator[Requirement]:
    found = getattr(holder, MARK, None)
    if isinstance(found, Requirement) and not _is_inherited(holder):
        yield found


def _is_inherited(holder: Any) -> bool:
    """Whether only a base class says it: a class that answers otherwise has to say it itself."""
    kind = holder if isinstance(holder, type) else type(holder)
    if MARK in vars(kind) or (kind is not holder and MARK in getattr(holder, "__dict__", {})):
        return False
    return any(MARK in vars(base) for base in kind.__mro__)


def _of_handler(endpoint: Any) -> Iterator[Requirement]:
    for _ in range(MAX_DEPTH):
        if endpoint is None:
            return
        found = list(_mark(endpoint))
        yield from found
        if found:
            return
        endpoint = getattr(endpoint, "func", None) or getattr(endpoint, "__wrapped__", None)


def _of_dependant(dependant: Any, endpoint: Any) -> Iterator[Requirement]:
    for sub in getattr(dependant, "dependencies", ()):
        if any(_mark(getattr(sub.call, "dependency", None))):
            name = getattr(endpoint, "__qualname__", "a route")
            raise GuardError(
                f"{name}: Depends(...) stands around a rule of who may pass, which is a dependency itself",
                hint="write dependencies=[authenticated] or Annotated[Principal, authenticated], "
                "without Depends",
            )
        yield from _mark(sub.call)
        yield from _of_dependant(sub, endpoint)

"""Deny by default: an application with identities does not start while a route says nothing of who may pass.

Threat: the one route that everybody forgot (CWE-862; OWASP API5; ASVS 5.0 V8.2.1). FastAPI's own dependencies
do not reach mounts, files and documentation: these have to say it, too.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.access.docs import is_documentation
from buckler.guard.access.requirement import Requirement
from buckler.guard.options import GuardError
from buckler.guard.routes import Route

MOST_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One route, and who may call it.

    Attributes:
        methods: In the order of the alphabet; ``*`` for all, ``WEBSOCKET`` for a websocket.
        template: Of its path.
        kind: ``route``, ``mount``, ``files`` or ``docs``.
        rules: What it and all around it say, outermost first; all count.
        place: File and line of its handler; empty where there is none.
    """

    methods: tuple[str, ...]
    template: str
    kind: str
    rules: tuple[Requirement, ...]
    place: str = ""

    @property
    def silent(self) -> bool:
        """Whether nothing is said of who may pass."""
        return not self.rules

    def words(self) -> str:
        """Who may call it, in a few words."""
        # An owner's rule says what the one inside of it says, and more.
        owners = {rule.permissions for rule in self.rules if rule.owner_of}
        told = [
            rule.words()
            for rule in self.rules
            if not rule.public and (rule.owner_of or rule.permissions not in owners)
        ]
        if told:
            return " and ".join(dict.fromkeys(told))
        return "public" if self.rules else "not stated"


def table(routes: Iterable[Route], above: tuple[Requirement, ...] = ()) -> Iterator[Entry]:
    """Every route and who may call it, in the order in which they are tried.

    A mount whose routes can be read is told by these; of another one nothing is known but what stands around it.
    """
    for route in routes:
        rules = (*above, *route.access)
        if route.children:
            yield from table(route.children, rules)
            continue
        kind = "docs" if is_documentation(route) else "files" if route.static else "route"
        if route.application is not None and kind == "route":
            if route.children == () and getattr(route.application, "routes", None) == []:
                continue  # an application without a route answers nothing
            kind = "mount"
        methods = tuple(sorted(route.methods)) if route.methods else ("*",)
        yield Entry(methods, route.template, kind, rules, place_of(route))


def place_of(route: Route) -> str:
    """File and line of what answers a route."""
    found: Any = route.endpoint if route.endpoint is not None else route.application
    if found is None:
        return ""
    if not (inspect.isfunction(found) or inspect.ismethod(found) or inspect.isclass(found)):
        found = getattr(found, "func", None) or type(found)
    try:
        found = inspect.unwrap(found)
        code = getattr(found, "__code__", None)
        file = inspect.getsourcefile(found)
        line = code.co_firstlineno if code is not None else inspect.getsourcelines(found)[1]
    except (OSError, TypeError, ValueError):
        return ""
    return f"{file}:{line}" if file else ""


def check_owners(routes: Iterable[Route]) -> None:
    """Look whether each object's key is in the path: FastAPI would take it from the query else.

    Raises:
        GuardError: One is not.
    """
    for entry in table(routes):
        for rule in entry.rules:
            if rule.owner_of and not re.search(rf"\{{{rule.owner_of}(:\w+)?\}}", entry.template):
                raise GuardError(
                    f"{entry.template} has no {{{rule.owner_of}}}, which owned(...) reads",
                    hint=f"write '/orders/{{{rule.owner_of}}}', or id= the name in the path",
                )


def check(routes: Iterable[Route]) -> None:
    """Look whether every route says who may pass.

    Raises:
        GuardError: Some do not; the message lists them.
    """
    silent = [entry for entry in table(routes) if entry.silent]
    if not silent:
        return
    lines = [f"  {'|'.join(e.methods)} {e.template}  {e.place}".rstrip() for e in silent]
    if len(lines) > MOST_SHOWN:
        lines[MOST_SHOWN:] = [f"  and {len(lines) - MOST_SHOWN} more"]
    raise GuardError(
        f"{len(silent)} routes do not say who may call them:\n" + "\n".join(lines),
        hint="add dependencies=[requires('orders:read')], [authenticated] or [public] to the route, its "
        "router or the application; put requires(...)(...) or public(...) around what is mounted; "
        "documentation: Guard(app, docs='public'), a permission, or FastAPI(openapi_url=None)",
    )

"""Reads what CORS answers allow, and finds out what in the code allowed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from buckler.core.finding import Location
from buckler.scan.engines.attack.observe import examples_of
from buckler.scan.engines.attack.strangers import FOREIGN_ORIGIN
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Middleware, Operation
from buckler.scan.rules._support.evidence import at_main, at_middleware, at_place, middlewares

_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ac", "gov", "edu"})


@dataclass(frozen=True, slots=True)
class Source:
    """What allows an origin: a middleware, or code of the project.

    Attributes:
        key: Tells sources apart.
        middleware: Where it is a CORS middleware.
        operation: The operation that showed it.
    """

    key: str
    middleware: Middleware | None
    operation: Operation | None


def allowed(exchange: Exchange, origin: str) -> bool:
    """Whether the answer names that very origin as allowed."""
    return (exchange.answer.header("access-control-allow-origin") or "").strip() == origin


def with_credentials(exchange: Exchange) -> bool:
    """Whether cookies and the like may be sent along."""
    return (exchange.answer.header("access-control-allow-credentials") or "").strip() == "true"


def taken(app: AppModel, seen: Observations, origin: str) -> Iterator[tuple[Source, Exchange]]:
    """Answers that let an origin in, one for each source."""
    known: set[str] = set()
    for exchange in seen.preflights.get(origin, ()):
        if not allowed(exchange, origin):
            continue
        source = source_of(app, exchange, origin)
        if source.key not in known:
            known.add(source.key)
            yield source, exchange


def reflecting(app: AppModel, seen: Observations) -> set[str]:
    """Sources that let every origin in."""
    return {source.key for source, _ in taken(app, seen, FOREIGN_ORIGIN)}


def source_of(app: AppModel, exchange: Exchange, origin: str) -> Source:
    """The CORS middleware whose options allow the origin, or else the operation's own code."""
    path, operation = exchange.request.path, exchange.operation
    for mounted, item in middlewares(app):
        if (
            "CORS" in item.name
            and path.startswith(f"{mounted}/" if mounted else "/")
            and _allows(item, origin)
        ):
            return Source(f"middleware {mounted}", item, operation)
    return Source(f"code {location_of(app, Source('', None, operation))}", None, operation)


def _allows(item: Middleware, origin: str) -> bool:
    listed = [str(o) for o in item.options.get("allow_origins") or ()]
    if "*" in listed or origin in listed:
        return True
    pattern = item.options.get("allow_origin_regex")
    try:
        return isinstance(pattern, str) and re.fullmatch(pattern, origin) is not None
    except re.error:
        return False


def location_of(app: AppModel, source: Source, option: str = "") -> Location:
    """Where the origin is allowed."""
    if source.middleware is not None:
        return at_middleware(source.middleware, app, option)
    operation = source.operation
    if operation is None:
        return at_main(app)
    reader = next((d for d in operation.dependencies if "origin" in d.reads and d.place), None)
    if reader is not None:
        return at_place(reader.place, operation, "header:origin")
    own = any(p.where == "header" and p.name == "origin" for p in operation.parameters)
    layer = next((m for m in app.middleware if m.dispatch or m.place), None)
    if layer is not None and not own and "CORS" not in layer.name:
        return at_place(layer.dispatch or layer.place, operation, "header:origin")
    return at_place(operation.place, operation, "header:origin")


def site(origin: str) -> str:
    """The registrable domain of an origin, roughly: what one owner can have."""
    host = (
        origin.partition("://")[2].partition("/")[0].rpartition(":")[0]
        or origin.partition("://")[2]
    )
    labels = host.lower().lstrip(".").split(".")
    deep = len(labels) > 2 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2
    return ".".join(labels[-3:] if deep else labels[-2:])


def own_sites(app: AppModel) -> set[str]:
    """Registrable domains that the application means to let in."""
    found: set[str] = set()
    for _, item in middlewares(app):
        if "CORS" in item.name:
            found |= {
                site(str(o)) for o in item.options.get("allow_origins") or () if "://" in str(o)
            }
            pattern = item.options.get("allow_origin_regex")
            found |= {site(o) for o in examples_of(pattern)} if isinstance(pattern, str) else set()
    for text in app.origins:
        made = (
            examples_of(text[3:])
            if text.startswith("re:")
            else [text if "://" in text else f"https://{text}"]
        )
        found |= {site(origin) for origin in made}
    return found

"""Reads what CORS answers allow, and finds out what in the code allowed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from buckler.core.finding import Location, Proof
from buckler.scan.engines.attack.observe import examples_of
from buckler.scan.engines.attack.strangers import FOREIGN_ORIGIN
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Middleware, Operation
from buckler.scan.rules._support.evidence import (
    at_main,
    at_middleware,
    at_place,
    middlewares,
    shown,
    with_stack,
)

Stack = tuple[tuple[str, int, str], ...]

_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ac", "gov", "edu"})


@dataclass(frozen=True, slots=True)
class Source:
    """What allows an origin: a middleware, or code of the project.

    Attributes:
        key: Tells sources apart.
        middleware: Where it is a CORS middleware.
        operation: The operation that showed it.
        stack: The project's lines that put the origin into the answer, innermost first, where
            they were seen.
    """

    key: str
    middleware: Middleware | None
    operation: Operation | None
    stack: Stack = ()


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
        sent = exchange.request.header("origin") or origin
        if not allowed(exchange, sent):
            continue
        source = source_of(app, exchange, sent, stack_of(exchange.operation, seen))
        if source.key not in known:
            known.add(source.key)
            yield source, exchange


def reflecting(app: AppModel, seen: Observations) -> set[str]:
    """Sources that let every origin in."""
    return {source.key for source, _ in taken(app, seen, FOREIGN_ORIGIN)}


def source_of(app: AppModel, exchange: Exchange, origin: str, stack: Stack) -> Source:
    """The CORS middleware whose options allow the origin, or else the operation's own code."""
    path, operation = exchange.request.path, exchange.operation
    for mounted, item in middlewares(app):
        if (
            "CORS" in item.name
            and path.startswith(f"{mounted}/" if mounted else "/")
            and _allows(item, origin)
        ):
            return Source(f"middleware {mounted}", item, operation)
    found = Source("", None, operation, stack)
    return replace(found, key=f"code {location_of(app, found)} {stack}")


def stack_of(operation: Operation | None, seen: Observations) -> Stack:
    """The lines of an operation that set the header to an origin; seen where that was a canary."""
    return next(
        (
            hit.frames
            for exchanges in seen.preflights.values()
            for exchange in exchanges
            if exchange.operation is operation
            for hit in exchange.answer.hits
            if hit.frames and hit.more.get("header") == "access-control-allow-origin"
        ),
        (),
    )


def _allows(item: Middleware, origin: str) -> bool:
    listed = [str(o) for o in item.options.get("allow_origins") or ()]
    if "*" in listed or origin in listed:
        return True
    pattern = item.options.get("allow_origin_regex")
    try:
        return isinstance(pattern, str) and re.fullmatch(pattern, origin) is not None
    except re.error:
        return False


def evidence_of(source: Source, exchange: Exchange, seen: Observations, why: str) -> Proof:
    """The exchange that shows it, with the lines that allowed it."""
    mark = exchange.request.header("origin") or ""
    return with_stack(shown(exchange, seen.identities, mark=mark, why=why), source.stack)


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
    if source.stack:
        path, line, _ = source.stack[0]
        return Location(path, line, operation.key, "header:origin")
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

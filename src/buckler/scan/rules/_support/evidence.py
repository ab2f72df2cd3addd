"""Places and proofs for findings that are made from observations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from buckler.core.finding import Location, Proof
from buckler.core.redact import Redactor
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import Exchange, Identity
from buckler.scan.model.application import AppModel, Middleware, Operation, Place

SHOWN_BODY = 400


def redactor_of(identities: Iterable[Identity], secrets: Iterable[str] = ()) -> Redactor:
    """A redactor that knows the credentials of the identities, and further secrets."""
    sent = [value for identity in identities for _, value in identity.headers]
    return Redactor([*sent, *(s.split()[-1] for s in sent if s.strip()), *secrets])


def shown(
    exchange: Exchange,
    identities: Iterable[Identity],
    *,
    mark: str = "",
    why: str = "",
    secrets: Iterable[str] = (),
) -> Proof:
    """An exchange as evidence; a body that was filled up by the agent is cut.

    Args:
        exchange: What was sent and what came back.
        identities: Whose credentials are masked.
        mark: What shows the weakness in the answer.
        why: What the exchange shows, in words.
        secrets: Further values of the answer that must not get into a report.
    """
    request = exchange.request
    if request.pad is not None:
        at, count, filler = request.pad
        why = f"{why}; at byte {at} of the body stand {count} times {filler!r}".lstrip("; ")
        exchange = replace(exchange, request=replace(request, body=request.body[:SHOWN_BODY]))
    if request.fail:
        why = f"{why}; the handler was made to raise RuntimeError({request.fail!r})".lstrip("; ")
    return proofs.exchange(exchange, redactor_of(identities, secrets), mark=mark, why=why)


def with_stack(proof: Proof, stack: Iterable[tuple[str, int, str]]) -> Proof:
    """A proof with the project's lines that led there, innermost first."""
    steps = [{"path": path, "line": line, "function": name} for path, line, name in stack]
    return replace(proof, data={**proof.data, "stack": steps}) if steps else proof


def at(operation: Operation, slot: str | None = None) -> Location:
    """The handler of an operation."""
    place = operation.place
    return Location(
        place.path if place else None, place.line if place else None, operation.key, slot
    )


def at_place(
    place: Place | None, operation: Operation | None = None, slot: str | None = None
) -> Location:
    """A place in the source."""
    key = operation.key if operation else None
    return (
        Location(place.path, place.line, key, slot) if place else Location(operation=key, slot=slot)
    )


def at_main(app: AppModel) -> Location:
    """The line on which the application is made."""
    return at_place(app.main)


def at_middleware(item: Middleware, app: AppModel, option: str = "") -> Location:
    """The line that added a middleware, or that of one of its options."""
    place = item.added
    if place is None:
        return at_main(app)
    return Location(place.path, item.lines.get(option, place.line))


def middlewares(app: AppModel) -> list[tuple[str, Middleware]]:
    """Every middleware with the path that its application is mounted at."""
    own = [("", item) for item in app.middleware]
    return own + [(mount.path, item) for mount in app.mounts for item in mount.middleware]

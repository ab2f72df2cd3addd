"""Findings for tokens that nobody should take and that were taken."""

from __future__ import annotations

from collections.abc import Iterator

from buckler.core.finding import Confidence, Finding, Location
from buckler.core.rule import Rule
from buckler.scan.engines.observations import Forgery, Observations
from buckler.scan.model.application import AppModel, Operation, Place
from buckler.scan.rules._support.evidence import at_middleware, shown, with_stack

CALL = "call"
"""Key in the context of a finding: the line of the call that the finding is about an argument of."""
COMPARED = "AUT004"
"""The rule that finds where a signature is compared, in checks that are written by hand."""


def forged(rule: Rule, kind: str, message: str, app: AppModel, seen: Observations) -> list[Finding]:
    """A finding of a rule for each token of one kind that was taken."""
    return [_forged(rule, item, message, app, seen) for item in seen.forgeries if item.kind == kind]


def _forged(rule: Rule, item: Forgery, message: str, app: AppModel, seen: Observations) -> Finding:
    evidence = with_stack(shown(item.exchange, seen.identities, why=item.how), item.stack)
    path, line = _place(rule, item, app, seen)
    return rule.found(
        message,
        confidence=Confidence.PROVED,
        location=Location(path, line, item.operation, item.slot or None),
        proof=(evidence,),
    )


def _place(
    rule: Rule, item: Forgery, app: AppModel, seen: Observations
) -> tuple[str | None, int | None]:
    """Where the token is let through.

    The very line is the one that the rule found in the source on the way to the call that read the
    token; else that call, or the function that gets the credentials.
    """
    operation = app.find(item.operation)
    readers = list(_readers(operation)) if operation is not None and item.slot else []
    if item.stack:
        path, line, _ = item.stack[0]
        readers = [place for place in readers if _holds(place, path, line)]
    key = _session_key(item, app)
    if key is not None and not item.stack:
        return key.path, key.line
    for name in (rule.id, COMPARED) if not item.stack else (rule.id,):
        for finding in seen.earlier:
            found = (finding.location.path, finding.location.line or 0)
            call = (found[0], finding.context.get(CALL, found[1]))
            called = any(frame[:2] == call for frame in item.stack)
            if finding.rule == name and (called or any(_holds(p, *found) for p in readers)):
                return found
    if item.stack:
        return item.stack[0][:2]
    first = readers[0] if readers else operation.place if operation is not None else None
    return (first.path, first.line) if first is not None else (None, None)


def _readers(operation: Operation) -> Iterator[Place]:
    """The functions that get the credentials of an operation, the nearest to them first."""
    named = {d.name: d.place for d in operation.dependencies}
    for scheme in operation.security:
        if scheme.through and (place := named.get(scheme.through[-1])) is not None:
            yield place
    if operation.place is not None:
        yield operation.place


def _holds(place: Place, path: str | None, line: int) -> bool:
    return place.path == path and place.line <= line <= place.end


def _session_key(item: Forgery, app: AppModel) -> Location | None:
    """Where the key of Starlette's session cookie is set, if the cookie is that one."""
    for middleware in app.middleware:
        if middleware.name == "SessionMiddleware":
            cookie = str(middleware.options.get("session_cookie") or "session")
            if item.slot == f"cookie:{cookie}":
                return at_middleware(middleware, app, "secret_key")
    return None

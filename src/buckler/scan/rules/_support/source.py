"""Places of findings that are read off the source."""

from __future__ import annotations

import ast

from buckler.core.finding import Confidence, Finding, Location
from buckler.core.rule import Rule
from buckler.scan.engines.observations import Forgery, Observations
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import Value
from buckler.scan.python.index import Index
from buckler.scan.rules._support.evidence import at_middleware, shown


def here(index: Index, node: ast.AST) -> Location:
    """The line on which a node begins."""
    return Location(index.path, getattr(node, "lineno", 1))


def written(value: Value) -> Location:
    """The line on which a constant is written."""
    return Location(value.path, value.node.lineno)


def forged(rule: Rule, kind: str, message: str, app: AppModel, seen: Observations) -> list[Finding]:
    """A finding of a rule for each forged token of one kind that was taken."""
    return [_forged(rule, item, message, app, seen) for item in seen.forgeries if item.kind == kind]


def _forged(rule: Rule, item: Forgery, message: str, app: AppModel, seen: Observations) -> Finding:
    operation = app.find(item.operation)
    place = operation.place if operation is not None else None
    path, line = (place.path, place.line) if place is not None else (None, None)
    if item.stack:
        path, line = item.stack[0][:2]
    place_of_key = _session_key(item, app)
    if place_of_key is not None and not item.stack:
        path, line = place_of_key.path, place_of_key.line
    evidence = shown(item.exchange, seen.identities, why=item.how)
    stack = [{"path": p, "line": n, "function": f} for p, n, f in item.stack]
    evidence = type(evidence)(evidence.kind, {**evidence.data, "stack": stack})
    return rule.found(
        message,
        confidence=Confidence.PROVED,
        location=Location(path, line, item.operation, item.slot or None),
        proof=(evidence,),
    )


def _session_key(item: Forgery, app: AppModel) -> Location | None:
    """Where the key of Starlette's session cookie is set, if the cookie is that one."""
    for middleware in app.middleware:
        if middleware.name == "SessionMiddleware":
            cookie = str(middleware.options.get("session_cookie") or "session")
            if item.slot == f"cookie:{cookie}":
                return at_middleware(middleware, app, "secret_key")
    return None

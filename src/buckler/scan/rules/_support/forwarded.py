"""Where the project's own code takes the address of a client from a header that the client may write."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.python.index import Function, Index, default_of, parameters
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.gates import found_around

HEADER = "x-forwarded-for"
_PARAMETER = "x_forwarded_for"
_KNOWS_BETTER = re.compile(
    r"\[-\d+\]|reversed\(|rsplit|rpartition|trust|prox(y|ies)|\bhops?\b", re.IGNORECASE
)
"""The last hop is the proxy's own word; and who names proxies has thought of them."""
_PROXIES = re.compile(
    r"trusted_?(prox|host|hop|ip)|num_?prox|proxy_?count|ProxyHeaders", re.IGNORECASE
)
"""The project says somewhere near whom it believes."""
_PEER = re.compile(r"\bclient(\.host|\[0\]|_host|_ip|_addr)?\b|\bpeer\b|\bremote_addr\b")


def believed(index: Index, text: str) -> Iterator[ast.AST]:
    """Reads of ``X-Forwarded-For`` of which the first or the whole is taken, whoever sent the request.

    Not where the function looks at the peer's address first, takes the last hop, or passes the header on.
    """
    lower = text.lower()
    if (HEADER not in lower and _PARAMETER not in lower) or _PROXIES.search(text):
        return
    seen: set[Function] = set()
    for node in (*_reads(index), *_declared(index)):
        function = (
            node
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            else index.function_of(node)
        )
        if function is None or function in seen:
            continue
        seen.add(function)
        if (
            _KNOWS_BETTER.search(ast.unparse(function))
            or _asks_for_the_peer(function)
            or _passed_on(function)
        ):
            continue
        if not isinstance(index.parents.get(node), ast.Expr | ast.Compare | ast.If):
            yield node


def _reads(index: Index) -> Iterator[ast.expr]:
    """``request.headers.get("X-Forwarded-For")`` and ``headers["x-forwarded-for"]``."""
    for constant in index.all(ast.Constant):
        if not isinstance(constant.value, str) or constant.value.lower() != HEADER:
            continue
        outer = index.parents.get(constant)
        if (
            isinstance(outer, ast.Subscript)
            and outer.slice is constant
            and isinstance(outer.ctx, ast.Load)
        ):
            if _are_headers(outer.value):
                yield outer
        if (
            isinstance(outer, ast.Call)
            and outer.args[:1] == [constant]
            and isinstance(outer.func, ast.Attribute)
        ):
            if outer.func.attr in ("get", "getlist") and _are_headers(outer.func.value):
                yield outer


def _are_headers(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "headers"


def _declared(index: Index) -> Iterator[Function]:
    """Functions with a parameter that FastAPI fills with the header."""
    for function in index.functions:
        for given in parameters(function):
            default = default_of(function, given.arg)
            note = ast.unparse(given.annotation) if given.annotation is not None else ""
            said = f"{note} {ast.unparse(default) if default is not None else ''}"
            if "Header(" in said and (given.arg == _PARAMETER or HEADER in said.lower()):
                yield function


def _asks_for_the_peer(function: Function) -> bool:
    """Whether the address of the connection is compared with something before the header is believed."""
    return any(
        isinstance(node, ast.Compare)
        and _PEER.search(ast.unparse(node.left))
        and not isinstance(node.ops[0], ast.Is | ast.IsNot)
        for node in ast.walk(function)
    )


def _passed_on(function: Function) -> bool:
    """Whether the header is written as well: a gateway tells the next one."""
    written = [
        node
        for node in ast.walk(function)
        if (
            isinstance(node, ast.Dict) and any(_names_header(k) for k in node.keys if k is not None)
        )
        or (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store)
            and _names_header(node.slice)
        )
    ]
    return bool(written)


def _names_header(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and str(node.value).lower() == HEADER


def pretended(rule: Rule, app: AppModel, seen: Observations) -> Iterator[Finding]:
    """What such a header opened, and the limits that it ended."""
    told = [
        (key, name, f"{key} lets in whoever says in {name} to ask from inside.", pair)
        for key, (name, *pair) in seen.pretended.items()
    ] + [
        (
            key,
            name,
            f"{key} counts attempts by {name}: another address in it each time, and nobody is stopped.",
            [answers[-1]],
        )
        for key, (name, answers) in seen.uncounted.items()
    ]
    for key, name, message, exchanges in told:
        operation = app.find(key)
        if operation is not None:
            slot = f"header:{name}"
            place = found_around(rule.id, operation, seen)
            yield rule.found(
                message,
                confidence=Confidence.PROVED,
                severity=Severity.HIGH if key in seen.pretended else None,
                location=replace(place, slot=slot) if place else at(operation, slot),
                proof=tuple(
                    shown(e, seen.identities, why=why)
                    for e, why in zip(
                        exchanges,
                        ("let in with the header", "refused without it"),
                        strict=False,
                    )
                ),
            )

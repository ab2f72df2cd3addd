"""Dependencies read off the source: what they compare, and what they leave unread."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from buckler.core.finding import Location
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import Operation, Place
from buckler.scan.python.index import Function, Index
from buckler.scan.rules._support.absent import may_be_unset, read_off

_SCOPES = "SecurityScopes"


def compares_unset(index: Index, function: Function) -> bool:
    """Whether a credential that may be missing is compared with a variable that may be.

    ``key != os.environ.get("KEY")`` lets everybody in where there is neither; not where one of them
    is looked at by itself first.
    """
    given = _optional(function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            continue
        sides = (node.left, node.comparators[0])
        if not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        for one, other in (sides, sides[::-1]):
            optional = (isinstance(one, ast.Name) and one.id in given) or read_off(index, one)
            if optional and may_be_unset(index, other):
                names = {ast.unparse(one), ast.unparse(other)}
                return not any(names & looked for looked in _looked_at(function))
    return False


def unread_scopes(function: Function) -> str:
    """The name of a ``SecurityScopes`` parameter that the function never reads; else empty."""
    for parameter in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        note = parameter.annotation
        name = note.attr if isinstance(note, ast.Attribute) else getattr(note, "id", "")
        if name == _SCOPES:
            read = {
                node.id
                for statement in function.body
                for node in ast.walk(statement)
                if isinstance(node, ast.Name)
            }
            return "" if parameter.arg in read else parameter.arg
    return ""


def found_in_source(rule: str, place: Place | None, seen: Observations) -> bool:
    """Whether the rule of that id found its weakness in the source of the dependency at a place."""
    return place is not None and any(
        finding.rule == rule
        and (finding.location.path, finding.location.line) == (place.path, place.line)
        for finding in seen.earlier
    )


def found_around(rule: str, operation: Operation, seen: Observations) -> Location | None:
    """Where the rule of that id found its weakness in the source of an operation's handler or dependencies."""
    places = [operation.place, *(d.place for d in operation.dependencies)]
    for finding in seen.earlier:
        path, line = finding.location.path, finding.location.line or 0
        if finding.rule == rule and any(
            p is not None and p.path == path and p.line <= line <= max(p.end, p.line)
            for p in places
        ):
            return replace(finding.location, operation=operation.key)
    return None


def _optional(function: Function) -> set[str]:
    """Parameters that a dependency or a header fills, and that may be None or empty."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(
        zip(
            (a.arg for a in named[len(named) - len(arguments.defaults) :]),
            arguments.defaults,
            strict=True,
        )
    )
    defaults.update(
        {
            a.arg: d
            for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if d is not None
        }
    )
    found = set()
    for parameter in (*named, *arguments.kwonlyargs):
        default = defaults.get(parameter.arg)
        if not isinstance(default, ast.Call) and not _may_inject(parameter.annotation):
            continue
        note = ast.unparse(parameter.annotation) if parameter.annotation else ""
        injected = any(word in note for word in ("Depends(", "Security(", "Header(", "Cookie("))
        if isinstance(default, ast.Call):
            called = default.func
            injected = injected or (
                isinstance(called, ast.Name)
                and called.id in ("Depends", "Security", "Header", "Cookie")
            )
        if injected and ("None" in note or "Optional[" in note):
            found.add(parameter.arg)
    return found


def _may_inject(annotation: ast.expr | None) -> bool:
    """Whether a call stands in it, perhaps in quotes: to write out every annotation takes its time."""
    if annotation is None or isinstance(annotation, ast.Name):
        return False
    return any(isinstance(n, ast.Call | ast.Constant) for n in ast.walk(annotation))


def presence_tested(node: ast.AST) -> list[ast.expr]:
    """Of which expressions a node asks whether there is anything: ``not key``, ``key and …``, ``if key``."""
    match node:
        case ast.UnaryOp(op=ast.Not()):
            return [node.operand]
        case ast.BoolOp():
            return node.values
        case ast.If() | ast.IfExp():
            return [node.test]
    return []


def _looked_at(function: Function) -> Iterator[set[str]]:
    """Names whose presence is tested: ``not key``, ``key is None``, ``key and …``, ``if key``."""
    for node in ast.walk(function):
        tested = presence_tested(node)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot):
            tested = [node.left]
        yield {ast.unparse(item) for item in tested if not isinstance(item, ast.Compare)}

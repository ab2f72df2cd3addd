"""Moves a route before the one that takes its address (CWE-439)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, argument, last
from buckler.scan.rules._support.applications import METHODS


def moved_before(draft: Draft, function: Function, operation: str) -> bool:
    """Move a handler of the module before another one.

    Args:
        draft: The file.
        function: The later handler.
        operation: The earlier one, as ``GET /users/{user_id}``.

    Returns:
        Whether it could be done: both stand at the top of this file, hang on the same router, and nothing
        that the later one needs where it is defined is bound between them.
    """
    body = draft.index.tree.body
    mark = _route(function)
    earlier = next((item for item in body if _answers(item, operation, mark)), None)
    if earlier is None or function not in body or body.index(earlier) > body.index(function):
        return False
    between = body[body.index(earlier) : body.index(function)]
    if _needed(function) & {name for item in between for name in _bound(item)}:
        return False
    start, end = _span(draft, function)
    moved = draft.text[start:end]
    at = _span(draft, earlier)[0]
    new = draft.source.newline
    gap = _blank_before(draft, start)
    draft.edit(start - len(gap), end, "")
    draft.edit(at, at, moved.rstrip("\r\n") + new + gap)
    return True


def _span(draft: Draft, function: ast.stmt) -> tuple[int, int]:
    """From the first decorator, and comments right above it, to the end of the last line."""
    first = getattr(function, "decorator_list", None) or [function]
    start = draft.source.line_start(draft.source.span(first[0])[0])
    while start and draft.text[draft.source.line_start(start - 1) : start].startswith("#"):
        start = draft.source.line_start(start - 1)
    return start, draft.source.line_end(draft.source.span(function)[1])


def _blank_before(draft: Draft, start: int) -> str:
    at = start
    while at and draft.text[at - 1] in "\r\n" and draft.text[:at].rstrip("\r\n") != draft.text[:at]:
        at -= 1
    kept = draft.text[at:start]
    # The first line end belongs to the line above.
    return kept.removeprefix(draft.source.newline)


def _route(item: ast.stmt) -> ast.Call | None:
    for mark in getattr(item, "decorator_list", ()):
        if isinstance(mark, ast.Call) and last(mark.func) in METHODS:
            return mark
    return None


def _answers(item: ast.stmt, operation: str, mark: ast.Call | None) -> bool:
    method, _, path = operation.partition(" ")
    other = _route(item)
    if other is None or mark is None or last(other.func) != method.lower():
        return False
    same = (
        ast.dump(other.func.value) == ast.dump(mark.func.value)
        if (isinstance(other.func, ast.Attribute) and isinstance(mark.func, ast.Attribute))
        else False
    )
    given = argument(other, "path", 0)
    written = given.value if isinstance(given, ast.Constant) else None
    return same and isinstance(written, str) and bool(written) and path.endswith(written)


def _needed(function: Function) -> set[str]:
    """Names that are read when the function is defined: in decorators, defaults and types."""
    args = function.args
    parts: list[ast.AST] = [*function.decorator_list, *args.defaults]
    parts += [d for d in args.kw_defaults if d is not None]
    parts += [
        a.annotation for a in (*args.posonlyargs, *args.args, *args.kwonlyargs) if a.annotation
    ]
    parts += [function.returns] if function.returns is not None else []
    return {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}


def _bound(item: ast.stmt) -> set[str]:
    """Names that a statement of the module binds."""
    if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {item.name}
    names = {
        n.id for n in ast.walk(item) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for alias in getattr(item, "names", ()):
        if isinstance(alias, ast.alias):
            names.add(alias.asname or alias.name.partition(".")[0])
    return names

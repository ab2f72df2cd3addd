"""Protects a route by the dependency that protects the routes beside it (CWE-306)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, argument, default_of, last, unpacks
from buckler.scan.python.modules import definition
from buckler.scan.rules._support.applications import METHODS, annotation_parts

_REFUSALS = frozenset({401, 403})


def protected_like_the_others(draft: Draft, function: Function, decorator: ast.Call) -> str:
    """Add ``dependencies=[Depends(…)]`` to a route.

    Returns:
        The name of the dependency; empty where the file has none that refuses, or several of which nobody
        can say which is meant.
    """
    gates = {
        name for other, mark in _routes(draft, function) for name in gates_of(draft, other, mark)
    }
    return _added(draft, function, decorator, gates)


def restricted_like_the_others(draft: Draft, function: Function, decorator: ast.Call) -> str:
    """The same with what the routes of the same area ask for beyond what this one asks for already."""
    area = _area(decorator)
    own = set(gates_of(draft, function, decorator))
    beside = [set(gates_of(draft, f, m)) for f, m in _routes(draft, function) if _area(m) == area]
    gates = set.intersection(*beside) - own if beside and area else set()
    return _added(draft, function, decorator, gates)


def _routes(draft: Draft, function: Function) -> Iterator[tuple[Function, ast.Call]]:
    """The other routes of the file."""
    for other in draft.index.functions:
        for mark in other.decorator_list if other is not function else ():
            if isinstance(mark, ast.Call) and last(mark.func) in METHODS:
                yield other, mark


def _area(decorator: ast.Call) -> str:
    """The first part of a route's path, and what it hangs on: ``app /admin``."""
    path = argument(decorator, "path", 0)
    written = path.value if isinstance(path, ast.Constant) else None
    if not isinstance(written, str) or not isinstance(decorator.func, ast.Attribute):
        return ""
    first = written.strip("/").partition("/")[0]
    return f"{ast.unparse(decorator.func.value)} /{first}" if first else ""


def _added(draft: Draft, function: Function, decorator: ast.Call, gates: set[str]) -> str:
    if len(gates) != 1 or unpacks(decorator):
        return ""
    name = next(iter(gates))
    if not _is_bound_before(draft, name, function):
        return ""
    depends = f"{draft.name_for('fastapi.Depends', decorator)}({name})"
    given = argument(decorator, "dependencies")
    if given is None:
        draft.set_keyword(decorator, "dependencies", f"[{depends}]")
    elif isinstance(given, ast.List):
        draft.append_element(given, depends)
    else:
        return ""
    return name


def gates_of(draft: Draft, function: Function, decorator: ast.Call) -> Iterator[str]:
    """Names of the dependencies of a route that refuse somebody."""
    listed = argument(decorator, "dependencies")
    marks: list[ast.expr] = list(listed.elts) if isinstance(listed, ast.List) else []
    for given in (*function.args.args, *function.args.kwonlyargs):
        default = default_of(function, given.arg)
        marks += [m for m in (default, *annotation_parts(given.annotation)[1]) if m is not None]
    for mark in marks:
        if isinstance(mark, ast.Call) and last(mark.func) in ("Depends", "Security"):
            target = argument(mark, "dependency", 0)
            if isinstance(target, ast.Name) and refuses(draft, target):
                yield target.id


def refuses(draft: Draft, target: ast.expr, depth: int = 0) -> bool:
    """Whether a dependency answers 401 or 403 to somebody, by itself or by what it depends on."""
    found = definition(draft.index, target)
    if found is None or depth > 3:
        return False
    index, function = found
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    for call in index.calls_in(function):
        status = argument(call, "status_code", 0)
        if last(call.func) == "HTTPException" and status is not None:
            code = status.value if isinstance(status, ast.Constant) else None
            if code in _REFUSALS or last(status).startswith(("HTTP_401", "HTTP_403")):
                return True
    inner = (
        argument(mark, "dependency", 0)
        for mark in index.calls_in(function)
        if last(mark.func) in ("Depends", "Security")
    )
    other = draft if index.path == draft.path else draft.other(index.path)
    return any(refuses(other, one, depth + 1) for one in inner if one is not None)


def _is_bound_before(draft: Draft, name: str, function: Function) -> bool:
    """Whether a name of the module is bound where the decorators of a function are evaluated."""
    first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
    if name in draft.index.imports:
        return True
    return any(
        isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and item.name == name
        and item.lineno < first
        for item in draft.index.tree.body
    )

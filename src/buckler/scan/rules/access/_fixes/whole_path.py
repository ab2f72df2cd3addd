"""Compares the whole path where a middleware asked for a part of it (CWE-288)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import texts
from buckler.scan.python.index import argument
from buckler.scan.rules._support.elsewhere import other_files

_METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options"}
    | {"api_route", "route", "websocket", "websocket_route"}
)
_UNKNOWN = re.compile(
    r"\bprefix\s*=|\.mount\(|root[_-]path|add_(api_|websocket_)?route|docs_url|redoc_url|openapi_url|\broutes\s*=|Mount\(|Route\("
    r"|include_router\([^)]*\(|\bgetattr\(\s*(app|\w*router)\b|\b(?!run\b|TestClient\b)\w+\(\s*app\b"
)
_OF_ROUTES = re.compile(r"\b(app|\w*router|api|application)\.\w+$", re.IGNORECASE)
_BUILT_IN = ("/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc")
_PATHS = re.compile(r"(url\.path|scope\[['\"]path['\"]\])$")


def compared_whole(draft: Draft, node: ast.expr) -> str | None:
    """Have a test of a part of the path let through those routes alone that it was made for.

    These are the routes that equal the text or lie below it.

    Returns:
        What is put to the check that was not before; empty where nothing but other paths is; None where
        nothing could be done.
    """
    path, known, how = _parts(draft, node)
    if path is None or not known:
        return None
    index = draft.index
    values = [path, *(index.values(path) if isinstance(path, ast.Name) else [])]
    if not any(_PATHS.search(ast.unparse(value)) for value in values):
        return None
    routes = _routes(draft)
    if routes is None:
        return _slash_added(draft, node, path, how)
    held = sorted(route for route in routes if any(_holds(route, how, text) for text in known))
    meant = [route for route in held if any(_is_meant(route, how, text) for text in known)]
    if not meant or any("{" in route or route == "/" for route in meant):
        return None
    listed = ", ".join(map(draft.quote, meant))
    whole = f"({listed})" if len(meant) > 1 else listed
    outer = index.parents.get(node)
    negated = isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not)
    turned = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn)
    operators = ("in", "not in") if len(meant) > 1 else ("==", "!=")
    replaced = outer if negated and isinstance(outer, ast.expr) else node
    written = draft.of(path)  # the router answers a slash at the end with a redirect
    stripped = written if how == "endswith" else f"{written}.rstrip({draft.quote('/')})"
    draft.replace(replaced, f"{stripped} {operators[negated != turned]} {whole}")
    left = [route for route in held if route not in meant]
    return f"{', '.join(left)} {'is' if len(left) == 1 else 'are'} put to the check" if left else ""


def _parts(draft: Draft, node: ast.expr) -> tuple[ast.expr | None, list[str], str]:
    """The path, the texts that it is asked for, and how."""
    match node:
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[path]):
            return path, texts(draft.index, left), "in"
        case ast.Call(func=ast.Attribute(value=path, attr=how), args=[given], keywords=[]):
            return path, texts(draft.index, given), how
    return None, [], ""


def _holds(route: str, how: str, text: str) -> bool:
    if how == "in":
        return text in route
    return route.startswith(text) if how == "startswith" else route.endswith(text)


def _is_meant(route: str, how: str, text: str) -> bool:
    """Whether a route is the text or, unless it is about the end of a path, lies below it."""
    if how != "endswith" and text.strip("/"):
        text = f"/{text.lstrip('/')}"
    below = text if text.endswith("/") else f"{text}/"
    return route == text or (how != "endswith" and route.startswith(below))


def _routes(draft: Draft) -> set[str] | None:
    """The paths of all routes of the project; None where one is not written out."""
    found = set(_BUILT_IN)
    sources: list[str] = [draft.text]
    for file, content in other_files(draft):
        text = None if content is None else content.decode(errors="replace")
        if text is None or _UNKNOWN.search(text):
            return None
        if file.suffix == ".py":
            sources.append(text)
    if _UNKNOWN.search(draft.text):
        return None
    for text in sources:
        paths = _paths_in(text)
        if paths is None:
            return None
        found |= paths
    return found


def _paths_in(source: str) -> set[str] | None:
    """The paths of the routes of a file; None where one is computed, or not made by a decorator."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    decorators: set[ast.expr] = set()
    others: list[ast.Call] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            decorators.update(node.decorator_list)
        elif isinstance(node, ast.Call) and _adds_route(node):
            others.append(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Call):
            if _adds_route(node.func):
                return None
    found = set()
    for call in others:
        if call not in decorators:
            if _OF_ROUTES.search(ast.unparse(call.func)):
                return None
            continue
        given = argument(call, "path", 0)
        if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
            return None
        found.add(given.value)
    return found


def _adds_route(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS


def _slash_added(draft: Draft, node: ast.expr, path: ast.expr, how: str) -> str | None:
    """``path.startswith("/public")`` becomes ``(path == "/public" or path.startswith("/public/"))``."""
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if (
        how != "startswith"
        or not isinstance(given, ast.Constant)
        or not isinstance(given.value, str)
    ):
        return None
    written, text = draft.of(path), given.value
    below = draft.quote(f"{text}/")
    draft.replace(node, f"({written} == {draft.of(given)} or {written}.startswith({below}))")
    return "paths that only begin alike are put to the check"

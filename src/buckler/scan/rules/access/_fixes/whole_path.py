"""Compares the whole path where a middleware asked for a part of it (CWE-288)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import texts
from buckler.scan.rules._support.elsewhere import other_files

_ROUTE = re.compile(
    r"\.(?:get|post|put|patch|delete|head|options|api_route|route|websocket|websocket_route)\(\s*"
    r"(?:(?P<quote>[\"'])(?P<path>/[^\"'\\]*)(?P=quote))?"
)
_DECORATES = re.compile(r"^[ \t]*@\w+(?=\.)", re.MULTILINE)
_UNKNOWN = re.compile(
    r"\bprefix\s*=|\.mount\(|root[_-]path|add_(api_|websocket_)?route|docs_url|redoc_url|openapi_url|\broutes\s*=|Mount\(|Route\("
    r"|include_router\([^)]*\(|\b(?!run\b|TestClient\b)\w+\(\s*app\b"
)
_BUILT_IN = ("/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc")
_PATHS = re.compile(r"(url\.path|scope\[['\"]path['\"]\])$")


def compared_whole(draft: Draft, node: ast.expr) -> str:
    """Have a test of a part of the path let through those routes alone that it was made for.

    Returns:
        ``alike`` where all routes of the project are known, ``seen`` where only the slash at the end of a beginning is added,
        empty where nothing could be done.
    """
    path, known, how = _parts(draft, node)
    if path is None or not known:
        return ""
    index = draft.index
    values = [path, *(index.values(path) if isinstance(path, ast.Name) else [])]
    if not any(_PATHS.search(ast.unparse(value)) for value in values):
        return ""
    routes = _routes(draft)
    if routes is None:
        return _slash_added(draft, node, path, how)
    meant = sorted(route for route in routes if any(_holds(route, how, text) for text in known))
    if not meant or any("{" in route or route == "/" for route in meant):
        return ""
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
    return "alike"


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


def _routes(draft: Draft) -> set[str] | None:
    """The paths of all routes of the project; None where one is not written out."""
    files = [content.decode(errors="replace") for _, content in other_files(draft)]
    found = set(_BUILT_IN)
    for text in (draft.text, *files):
        if _UNKNOWN.search(text):
            return None
        for at in _DECORATES.finditer(text):
            route = _ROUTE.match(text, at.end())
            if route is None:
                continue
            if not route["path"]:
                return None
            found.add(route["path"])
    return found


def _slash_added(draft: Draft, node: ast.expr, path: ast.expr, how: str) -> str:
    """``path.startswith("/public")`` becomes ``(path == "/public" or path.startswith("/public/"))``."""
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if (
        how != "startswith"
        or not isinstance(given, ast.Constant)
        or not isinstance(given.value, str)
    ):
        return ""
    written, text = draft.of(path), given.value
    below = draft.quote(f"{text}/")
    draft.replace(node, f"({written} == {draft.of(given)} or {written}.startswith({below}))")
    return "seen"

"""Dotted names of expressions, imports and aliases resolved.

``jwt.decode`` is ``jwt.decode`` whether it was imported as ``from jwt import decode as d`` or the
module as ``import jwt as tokens``. A call has ``()`` behind its name, and so has what was
assigned from one: with ``client = httpx.Client()``, ``client.get`` is ``httpx.Client().get``.
"""

from __future__ import annotations

import ast

from buckler.scan.python.index import Index

_SAME = {
    "jwt.api_jwt.": "jwt.",
    "fastapi.templating.": "starlette.templating.",
    "fastapi.middleware.": "starlette.middleware.",
    "fastapi.responses.": "starlette.responses.",
    "httpx2.": "httpx.",
    "jinja2.environment.": "jinja2.",
    "uvicorn.main.": "uvicorn.",
    "flask.Markup": "markupsafe.Markup",
    "jinja2.Markup": "markupsafe.Markup",
}


def resolve(index: Index, node: ast.AST) -> str:
    """The dotted name of an expression; parts that are unknown are ``?``."""
    return _canonical(_resolve(index, node))


def _canonical(name: str) -> str:
    for prefix, same in _SAME.items():
        if name.startswith(prefix):
            return same + name[len(prefix) :]
    return name


def _resolve(index: Index, node: ast.AST) -> str:
    match node:
        case ast.Name():
            return _of_name(index, node)
        case ast.Attribute():
            bound = _bound(index, index.values(node))
            return bound or f"{index.name(node.value) or '?'}.{node.attr}"
        case ast.Call():
            return f"{index.name(node.func) or '?'}()"
        case ast.Await():
            return index.name(node.value)
        case ast.Subscript():
            name = index.name(node.value)
            if name.endswith("Annotated"):
                first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
                return index.name(first)
            return f"{name or '?'}[]"
        case ast.BinOp(op=ast.BitOr()):
            return index.name(node.left)
        case ast.Constant(value=str()):
            return "''"
    return "?"


def _of_name(index: Index, node: ast.Name) -> str:
    values = index.values(node)
    if values:
        return _bound(index, values) or node.id
    parameter = index.parameter(node)
    if parameter is not None:
        of_class = index.name(parameter.annotation) if parameter.annotation is not None else ""
        return f"{of_class}()" if of_class.strip("?") and "." in of_class else node.id
    known = index.imports.get(node.id)
    return known.dotted if known is not None else node.id


def _bound(index: Index, values: list[ast.expr]) -> str:
    """What a name was set to, where that is a call, an alias, or the same thing every time."""
    names = set()
    for value in values:
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call | ast.Attribute | ast.Name):
            names.add(index.name(value))
        elif not (isinstance(value, ast.Constant) and value.value is None):
            return ""
    name = names.pop() if len(names) == 1 else ""
    return name if name.strip("?") and "." in name else ""

"""Compares input with ``$eq`` in filters of document databases (CWE-943)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last
from buckler.scan.rules._support.statements import assigned

_QUERIES = frozenset(
    "find find_one find_one_and_update find_one_and_delete find_one_and_replace update_one update_many"
    " delete_one delete_many replace_one count_documents".split()
)
_LOOSE = frozenset({"dict", "Dict", "Any", "Mapping", "object"})


def compared_as_values(draft: Draft, call: ast.Call) -> bool:
    """Wrap each value of a filter that is taken out of a body; whether there was one.

    A variable may hold an operator of the application's own, so that only what is read out of the body
    right here is wrapped.
    """
    if last(call.func) not in _QUERIES:
        return False
    given = argument(call, "filter", 0)
    where = assigned(draft.index, given) if given is not None else None
    listed = where.value if where is not None else given
    if not isinstance(listed, ast.Dict):
        return False
    found = [
        value
        for key, value in zip(listed.keys, listed.values, strict=True)
        if isinstance(key, ast.Constant)
        and not str(key.value).startswith("$")
        and _from_body(draft, value)
    ]
    for value in found:
        draft.wrap(value, f"{{{draft.quote('$eq')}: ", "}")
    return bool(found)


def _from_body(draft: Draft, node: ast.expr) -> bool:
    match node:
        case ast.Subscript(value=inner):
            return _is_body(draft, inner) or _from_body(draft, inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="get")):
            return _is_body(draft, inner) or _from_body(draft, inner)
        case ast.Name():
            where = assigned(draft.index, node)
            if where is not None and where.value is not None:
                return _from_body(draft, where.value)
    return False


def _is_body(draft: Draft, node: ast.expr) -> bool:
    """Whether an expression is a parsed body, or a parameter that takes any object."""
    where = assigned(draft.index, node)
    value = where.value if where is not None else node
    inner = value.value if isinstance(value, ast.Await) else value
    if isinstance(inner, ast.Call):
        return last(inner.func) == "json" or draft.index.name(inner.func) == "json.loads"
    if not isinstance(node, ast.Name):
        return False
    parameter = draft.index.parameter(node)
    annotation = parameter.annotation if parameter is not None else None
    while isinstance(annotation, ast.Subscript):
        annotated = last(annotation.value) == "Annotated"
        inside = annotation.slice
        annotation = (
            inside.elts[0] if annotated and isinstance(inside, ast.Tuple) else annotation.value
        )
    return annotation is not None and last(annotation) in _LOOSE

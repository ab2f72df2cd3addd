"""Whether a text that is marked as safe HTML is: CWE-79."""

from __future__ import annotations

import ast

from buckler.scan.python.constants import value_of
from buckler.scan.python.index import Index, argument, last

_SAFE = frozenset(
    "escape url_for int float len str_escape quote quote_plus clean sanitize linkify nh3 bleach format_html dumps isoformat csrf_token url_path_for".split()
)


def is_harmless(index: Index, node: ast.expr, depth: int) -> bool:
    """Whether a text is constant, or every value in it is escaped."""
    known = value_of(index, node)
    if depth > 5 or (known is not None and not known.default):
        return depth <= 5
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr():
            return all(
                is_harmless(index, v.value, depth + 1)
                for v in node.values
                if isinstance(v, ast.FormattedValue)
            )
        case ast.BinOp():
            return is_harmless(index, node.left, depth + 1) and is_harmless(
                index, node.right, depth + 1
            )
        case ast.Tuple():
            return all(is_harmless(index, item, depth + 1) for item in node.elts)
        case ast.IfExp():
            return is_harmless(index, node.body, depth + 1) and is_harmless(
                index, node.orelse, depth + 1
            )
        case ast.Call():
            name = last(node.func)
            owner = index.name(node.func).partition(".")[0]
            if name in _SAFE or owner in ("nh3", "bleach"):
                return True
            if name in ("format", "join", "replace", "strip") and isinstance(
                node.func, ast.Attribute
            ):
                given = [*node.args, *(k.value for k in node.keywords), node.func.value]
                return all(is_harmless(index, item, depth + 1) for item in given)
            if name == "sub":  # of a pattern or of re: what is put in, and what it is put into
                first = 1 if index.name(node.func) == "re.sub" else 0
                both = argument(node, "repl", first), argument(node, "string", first + 1)
                return all(one is not None and is_harmless(index, one, depth + 1) for one in both)
            return False
        case ast.GeneratorExp() | ast.ListComp():
            return is_harmless(index, node.elt, depth + 1)
        case ast.Name():
            values = index.values(node)
            return bool(values) and all(is_harmless(index, v, depth + 1) for v in values)
    return False

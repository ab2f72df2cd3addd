"""The ``state`` of a sign-in, compared where neither side needs to have one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from buckler.scan.python.index import Function, Index, default_of, parameter
from buckler.scan.rules._support.gates import presence_tested

_KEPT = re.compile(r"session|cookies")
_KEY = re.compile(r"state|nonce|csrf|verifier", re.IGNORECASE)


def empty_on_both_sides(index: Index) -> Iterator[ast.AST]:
    """Comparisons of a kept state with a sent one that hold where nobody has any.

    ``session.pop("state", "") == state`` with ``state: str = ""``: not where one of them is looked at by itself, or a
    parameter has to be sent.
    """
    nodes: list[ast.Compare | ast.Call] = [*index.all(ast.Compare), *index.called("compare_digest")]
    for node in nodes:
        function = index.function_of(node)
        if function is None:
            continue
        sides = node.args if isinstance(node, ast.Call) else [node.left, *node.comparators]
        equal = isinstance(node, ast.Call) or isinstance(node.ops[0], ast.Eq | ast.NotEq)
        if len(sides) != 2 or not equal:
            continue
        roots = [_root(side) for side in sides]
        for kept, sent in (roots, roots[::-1]):
            lacks = _kept_or(index, function, kept)
            if lacks and lacks == _sent_or(index, function, sent):
                if not _looked_at(function, kept, node) and not _looked_at(function, sent, node):
                    yield node
                    break


def _root(node: ast.expr) -> ast.expr:
    """The value without what encodes it: ``state`` of ``state.encode()`` and ``str(state)``."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("encode", "strip", "lower"):
            return _root(node.func.value)
        if isinstance(node.func, ast.Name) and node.func.id in ("str", "bytes") and node.args:
            return _root(node.args[0])
    return node


def _kept_or(index: Index, function: Function, node: ast.expr) -> str:
    """What a session or cookie gives where it has no state: ``''`` or ``None`` as source; empty for anything else."""
    values = index.bindings.get((function, node.id), []) if isinstance(node, ast.Name) else [node]
    if len(values) != 1:
        return ""
    call = values[0]
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return ""
    key = call.args[0] if call.args else None
    named = isinstance(key, ast.Constant) and isinstance(key.value, str) and _KEY.search(key.value)
    if call.func.attr not in ("get", "pop") or not named or call.keywords:
        return ""
    if not _KEPT.search(ast.unparse(call.func.value)):
        return ""
    return (
        _empty(call.args[1]) if len(call.args) == 2 else "None" if call.func.attr == "get" else ""
    )


def _sent_or(index: Index, function: Function, node: ast.expr) -> str:
    """What stands for a parameter, or for what is read off the request, where nobody sent it."""
    if isinstance(node, ast.Name) and parameter(function, node.id) is not None:
        default = default_of(function, node.id)
        if isinstance(default, ast.Call):
            default = default.args[0] if default.args else None
        return _empty(default) if default is not None else ""
    values = index.bindings.get((function, node.id), []) if isinstance(node, ast.Name) else [node]
    call = values[0] if len(values) == 1 else None
    if (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "get"
    ):
        if "query_params" in ast.unparse(call.func.value) and not call.keywords:
            return _empty(call.args[1]) if len(call.args) == 2 else "None"
    return ""


def _empty(node: ast.expr) -> str:
    return repr(node.value) if isinstance(node, ast.Constant) and node.value in ("", None) else ""


def _looked_at(function: Function, side: ast.expr, compared: ast.AST) -> bool:
    """Whether somebody asks whether there is one: ``not state``, ``state is None``, ``if state``."""
    wanted = ast.unparse(side)
    for node in ast.walk(function):
        tested = presence_tested(node)
        if isinstance(node, ast.Compare) and node is not compared:
            tested = [node.left, *node.comparators]
        if any(ast.unparse(item) == wanted for item in tested):
            return True
    return False

"""Tells the values that the code itself makes of several lines, so that none of them may be joined."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator

from buckler.scan.python.constants import value_of
from buckler.scan.python.index import Function, Index, last

_DEPTH = 4


def may_have_lines(index: Index, node: ast.expr, depth: int = 0) -> bool:
    """Whether a value is made in this file from texts with line ends, or by a function that nobody knows."""
    if depth > _DEPTH:
        return True
    for item in ast.walk(node):
        if isinstance(item, ast.Constant) and _has_end(item.value):
            return True
        if isinstance(item, ast.Call) and _makes_lines(index, item):
            return True
        if not isinstance(item, ast.Name):
            continue
        known = value_of(index, item)
        if known is not None and _has_end(known.value):
            return True
        if any(may_have_lines(index, one, depth + 1) for one in _put_into(index, item)):
            return True
    return False


def _has_end(value: object) -> bool:
    return isinstance(value, str) and ("\n" in value or "\r" in value)


def _makes_lines(index: Index, call: ast.Call) -> bool:
    """Whether a call is one of a function of this file that knows line ends, or of one of another file."""
    name = last(call.func)
    own = [function for function in index.functions if function.name == name]
    if own:
        return any(_has_end(text) for function in own for text in _texts(function))
    if not isinstance(call.func, ast.Name) or hasattr(builtins, name):
        return False
    return index.name(call.func).partition(".")[0] not in sys.stdlib_module_names


def _texts(function: Function) -> Iterator[object]:
    documented = ast.get_docstring(function, clean=False)
    for item in ast.walk(function):
        if isinstance(item, ast.Constant) and item.value != documented:
            yield item.value


def _put_into(index: Index, name: ast.Name) -> Iterator[ast.expr]:
    """What a variable of the function is made of: what it is set to, what is added, what callers give for it."""
    function = index.function_of(name)
    if function is None:
        return
    for item in ast.walk(function):
        match item:
            case ast.Assign(targets=targets, value=value) if _names(targets, name.id):
                yield value
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
                | ast.For(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
            ) if _names([target], name.id) and not _holds(value, name.id):
                yield value
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner)), args=args):
                if owner == name.id:
                    yield from (one for one in args if not _holds(one, name.id))
    if index.parameter(name) is None:
        return
    for call in index.calls:
        if last(call.func) == function.name and index.function_of(call) is not function:
            yield from (*call.args, *(keyword.value for keyword in call.keywords))


def _names(targets: list[ast.expr], name: str) -> bool:
    return any(_holds(target, name) for target in targets)


def _holds(node: ast.expr, name: str) -> bool:
    return any(isinstance(item, ast.Name) and item.id == name for item in ast.walk(node))

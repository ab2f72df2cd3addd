"""Whether a value goes nowhere but into a log: what is only written down decides nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from buckler.scan.python.index import Function, Index, last
from buckler.scan.python.logged import logs
from buckler.scan.python.modules import definition, others

MAX_DEPTH = 4
_TEXTS = frozenset({"str", "repr", "format", "get", "ascii"})


def only_logged(index: Index, node: ast.expr, depth: int = 0) -> bool:
    """Whether all that is made of an expression ends in calls that log; followed over the modules
    of the project.
    """
    if depth > MAX_DEPTH:
        return False
    current: ast.AST = node
    while True:
        parent = index.parents.get(current)
        match parent:
            case ast.Call():
                if logs(index, parent) and current is not parent.func:
                    return True
                if last(parent.func) not in _TEXTS:
                    return False
            case ast.Attribute(attr=name):
                outer = index.parents.get(parent)
                if name not in _TEXTS or not isinstance(outer, ast.Call):
                    return False
            case ast.Subscript(value=value):
                if value is not current:
                    return False
            case ast.JoinedStr() | ast.FormattedValue() | ast.Await() | ast.keyword():
                pass
            case ast.BoolOp() | ast.BinOp():
                pass
            case ast.IfExp(test=test):
                if test is current:
                    return False
            case ast.Assign(targets=[ast.Name(id=name)]):
                return _uses_logged(index, parent, name, depth)
            case ast.Return():
                function = index.function_of(parent)
                return function is not None and _calls_logged(index, function, depth)
            case _:
                return False
        current = parent


def _uses_logged(index: Index, assign: ast.Assign, name: str, depth: int) -> bool:
    """Whether every use of a local name is."""
    function = index.function_of(assign)
    if function is None:
        return False
    uses = [
        item
        for item in ast.walk(function)
        if isinstance(item, ast.Name) and item.id == name and isinstance(item.ctx, ast.Load)
    ]
    return bool(uses) and all(only_logged(index, use, depth + 1) for use in uses)


def _calls_logged(index: Index, function: Function, depth: int) -> bool:
    """Whether every mention of a function is a call whose value is."""
    mentions = list(_mentions(index, function))
    return bool(mentions) and all(
        isinstance(outer := other.parents.get(node), ast.Call)
        and outer.func is node
        and only_logged(other, outer, depth + 1)
        for other, node in mentions
    )


def _mentions(index: Index, function: Function) -> Iterator[tuple[Index, ast.expr]]:
    """Where a function is named, in its own module and in those that import it."""
    elsewhere = others(index, function.name) if index.folder is not None else ()
    for other in (index, *elsewhere):
        for node in ast.walk(other.tree):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            if last(node) == function.name and isinstance(node.ctx, ast.Load):
                found = definition(other, node)
                here = found is not None and _same(found, index, function)
                if here or (found is None and isinstance(node, ast.Attribute)):
                    yield other, node


def _same(found: tuple[Index, ast.AST], index: Index, function: Function) -> bool:
    """Whether a definition is this function; a file may have been read more than once."""
    other, node = found
    return Path(other.path) == Path(index.path) and getattr(node, "lineno", 0) == function.lineno

"""Tells whether hashes of passwords are compared or looked up, which takes a hash without a salt."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, last
from buckler.scan.rules._support.elsewhere import other_files

_HASHES = frozenset({"hash", "encrypt"})
_CHECKS = frozenset({"verify", "verify_and_update"})
_THREADS = frozenset({"to_thread", "run_in_threadpool", "run_in_executor", "run_sync", "submit"})
_LOOKS = re.compile(
    r"^(filter|filter_by|where|get|get_or_none|find|find_one|exists|having|in_|index|count|compare_digest)$|_by_|^find_|^lookup"
)
_SELECTS = re.compile(r"\b(select|where)\b", re.IGNORECASE)


def hashes_are_compared(draft: Draft) -> bool | None:
    """Whether a hash that ``.hash(…)`` made may be compared or looked up anywhere in the project.

    Returns:
        True also where a file cannot be read; None where none is, and none is verified either.
    """
    trees = _trees(draft)
    if trees is None:
        return True
    nodes = [node for tree in trees for node in ast.walk(tree)]
    called = {last(n.func) for n in nodes if isinstance(n, ast.Call)}
    referred = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
    scopes = [n for n in nodes if isinstance(n, Function | ast.Module)]
    makers: set[str] = set()
    known = -1
    while known != len(makers):
        known = len(makers)
        for scope in scopes:
            if _is_compared(scope, makers, parents):
                return True
    return None if called & _HASHES and not referred & _CHECKS else False


def _trees(draft: Draft) -> list[ast.Module] | None:
    found = [draft.index.tree]
    for file, content in other_files(draft):
        if file.suffix != ".py":
            continue
        if content is None:
            return None
        try:
            found.append(ast.parse(content))
        except (SyntaxError, ValueError, RecursionError):
            return None
    return found


def _is_compared(
    scope: Function | ast.Module, makers: set[str], parents: dict[ast.AST, ast.AST]
) -> bool:
    """Whether a scope compares a hash; functions that give one back are added to the makers."""
    inside = list(ast.walk(scope))
    hashes: list[ast.AST] = [n for n in inside if isinstance(n, ast.Call) and _makes(n, makers)]
    names: set[str] = set()
    for node in (n for made in list(hashes) for n in _above(made, parents)):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {
                n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)
            }
            if isinstance(node.value, ast.Lambda):
                makers |= names
    hashes += [n for n in inside if isinstance(n, ast.Name) and n.id in names and _is_read(n)]
    for made in hashes:
        below = made
        for node in _above(made, parents):
            if _finds(node, below):
                return True
            if isinstance(node, ast.Return) and isinstance(scope, Function):
                makers.add(scope.name)
            below = node
    for node in inside:
        if isinstance(node, ast.Assign) and last(node.value) in _HASHES | makers:
            makers |= {last(target) for target in node.targets} - {""}
    return False


def _makes(call: ast.Call, makers: set[str]) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr in _HASHES:
        return True
    if last(call.func) in _THREADS:
        return any(last(given) in _HASHES | makers for given in call.args)
    return last(call.func) in makers


def _above(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> list[ast.AST]:
    """The nodes around a node, up to its statement."""
    found = []
    while node in parents and not isinstance(node, ast.stmt):
        node = parents[node]
        found.append(node)
    return found


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _finds(node: ast.AST, below: ast.AST) -> bool:
    """Whether an expression compares what stands in it, or looks it up."""
    if isinstance(node, ast.Compare):
        return not all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
    if isinstance(node, ast.Subscript):
        return node.slice is below and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        if below is not node.func and _LOOKS.search(last(node.func)):
            return True
        return below is not node.func and _selects(node)
    return isinstance(node, ast.JoinedStr | ast.BinOp) and _selects(node)


def _selects(node: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Constant) and isinstance(n.value, str) and _SELECTS.search(n.value)
        for n in ast.walk(node)
    )

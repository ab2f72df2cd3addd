"""Hashes the password for names that nobody has, too (CWE-208)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, Index, last
from buckler.scan.rules.auth._fixes.kinds import MAYBE, kind_of

_HASHES = frozenset({"scrypt", "pbkdf2_hmac", "kdf", "hash_secret_raw"})
_SHAPES = frozenset({"encode", "strip", "lower", "casefold", "get_secret_value"})
_DEEPEST = 4


def hashed_first(draft: Draft, function: Function) -> bool:
    """``known is None or stretch(password) != known`` the other way round.

    What is hashed must not depend on what is known, so that the outcome is the same for every name: no hash
    equals None.

    Returns:
        Whether there was one such condition.
    """
    found = [
        node for node in ast.walk(function) if isinstance(node, ast.If | ast.IfExp | ast.While)
    ]
    tests = [node.test for node in found if _is_late(draft, node.test)]
    if len(tests) != 1 or not isinstance(tests[0], ast.BoolOp):
        return False
    first, second = tests[0].values
    draft.replace(first, draft.of(second))
    draft.replace(second, draft.of(first))
    return True


def _is_late(draft: Draft, test: ast.expr) -> bool:
    """Whether a condition asks for the name first, and hashes only where there is one."""
    if not isinstance(test, ast.BoolOp) or not isinstance(test.op, ast.Or):
        return False
    if len(test.values) != 2:
        return False
    name, (_, second) = missing(test.values[0]), test.values
    if not name or not isinstance(second, ast.Compare):
        return False
    if len(second.ops) != 1 or not isinstance(second.ops[0], ast.NotEq):
        return False
    sides = (second.left, second.comparators[0])
    bare = [side for side in sides if isinstance(side, ast.Name) and side.id == name]
    made = [side for side in sides if isinstance(side, ast.Call)]
    return len(bare) == len(made) == 1 and _only_hashes(draft, made[0], name)


def missing(node: ast.expr) -> str:
    """The name that ``x is None`` or ``not x`` asks for."""
    match node:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(None)]):
            return name
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name
    return ""


def _only_hashes(draft: Draft, call: ast.Call, name: str) -> bool:
    """Whether a call is one of a hash, by itself or in a function of this file that does nothing else."""
    if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(call)):
        return False
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    if not all(_is_sure(draft.index, value) for value in given):
        return False
    if last(call.func) in _HASHES:
        return True
    made = draft.index.function(last(call.func)) if isinstance(call.func, ast.Name) else None
    if not isinstance(made, ast.FunctionDef) or made.decorator_list or len(made.body) > 2:
        return False
    final = made.body[-1]
    if any(
        isinstance(n, ast.Subscript) or _is_lookup(n) for part in made.body for n in ast.walk(part)
    ):
        return False
    return (
        isinstance(final, ast.Return)
        and isinstance(final.value, ast.Call)
        and any(isinstance(n, ast.Call) and last(n.func) in _HASHES for n in ast.walk(final.value))
    )


def _is_lookup(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in ("get", "pop", "index", "next")


def _is_sure(index: Index, node: ast.expr, depth: int = 0) -> bool:
    """Whether a value is there for every name: nothing of it is looked up."""
    if depth > _DEEPEST or kind_of(index, node) == MAYBE:
        return False
    match node:
        case ast.Constant():
            return True
        case ast.Attribute():
            return _is_sure(index, node.value, depth + 1)
        case ast.BinOp():
            return _is_sure(index, node.left, depth + 1) and _is_sure(index, node.right, depth + 1)
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in _SHAPES:
            return all(_is_sure(index, part, depth + 1) for part in (owner, *node.args))
        case ast.Name():
            values = index.values(node)
            if values:
                return all(_is_sure(index, value, depth + 1) for value in values)
            function = index.function_of(node)
            inside = ast.walk(function) if function is not None else ()
            return not any(
                isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, ast.Store)
                for n in inside
            )
    return False

"""Hashes the password for names that nobody has, too (CWE-208)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, last

_HASHES = frozenset({"scrypt", "pbkdf2_hmac", "kdf", "hash_secret_raw"})


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
    if last(call.func) in _HASHES:
        return True
    made = draft.index.function(last(call.func)) if isinstance(call.func, ast.Name) else None
    if not isinstance(made, ast.FunctionDef) or made.decorator_list or len(made.body) > 2:
        return False
    final = made.body[-1]
    return (
        isinstance(final, ast.Return)
        and isinstance(final.value, ast.Call)
        and any(isinstance(n, ast.Call) and last(n.func) in _HASHES for n in ast.walk(final.value))
    )

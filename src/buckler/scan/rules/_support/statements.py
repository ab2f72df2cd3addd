"""The statement around an expression, for fixers that put a check before it."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Index, parameters

_LATER = (
    *(ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.IfExp, ast.BoolOp, ast.NamedExpr),
)
_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Raise)


def statement_of(index: Index, node: ast.AST) -> ast.stmt | None:
    """The statement that runs an expression; None where it may run it never, later or several times.

    A check before ``while f(x)`` would be made once for many turns, one before ``elif f(x)`` cannot be
    written.
    """
    inner = node
    for outer in index.around(node):
        if isinstance(outer, _LATER):
            return None
        if isinstance(outer, ast.With | ast.AsyncWith | ast.For | ast.AsyncFor):
            return outer
        if isinstance(outer, ast.If):
            above = index.parents.get(outer)
            chained = isinstance(above, ast.If) and above.orelse == [outer]
            return None if chained or inner is not outer.test else outer
        if isinstance(outer, ast.stmt):
            return outer if isinstance(outer, _SIMPLE) else None
        inner = outer
    return None


def free_name(index: Index, at: ast.AST, *wanted: str) -> str:
    """The first of some names that a function does not use; with a number where all are used."""
    function = index.function_of(at)
    scope: ast.AST = function if function is not None else index.tree
    taken = {item.id for item in ast.walk(scope) if isinstance(item, ast.Name)}
    taken |= {item.arg for item in parameters(scope)} | set(index.imports)
    free = next((name for name in wanted if name not in taken), "")
    number = 2
    while not free:
        free = f"{wanted[0]}_{number}" if f"{wanted[0]}_{number}" not in taken else ""
        number += 1
    return free


def assigned(index: Index, node: ast.expr) -> ast.Assign | ast.AnnAssign | None:
    """The one assignment in the function of a name that is set nowhere else."""
    function = index.function_of(node)
    if not isinstance(node, ast.Name) or function is None:
        return None
    stores = [
        item
        for item in ast.walk(function)
        if isinstance(item, ast.Name)
        and item.id == node.id
        and isinstance(item.ctx, ast.Store | ast.Del)
    ]
    statement = index.parents.get(stores[0]) if len(stores) == 1 else None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return statement if statement.targets[0] is stores[0] else None
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return statement
    return None


def serves_fastapi(draft: Draft) -> bool:
    """Whether the file is one of FastAPI or Starlette, so that an ``HTTPException`` is answered."""
    known = (item.module or item.dotted for item in draft.index.imports.values())
    return any(name.partition(".")[0] in ("fastapi", "starlette") for name in known)


def refusal(draft: Draft, status: int, at: ast.AST) -> str:
    """``raise HTTPException(404)``, as the file writes the name."""
    own = "starlette.exceptions.HTTPException"
    uses = any(item.dotted == own for item in draft.index.imports.values())
    name = draft.name_for(own if uses else "fastapi.HTTPException", at)
    return f"raise {name}({status})"

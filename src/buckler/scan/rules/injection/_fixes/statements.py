"""Finds the text of an SQL statement from the call that executes it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last

EXECUTES = frozenset(
    {
        "execute",
        "exec_driver_sql",
        "fetch",
        "fetchrow",
        "fetchval",
        "fetch_all",
        "fetch_one",
        "fetch_val",
    }
    | {"iterate", "scalar", "scalars", "stream", "exec", "execute_fetchall", "cursor"}
)
_TEXT = frozenset(
    {"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlmodel.text"}
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and the call that gets it.

    Attributes:
        call: The call of the database, or of ``text()`` where that is all there is.
        expression: What makes the text.
        wrapped: The call of ``text()`` around it, or None.
        is_direct: Whether the call takes values beside the statement.
    """

    call: ast.Call
    expression: ast.expr
    wrapped: ast.Call | None
    is_direct: bool


def statement_of(draft: Draft, call: ast.Call) -> Statement | None:
    """The statement that a call executes, or that it marks as one for a call around it; None where its text is unknown."""
    index = draft.index
    if index.name(call.func) in _TEXT:
        outer = index.parents.get(call)
        if (
            isinstance(outer, ast.Call)
            and last(outer.func) in EXECUTES
            and outer.args[:1] == [call]
        ):
            return statement_of(draft, outer)
        expression = _text_of(draft, argument(call, "text", 0), call)
        return Statement(call, expression, call, False) if expression is not None else None
    if last(call.func) not in EXECUTES or not isinstance(call.func, ast.Attribute):
        return None
    given = argument(call, "statement", 0) or argument(call, "query", 0) or argument(call, "sql", 0)
    if given is None:
        return None
    wrapped = None
    if isinstance(given, ast.Name) and len(found := index.values(given)) == 1:
        if isinstance(found[0], ast.Call) and is_read_once(draft, given):
            given = found[0]
    if isinstance(given, ast.Call) and index.name(given.func) in _TEXT:
        wrapped, inner = given, argument(given, "text", 0)
        expression = _text_of(draft, inner, call)
    else:
        expression = _text_of(draft, given, call)
    return Statement(call, expression, wrapped, True) if expression is not None else None


def _text_of(draft: Draft, node: ast.expr | None, call: ast.Call) -> ast.expr | None:
    """The expression that makes a text, behind the one name that it may have."""
    if not isinstance(node, ast.Name):
        return node
    values = draft.index.values(node)
    same = len(values) == 1 and draft.index.function_of(values[0]) is draft.index.function_of(call)
    return values[0] if same and is_read_once(draft, node) else None


def is_read_once(draft: Draft, name: ast.Name) -> bool:
    """Whether a name is set once and read once in its function, so that both can be changed."""
    outer = draft.index.function_of(name) or draft.index.tree
    uses = [n for n in ast.walk(outer) if isinstance(n, ast.Name) and n.id == name.id]
    loads = [use for use in uses if isinstance(use.ctx, ast.Load)]
    return len(loads) == 1 and len(uses) == 2

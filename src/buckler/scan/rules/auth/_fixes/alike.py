"""Refuses unknown names and wrong passwords with the same answer (CWE-204)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, argument, last, unpacks

_REFUSALS = range(400, 500)


def refused_alike(draft: Draft, function: Function) -> bool:
    """Write the last refusal of a sign-in in the place of the one before it.

    Returns:
        Whether it could be done: the function has two refusals, both made of constants, and they differ.
    """
    raised = [
        node.exc
        for node in ast.walk(function)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and last(node.exc.func) == "HTTPException"
    ]
    raised.sort(key=lambda call: call.lineno)
    if len(raised) != 2 or any(unpacks(call) or not _is_constant(call) for call in raised):
        return False
    first, second = raised
    if draft.of(first) == draft.of(second):
        return False
    status = argument(second, "status_code", 0)
    if isinstance(status, ast.Constant) and status.value not in _REFUSALS:
        return False
    draft.replace(first, draft.of(second))
    return True


def _is_constant(call: ast.Call) -> bool:
    """Whether a refusal says the same whoever gets it."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = {"status", "HTTPStatus"}
    return all(
        not isinstance(node, ast.Call | ast.FormattedValue)
        and not (isinstance(node, ast.Name) and node.id not in names and not node.id.isupper())
        for item in given
        for node in ast.walk(item)
    )

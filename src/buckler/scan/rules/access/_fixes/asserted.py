"""Refuses where an ``assert`` did, and says whether anybody but the refused can notice (CWE-617)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function
from buckler.scan.rules._support.applications import METHODS
from buckler.scan.rules._support.mentions import CODE, mentioned
from buckler.scan.rules._support.statements import refusal

_CAUGHT = re.compile(r"\bAssertionError\b")
_OPTIMISED = re.compile(r"PYTHONOPTIMIZE|python[\d.]*[\"',\s]+-[A-Za-z]*O")
_SOCKETS = re.compile(r"\bwebsocket|WebSocket")
_GIVEN = re.compile(
    r"\b(Depends|Security|Request|HTTPAuthorizationCredentials|HTTPBasicCredentials)\b"
)


def refuse(draft: Draft, node: ast.Assert) -> bool:
    """Write ``if not …: raise HTTPException(403)`` in the place of an assertion that has its own lines."""
    start, end = draft.source.span(node)
    if not draft.source.begins_line(start) or not draft.source.ends_line(end):
        return False
    first, behind = _tested(draft, node)
    if _holds_comment(draft, behind, end, node):
        return False
    indent = draft.source.indent_at(start)
    deeper = indent + ("\t" if indent.endswith("\t") else "    ")
    _negate(draft, node, start, first, behind)
    raised = refusal(draft, 403, node)
    draft.edit(behind, end, f":{draft.source.newline}{deeper}{raised}")
    return True


def only_the_refused_notice(draft: Draft, node: ast.Assert) -> bool:
    """Whether every request that passed the assertion is answered as before.

    The assertion ended the request with 500: nothing catches it here or anywhere in the project, nobody calls
    the function but FastAPI, no WebSocket is closed by it, and Python never ran without assertions.
    """
    function = draft.index.function_of(node)
    if function is None or not (_is_route(function) or _is_dependency(draft, function)):
        return False
    for outer in draft.index.around(node):
        if outer is function:
            break
        if isinstance(outer, ast.Try | ast.TryStar) and outer.handlers:
            return False
    yields = (n for n in ast.walk(function) if isinstance(n, ast.Yield | ast.YieldFrom))
    if any(n.lineno <= node.lineno for n in yields):
        return False
    called = re.compile(rf"(?<!def )\b{re.escape(function.name)}\(")
    return not (
        mentioned(draft.folder, called)
        or mentioned(draft.folder, _CAUGHT)
        or mentioned(draft.folder, _SOCKETS)
        or mentioned(draft.folder, _OPTIMISED, CODE)
    )


def _is_route(function: Function) -> bool:
    return any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr in METHODS
        for d in function.decorator_list
    )


def _is_dependency(draft: Draft, function: Function) -> bool:
    """Whether it is made to be one; of a method or an inner function nobody knows who calls it."""
    top = draft.index.parents.get(function) is draft.index.tree
    plain = top and not function.decorator_list
    return plain and bool(_GIVEN.search(ast.unparse(function.args)))


def _tested(draft: Draft, node: ast.Assert) -> tuple[int, int]:
    """Where what is tested begins and ends, the parentheses around it included."""
    start = draft.source.span(node)[0] + len("assert")
    first, behind = draft.source.span(node.test)
    opened = sum(1 for _, letter in draft.source.significant(start, first) if letter == "(")
    if not opened:
        return first, behind
    end = draft.source.span(node)[1] if node.msg is None else draft.source.span(node.msg)[0]
    closing = [at for at, letter in draft.source.significant(behind, end) if letter == ")"]
    opening = next(at for at, letter in draft.source.significant(start, first) if letter == "(")
    return opening, closing[opened - 1] + 1


def _holds_comment(draft: Draft, start: int, end: int, node: ast.Assert) -> bool:
    """Whether a piece may hold a comment; what stands in the message does not count."""
    message = draft.source.span(node.msg) if node.msg is not None else (end, end)
    return "#" in draft.text[start : message[0]] + draft.text[message[1] : end]


def _negate(draft: Draft, node: ast.Assert, start: int, first: int, behind: int) -> None:
    """``assert x`` as ``if not x``; ``x in y`` as ``x not in y``."""
    test = node.test
    if isinstance(test, ast.Compare) and [type(op) for op in test.ops] == [ast.In]:
        left, right = draft.source.span(test.left)[1], draft.source.span(test.comparators[0])[0]
        at = [n for n, letter in draft.source.significant(left, right) if letter == "i"]
        draft.edit(start, start + len("assert"), "if")
        draft.edit(at[0], at[0], "not ")
        return
    closed = first < draft.source.span(test)[0] or draft.operand(test) == draft.of(test)
    draft.edit(start, start + len("assert"), "if not")
    if not closed:
        draft.edit(first, first, "(")
        draft.edit(behind, behind, ")")

"""Tells the calls of other servers that nobody waits for longer than a minute (CWE-1088)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, Index, argument
from buckler.scan.rules._support.applications import METHODS
from buckler.scan.rules._support.statements import assigned

READING = 60
"""Seconds without a byte after which nginx and most balancers have given the request up themselves."""

_WAITING = re.compile(r"(?<![A-Za-z])(wait|timeout|poll|long_?poll)|[a-z](Wait|Timeout|Poll)")
_BIT_BY_BIT = frozenset({"iter_content", "iter_lines", "raw"})
_FIRST = frozenset({"status", "code", "headers", "geturl", "getcode", "info", "url", "close"})


def nobody_waits_longer(
    draft: Draft, call: ast.Call, reads: re.Pattern[str], position: int | None
) -> bool:
    """Whether a minute without a byte means that nobody waits for the answer any more.

    The call reads one address in the body of a route of GET, whose own client waits meanwhile. What
    sends something may be meant to go on without the client; a stream may be silent for long; and where
    ``timeout=None`` is written, or something speaks of waiting, somebody wanted to wait.

    Args:
        draft: Of the file.
        call: That waits without an end.
        reads: Names of the functions that only read.
        position: Of ``timeout``, where it may be given without its name.
    """
    if not reads.match(draft.index.name(call.func)):
        return False
    if argument(call, "timeout", position) is not None or not call.args:
        return False
    function = draft.index.function_of(call)
    if function is None or not _only_reads(function) or _streams(draft, call):
        return False
    if any(isinstance(outer, ast.Lambda) for outer in draft.index.around(call)):
        return False
    if any(keyword.arg in ("stream", "data", "json", "files") for keyword in call.keywords):
        return False
    return not draft.index.name(call.func).startswith("urllib.") or _is_address(draft, call)


def _only_reads(function: Function) -> bool:
    """Whether a function is a route of GET or HEAD alone, that answers at once and says nothing of waiting."""
    methods = {
        d.func.attr
        for d in function.decorator_list
        if isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute)
    } & METHODS
    if not methods or not methods <= {"get", "head"}:
        return False
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(function)):
        return False
    return not _WAITING.search(ast.unparse(function))


def _streams(draft: Draft, call: ast.Call) -> bool:
    """Whether the answer may be read bit by bit."""
    index = draft.index
    if any(isinstance(n.ctx, ast.Store) and n.attr == "stream" for n in index.all(ast.Attribute)):
        return True
    function = index.function_of(call)
    if not index.name(call.func).startswith("urllib."):
        inside = ast.walk(function) if function is not None else ()
        return any(isinstance(n, ast.Attribute) and n.attr in _BIT_BY_BIT for n in inside)
    outer = index.parents.get(call)
    target: ast.expr | None = None
    if isinstance(outer, ast.withitem):
        target = outer.optional_vars
        if target is None:
            return False
    elif isinstance(outer, ast.Assign) and len(outer.targets) == 1:
        target = outer.targets[0]
    elif isinstance(outer, ast.AnnAssign):
        target = outer.target
    if target is None:
        return not _read_at_once(index, call)
    if not isinstance(target, ast.Name) or function is None:
        return True
    uses = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == target.id]
    return not all(use is target or _read_at_once(index, use) for use in uses)


def _read_at_once(index: Index, node: ast.expr) -> bool:
    """Whether an answer is dropped, read as a whole, or only asked for what came first."""
    outer = index.parents.get(node)
    if isinstance(outer, ast.Expr):
        return True
    if isinstance(outer, ast.Call):
        return outer.func is not node and index.name(outer.func) == "json.load"
    if not isinstance(outer, ast.Attribute):
        return False
    above = index.parents.get(outer)
    if outer.attr == "read":
        return (
            isinstance(above, ast.Call)
            and above.func is outer
            and not (above.args or above.keywords)
        )
    return outer.attr in _FIRST


def _is_address(draft: Draft, call: ast.Call) -> bool:
    """Whether ``urlopen`` gets a text, no request that may carry a body, and no body."""
    given = call.args[0]
    where = assigned(draft.index, given)
    value = where.value if where is not None and where.value is not None else given
    text = isinstance(value, ast.JoinedStr | ast.BinOp) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str)
    )
    return len(call.args) == 1 and (text or _is_text(draft, call, value))


def _is_text(draft: Draft, call: ast.Call, value: ast.expr) -> bool:
    function = draft.index.function_of(call)
    if function is None or not isinstance(value, ast.Name):
        return False
    given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return any(
        one.arg == value.id and isinstance(one.annotation, ast.Name) and one.annotation.id == "str"
        for one in given
    )

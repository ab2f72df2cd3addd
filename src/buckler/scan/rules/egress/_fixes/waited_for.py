"""Tells the calls of other servers that nobody waits for longer than a minute (CWE-1088)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument
from buckler.scan.rules._support.applications import METHODS
from buckler.scan.rules._support.statements import assigned

READING = 60
"""Seconds without a byte after which nginx and most balancers have given the request up themselves."""


def nobody_waits_longer(
    draft: Draft, call: ast.Call, reads: re.Pattern[str], position: int | None
) -> bool:
    """Whether a minute without a byte means that nobody waits for the answer any more.

    The call reads one address in the body of a route, whose own client waits meanwhile. What
    sends something may be meant to go on without the client; a stream may be silent for long; and where
    ``timeout=None`` is written, somebody wanted to wait.

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
    if function is None or not any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr in METHODS
        for d in function.decorator_list
    ):
        return False
    if any(isinstance(outer, ast.Lambda) for outer in draft.index.around(call)):
        return False
    if any(keyword.arg in ("stream", "data", "json", "files") for keyword in call.keywords):
        return False
    return not draft.index.name(call.func).startswith("urllib.") or _is_address(draft, call)


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

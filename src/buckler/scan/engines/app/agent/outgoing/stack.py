"""Which code of the project asked: the frames on the stack, and those that wait for this one.

A thread's stack does not show the coroutine that waits for it, nor does that of a task.
"""

from __future__ import annotations

import ast
import asyncio
import os
import sys
import threading
import time
from typing import Any, Dict, List, Optional

from .. import state

MAX_FRAMES = 6
MAX_SOURCE = 2_000_000
MAX_TASKS = 200
MAX_AWAITS = 200
MAX_TRIES = 5
PAUSE_SECONDS = 0.001
loop: Optional[asyncio.AbstractEventLoop] = None
thread = 0
_trees: Dict[str, Optional[ast.Module]] = {}


def frames() -> List[Any]:
    """Frames of the project's code, the innermost first."""
    found: List[Any] = []
    frame: Optional[Any] = sys._getframe(1)
    whole = False
    while frame is not None and len(found) < MAX_FRAMES:
        if state.in_project(frame.f_code.co_filename):
            found.append(frame)
        whole = whole or _serves(frame)
        frame = frame.f_back
    for _ in range(0 if whole else MAX_TRIES):
        waiting = _waiting()
        if waiting is not None:
            found += [f for f in waiting if f not in found]
            break
        time.sleep(PAUSE_SECONDS)
    return found[:MAX_FRAMES]


def where(found: List[Any]) -> str:
    """``file:line`` of the innermost, or an empty text."""
    if not found:
        return ""
    name = os.path.relpath(found[0].f_code.co_filename, state.project).replace(os.sep, "/")
    return f"{name}:{found[0].f_lineno}"


def _serves(frame: Any) -> bool:
    """Whether the framework runs the request in it."""
    return str(frame.f_globals.get("__name__", "")).split(".")[0] in ("starlette", "fastapi")


def _waiting() -> Optional[List[Any]]:
    """Frames of the project in the task of the request, the innermost first.

    None where that task has started a thread and does not wait for it yet.
    """
    if loop is None:
        return []
    best: List[Any] = []
    for task in list(asyncio.all_tasks(loop))[:MAX_TASKS]:
        current: Any = task.get_coro()
        seen: List[Any] = []
        serves = passes = False
        for _ in range(MAX_AWAITS):
            frame = getattr(current, "cr_frame", None) or getattr(current, "gi_frame", None)
            if frame is not None and state.in_project(frame.f_code.co_filename):
                seen.append(frame)
                passes = False
            elif frame is not None and _serves(frame):
                serves = passes = True
            if getattr(current, "cr_running", False) and threading.get_ident() != thread:
                return None
            current = getattr(current, "cr_await", None) or getattr(current, "gi_yieldfrom", None)
            if current is None:
                break
        # A middleware of the project waits in a task of its own for the one of the handler.
        if serves and not passes and len(seen) > len(best):
            best = seen
    return best[::-1]


def tree(filename: str) -> Optional[ast.Module]:
    """The parsed file, or None where it cannot be read."""
    if filename not in _trees:
        _trees[filename] = None
        try:
            with open(filename, "rb") as file:
                source = file.read(MAX_SOURCE)
            _trees[filename] = ast.parse(source)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return _trees[filename]


def function_at(filename: str, line: int) -> Optional[ast.AST]:
    """The innermost function around a line, or the module."""
    module = tree(filename)
    best: Optional[ast.AST] = module
    if module is None:
        return None
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if node.lineno <= line <= (node.end_lineno or node.lineno):
                if best is module or node.lineno >= getattr(best, "lineno", 0):
                    best = node
    return best


_VERBS = frozenset(
    "get post put patch delete head options request send stream urlopen open fetch query call"
    " download read gather to_thread run_in_executor run_in_threadpool run_sync wait_for".split()
)


def call_at(frame: Any, function: ast.AST) -> Optional[ast.AST]:
    """The call of that function that the frame is in."""
    exact = _exact(frame)
    nodes = [n for n in ast.walk(function) if isinstance(n, (ast.Call, ast.Await))]
    if exact is not None:
        for node in nodes:
            span = (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
            if span == exact:
                inner = node.value if isinstance(node, ast.Await) else node
                return inner if isinstance(inner, ast.Call) else node
    line = frame.f_lineno
    calls = [
        n
        for n in nodes
        if isinstance(n, ast.Call) and n.lineno <= line <= (n.end_lineno or n.lineno)
    ]
    for near in ([c for c in calls if c.lineno == line], calls):
        named = [c for c in near if _name(c.func) in _VERBS]
        if named:
            return named[-1]
    return calls[0] if calls else None


def _exact(frame: Any) -> Optional[Any]:
    positions = getattr(frame.f_code, "co_positions", None)
    if positions is None or frame.f_lasti < 0:
        return None
    for index, position in enumerate(positions()):
        if index == frame.f_lasti // 2:
            line, end, column, end_column = position
            return (line, end, column, end_column)
    return None


def _name(function: ast.AST) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""

"""Where things of the application are defined, and which line added a middleware or a mount.

A library's class says nothing of the project; the line that added it is what a person changes.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import os
import sys
from types import ModuleType
from typing import Any, Dict, List, Optional

from . import state
from .imports import when_imported

_MARK = "_buckler_added"


def install() -> None:
    """Watch both being made; call before the application is imported."""
    when_imported("starlette.middleware", lambda module: _watch(module, "Middleware"))
    when_imported("starlette.routing", lambda module: _watch(module, "Mount"))


def _watch(module: ModuleType, name: str) -> None:
    owner: Any = getattr(module, name)
    real = owner.__init__

    @functools.wraps(real)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        where = state.frames(sys._getframe(1))
        if where:
            setattr(self, _MARK, where[0][:2])

    owner.__init__ = made


def added(item: Any) -> Optional[Dict[str, Any]]:
    """The place of the call that added it, and the line of each keyword of that call."""
    where: Optional[List[Any]] = getattr(item, _MARK, None)
    if where is None:
        return None
    path, line = where
    options: Dict[str, int] = {}
    end = line
    for node in _calls(os.path.join(state.project, path)):
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            options.update({k.arg: k.value.lineno for k in node.keywords if k.arg})
            line, end = node.lineno, node.end_lineno or node.lineno
            break
    return {"path": path, "line": line, "end": end, "name": "", "options": options}


def _calls(filename: str) -> List[ast.Call]:
    """Calls of a file, the innermost first."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return []
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return sorted(found, key=lambda n: ((n.end_lineno or n.lineno) - n.lineno, -n.lineno))


def qualified(call: Any) -> str:
    """``module.qualified_name`` of a callable, wrappers and partials taken off."""
    if callable(call):
        call = inspect.unwrap(call)
    while hasattr(call, "func") and type(call).__name__ == "partial":
        call = call.func
    return f"{getattr(call, '__module__', '')}.{getattr(call, '__qualname__', type(call).__qualname__)}"


def of(call: Any) -> Optional[Dict[str, Any]]:
    """Where a function is defined: the line of its ``def``, decorators passed over."""
    if call is None:
        return None
    call = inspect.unwrap(call) if callable(call) else call
    while type(call).__name__ == "partial":
        call = call.func
    call = getattr(call, "__func__", call)
    if not hasattr(call, "__code__") and not inspect.isclass(call):
        call = getattr(type(call), "__call__", call)
    try:
        lines, start = inspect.getsourcelines(call)
        filename = inspect.getsourcefile(call)
    except (OSError, TypeError):
        return None
    if not filename or not state.in_project(filename):
        return None
    offset = next(
        (
            i
            for i, text in enumerate(lines)
            if text.lstrip().startswith(("def ", "async def ", "class "))
        ),
        0,
    )
    path = os.path.relpath(filename, state.project).replace(os.sep, "/")
    return {
        "path": path,
        "line": max(start, 1) + offset,
        "end": max(start, 1) + len(lines) - 1,
        "name": qualified(call),
    }

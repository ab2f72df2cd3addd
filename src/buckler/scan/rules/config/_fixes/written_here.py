"""Tells the files that nobody but the application has a reason to write (CWE-732)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Function, argument, last
from buckler.scan.rules._support.statements import assigned

_STARTS = frozenset(
    f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")
)
_FOLDERS = ("tempfile.TemporaryDirectory", "tempfile.mkdtemp")
_STAYS = frozenset(
    {
        "open",
        "chmod",
        "join",
        "Path",
        "write_text",
        "write_bytes",
        "read_text",
        "read_bytes",
        "unlink",
    }
    | {"remove", "rmtree", "mkdir", "str"}
)
"""Calls that neither give a file to somebody else nor take it out of its folder."""
_DEPTH = 3


def only_written_here(draft: Draft, call: ast.Call) -> bool:
    """Whether nobody else can miss the right to write a file whose mode is set.

    Either the file lies in a temporary folder that the function made, into which no other user gets; or it
    is a program that the function writes, makes executable and starts, so that what others put in is gone at
    the next time.
    """
    function = draft.index.function_of(call)
    path = _path_of(draft, call)
    if function is None or path is None:
        return False
    return _is_in_own_folder(draft, function, path) or _is_own_program(draft, function, path)


def _path_of(draft: Draft, call: ast.Call) -> ast.expr | None:
    if draft.index.name(call.func).startswith("os."):
        return argument(call, "path", 0)
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def _is_in_own_folder(draft: Draft, function: Function, path: ast.expr) -> bool:
    folders = set(_own_folders(draft, function))
    if isinstance(path, ast.Name) and path.id in folders:
        return False
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    body = [
        c
        for c in calls
        if draft.index.name(c.func) not in _FOLDERS and c not in _decorators(function)
    ]
    if not all(last(c.func) in _STAYS for c in body):
        return False
    opened = (_path_of(draft, c) for c in body if last(c.func) == "chmod")
    if any(
        _root(draft, p, 0) in folders and not _is_below(draft, p) for p in opened if p is not None
    ):
        return False
    return _root(draft, path, 0) in folders and _is_below(draft, path)


def _decorators(function: Function) -> list[ast.AST]:
    return [node for d in function.decorator_list for node in ast.walk(d)]


def _own_folders(draft: Draft, function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            if draft.index.name(getattr(node.context_expr, "func", node)) == _FOLDERS[0]:
                yield node.optional_vars.id
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if draft.index.name(node.value.func) == _FOLDERS[1]:
                yield from (t.id for t in node.targets if isinstance(t, ast.Name))


def _root(draft: Draft, node: ast.expr, depth: int) -> str:
    """The name of the folder that a path begins with."""
    if depth > _DEPTH:
        return ""
    match node:
        case ast.Name():
            where = assigned(draft.index, node)
            value = where.value if where is not None else None
            inner = _root(draft, value, depth + 1) if value is not None else ""
            return inner or node.id
        case ast.BinOp(op=ast.Div(), left=left):
            return _root(draft, left, depth + 1)
        case ast.Call(args=[first, *_]) if last(node.func) in ("Path", "join"):
            return _root(draft, first, depth + 1)
        case ast.JoinedStr(values=[ast.FormattedValue(value=inner), *_]):
            return _root(draft, inner, depth + 1)
    return ""


def _is_below(draft: Draft, node: ast.expr) -> bool:
    """Whether a path is that of something in a folder, by a constant name, and not the folder's own."""
    where = assigned(draft.index, node)
    if where is not None and where.value is not None:
        node = where.value
    match node:
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=str(name))):
            return ".." not in name and bool(name.strip("./"))
        case ast.Call(args=[_, ast.Constant(value=str(name))]) if last(node.func) in (
            "Path",
            "join",
        ):
            return ".." not in name and bool(name.strip("./"))
        case ast.JoinedStr(values=[_, ast.Constant(value=str(name))]):
            return ".." not in name and name.startswith("/") and bool(name.strip("./"))
    return False


def _is_own_program(draft: Draft, function: Function, path: ast.expr) -> bool:
    where = draft.of(path)
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return any(_writes(draft, c, where) for c in calls) and any(
        _starts(draft, c, where) for c in calls
    )


def _writes(draft: Draft, call: ast.Call, where: str) -> bool:
    if last(call.func) in ("write_text", "write_bytes") and isinstance(call.func, ast.Attribute):
        return draft.of(call.func.value) == where
    if draft.index.name(call.func) != "open" or not call.args:
        return False
    mode = argument(call, "mode", 1)
    given = isinstance(mode, ast.Constant) and str(mode.value).startswith("w")
    return given and draft.of(call.args[0]) == where


def _starts(draft: Draft, call: ast.Call, where: str) -> bool:
    given = argument(call, "args", 0)
    if (
        draft.index.name(call.func) not in _STARTS
        or not isinstance(given, ast.List)
        or not given.elts
    ):
        return False
    program = draft.of(given.elts[0])
    return program in (where, f"str({where})")

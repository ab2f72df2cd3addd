"""Keeps a path that is put together from input inside of the folder it begins with (CWE-22)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import last
from buckler.scan.rules._support.statements import (
    assigned,
    free_name,
    refusal,
    serves_fastapi,
    statement_of,
)

_KEYWORDS = ("file", "path", "filename", "name", "src", "dst", "directory", "database")
_TAKE_A_PATH = ("os.path.", "os.", "shutil.", "aiofiles.", "anyio.", "pathlib.")
_OF_A_PATH = frozenset(
    "exists is_file is_dir stat open read_text read_bytes write_text write_bytes unlink mkdir rmdir"
    " touch iterdir glob rglob name suffix stem".split()
)


def kept_inside(draft: Draft, call: ast.Call) -> bool:
    """Resolve a path before a call that opens, reads or changes a file, and check where it leads.

    Returns:
        Whether it could be done: the path begins with a folder that input does not decide, and the
        file is one in which an ``HTTPException`` is answered.
    """
    if not serves_fastapi(draft) or draft.index.function_of(call) is None:
        return False
    for given in _paths(call):
        where = assigned(draft.index, given)
        value = where.value if where is not None and where.value is not None else given
        base = folder_of(draft, value)
        if not base or "\n" in draft.of(value):
            continue
        if where is not None and isinstance(given, ast.Name) and _only_a_path(draft, given):
            _resolve_where_made(draft, where, value, base)
            return True
        return _resolve_before(draft, call, given, value, base)
    return False


def _paths(call: ast.Call) -> list[ast.expr]:
    receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    keyed = [k.value for k in call.keywords if k.arg in _KEYWORDS]
    return [*receiver, *call.args[:2], *keyed]


def _only_a_path(draft: Draft, name: ast.Name) -> bool:
    """Whether a variable is used as a path alone, so that an absolute one does as well."""
    function = draft.index.function_of(name)
    return function is not None and all(
        _is_path_use(draft, item)
        for item in ast.walk(function)
        if isinstance(item, ast.Name) and item.id == name.id and isinstance(item.ctx, ast.Load)
    )


def _is_path_use(draft: Draft, node: ast.Name) -> bool:
    outer = draft.index.parents.get(node)
    if isinstance(outer, ast.Attribute):
        return outer.attr in _OF_A_PATH
    if isinstance(outer, ast.keyword):
        outer = draft.index.parents.get(outer)
    if not isinstance(outer, ast.Call) or outer.func is node:
        return False
    name = draft.index.name(outer.func)
    return name.startswith(_TAKE_A_PATH) or last(outer.func) in ("open", "FileResponse", "Path")


def _resolve_where_made(
    draft: Draft, where: ast.Assign | ast.AnnAssign, value: ast.expr, base: str
) -> None:
    target = where.targets[0] if isinstance(where, ast.Assign) else where.target
    draft.replace(value, _resolved(draft, value, draft.of(value)))
    draft.insert_after(where, *_check(draft, draft.of(target), base, value))


def _resolve_before(
    draft: Draft, call: ast.Call, given: ast.expr, value: ast.expr, base: str
) -> bool:
    statement = statement_of(draft.index, call)
    if statement is None:
        return False
    name = free_name(draft.index, call, "path", "resolved", "inside")
    made = f"{name} = {_resolved(draft, value, draft.of(given))}"
    draft.insert_before(statement, made, *_check(draft, name, base, value))
    start, end = draft.source.span(given)
    receiver = isinstance(call.func, ast.Attribute) and given is call.func.value
    while receiver and draft.text[start - 1 : start] == "(" and draft.text[end : end + 1] == ")":
        start, end = start - 1, end + 1
    draft.edit(start, end, name)
    return True


def _resolved(draft: Draft, value: ast.expr, written: str) -> str:
    if not _is_path(value):
        return f"{draft.name_for('pathlib.Path', value)}({written}).resolve()"
    bare = written.isidentifier()
    return f"{written}.resolve()" if bare else f"({written}).resolve()"


def _check(draft: Draft, name: str, base: str, value: ast.expr) -> tuple[str, str]:
    path = "" if _is_path(value) else draft.name_for("pathlib.Path", value)
    folder = f"{path}({base})" if path else base
    return (
        f"if not {name}.is_relative_to({folder}.resolve()):",
        f"    {refusal(draft, 404, value)}",
    )


def _is_path(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def folder_of(draft: Draft, node: ast.expr) -> str:
    """Source of the folder that a path begins with; empty where it is not known or input decides it."""
    match node:
        case ast.BinOp(op=ast.Div(), left=left):
            while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Div):
                left = left.left
            return draft.operand(left) if _is_fixed(draft, left) and _is_pure(draft, left) else ""
        case ast.Call(args=[first, _, *_], keywords=[]) if draft.index.name(node.func) in (
            "os.path.join",
            "posixpath.join",
        ):
            return draft.of(first) if _is_fixed(draft, first) and not _is_empty(first) else ""
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            folder = text.rpartition("/")[0]
            return draft.quote(folder) if folder else ""
        case ast.JoinedStr(
            values=[ast.FormattedValue(value=first), ast.Constant(value=str(text)), *_]
        ):
            begins = text.startswith("/") and _is_fixed(draft, first)
            return draft.of(first) if begins and isinstance(first, ast.Name) else ""
        case ast.BinOp(op=ast.Add(), left=left):
            while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
                left = left.left
            if isinstance(left, ast.Constant) and isinstance(left.value, str):
                folder = left.value.rpartition("/")[0]
                return draft.quote(folder) if folder else ""
    return ""


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _is_fixed(draft: Draft, node: ast.expr) -> bool:
    """Whether an expression is the same for every request: made of constants and names of the module."""
    for item in ast.walk(node):
        if isinstance(item, ast.Name):
            given = draft.index.parameter(item)
            if given is not None and item.id not in ("self", "cls") and not _is_number(given):
                return False
            if _is_local(draft, item):
                local = assigned(draft.index, item)
                if local is None or local.value is None or not _is_fixed(draft, local.value):
                    return False
        elif isinstance(item, ast.Await | ast.Subscript | ast.NamedExpr | ast.Lambda):
            return False
    return True


def _is_pure(draft: Draft, node: ast.expr) -> bool:
    """Whether a folder may be written a second time: no call but that of a path."""
    return all(draft.index.name(c.func) == "pathlib.Path" for c in draft.index.calls_in(node))


def _is_number(given: ast.arg) -> bool:
    """Whether a parameter can hold no path: a number or an id by its type."""
    return given.annotation is not None and last(given.annotation) in ("int", "UUID", "bool")


def _is_local(draft: Draft, node: ast.Name) -> bool:
    function = draft.index.function_of(node)
    return function is not None and any(
        isinstance(item, ast.Name) and item.id == node.id and isinstance(item.ctx, ast.Store)
        for item in ast.walk(function)
    )

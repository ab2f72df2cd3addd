"""Keeps a path that is put together from input inside of the folder it begins with (CWE-22)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import last
from buckler.scan.python.modules import definition
from buckler.scan.rules._support.statements import (
    assigned,
    free_name,
    refusal,
    serves_fastapi,
    statement_of,
)

_KEYWORDS = ("file", "path", "filename", "name", "src", "dst", "directory", "database")
_TAKE_A_PATH = ("os.path.", "os.", "shutil.", "aiofiles.", "anyio.", "pathlib.")
_PURE = frozenset({"pathlib.Path", "str", "builtins.str", "os.fspath"})
_TOUCH = frozenset(
    "exists is_file is_dir stat open read_text read_bytes write_text write_bytes unlink mkdir rmdir touch iterdir glob"
    " rglob rename replace chmod".split()
)
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
        if isinstance(value, ast.Call) and _in_function(draft, value):
            return True
        base = folder_of(draft, value) or folder_in_text(draft, value)
        named = _named(draft, value, where or statement_of(draft.index, call)) if not base else ""
        if not (base or named) or "\n" in draft.of(value):
            continue
        if named:
            base = _below(draft, value, named)
        written = named + _behind(draft, value) if named else draft.of(value)
        if where is not None and isinstance(given, ast.Name) and _only_a_path(draft, given):
            _resolve_where_made(draft, where, value, written, base)
            return True
        if where is not None and named:
            draft.replace(value, written)
        written = draft.of(given) if where is not None else written
        return _resolve_before(draft, call, given, value, written, base)
    return False


def _in_function(draft: Draft, call: ast.Call) -> bool:
    """Check the path in the function of the project that puts it together and does nothing else with it."""
    found = definition(draft.index, call.func)
    if found is None or not isinstance(found[1], ast.FunctionDef):
        return False
    other = draft if found[0].path == draft.path else draft.other(found[0].path)
    function = next((f for f in other.index.all(ast.FunctionDef) if _same(f, found[1])), None)
    returned = [n for n in ast.walk(function) if isinstance(n, ast.Return)] if function else []
    value = returned[0].value if len(returned) == 1 else None
    if value is None or not _is_path(value) or "\n" in other.of(value):
        return False
    base = folder_of(other, value)
    if not base:
        return False
    name = free_name(other.index, value, "path", "resolved", "inside")
    made = f"{name} = {_resolved(other, value, other.of(value))}"
    other.insert_before(returned[0], made, *_check(other, name, base, value))
    other.replace(value, name)
    return True


def _same(one: ast.FunctionDef, other: ast.FunctionDef) -> bool:
    return (one.name, one.lineno) == (other.name, other.lineno)


def _named(draft: Draft, value: ast.expr, before: ast.stmt | None) -> str:
    """A new name for the folder that a call makes; empty where input decides it, or it is no call."""
    parts = _parts(draft, value) if _is_path(value) else []
    loose = [number for number, part in enumerate(parts) if not _is_fixed(draft, part)]
    once = len(loose) == 1 and loose[0] and not _goes_on(parts[loose[0]])
    if not once or not isinstance(parts[0], ast.Call) or before is None:
        return ""
    if not all(_is_pure(draft, part) for part in parts[1 : loose[0]]):
        return ""
    name = free_name(draft.index, value, "folder", "base", "root")
    draft.insert_before(before, f"{name} = {draft.of(parts[0])}")
    return name


def _below(draft: Draft, value: ast.expr, name: str) -> str:
    """The folder below the one that has got a name, as far as input does not decide it."""
    parts = _parts(draft, value)
    loose = next(number for number, part in enumerate(parts) if not _is_fixed(draft, part))
    more = draft.text[draft.source.span(parts[0])[1] : draft.source.span(parts[loose - 1])[1]]
    return f"({name}{more})" if loose > 1 else name


def _behind(draft: Draft, value: ast.expr) -> str:
    """What is written of a path behind its folder."""
    return draft.text[draft.source.span(_leftmost(value))[1] : draft.source.span(value)[1]]


def _leftmost(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        node = node.left
    return node


def _paths(call: ast.Call) -> list[ast.expr]:
    touches = isinstance(call.func, ast.Attribute) and call.func.attr in _TOUCH
    receiver = [call.func.value] if touches and isinstance(call.func, ast.Attribute) else []
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
    draft: Draft, where: ast.Assign | ast.AnnAssign, value: ast.expr, written: str, base: str
) -> None:
    target = where.targets[0] if isinstance(where, ast.Assign) else where.target
    draft.replace(value, _resolved(draft, value, written))
    draft.insert_after(where, *_check(draft, draft.of(target), base, value))


def _resolve_before(
    draft: Draft, call: ast.Call, given: ast.expr, value: ast.expr, written: str, base: str
) -> bool:
    statement = statement_of(draft.index, call)
    if statement is None:
        return False
    name = free_name(draft.index, call, "path", "resolved", "inside")
    made = f"{name} = {_resolved(draft, value, written)}"
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
    """Source of the folder that a path lies in: all that stands before the one part that input decides.

    Empty where there is no such folder, where several parts are not fixed (which of them is sent, and which tells
    one customer's folder from another's?), or where the folder would have to be made twice.
    """
    parts = _parts(draft, node)
    loose = [number for number, part in enumerate(parts) if not _is_fixed(draft, part)]
    if len(loose) != 1 or not loose[0] or _goes_on(parts[loose[0]]):
        return ""
    before = parts[: loose[0]]
    if not all(_is_pure(draft, part) for part in before) or _is_empty(before[0]):
        return ""
    if isinstance(node, ast.BinOp):
        text = _between(draft, before[0], before[-1])
        return text if len(before) == 1 else f"({text})"
    if isinstance(node, ast.Call) and len(before) > 1:
        return f"{draft.of(node.func)}({', '.join(draft.of(part) for part in before)})"
    return draft.of(before[0])


def _parts(draft: Draft, node: ast.expr) -> list[ast.expr]:
    """What a path is joined of, in order; nothing where it is no join."""
    if _is_path(node):
        made: list[ast.expr] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            made.append(node.right)
            node = node.left
        return [node, *reversed(made)]
    joins = ("os.path.join", "posixpath.join")
    if isinstance(node, ast.Call) and draft.index.name(node.func) in joins and not node.keywords:
        return [] if any(isinstance(arg, ast.Starred) for arg in node.args) else list(node.args)
    return []


def _goes_on(part: ast.expr) -> bool:
    """Whether a part begins with another folder: ``f"pages/{name}"``."""
    first = part
    while isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add):
        first = first.left
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    return isinstance(first, ast.Constant) and "/" in str(first.value)


def _between(draft: Draft, first: ast.expr, last_: ast.expr) -> str:
    """What is written from one part to another."""
    if first is last_:
        return draft.operand(first)
    return draft.text[draft.source.span(first)[0] : draft.source.span(last_)[1]]


def folder_in_text(draft: Draft, node: ast.expr) -> str:
    """The same for a path that is put together as text: up to the last slash before what input decides."""
    pieces: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        pieces.insert(0, node.right)
        node = node.left
    pieces = [*node.values, *pieces] if isinstance(node, ast.JoinedStr) else [node, *pieces]
    values = [p.value if isinstance(p, ast.FormattedValue) else p for p in pieces]
    loose = [number for number, value in enumerate(values) if not _is_fixed(draft, value)]
    if len(loose) != 1 or not loose[0] or any(isinstance(v, ast.JoinedStr) for v in values):
        return ""
    folder = ""
    for value in values[: loose[0]]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            folder += value.value
        elif isinstance(value, ast.Name) and not folder:
            folder += f"{{{value.id}}}"
        else:
            return ""
    folder = folder.rpartition("/")[0]
    name = folder[1:-1]
    if folder.startswith("{") and folder.endswith("}") and name.isidentifier():
        return name
    return (
        f"f{draft.quote(folder)}"
        if folder.startswith("{")
        else draft.quote(folder)
        if folder
        else ""
    )


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
    return all(draft.index.name(c.func) in _PURE for c in draft.index.calls_in(node))


def _is_number(given: ast.arg) -> bool:
    """Whether a parameter can hold no path: a number or an id by its type."""
    return given.annotation is not None and last(given.annotation) in ("int", "UUID", "bool")


def _is_local(draft: Draft, node: ast.Name) -> bool:
    function = draft.index.function_of(node)
    return function is not None and any(
        isinstance(item, ast.Name) and item.id == node.id and isinstance(item.ctx, ast.Store)
        for item in ast.walk(function)
    )

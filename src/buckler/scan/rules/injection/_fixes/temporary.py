"""Makes a temporary file together with its name, so that nobody can put another one there (CWE-377)."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import text
from buckler.scan.python.index import Function, argument, last, unpacks
from buckler.scan.rules._support.elsewhere import stands_elsewhere
from buckler.scan.rules._support.statements import assigned, free_name

_OPENS = frozenset({"open", "io.open", "aiofiles.open"})
_REMOVES = frozenset({"os.remove", "os.unlink"})
_SAME_FOR_ALL = _REMOVES | {"os.path.exists", "os.path.isfile", "os.path.getsize", "os.stat"}
_WANTS_NONE = frozenset(
    "mkdir makedirs mkfifo mknod symlink link bind copytree rename replace move exists Path".split()
)
"""Calls that fail or do something else where the file is there already."""


_ALWAYS = (
    ast.With,
    ast.AsyncWith,
    ast.withitem,
    ast.Expr,
    ast.Assign,
    ast.Await,
    ast.Call,
    ast.Attribute,
)
"""What runs its parts whenever it runs itself."""


def made_with_its_name(draft: Draft, call: ast.Call) -> str:
    """Have the system make the file of a call of ``mktemp``, or of ``open`` under a fixed name.

    Returns:
        ``alike`` where nobody but this function sees the file, ``seen`` where the name goes on to code
        that may notice an empty file of this user alone, empty where nothing could be done.
    """
    name = draft.index.name(call.func)
    if unpacks(call) or any(isinstance(given, ast.Starred) for given in call.args):
        return ""
    if name == "tempfile.mktemp":
        return _opened_at_once(draft, call) or _named(draft, call)
    return _fixed_name(draft, call) if name in _OPENS else ""


def _opened_at_once(draft: Draft, call: ast.Call) -> str:
    """``open(mktemp(), "w")`` becomes ``open(mkstemp()[0], "w")``: the file has the same life."""
    opening = draft.index.parents.get(call)
    if not isinstance(opening, ast.Call) or not _writes(draft, opening):
        return ""
    function = draft.index.function_of(call)
    scope = function if function is not None else draft.index.tree
    asked = any(isinstance(n, ast.Attribute) and n.attr == "name" for n in ast.walk(scope))
    if argument(opening, "file", 0) is not call or asked:
        return ""
    draft.replace(call.func, draft.name_for("tempfile.mkstemp", call))
    end = draft.source.span(call)[1]
    draft.edit(end, end, "[0]")
    return "alike"


def _named(draft: Draft, call: ast.Call) -> str:
    """``path = mktemp()`` becomes ``handle, path = mkstemp()``, and the handle is closed."""
    statement = draft.index.parents.get(call)
    function = draft.index.function_of(call)
    if not isinstance(statement, ast.Assign) or statement.value is not call or function is None:
        return ""
    target = statement.targets[0]
    if not isinstance(target, ast.Name) or assigned(draft.index, target) is not statement:
        return ""
    how = _used(draft, function, target.id, statement)
    if how:
        _unpacked(draft, statement, target)
        draft.set_callee(call, draft.name_for("tempfile.mkstemp", call))
    return how


def _fixed_name(draft: Draft, call: ast.Call) -> str:
    """``path = "/tmp/report.csv"`` of a file that the function removes again gets a name of its own."""
    given = argument(call, "file", 0)
    statement = assigned(draft.index, given) if given is not None else None
    function = draft.index.function_of(call)
    if not isinstance(statement, ast.Assign) or function is None or not isinstance(given, ast.Name):
        return ""
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Name) or not isinstance(value, ast.Constant):
        return ""
    used = _used(draft, function, given.id, statement) == "alike"
    if not used or not _removed(draft, statement, given.id) or _is_kept(draft, function, given.id):
        return ""
    if not isinstance(value.value, str) or _is_named_elsewhere(draft, value):
        return ""
    path = PurePosixPath(value.value)
    parts = {"prefix": f"{path.stem}-", "suffix": path.suffix, "dir": str(path.parent)}
    shown = ", ".join(f"{key}={draft.quote(part)}" for key, part in parts.items() if part)
    _unpacked(draft, statement, target)
    draft.replace(value, f"{draft.name_for('tempfile.mkstemp', call)}({shown})")
    return "alike"


def _unpacked(draft: Draft, statement: ast.Assign, target: ast.Name) -> None:
    handle = free_name(draft.index, statement, "handle", "descriptor")
    start = draft.source.span(target)[0]
    draft.edit(start, start, f"{handle}, ")
    draft.insert_after(statement, f"{draft.name_for('os.close', statement)}({handle})")


def _used(draft: Draft, function: Function, name: str, statement: ast.Assign) -> str:
    """Whether a path is only opened and removed by its function, and opened right after it was made."""
    nodes = list(ast.walk(function))
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in nodes):
        return ""
    named = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
    reads = [node for node in named if isinstance(node.ctx, ast.Load)]
    opened = False
    for read in reads:
        user = draft.index.parents.get(read)
        if isinstance(user, ast.Attribute | ast.BinOp | ast.Subscript):
            return ""  # a part of another name
        if not isinstance(user, ast.Call):
            continue
        called = draft.index.name(user.func)
        if called in _OPENS and read in user.args[:1]:
            if "x" in (text(draft.index, argument(user, "mode", 1)) or "r"):
                return ""
            opened = opened or (_writes(draft, user) and _is_next(draft, statement, user))
        elif last(user.func) in _WANTS_NONE and called not in _SAME_FOR_ALL:
            return ""
    if not opened:
        return ""
    return "alike" if all(_stays(draft, read) for read in reads) else "seen"


def _stays(draft: Draft, read: ast.Name) -> bool:
    call = draft.index.parents.get(read)
    if not isinstance(call, ast.Call):
        return False
    called = draft.index.name(call.func)
    return read in call.args[:1] and (called in _OPENS or called in _SAME_FOR_ALL)


def _writes(draft: Draft, call: ast.Call) -> bool:
    mode = text(draft.index, argument(call, "mode", 1)) or ""
    known = draft.index.name(call.func) in _OPENS
    return known and bool(re.search("[wa]", mode)) and "x" not in mode


def _is_next(draft: Draft, statement: ast.stmt, call: ast.Call) -> bool:
    """Whether a call is made by the statement behind another one, which cannot fail before."""
    outer = draft.index.parents.get(statement)
    for block in (getattr(outer, field, None) for field in ("body", "orelse", "finalbody")):
        if isinstance(block, list) and statement in block:
            after = block[block.index(statement) + 1 :][:1]
            return bool(after) and draft.index.inside(call, after[0])
    return False


def _removed(draft: Draft, statement: ast.Assign, name: str) -> bool:
    """Whether the next statement is a ``try`` that removes the file in the end, whatever happens."""
    outer = draft.index.parents.get(statement)
    for block in (getattr(outer, field, None) for field in ("body", "orelse", "finalbody")):
        if not isinstance(block, list) or statement not in block:
            continue
        for after in block[block.index(statement) + 1 :][:1]:
            final = after.finalbody[0] if isinstance(after, ast.Try) and after.finalbody else None
            if isinstance(final, ast.Expr) and isinstance(final.value, ast.Call):
                removing = draft.index.name(final.value.func) in _REMOVES
                return removing and [ast.unparse(a) for a in final.value.args] == [name]
    return False


def _is_kept(draft: Draft, function: Function, name: str) -> bool:
    """Whether the file may hold something of an earlier call: it is added to, or looked at before it is written."""
    reads = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    reads = [n for n in reads if isinstance(n.ctx, ast.Load)]
    first = draft.index.parents.get(min(reads, key=lambda n: (n.lineno, n.col_offset)))
    if not isinstance(first, ast.Call) or "w" not in _mode(draft, first):
        return True
    outer = draft.index.parents.get(first)
    while outer is not None and not isinstance(outer, ast.Try):
        if not isinstance(outer, _ALWAYS):
            return True
        outer = draft.index.parents.get(outer)
    opened = (draft.index.parents.get(n) for n in reads)
    return any("a" in _mode(draft, call) for call in opened if isinstance(call, ast.Call))


def _mode(draft: Draft, call: ast.Call) -> str:
    """How a call opens its file; nothing of other calls."""
    known = draft.index.name(call.func) in _OPENS
    return text(draft.index, argument(call, "mode", 1)) or "" if known else ""


def _is_named_elsewhere(draft: Draft, value: ast.Constant) -> bool:
    """Whether the name stands anywhere else in the project, so that others may look for it."""
    written = str(value.value)
    if draft.text.count(written) > 1:
        return True
    return stands_elsewhere(draft, written)

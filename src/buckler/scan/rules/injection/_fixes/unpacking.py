"""Unpacks no more than a limit (CWE-409): the one that the code has already, or a new one."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.rules._support.statements import free_name, refusal, serves_fastapi, statement_of

MOST = "100_000_000"
_READERS = {
    "gzip.decompress": ("gzip.GzipFile", "fileobj="),
    "bz2.decompress": ("bz2.BZ2File", ""),
    "lzma.decompress": ("lzma.LZMAFile", ""),
}
_ALIKE = frozenset({"gzip.decompress"})
"""Those whose reader takes what the function takes: that of bz2 fails on nothing at all."""


def unpacked_with_limit(draft: Draft, call: ast.Call) -> str:
    """Read so much and no more of what a call unpacks.

    Returns:
        ``alike`` where the code refused or cut off the rest anyway, ``seen`` where there is a limit now, empty where
        nothing could be done.
    """
    name = draft.index.name(call.func)
    if name not in _READERS or len(call.args) != 1 or call.keywords:
        return ""
    if name in _ALIKE and (_cut(draft, call, name) or _refused(draft, call, name)):
        return "alike"
    statement = statement_of(draft.index, call)
    if statement is None or not serves_fastapi(draft):
        return ""
    refused = refusal(draft, 413, call)
    read = _reading(draft, call, name, f"{MOST} + 1")
    target = _target(statement, call)
    if target:
        draft.replace(call, read)
        draft.insert_after(statement, f"if len({target}) > {MOST}:", f"    {refused}")
        return "seen"
    own = free_name(draft.index, call, "unpacked", "contents")
    lines = (f"{own} = {read}", f"if len({own}) > {MOST}:", f"    {refused}")
    draft.insert_before(statement, *lines)
    draft.replace(call, own)
    return "seen"


def _reading(draft: Draft, call: ast.Call, name: str, most: str) -> str:
    reader, keyword = _READERS[name]
    stream = f"{draft.name_for('io.BytesIO', call)}({draft.of(call.args[0])})"
    return f"{draft.name_for(reader, call)}({keyword}{stream}).read({most})"


def _target(statement: ast.stmt, call: ast.Call) -> str:
    """The name that a statement gives to what a call returns."""
    if (
        isinstance(statement, ast.Assign)
        and statement.value is call
        and len(statement.targets) == 1
    ):
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    return ""


def _cut(draft: Draft, call: ast.Call, name: str) -> bool:
    """``gzip.decompress(data)[:N]`` becomes a reader's ``read(N)``."""
    outer = draft.index.parents.get(call)
    if not isinstance(outer, ast.Subscript) or not isinstance(outer.slice, ast.Slice):
        return False
    upper = outer.slice.upper
    if outer.slice.lower is not None or outer.slice.step is not None:
        return False
    if not isinstance(upper, ast.Constant) or not isinstance(upper.value, int):
        return False
    draft.replace(outer, _reading(draft, call, name, draft.of(upper)))
    return True


def _refused(draft: Draft, call: ast.Call, name: str) -> bool:
    """Whether the next statement refuses what is longer than a limit; that much is read then, and one byte."""
    statement = draft.index.parents.get(call)
    outer = draft.index.parents.get(statement) if statement is not None else None
    body = getattr(outer, "body", None)
    target = _target(statement, call) if isinstance(statement, ast.stmt) else ""
    if not target or not isinstance(body, list) or statement not in body:
        return False
    after = body[body.index(statement) + 1 :][:1]
    if not after or not isinstance(after[0], ast.If) or after[0].orelse:
        return False
    match after[0].test:
        case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE()], comparators=[limit]):
            if ast.unparse(left) != f"len({target})" or not isinstance(
                limit, ast.Constant | ast.Name
            ):
                return False
        case _:
            return False
    if not isinstance(after[0].body[-1], ast.Raise):
        return False
    if isinstance(limit, ast.Name) and not limit.id.isupper():
        return False
    draft.replace(call, _reading(draft, call, name, f"{draft.of(limit)} + 1"))
    return True

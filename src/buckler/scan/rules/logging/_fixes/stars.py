"""Writes stars in the place of a secret that a line of the log shows (CWE-532)."""

from __future__ import annotations

import ast

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import Index, argument, parameter
from buckler.scan.python.logged import logs, secret_fields, secret_in
from buckler.scan.python.words import root_of
from buckler.scan.rules.injection._fixes.pieces import Letter, pieces_of
from buckler.scan.rules.logging._fixes.conversions import keys_shown, takes_text

STARS = "***"
_ROUTES = frozenset("get post put patch delete head options api_route websocket".split())
_DUMPS = frozenset({"model_dump", "model_dump_json", "dict", "json"})


def starred(draft: Draft, call: ast.Call) -> str:
    """Write stars for the secrets among the arguments of a call that logs.

    Returns:
        ``alike`` where every one of them is what a caller of a route sent, ``seen`` where one is the
        application's own, which its operator may look for in the log; empty where one cannot be left out.
    """
    index = draft.index
    if not logs(index, call):
        return ""
    values = [
        v for v in (*call.args, *(k.value for k in call.keywords)) if secret_in(index, call, v)
    ]
    roots: list[str] = []
    for value in values:
        found = _starred(draft, call, value)
        if not found:
            return ""
        roots += found
    if not roots:
        return ""
    return "alike" if all(_is_sent(index, call, root) for root in roots) else "seen"


def _starred(draft: Draft, call: ast.Call, value: ast.expr) -> list[str]:
    """The roots of the secrets in an argument, which are replaced; empty where one cannot be."""
    if isinstance(value, ast.JoinedStr):
        return _in_text(draft, call, value)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr in _DUMPS:
            return _left_out(draft, call, value, value.func.value)
    if isinstance(value, ast.Name | ast.Attribute | ast.Subscript) and _is_one(draft, value):
        if not takes_text(draft.index, call, value):
            return []
        draft.replace(value, draft.quote(STARS))
        return [root_of(value)]
    return []


def _is_one(draft: Draft, value: ast.expr) -> bool:
    """Whether a name is the secret itself, and no object or mapping that holds one beside other things."""
    if isinstance(value, ast.Attribute):
        return value.attr not in ("headers", "cookies", "__dict__")
    if isinstance(value, ast.Subscript):
        return isinstance(value.slice, ast.Constant)
    given = draft.index.parameter(value) if isinstance(value, ast.Name) else None
    kind = ast.unparse(given.annotation) if given is not None and given.annotation else ""
    texts = ("str", "str | None", "Optional[str]", "bytes")
    return kind.startswith("Annotated[str") or kind in texts


def _in_text(draft: Draft, call: ast.Call, node: ast.JoinedStr) -> list[str]:
    """``f"as {password!r}"`` becomes ``f"as ***"``."""
    try:
        parts = pieces_of(draft, node).parts
    except UnreadableText:
        return []
    holes = [part for part in parts if not isinstance(part, Letter)]
    values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    if len(holes) != len(values):
        return []
    roots = []
    for hole, value in zip(holes, values, strict=True):
        if not secret_in(draft.index, call, value):
            continue
        if not isinstance(value, ast.Name | ast.Attribute | ast.Subscript) or not _is_one(
            draft, value
        ):
            return []
        draft.edit(hole.start, hole.end, STARS)
        roots.append(root_of(value))
    return roots


def _left_out(draft: Draft, call: ast.Call, dump: ast.Call, owner: ast.expr) -> list[str]:
    """``payload.model_dump()`` becomes ``payload.model_dump(exclude={"password"})``."""
    names = secret_fields(draft.index, owner)
    if not names or argument(dump, "exclude") is not None or dump.args:
        return []
    shown = keys_shown(draft.index, call, dump)
    if shown is None or shown & set(names):
        return []
    draft.set_keyword(dump, "exclude", "{" + ", ".join(map(draft.quote, names)) + "}")
    return [root_of(owner)]


def _is_sent(index: Index, call: ast.Call, root: str) -> bool:
    function = index.function_of(call)
    if function is None or parameter(function, root) is None:
        return False
    return any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr in _ROUTES
        for d in function.decorator_list
    )

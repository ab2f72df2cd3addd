"""Puts ``--`` before the first argument of a program that is a value (CWE-88)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import text
from buckler.scan.python.index import argument
from buckler.scan.rules._support.statements import assigned
from buckler.scan.rules.injection._fixes.programs import (
    VALUE,
    ends_at_dashes,
    may_end,
    name_of,
)


def options_ended(draft: Draft, call: ast.Call) -> str:
    """End the options of the program that a call starts.

    Returns:
        ``alike`` where the program is known to end its options there, ``seen`` where that is not known of it,
        empty where it could not be done.
    """
    spread = draft.index.name(call.func) == "asyncio.create_subprocess_exec"
    given = None if spread else argument(call, "args", 0) or argument(call, "command", 0)
    where = assigned(draft.index, given) if given is not None else None
    listed = where.value if where is not None else given
    words = call.args if spread else listed.elts if isinstance(listed, ast.List) else []
    if not words or any(isinstance(word, ast.Starred) for word in words):
        return ""
    shown = [_shown(draft, word) for word in words]
    first = next((n for n, word in enumerate(shown) if n and word.startswith(VALUE)), None)
    if first is None or "--" in shown[:first] or not may_end(shown, first):
        return ""
    if VALUE in shown[0]:
        return ""
    if spread:
        start = draft.source.span(words[first])[0]
        draft.edit(start, start, f"{draft.quote('--')}, ")
    elif isinstance(listed, ast.List):
        draft.insert_element(listed, first, draft.quote("--"))
    return "alike" if ends_at_dashes(name_of(shown[0])) else "seen"


def _shown(draft: Draft, word: ast.expr) -> str:
    """A word as far as it is known: its beginning, and where a value stands."""
    known = text(draft.index, word)
    if known is not None:
        return known
    while isinstance(word, ast.BinOp):
        word = word.left
    if isinstance(word, ast.JoinedStr) and word.values:
        word = word.values[0]
    begins = word.value if isinstance(word, ast.Constant) else ""
    return f"{begins}{VALUE}" if isinstance(begins, str) else VALUE

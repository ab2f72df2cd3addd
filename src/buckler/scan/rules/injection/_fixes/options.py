"""Puts ``--`` before the first argument of a program that is a value (CWE-88)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import text
from buckler.scan.python.index import argument
from buckler.scan.rules._support.statements import assigned

WITHOUT_END = frozenset({"echo", "test", "expr", "find", "dd", "python", "python3", "env"})
"""Programs for which ``--`` does not end the options, or that read what follows in another way."""


def options_ended(draft: Draft, call: ast.Call) -> bool:
    """End the options of the program that a call starts.

    Returns:
        Whether it could be done: the program is known, all that follows the first value are values or
        words that are no options, and no option stands right before it that would take ``--`` as its value.
    """
    spread = draft.index.name(call.func) == "asyncio.create_subprocess_exec"
    given = None if spread else argument(call, "args", 0) or argument(call, "command", 0)
    where = assigned(draft.index, given) if given is not None else None
    listed = where.value if where is not None else given
    words = call.args if spread else listed.elts if isinstance(listed, ast.List) else []
    if not words or any(isinstance(word, ast.Starred) for word in words):
        return False
    program = (text(draft.index, words[0]) or "").rpartition("/")[2]
    constants = [text(draft.index, word) for word in words]
    first = next((n for n, word in enumerate(constants) if n and word is None), None)
    if not program or program in WITHOUT_END or first is None or "--" in constants[:first]:
        return False
    if any(word is not None and word.startswith("-") for word in constants[first:]):
        return False
    if first > 1 and (constants[first - 1] or "").startswith("-"):
        return False
    if spread:
        start = draft.source.span(words[first])[0]
        draft.edit(start, start, f"{draft.quote('--')}, ")
    elif isinstance(listed, ast.List):
        draft.insert_element(listed, first, draft.quote("--"))
    return True

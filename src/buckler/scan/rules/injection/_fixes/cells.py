"""Puts an apostrophe before cells that a spreadsheet program would take for a formula (CWE-1236)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last
from buckler.scan.rules.auth._fixes.kinds import TEXT, kind_of

_BEGINS = ("=", "+", "-", "@", "\\t", "\\r")


def marked(draft: Draft, call: ast.Call) -> int:
    """Have the texts of a row begin with an apostrophe where they begin like a formula; how many there were."""
    if last(call.func) not in ("writerow", "append"):
        return 0
    row = argument(call, "row", 0)
    if not isinstance(row, ast.List | ast.Tuple):
        return 0
    texts = [
        item
        for item in row.elts
        if isinstance(item, ast.Name | ast.Attribute) and kind_of(draft.index, item) == TEXT
    ]
    begins = ", ".join(f"{draft.usual_quote}{mark}{draft.usual_quote}" for mark in _BEGINS)
    for item in texts:
        written = draft.of(item)
        draft.wrap(item, f'"\'" + {written} if {written}.startswith(({begins})) else ', "")
    return len(texts)

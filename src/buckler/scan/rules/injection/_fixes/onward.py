"""Lets a redirect follow paths of this site alone (CWE-601)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last
from buckler.scan.rules._support.statements import free_name, statement_of

_REDIRECTS = ("RedirectResponse", "redirect")


def kept_on_site(draft: Draft, call: ast.Call) -> bool:
    """Put a check before a redirect to an address that is input as a whole; whether it could be done.

    Browsers take ``//host``, ``/\\host`` and a path with a tab in it for another site (WHATWG URL).
    """
    if last(call.func) not in _REDIRECTS or draft.index.function_of(call) is None:
        return False
    given = argument(call, "url", 0) or argument(call, "location", 0)
    statement = statement_of(draft.index, call)
    if given is None or statement is None or not _is_whole(given) or "\n" in draft.of(given):
        return False
    written = draft.of(given)
    name = written if isinstance(given, ast.Name) else free_name(draft.index, call, "onward", "to")
    start, slash, backslash = draft.quote("/"), draft.quote("//"), draft.quote("/\\")
    lines = [] if isinstance(given, ast.Name) else [f"{name} = {written}"]
    lines += [
        f"if not {name}.startswith({start}) or {name}.startswith(({slash}, {backslash})):",
        f"    {name} = {start}",
    ]
    draft.insert_before(statement, *lines)
    if not isinstance(given, ast.Name):
        draft.replace_argument(call, given, name)
    return True


def _is_whole(node: ast.expr) -> bool:
    """Whether an address is one value, not one that is put together here."""
    if isinstance(node, ast.Call):
        return last(node.func) == "get" and bool(node.args)
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript)

"""Tells the values of a page that are what a client typed, and never a piece of the page (CWE-79)."""

from __future__ import annotations

import ast
import re

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.rules._support.applications import METHODS
from buckler.scan.rules.injection._fixes.markup import is_clean, pages_at, texts_in
from buckler.scan.rules.injection._fixes.pieces import Value, pieces_of

_PAGE_LIKE = re.compile(
    r"html|markup|body|content|snippet|fragment|svg|icon|page|banner|widget", re.IGNORECASE
)
_SENT = frozenset({"Query", "Form", "Path", "Header", "Cookie"})


def only_sent_text(draft: Draft, line: int) -> bool:
    """Whether every value of the pages that a line makes is a text that the handler gets from its client.

    A text of that kind looks the same once it is escaped: who sent no markup sees no difference. A
    parameter that is named like a piece of a page may be meant as one.
    """
    found = [
        (text, part)
        for page in pages_at(draft, line)
        for text in texts_in(draft, page, 0)
        for part in _values(draft, text)
        if not is_clean(draft, text, part)
    ]
    return bool(found) and all(_is_sent(draft, text, part) for text, part in found)


def _values(draft: Draft, text: ast.expr) -> list[Value]:
    try:
        return pieces_of(draft, text).values
    except UnreadableText:
        return []


def _is_sent(draft: Draft, text: ast.expr, part: Value) -> bool:
    name = part.source.strip()
    function = draft.index.function_of(text)
    if function is None or not name.isidentifier() or _PAGE_LIKE.search(name):
        return False
    if not any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr in METHODS
        for d in function.decorator_list
    ):
        return False
    stored = (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name)
    if any(not isinstance(n.ctx, ast.Load) for n in stored):
        return False
    given = function.args
    after = [*given.posonlyargs, *given.args]
    defaults = dict(zip([a.arg for a in reversed(after)], reversed(given.defaults), strict=False))
    defaults |= {
        a.arg: d for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d is not None
    }
    return any(
        one.arg == name and _is_text(one.annotation) and _comes_with_request(defaults.get(name))
        for one in (*after, *given.kwonlyargs)
    )


def _is_text(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "str"


def _comes_with_request(default: ast.expr | None) -> bool:
    """Whether the value comes from the client, not from a dependency, nor is markup where none is sent."""
    if default is None or isinstance(default, ast.Constant):
        return not _is_escaped(default)
    if not isinstance(default, ast.Call) or not isinstance(default.func, ast.Name):
        return False
    given = [*default.args[:1], *(k.value for k in default.keywords if k.arg == "default")]
    made = any(k.arg in ("default_factory", None) for k in default.keywords)
    constant = all(isinstance(g, ast.Constant) and not _is_escaped(g) for g in given)
    return default.func.id in _SENT and constant and not made


def _is_escaped(default: ast.expr | None) -> bool:
    """Whether a default looks different once it is escaped."""
    return isinstance(default, ast.Constant) and bool(set("<>&'\"") & set(str(default.value)))

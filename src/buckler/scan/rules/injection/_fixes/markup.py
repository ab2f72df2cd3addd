"""Escapes values that are put into a page (CWE-79)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last
from buckler.scan.rules._support.flow_pages import place_in_page
from buckler.scan.rules._support.statements import assigned
from buckler.scan.rules.injection._fixes.pieces import (
    Letter,
    Value,
    nodes_of,
    pieces_of,
    quote_around,
)

_PAGES = ("HTMLResponse", "Response", "StreamingResponse", "Markup", "mark_safe", "HttpResponse")
_MARKUP = "<"
_DEPTH = 4


def escaped_in_page(draft: Draft, line: int) -> bool:
    """Escape the values of the pages that a line makes; whether there was one that could be.

    Left alone is what stands in a script, an address or an attribute without quotes, where escaping
    does not help, and what is or may be markup of the application's own.
    """
    done = False
    for page in pages_at(draft, line):
        for text in texts_in(draft, page, 0):
            done = _escaped(draft, text) or done
    return done


def pages_at(draft: Draft, line: int) -> Iterator[ast.expr]:
    """What the calls of a line make pages of; what it returns where it makes none."""
    calls = [c for c in draft.nodes_at(line, draft.index.calls) if last(c.func) in _PAGES]
    for call in calls:
        given = argument(call, "content", 0)
        if given is not None:
            yield given
    if calls:
        return
    for function in draft.index.functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None and node.lineno == line:
                yield node.value


def texts_in(draft: Draft, node: ast.expr, depth: int) -> Iterator[ast.expr]:
    """The texts that a page is put together from."""
    if depth > _DEPTH:
        return
    match node:
        case ast.JoinedStr() | ast.BinOp(op=ast.Add() | ast.Mod()):
            yield node
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]):
            yield from texts_in(draft, inner, depth + 1)
        case ast.Call(func=ast.Attribute(attr="format")):
            yield node
        case ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner):
            yield from texts_in(draft, inner, depth + 1)
        case ast.Name():
            where = assigned(draft.index, node)
            if where is not None and where.value is not None:
                yield from texts_in(draft, where.value, depth + 1)


def _escaped(draft: Draft, node: ast.expr) -> bool:
    try:
        pieces = pieces_of(draft, node)
        nodes = nodes_of(node, pieces)
    except UnreadableText:
        return False
    if pieces.how not in ("f", "+"):
        return False
    before = ""
    edits: list[tuple[Value, ast.expr]] = []
    for part in pieces.parts:
        if isinstance(part, Letter):
            before += part.text
            continue
        value = nodes.pop(0)
        # What cannot be told from markup stays; if it was the value that matters, the repair does not hold.
        stays = not part.plain or is_clean(draft, node, part) or _is_markup(draft, node, part)
        if not stays and _MARKUP in before and not place_in_page(before):
            edits.append((part, value))
        before += "\0"
    for part, value in edits:
        braces = bool(quote_around(pieces, part))
        made = _escape(draft, node, part.source.strip(), plain=not braces)
        if braces:
            draft.edit(part.start, part.end, f"{{{made}}}")
        else:
            draft.replace(value, made)
    return bool(edits)


def _escape(draft: Draft, node: ast.expr, source: str, *, plain: bool) -> str:
    """``markupsafe.escape`` where the file has it, else that of the standard library, which takes text alone."""
    known = (item.dotted for item in draft.index.imports.values())
    if any(name.startswith(("markupsafe", "jinja2")) for name in known):
        made = f"{draft.name_for('markupsafe.escape', node)}({source})"
        return f"str({made})" if plain else made
    text = source if plain or _annotation(draft, node, source) == "str" else f"str({source})"
    return f"{draft.name_for('html.escape', node)}({text})"


def _parsed(part: Value) -> ast.expr | None:
    try:
        return ast.parse(part.source.strip(), mode="eval").body
    except SyntaxError:
        return None


def is_clean(draft: Draft, node: ast.expr, part: Value) -> bool:
    """Whether a value is escaped already, or a number by its type."""
    inner = _parsed(part)
    if isinstance(inner, ast.Call):
        return last(inner.func) in ("escape", "quote", "quote_plus", "len", "int", "float", "clean")
    if isinstance(inner, ast.Name):
        return _annotation(draft, node, inner.id) in ("int", "float", "bool", "UUID", "Decimal")
    return isinstance(inner, ast.Constant)


def _annotation(draft: Draft, node: ast.expr, name: str) -> str:
    for outer in draft.index.around(node):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            given = outer.args
            for one in (*given.posonlyargs, *given.args, *given.kwonlyargs):
                if one.arg == name and one.annotation is not None:
                    return last(one.annotation)
    return ""


def _is_markup(draft: Draft, node: ast.expr, part: Value) -> bool:
    """Whether a value is, or may be, a piece of the page: a result of a call, or made of markup here."""
    inner = _parsed(part)
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    if not isinstance(inner, ast.Name):
        return True
    function = draft.index.function_of(node)
    scope: ast.AST = function if function is not None else draft.index.tree
    for item in ast.walk(scope):
        value = getattr(item, "value", None)
        targets = getattr(item, "targets", None) or [getattr(item, "target", None)]
        if isinstance(item, ast.Assign | ast.AnnAssign | ast.AugAssign) and value is not None:
            named = any(isinstance(t, ast.Name) and t.id == inner.id for t in targets)
            if named and not _is_plain_reading(value):
                return True
    return False


def _is_plain_reading(node: ast.expr) -> bool:
    """A value read from somewhere, nothing made out of it: ``form["name"]``, ``request.query_params.get("q")``."""
    if isinstance(node, ast.Await):
        node = node.value
    if isinstance(node, ast.Call):
        return last(node.func) in ("get", "pop", "strip", "lower", "upper", "title")
    return isinstance(node, ast.Subscript | ast.Attribute)

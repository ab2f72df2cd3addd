"""Keeps the values of a mail's headers on their line, where the mail is put together as text (CWE-93)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.core.errors import UnreadableText
from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import value_of
from buckler.scan.python.index import Index, argument, last
from buckler.scan.rules._support.statements import assigned
from buckler.scan.rules.auth._fixes.kinds import TEXT, kind_of
from buckler.scan.rules.injection._fixes.lines_of_values import may_have_lines
from buckler.scan.rules.injection._fixes.pieces import (
    Letter,
    Value,
    nodes_of,
    pieces_of,
    quote_around,
)

_MESSAGES = {
    "sendmail": (2, ("msg", "message")),
    "message_from_string": (0, ("s",)),
    "parsestr": (0, ("text",)),
}
_WITHOUT_ENDS = frozenset({"int", "float", "bool", "Decimal", "UUID", "date", "EmailStr"})


def head_on_its_lines(draft: Draft, call: ast.Call) -> bool:
    """Take the line ends from the values of the headers in a call's message; whether there was one.

    A header holds none by RFC 5322, 2.2, so that a value that has none stays as it is.
    """
    if last(call.func) not in _MESSAGES:
        return False
    place, names = _MESSAGES[last(call.func)]
    given = next((a for name in names if (a := argument(call, name, place)) is not None), None)
    node = _made(draft.index, given)
    try:
        found = [pair for item in _lines(node) for pair in _head(draft, *item)]
    except UnreadableText:
        return False
    for quote, part, value in found:
        _kept(draft, quote, part, value)
    return bool(found)


def _made(index: Index, node: ast.expr | None) -> ast.expr | None:
    """What makes the text: behind a variable of the function, ``encode`` and brackets."""
    for _ in range(4):
        if isinstance(node, ast.Call) and last(node.func) == "encode":
            node = node.func.value if isinstance(node.func, ast.Attribute) else node
        statement = assigned(index, node) if isinstance(node, ast.Name) else None
        if statement is not None:
            node = statement.value
    return node


def _lines(node: ast.expr | None) -> Iterator[tuple[ast.expr, str]]:
    """The texts that the headers stand in, each with what stands before it."""
    if not isinstance(node, ast.Call) or last(node.func) != "join" or not node.args:
        if node is not None:
            yield node, ""
        return
    listed = node.args[0]
    ends = node.func.value if isinstance(node.func, ast.Attribute) else None
    if not isinstance(ends, ast.Constant) or ends.value not in ("\n", "\r\n"):
        return
    for item in listed.elts if isinstance(listed, ast.List | ast.Tuple) else ():
        if isinstance(item, ast.Constant) and not item.value:
            return
        if isinstance(item, ast.JoinedStr | ast.BinOp | ast.Call):
            yield item, "\n"


def _head(draft: Draft, node: ast.expr, before: str) -> Iterator[tuple[str, Value, ast.expr]]:
    """The values that stand before the empty line and may hold line ends."""
    pieces = pieces_of(draft, node)
    nodes = nodes_of(node, pieces)
    for part in pieces.parts:
        if isinstance(part, Letter):
            before = (before + part.text).replace("\r\n", "\n")
            continue
        value = nodes.pop(0)
        if "\n\n" in before.lstrip("\n"):
            return
        if may_have_lines(draft.index, value):
            raise UnreadableText
        if before and part.plain and not _has_none(draft.index, value):
            yield quote_around(pieces, part), part, value
        before += "\0"


def _has_none(index: Index, node: ast.expr) -> bool:
    """Whether a value is known to hold no line end: a constant, a number, an address."""
    known = value_of(index, node)
    if (known is not None and not known.default) or last(node) in ("len", "round", "int"):
        return True
    given = index.parameter(node) if isinstance(node, ast.Name) else None
    kind = given.annotation if given is not None else None
    return kind is not None and last(kind) in _WITHOUT_ENDS


def _kept(draft: Draft, quote: str, part: Value, node: ast.expr) -> None:
    """Put a value on one line; the quote is that of the f-string around it, if there is one."""
    is_text = kind_of(draft.index, node) == TEXT
    if quote:
        other = "'" if quote == '"' else '"'  # before 3.12 not the literal's own quote
        plain = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
        source = part.source.strip()
        shown = source if is_text and plain else f"str({source})"
        draft.edit(part.start, part.end, f"{{{other} {other}.join({shown}.splitlines())}}")
        return
    shown = draft.operand(node) if is_text else f"str({draft.of(node)})"
    draft.replace(node, f"{draft.quote(' ')}.join({shown}.splitlines())")

"""Compares a redirect address as a whole (RFC 9700, 4.1.3)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.constants import text
from buckler.scan.python.index import argument, last

_LITERAL = re.compile(r"\^?(?P<address>[a-z]+:(?:[\w:/~%-]|\\?[.]|\\[/-])+)(?:\$|\\Z)")


def compared_whole(draft: Draft, node: ast.expr) -> str:
    """Write a loose comparison as one of the whole address.

    Returns:
        ``alike`` where nothing but one address was meant to match anyway, ``seen`` where clients may have sent longer
        ones, empty where nothing could be done.
    """
    if isinstance(node, ast.Compare):
        return _part_of(draft, node)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return ""
    if node.func.attr == "startswith":
        return _begins(draft, node, node.func.value)
    return _matches(draft, node) or _fully(draft, node)


def _part_of(draft: Draft, node: ast.Compare) -> str:
    if len(node.ops) != 1 or not isinstance(
        node.left, ast.Name | ast.Attribute | ast.Subscript | ast.Call
    ):
        return ""
    operator = "==" if isinstance(node.ops[0], ast.In) else "!="
    draft.replace(node, f"{draft.of(node.left)} {operator} {draft.of(node.comparators[0])}")
    return "seen"


def _begins(draft: Draft, call: ast.Call, address: ast.expr) -> str:
    """``address.startswith(known)`` becomes ``address == known``; a tuple is looked into."""
    if len(call.args) != 1 or call.keywords:
        return ""
    known = call.args[0]
    many = _holds_many(draft, known)
    outer = draft.index.parents.get(call)
    if isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not):
        operator, replaced = ("not in" if many else "!="), outer
        draft.replace(replaced, f"{draft.operand(address)} {operator} {draft.operand(known)}")
        return "seen"
    written = f"{draft.operand(address)} {'in' if many else '=='} {draft.operand(known)}"
    plain = isinstance(outer, ast.If | ast.BoolOp | ast.Return | ast.Assign)
    draft.replace(call, written if plain else f"({written})")
    return "seen"


def _holds_many(draft: Draft, node: ast.expr) -> bool:
    """Whether a value is several addresses: a tuple, or what has a name in the plural."""
    values = draft.index.values(node) if isinstance(node, ast.Name) else [node]
    if any(isinstance(v, ast.Constant | ast.JoinedStr) for v in values):
        return False
    if any(isinstance(v, ast.Tuple) or last(getattr(v, "func", v)) == "tuple" for v in values):
        return True
    return not isinstance(node, ast.Subscript) and last(node).lower().endswith("s")


def _matches(draft: Draft, call: ast.Call) -> str:
    """A pattern of one address, to its end, where only the truth is asked for: an equal sign says the same."""
    if (
        draft.index.name(call.func) not in ("re.match", "re.search")
        or len(call.args) != 2
        or call.keywords
    ):
        return ""
    written = text(draft.index, call.args[0]) or ""
    found = _LITERAL.fullmatch(written)
    searched = draft.index.name(call.func) == "re.search"
    if found is None or (searched and not written.startswith("^")):
        return ""
    known = draft.quote(found["address"].replace("\\", ""))
    outer = draft.index.parents.get(call)
    subject = draft.operand(call.args[1])
    if isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not):
        draft.replace(outer, f"{subject} != {known}")
        return "alike"
    if isinstance(outer, ast.If) and outer.test is call:
        draft.replace(call, f"{subject} == {known}")
        return "alike"
    if isinstance(outer, ast.Compare) and ast.unparse(outer).endswith((" is None", " is not None")):
        operator = "!=" if isinstance(outer.ops[0], ast.Is) else "=="
        draft.replace(outer, f"{subject} {operator} {known}")
        return "alike"
    return ""


def _fully(draft: Draft, call: ast.Call) -> str:
    """``match`` becomes ``fullmatch``."""
    name = draft.index.name(call.func)
    if isinstance(call.func, ast.Attribute) and call.func.attr == "match":
        if name == "re.match" or name.startswith("re.compile()"):
            if argument(call, "pos") is not None:
                return ""
            draft.set_callee(call, f"{draft.of(call.func.value)}.fullmatch")
            return "seen"
    return ""

"""Turns ``==`` between secrets into ``compare_digest``."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import last
from buckler.scan.rules.auth._fixes.kinds import BYTES, MAYBE, UNKNOWN, kind_of

_READS = frozenset({"get", "getenv"})


def compare(draft: Draft, node: ast.Compare) -> bool:
    """Compare in constant time; False where source does not show what is compared.

    A side that may be None is asked for first: ``compare_digest`` raises for it, and None must
    not become a text that somebody can send.
    """
    sides = (node.left, node.comparators[0])
    kinds = [kind_of(draft.index, side) for side in sides]
    if UNKNOWN in kinds or (BYTES in kinds and kinds != [BYTES, BYTES]):
        return False
    maybe = [side for side, kind in zip(sides, kinds, strict=True) if kind == MAYBE]
    if not all(_can_be_read_twice(side) for side in maybe):
        return False
    name = draft.name_for(_usual(draft), node)
    given = [draft.operand(side) + ("" if BYTES in kinds else ".encode()") for side in sides]
    call = f"{name}({', '.join(given)})"
    differs = isinstance(node.ops[0], ast.NotEq)
    terms = [f"{draft.of(side)} is {'' if differs else 'not '}None" for side in maybe]
    terms.append(f"not {call}" if differs else call)
    text = (" or " if differs else " and ").join(terms)
    whole = len(terms) == 1 and not differs
    draft.replace(node, text if whole or _is_condition(draft, node, terms) else f"({text})")
    return True


def _usual(draft: Draft) -> str:
    """The module that the file has already, hmac or secrets."""
    has = {known.dotted.partition(".")[0] for known in draft.index.imports.values()}
    return (
        "secrets.compare_digest"
        if "secrets" in has and "hmac" not in has
        else "hmac.compare_digest"
    )


def _can_be_read_twice(node: ast.expr) -> bool:
    """Whether an expression costs and changes nothing."""
    if isinstance(node, ast.Name | ast.Attribute):
        return True
    return isinstance(node, ast.Call) and last(node.func) in _READS


def _is_condition(draft: Draft, node: ast.Compare, terms: list[str]) -> bool:
    """Whether the comparison stands where a whole condition does, or a ``not`` needs no parentheses."""
    outer = draft.index.parents.get(node)
    if isinstance(outer, ast.BoolOp):
        return len(terms) == 1
    return isinstance(outer, ast.If | ast.While | ast.Return | ast.Assign | ast.Assert | ast.Expr)

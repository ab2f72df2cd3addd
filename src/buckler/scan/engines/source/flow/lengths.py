"""How long a text may be: bounds of fields, slices and comparisons of ``len(…)``.

What takes time or room that grows faster than its input does no harm while the input is short.
"""

from __future__ import annotations

import ast

from buckler.scan.engines.source.flow.frames import Frame, clearing
from buckler.scan.engines.source.flow.values import Clears, Value, bit, only

BOUNDS = (24, 256, 2048, 65536)
"""The lengths that are told apart."""


def shorter(limit: int) -> int:
    """What is shown of a text that has at most so many characters."""
    return bit(*(f"length_{bound}" for bound in BOUNDS if limit <= bound))


def bounded(named: dict[str, Value]) -> int:
    """What the constraints of a field show of the length of its text."""
    for name in ("max_length", "max_items"):
        limit = only(named[name]) if name in named else None
        if isinstance(limit, int):
            return shorter(limit)
    return 0


def measured(
    frame: Frame, node: ast.Compare, left: Value, right: Value
) -> tuple[Clears, Clears] | None:
    """What ``len(x) > 64`` shows of ``x`` where it is true, and where it is false; None: nothing."""
    op, first, second = node.ops[0], node.left, node.comparators[0]
    flipped = not _is_length(first)
    measured_, other = (second, left) if flipped else (first, right)
    limit = only(other)
    if not _is_length(measured_) or not isinstance(limit, int) or isinstance(limit, bool):
        return None
    from buckler.scan.engines.source.flow.expressions import evaluate

    text = evaluate(frame, measured_.args[0])  # type: ignore[attr-defined]
    if not text.taints:
        return None
    clears = clearing(text, shorter(limit))
    if isinstance(op, ast.Eq):
        return clears, {}
    if isinstance(op, ast.NotEq):
        return {}, clears
    if isinstance(op, ast.Lt | ast.LtE):
        return ({}, clears) if flipped else (clears, {})
    if isinstance(op, ast.Gt | ast.GtE):
        return (clears, {}) if flipped else ({}, clears)
    return None


def _is_length(node: ast.expr) -> bool:
    """``len(name)``: what can be looked at twice without doing anything twice."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "len"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Name | ast.Attribute)
    )

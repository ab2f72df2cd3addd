"""Learns from conditions: the answer is to be one with which the code goes on."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, List, Optional

from .shapes import Shape, Status

if TYPE_CHECKING:
    from .expressions import Expressions

_GOOD = range(200, 300)


def wanted(node: ast.If, rest: List[ast.stmt]) -> Optional[bool]:
    """Whether the condition is to hold; None where that cannot be told.

    Args:
        node: The statement.
        rest: What comes after it in the same block.
    """
    if _raises(node.body):
        return False
    if _raises(node.orelse):
        return True
    if isinstance(node.body[-1], (ast.Return, ast.Continue, ast.Break)) and not node.orelse:
        if rest and _raises(rest):
            return True
        return False if rest else None
    return None


def _raises(body: List[ast.stmt]) -> bool:
    return any(isinstance(statement, ast.Raise) for statement in body)


def tested(reader: Expressions, node: ast.AST, hold: Optional[bool]) -> None:
    """Evaluate a condition that is to hold, or not to."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        tested(reader, node.operand, None if hold is None else not hold)
    elif isinstance(node, ast.BoolOp):
        every = isinstance(node.op, ast.And) is hold
        for part in node.values:
            last = part is node.values[-1] and hold is False
            tested(reader, part, hold if hold is not None and (every or last) else None)
    elif isinstance(node, ast.Compare):
        compared(reader, node, hold)
    else:
        value = reader.value(node)
        if isinstance(value, Shape) and hold is False and not value.kind:
            value.absent = isinstance(node, ast.Call)
            if not value.absent:
                value.equals(None)


def compared(reader: Expressions, node: ast.Compare, hold: Optional[bool]) -> None:
    """Evaluate a comparison that is to hold, or not to, or either."""
    left: Any = node.left
    for op, right in zip(node.ops, node.comparators):  # noqa: B905 - Python 3.9
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(left, ast.Constant):
            _holds_name(reader.value(right), left.value, isinstance(op, ast.In), hold)
        else:
            first, second = reader.value(left), reader.value(right)
            if isinstance(second, (Shape, Status)) and first is None:
                first, op, right = second, _turned(op), left
            constants = _constants(right)
            if isinstance(first, Status):
                _status(first, op, constants, hold)
            elif isinstance(first, Shape) and constants:
                _value(first, op, constants[0], hold)
            elif (
                isinstance(first, Shape) and second is None and isinstance(op, (ast.Eq, ast.NotEq))
            ):
                if hold is isinstance(op, ast.Eq):
                    reader.compared_with(first, right)
        left = right


def _holds_name(value: Any, name: Any, positive: bool, hold: Optional[bool]) -> None:
    if isinstance(value, Shape) and isinstance(name, str) and value.kind != "text":
        child = value.child(name)
        if hold is not None and hold is not positive and not child.kind:
            child.absent = True


def _turned(op: ast.cmpop) -> ast.cmpop:
    pairs = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
    return pairs.get(type(op), type(op))()


def _constants(node: ast.AST) -> List[Any]:
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return [part.value for part in node.elts if isinstance(part, ast.Constant)]
    return []


def _status(status: Status, op: ast.cmpop, constants: List[Any], hold: Optional[bool]) -> None:
    good = [c for c in constants if type(c) is int and c in _GOOD]
    equal = isinstance(op, (ast.Eq, ast.In))
    if good and 200 not in good and (equal or isinstance(op, (ast.NotEq, ast.NotIn))):
        if hold is None or hold is equal:
            status.response.status = good[0]


def _value(shape: Shape, op: ast.cmpop, constant: Any, hold: Optional[bool]) -> None:
    equal = isinstance(op, (ast.Eq, ast.In, ast.Is))
    if equal or isinstance(op, (ast.NotEq, ast.NotIn, ast.IsNot)):
        if constant is None:
            return
        if hold is equal or (hold is None and equal):
            shape.equals(constant)
        elif type(constant) in (int, float):
            shape.become("number")
        return
    if type(constant) not in (int, float):
        return
    shape.become("number")
    less = isinstance(op, (ast.Lt, ast.LtE))
    if hold is None or isinstance(op, (ast.In, ast.NotIn)):
        return
    if less is hold and constant <= 1.5:
        shape.equals(constant - 1)
    elif less is not hold and constant >= 1.5:
        shape.equals(constant + 1)

"""Operators: texts put together, paths joined by ``/``, numbers."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.objects import (
    Container,
    External,
    Instance,
    deep_taints,
    things,
)
from buckler.scan.engines.source.flow.strings import percent
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Text,
    Value,
    concatenated,
    constant,
    hole,
    join,
    joined_taints,
    obj,
    only,
)

PATHS = ("pathlib.Path", "pathlib.PurePath", "anyio.Path")
_NUMBERS: dict[type[ast.operator], Callable[[object, object], object]] = {
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Add: operator.add,
    ast.Div: operator.truediv,
}
BIGGEST = 10**9
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.Mod: "mod",
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.MatMult: "matmul",
}


def operated(frame: Frame, node: ast.AST, op: ast.operator, left: Value, right: Value) -> Value:
    """What a binary operator makes of two values."""
    own = overloaded(frame, node, op, left, right)
    if own is not None:
        return own
    unknown = not left.objs and left.alts is None and left.kind == ""
    if isinstance(op, ast.Div) and (_path(left) or _path(right) or (unknown and _text(right))):
        return joined_path(frame, node, [left, right])
    if isinstance(op, ast.BitOr | ast.BitAnd | ast.Sub) and (left.objs or right.objs):
        return _sets(frame, op, left, right)
    if isinstance(op, ast.Mod) and (_texty(left) or left.kind in ("str", "bytes")):
        return percent(frame, node, left, right)
    numbers = _calculated(op, left, right)
    if numbers is not None:
        return numbers
    if isinstance(op, ast.Add):
        lists = [things(left, Container), things(right, Container)]
        if lists[0] or lists[1]:
            return _appended(frame, left, right)
        if not _number(left) and not _number(right):
            made = concatenated([left, right])
            if not made.taints and left.alts is None and right.alts is None:
                return Value(kind=left.kind or right.kind)
            return frame.stepped(made, node, "put into a text")
    if isinstance(op, ast.Mult):
        return _repeated(frame, left, right)
    taints = joined_taints(left.taints, right.taints)
    return hole(taints) if taints else Value(kind="int" if _number(left) else "")


def overloaded(
    frame: Frame, node: ast.AST, op: ast.operator, left: Value, right: Value, before: str = ""
) -> Value | None:
    """What the operator of a class of the project gives; None where it has none."""
    name = _OPERATORS.get(type(op), "")
    found = [
        frame.run.call_method(frame, node, thing, f"__{before}{name}__", [right])
        for thing in (things(left, Instance) if name else ())
    ]
    known = [f for f in found if f is not None]
    return join(known) if known else None


def _texty(value: Value) -> bool:
    return bool(value.alts) and all(isinstance(a, str | bytes | Text) for a in value.alts or ())


def _text(value: Value) -> bool:
    return value.kind == "str" or _texty(value) or bool(value.taints)


def _number(value: Value) -> bool:
    if value.kind in ("int", "float", "bool"):
        return True
    return bool(value.alts) and all(isinstance(a, int | float) for a in value.alts or ())


def _path(value: Value) -> bool:
    return any(t.instance and t.name in PATHS for t in things(value, External))


def _calculated(op: ast.operator, left: Value, right: Value) -> Value | None:
    one, other = only(left), only(right)
    calculate = _NUMBERS.get(type(op))
    if calculate is None or not isinstance(one, int) or not isinstance(other, int):
        return None
    if isinstance(op, ast.Pow | ast.LShift) or abs(one) > BIGGEST or abs(other) > BIGGEST:
        return Value(kind="int")
    try:
        return constant(calculate(one, other))
    except (ZeroDivisionError, OverflowError):
        return Value(kind="int")


def _sets(frame: Frame, op: ast.operator, left: Value, right: Value) -> Value:
    if not things(left, Container) and not things(right, Container):
        return join([left, right])
    made = Container("dict", frame.run.path)
    for value in (left, right) if isinstance(op, ast.BitOr) else (left,):
        for thing in things(value, Container):
            made.kind = thing.kind
            if made.kind == "dict" or thing.kind == "set":
                for key, item in thing.items.items():
                    made.items[key if made.kind == "dict" else len(made.items)] = item
            if thing.rest is not None:
                made.spread(thing.rest)
    others = [t for v in (left, right) for t in v.objs if type(t) is not Container]
    taints = joined_taints(left.taints, right.taints)
    return Value(None, (made, *others), taints) if made.all() or not others else left


def _appended(frame: Frame, left: Value, right: Value) -> Value:
    made = Container("list", frame.run.path)
    for value in (left, right):
        found = things(value, Container)
        for thing in found:
            made.kind = thing.kind if thing.kind in ("list", "tuple") else made.kind
            for item in thing.items.values():
                made.append(item, surely=len(found) == 1)
            if thing.rest is not None:
                made.spread(thing.rest)
        if not found:
            made.spread(value)
    return obj(made)


def _repeated(frame: Frame, left: Value, right: Value) -> Value:
    for value in (left, right):
        for thing in things(value, Container):
            made = Container(thing.kind, frame.run.path)
            made.rest = thing.element()
            return obj(made)
    for value in (left, right):
        if value.alts and all(isinstance(a, str) for a in value.alts):
            count = only(right if value is left else left)
            text = only(value)
            if isinstance(count, int) and isinstance(text, str) and 0 <= count * len(text) < 2000:
                return constant(text * count)
            return Value(None, (), (), "str")
    return hole(joined_taints(left.taints, right.taints))


def joined_path(frame: Frame, node: ast.AST, pieces: list[Value]) -> Value:
    """A path of several pieces: an object that keeps its text."""
    texts: list[Value] = []
    for piece in pieces:
        if texts:
            texts.append(constant("/"))
        texts.append(path_text(piece))
    text = concatenated(texts)
    taints = joined_taints(*(v.taints for p in pieces for v in deep_taints(p)))
    text = frame.stepped(text, node, "joined to a path")
    return Value(
        text.alts, (External("pathlib.Path", True),), text.with_taints(text.taints).taints or taints
    )


def path_text(value: Value) -> Value:
    """A path or text as a text."""
    if not _path(value):
        return value
    if value.alts is None and not value.taints:
        return UNKNOWN
    return Value(value.alts, (), value.taints, "str")

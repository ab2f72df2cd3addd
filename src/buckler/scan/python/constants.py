"""Works out what an expression is worth without running it.

Names are followed to where they are set: in the function, the module, another module of the
project, the defaults of a settings class, and the defaults of environment variables.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from buckler.scan.python.index import Function, Index, argument, default_of, last
from buckler.scan.python.modules import Definition, definition

MAX_DEPTH = 8
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.LShift: operator.lshift,
    ast.Pow: operator.pow,
    ast.FloorDiv: operator.floordiv,
}
_GETTERS = (
    "os.getenv",
    "os.environ.get",
    "getenv",
    "environ.get",
    "decouple.config",
    "environ.Env().str",
)
_WRAPPERS = ("SecretStr", "SecretBytes", "Secret", "str", "bytes", "bytearray", "Final", "cast")
_METHODS = ("encode", "decode", "get_secret_value", "strip", "lower", "upper")


@dataclass(frozen=True, slots=True)
class Value:
    """A constant and where it is written.

    Attributes:
        path: File of the literal.
        node: The literal.
        default: It only holds where nothing else is configured.

    """

    value: Any
    path: str
    node: ast.expr
    default: bool = False


def value_of(index: Index, node: ast.AST | None, depth: int = 0) -> Value | None:
    """The value of an expression, or None where it is not known before the program runs."""
    if node is None or depth > MAX_DEPTH:
        return None
    match node:
        case ast.Constant():
            return Value(node.value, index.path, node)
        case ast.Tuple() | ast.List() | ast.Set():
            items = [value_of(index, item, depth + 1) for item in node.elts]
            if any(item is None for item in items):
                return None
            return Value([item.value for item in items if item], index.path, node)
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            inner = value_of(index, node.operand, depth + 1)
            return None if inner is None else _negated(node, inner)
        case ast.BinOp():
            return _binary(index, node, depth)
        case ast.BoolOp(op=ast.Or()):
            found = value_of(index, node.values[-1], depth + 1)
            return replace(found, default=True) if found else None
        case ast.JoinedStr():
            return _joined(index, node, depth)
        case ast.Call():
            return _call(index, node, depth)
        case ast.Name() | ast.Attribute():
            return _name(index, node, depth)
    return None


def truth(index: Index, node: ast.AST | None) -> bool | None:
    """The boolean that an expression is, or None where it is unknown or no boolean."""
    found = value_of(index, node)
    return found.value if found is not None and isinstance(found.value, bool) else None


def number(index: Index, node: ast.AST | None) -> int | None:
    """The integer that an expression is, or None."""
    found = value_of(index, node)
    plain = found is not None and isinstance(found.value, int) and not isinstance(found.value, bool)
    return int(found.value) if found is not None and plain else None


def text(index: Index, node: ast.AST | None) -> str | None:
    """The text that an expression is, or None."""
    found = value_of(index, node)
    return found.value if found is not None and isinstance(found.value, str) else None


def texts(index: Index, node: ast.AST | None) -> list[str]:
    """The texts of a list, or of the one text that it is; unknown items are left out."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [t for item in node.elts for t in texts(index, item)]
    found = value_of(index, node)
    items = (
        found.value
        if found is not None and isinstance(found.value, list)
        else [found and found.value]
    )
    return [item for item in items if isinstance(item, str)]


def _negated(node: ast.UnaryOp, inner: Value) -> Value | None:
    if isinstance(node.op, ast.Not):
        return replace(inner, value=not inner.value)
    return replace(inner, value=-inner.value) if isinstance(inner.value, int | float) else None


def _binary(index: Index, node: ast.BinOp, depth: int) -> Value | None:
    left, right = value_of(index, node.left, depth + 1), value_of(index, node.right, depth + 1)
    work = _BINARY.get(type(node.op))
    if left is None or right is None or work is None:
        return None
    if isinstance(node.op, ast.Pow | ast.LShift | ast.Mult) and not (
        isinstance(right.value, int) and isinstance(left.value, int) and abs(right.value) < 10**7
    ):
        return None
    if isinstance(node.op, ast.Pow | ast.LShift) and right.value > 64:
        return None
    try:
        return Value(work(left.value, right.value), index.path, node, left.default or right.default)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _joined(index: Index, node: ast.JoinedStr, depth: int) -> Value | None:
    made, default = [], False
    for part in node.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        found = value_of(index, inner, depth + 1)
        if found is None or not isinstance(found.value, str | int):
            return None
        made.append(str(found.value))
        default = default or found.default
    return Value("".join(made), index.path, node, default)


def _call(index: Index, node: ast.Call, depth: int) -> Value | None:
    name = index.name(node.func)
    if name in _GETTERS or (
        name.startswith("starlette.config.Config()") and not name.endswith("]")
    ):
        given = argument(node, "default", 1 if name in _GETTERS else 2)
        found = value_of(index, given, depth + 1)
        return replace(found, default=True) if found else None
    short = name.rpartition(".")[2]
    if short == "Field":
        found = value_of(index, argument(node, "default", 0), depth + 1)
        return found if found is None or found.value is not ... else None
    if short in _WRAPPERS and node.args:
        return value_of(index, node.args[-1] if short == "cast" else node.args[0], depth + 1)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        return value_of(index, node.func.value, depth + 1)
    return None


def _name(index: Index, node: ast.Name | ast.Attribute, depth: int) -> Value | None:
    if isinstance(node, ast.Name):
        parameter = index.parameter(node)
        if parameter is not None:
            function = index.function_of(node)
            given = default_of(function, node.id) if function is not None else None
            return (
                None
                if given is None or _injected(given)
                else _defaulted(value_of(index, given, depth + 1))
            )
    found = definition(index, node)
    if found is not None:
        other, target = found
        if isinstance(target, ast.expr):
            return value_of(other, target, depth + 1)
        return None
    if isinstance(node, ast.Attribute):
        field = field_of(index, node)
        if field is not None:
            return _defaulted(value_of(*field, depth + 1))
    return None


def _injected(node: ast.expr) -> bool:
    """Whether a default is one of FastAPI's markers, which stand for something else."""
    return isinstance(node, ast.Call) and last(node.func) not in ("SecretStr", "str", "bytes")


def _defaulted(found: Value | None) -> Value | None:
    return replace(found, default=True) if found else None


def field_of(index: Index, node: ast.Attribute) -> tuple[Index, ast.expr] | None:
    """The default of a class's field that an attribute reads: ``settings.jwt_secret``."""
    found = _field(index, node, 0)
    return (found[0], found[1].value) if found is not None and found[1].value is not None else None


def _field(
    index: Index, node: ast.Attribute, depth: int
) -> tuple[Index, ast.AnnAssign | ast.Assign] | None:
    owner = class_behind(index, node.value, depth + 1)
    if owner is None or not isinstance(owner[1], ast.ClassDef):
        return None
    for item in owner[1].body:
        if isinstance(item, ast.AnnAssign) and last(item.target) == node.attr:
            return owner[0], item
        if isinstance(item, ast.Assign) and any(last(t) == node.attr for t in item.targets):
            return owner[0], item
    return None


def class_behind(index: Index, node: ast.AST, depth: int = 0) -> Definition | None:
    """The class of the project that an expression is an instance of, or is itself."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(node, ast.Call):
        made = definition(index, node.func)
        return _class_of(made, depth) if made else None
    if isinstance(node, ast.Await):
        return class_behind(index, node.value, depth + 1)
    if isinstance(node, ast.Name) and node.id in ("self", "cls"):
        owner = index.class_of(node)
        return (index, owner) if owner is not None else None
    if isinstance(node, ast.Name):
        parameter = index.parameter(node)
        if parameter is not None and parameter.annotation is not None:
            return _annotated(index, parameter.annotation)
    found = definition(index, node)
    if found is None and isinstance(node, ast.Attribute):
        field = _field(index, node, depth)
        if field is not None and isinstance(field[1], ast.AnnAssign):
            return _annotated(field[0], field[1].annotation)
        if field is None or field[1].value is None:
            return None
        return class_behind(field[0], field[1].value, depth + 1)
    if found is None:
        return None
    other, target = found
    return found if isinstance(target, ast.ClassDef) else class_behind(other, target, depth + 1)


def _class_of(found: Definition, depth: int) -> Definition | None:
    """The class itself, or the one that a function says or shows that it returns."""
    other, target = found
    if isinstance(target, ast.ClassDef):
        return found
    if not isinstance(target, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    said = _annotated(other, target.returns) if target.returns is not None else None
    return said or next(
        (
            made
            for node in ast.walk(target)
            if isinstance(node, ast.Return) and node.value is not None
            if (made := class_behind(other, node.value, depth + 1)) is not None
        ),
        None,
    )


def _annotated(index: Index, node: ast.expr) -> Definition | None:
    if isinstance(node, ast.Subscript) and last(node.value) == "Annotated":
        node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
    found = definition(index, node)
    if found is not None and isinstance(found[1], ast.Subscript):
        return _annotated(found[0], found[1])
    return found if found is not None and isinstance(found[1], ast.ClassDef) else None


__all__ = [
    "Function",
    "Value",
    "class_behind",
    "field_of",
    "number",
    "text",
    "texts",
    "truth",
    "value_of",
]

"""Definitions of functions and classes, decorators applied."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.expressions import evaluate
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    External,
    Function,
    FunctionNode,
    things,
)
from buckler.scan.engines.source.flow.values import UNKNOWN, Value, obj

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

Block = Callable[["Frame", Iterable[ast.stmt]], None]
TRANSPARENT = frozenset({"property", "cached_property", "staticmethod", "classmethod"})


def define_function(frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
    """The function that a ``def`` makes, after its decorators."""
    owner = frame.owner if frame.is_class else (frame.owner if frame.function else None)
    function = Function(node, frame.module, None if frame.is_module else frame, None, owner)
    function.defaults = defaults_of(frame, node)
    made = obj(function)
    names: list[str] = []
    later: list[tuple[ast.expr, Value]] = []
    for decorator in node.decorator_list:
        value = evaluate(frame, decorator)
        name = _name(value, decorator)
        names.append(name)
        if name in TRANSPARENT or name in ("setter", "overload", "abstractmethod"):
            continue
        later.append((decorator, value))
    function.decorators = tuple(names)
    for decorator, value in reversed(later):
        made = frame.run.web.decorated(frame, decorator, value, made, function)
    return made


def _name(value: Value, node: ast.expr) -> str:
    for thing in value.objs:
        if type(thing) is External:
            return thing.name.rpartition(".")[2]
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")


def defaults_of(frame: Frame, node: FunctionNode) -> dict[str, Value]:
    """The values of a function's defaults, by parameter."""
    args = node.args
    plain = [*args.posonlyargs, *args.args]
    pairs = list(zip(reversed(plain), reversed(args.defaults), strict=False))
    pairs += [
        (a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None
    ]
    return {arg.arg: evaluate(frame, default) for arg, default in pairs}


def define_class(frame: Frame, node: ast.ClassDef, run_block: Block) -> Value:
    """The class that a ``class`` statement makes."""
    from buckler.scan.engines.source.flow.frames import Frame as _Frame

    cls = ClassObject(node, frame.module)
    cls.bases = [evaluate(frame, _plain(base)) for base in node.bases]
    inner = _Frame(frame.run, frame.module, None, None if frame.is_module else frame)
    if inner.state is not None and frame.state is not None:
        inner.state.cleared = frame.state.cleared
    inner.is_class = True
    inner.owner = cls
    cls.frame = inner
    inner.function = frame.function
    run_block(inner, node.body)
    cls.attrs = inner.env
    inner.final = cls.attrs
    made = obj(cls)
    for decorator in reversed(node.decorator_list):
        value = evaluate(frame, decorator)
        if any(type(t) is Function for t in value.objs):
            result = frame.run.invoke(frame, decorator, value, Arguments([made]))
            made = result if things(result, ClassObject) else made
        else:
            frame.run.web.class_decorated(frame, decorator, value, cls)
    frame.run.web.class_defined(frame, cls)
    return made


def _plain(base: ast.expr) -> ast.expr:
    """``Repository[User]`` derives from ``Repository``."""
    return base.value if isinstance(base, ast.Subscript) else base


__all__ = ["UNKNOWN", "defaults_of", "define_class", "define_function"]

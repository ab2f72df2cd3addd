"""What becomes of a value: the names under which it goes on."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.scan.python.index import Function, Index, argument, last, parameters
from buckler.scan.python.modules import definition
from buckler.scan.python.words import name_of

_SHAPES = frozenset(
    "str int round hex format join encode decode hexdigest digest md5 sha1 sha256 sha512 new b64encode urlsafe_b64encode "
    "zfill rjust ljust upper lower chr oct abs tuple list sorted getvalue strip to_bytes b32encode translate bytes print UUID field Field mapped_column Column".split()
)

_MADE_OF = frozenset(
    {"int", "bytes", "bytes_le", "fields", "default", "default_factory", "insert_default"}
)
"""Arguments that become the whole of what is made: ``uuid.UUID(int=x)``, ``field(default_factory=f)``."""
MAX_HOPS = 3


def uses(index: Index, node: ast.AST, depth: int) -> Iterator[str]:
    """The names under which a value goes on, nearest first."""
    child = node
    for outer in index.around(node):
        match outer:
            case ast.Assign():
                for target in outer.targets:
                    yield from _targets(index, target, depth)
                return
            case ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr():
                yield from _targets(index, outer.target, depth)
                return
            case ast.keyword() if outer.arg in _MADE_OF:
                child = outer
                continue
            case ast.keyword():
                if outer.arg:
                    yield outer.arg
                return
            case ast.Dict():
                yield from _key_of(outer, child)
                return
            case ast.Subscript() if child is outer.slice:
                yield from (name_of(outer.value), f"opens_{name_of(outer.value)}")
                return
            case ast.Tuple() | ast.List() | ast.Set() if depth >= MAX_HOPS:
                return
            case ast.Return():
                yield from _returned(index, outer, depth)
                return
            case ast.Call() if child is not outer.func:
                name = last(outer.func)
                if name not in _SHAPES:
                    yield from _argument_names(index, outer, child)
                    return
            case ast.Lambda():
                child = outer
                continue
            case ast.stmt():
                return
        child = outer


def _targets(index: Index, target: ast.expr, depth: int) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for item in target.elts:
            yield from _targets(index, item, depth)
        return
    if isinstance(target, ast.Subscript):
        constant = isinstance(target.slice, ast.Constant)
        owner = name_of(target.value)
        yield name_of(target) if constant else ""
        if not constant or owner.endswith("s"):  # of a record, the key says what the value is
            yield owner
        return
    yield name_of(target)
    if isinstance(target, ast.Name) and depth < MAX_HOPS:
        function = index.function_of(target)
        for use in ast.walk(function) if function is not None else ():
            if isinstance(use, ast.Name) and use.id == target.id and isinstance(use.ctx, ast.Load):
                if not any(
                    isinstance(o, ast.Compare | ast.If)
                    for o in index.around(use)
                    if o is not function and isinstance(o, ast.expr)
                ):
                    yield from uses(index, use, depth + 1)


def _key_of(outer: ast.Dict, child: ast.AST) -> Iterator[str]:
    for key, value in zip(outer.keys, outer.values, strict=True):
        if value is child and isinstance(key, ast.Constant):
            yield str(key.value)


def _returned(index: Index, node: ast.AST, depth: int) -> Iterator[str]:
    """A value that a function returns is what the function is called, and what callers make of it."""
    function = index.function_of(node)
    if function is None:
        return
    if not function.decorator_list:
        yield function.name
    if depth < MAX_HOPS:
        for call in index.callers(function):
            if index.function_of(call) is not function:
                yield from uses(index, call, depth + 1)


def _argument_names(index: Index, call: ast.Call, child: ast.AST) -> Iterator[str]:
    """What a positional argument is called by the function that gets it."""
    if child not in call.args:
        return
    at = call.args.index(child)
    if last(call.func) in ("set_cookie", "setdefault", "setex", "set", "hset") and at:
        yield from (str(a.value) for a in call.args[:at] if isinstance(a, ast.Constant))
        key = argument(call, "key", 0)
        yield name_of(key) if key is not None else ""
        return
    made = definition(index, call.func)
    if made is None:
        return
    target = made[1]
    if isinstance(target, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _parameter(target, at)
    elif isinstance(target, ast.ClassDef):
        init = next(
            (i for i in target.body if isinstance(i, ast.FunctionDef) and i.name == "__init__"),
            None,
        )
        if init is not None:
            yield from _parameter(init, at + 1)


def _parameter(function: Function, at: int) -> Iterator[str]:
    named = parameters(function)
    if at < len(named):
        yield named[at].arg

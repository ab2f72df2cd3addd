"""Methods of lists, sets, dictionaries and what iterates."""

from __future__ import annotations

import ast
from collections.abc import Callable

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import element
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import elements, key_of_rest
from buckler.scan.engines.source.flow.objects import Container
from buckler.scan.engines.source.flow.values import (
    NONE,
    UNKNOWN,
    Value,
    constant,
    join,
    obj,
    only,
)

Handler = Callable[[Frame, ast.AST, Container, Arguments, bool], Value]


def container_method(
    frame: Frame, node: ast.AST, thing: Container, name: str, given: Arguments, *, surely: bool
) -> Value:
    """What a method of a container gives, and what it does to it."""
    handler = _METHODS.get(name)
    if handler is None:
        return UNKNOWN
    if name in _CHANGING:
        for value in given.all() or [UNKNOWN]:
            frame.run.changes(thing, value)
    if frame.state is not None:
        baked = frame.state.baked
        given = Arguments(
            [baked(v) for v in given.positional],
            {k: baked(v) for k, v in given.named.items()},
            given.more,
            given.spread,
        )
    if name == "update" and thing.kind == "dict":
        frame.run.hits.reached(frame, node, "builtins.dict.update", given, obj(thing))
    return handler(frame, node, thing, given, surely and thing.born == frame.run.path)


def _append(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    if c.kind == "set":
        c.items[len(c.items)] = given.at(0)
    else:
        c.append(given.at(0), surely=surely)
    return NONE


def _extend(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    each, exact = elements(f, given.at(0), n)
    for value in each:
        c.append(value, surely=surely and exact)
    return NONE


def _insert(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    index = only(given.at(0))
    value = given.at(1)
    if surely and c.exact and isinstance(index, int):
        items = list(c.items.values())
        items.insert(index, value)
        c.refill(items)
    else:
        c.loosen()
        c.spread(value)
    return NONE


def _pop(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    if c.kind == "dict":
        key = only(given.at(0))
        found = element(c, key)
        default = given.given(1, "default")
        known = key is not UNKNOWN and key in c.items
        if surely and known:
            c.items.pop(key)
        return found if known or default is None else join([found, default])
    index = only(given.at(0)) if given.positional else -1
    items = list(c.items.values())
    if surely and c.exact and isinstance(index, int) and -len(items) <= index < len(items):
        value = items.pop(index)
        c.refill(items)
        return value
    value = c.element()
    c.loosen()
    return value


def _remove(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    wanted = only(given.at(0))
    items = list(c.items.values())
    if surely and c.exact and wanted is not UNKNOWN and c.ordered:
        for index, item in enumerate(items):
            if only(item) == wanted:
                del items[index]
                c.refill(items)
                return NONE
    c.loosen()
    return NONE


def _clear(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    if surely:
        c.items = {}
        c.rest = None
    return NONE


def _reverse(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    if surely and c.exact:
        c.refill(list(c.items.values())[::-1])
    else:
        c.loosen()
    return NONE


def _sort(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    c.loosen()
    return NONE


def _get(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    key = only(given.at(0))
    default = given.given(1, "default")
    if key is not UNKNOWN and key in c.items:
        return c.items[key]
    if key is not UNKNOWN and c.exact:
        return default if default is not None else NONE
    found = c.element() if c.all() else UNKNOWN
    return join([found, default if default is not None else NONE])


def _setdefault(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    key = only(given.at(0))
    if key is not UNKNOWN and key in c.items:
        return c.items[key]
    value = given.at(1)
    if key is UNKNOWN:
        c.spread(value, given.at(0))
    else:
        c.put(key, value, surely=surely)
    return value


def _update(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    for value in given.positional:
        if c.kind == "set":
            for item in elements(f, value, n)[0]:
                c.spread(item)
        else:
            f.run.update(f, c, value, surely=surely)
    for name, value in given.named.items():
        c.put(name, value, surely=surely)
    return NONE


def _keys(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    made = Container("list", f.run.path, dict(enumerate(constant(k) for k in c.items)))
    if c.rest is not None:
        made.rest = key_of_rest(c)
    return obj(made)


def _values(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    return obj(Container("list", f.run.path, dict(enumerate(c.items.values())), c.rest))


def _items(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    path = f.run.path
    pairs = [Container("tuple", path, {0: constant(k), 1: v}) for k, v in c.items.items()]
    made = Container("list", path, dict(enumerate(obj(p) for p in pairs)))
    if c.rest is not None:
        made.rest = obj(Container("tuple", path, {0: key_of_rest(c), 1: c.rest}))
    return obj(made)


def _copy(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    return obj(Container(c.kind, f.run.path, dict(c.items), c.rest))


def _element(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    return element(c, only(given.at(0)))


def _union(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    made = Container(c.kind, f.run.path, dict(c.items), c.rest)
    for value in given.positional:
        for item in elements(f, value, n)[0]:
            made.spread(item)
    return obj(made)


def _next(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    return c.element()


def _number(f: Frame, n: ast.AST, c: Container, given: Arguments, surely: bool) -> Value:
    return Value(kind="int")


_METHODS: dict[str, Handler] = {
    "append": _append,
    "add": _append,
    "appendleft": _append,
    "extend": _extend,
    "insert": _insert,
    "pop": _pop,
    "popleft": _pop,
    "popitem": _next,
    "remove": _remove,
    "discard": _remove,
    "clear": _clear,
    "reverse": _reverse,
    "sort": _sort,
    "get": _get,
    "setdefault": _setdefault,
    "update": _update,
    "keys": _keys,
    "values": _values,
    "items": _items,
    "copy": _copy,
    "__getitem__": _element,
    "union": _union,
    "intersection": _copy,
    "difference": _copy,
    "send": _next,
    "__next__": _next,
    "__anext__": _next,
    "index": _number,
    "count": _number,
}
_CHANGING = frozenset(
    {"append", "add", "appendleft", "extend", "insert", "pop", "popleft", "popitem", "remove"}
    | {"discard", "clear", "reverse", "sort", "setdefault", "update"}
)

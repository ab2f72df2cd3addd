"""Functions that need no import, and what collects."""

from __future__ import annotations

import ast
import re

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.conditions import all_of, any_of, boolean, facts_of
from buckler.scan.engines.source.flow.expressions import as_text
from buckler.scan.engines.source.flow.frames import Frame, clearing
from buckler.scan.engines.source.flow.iterating import elements
from buckler.scan.engines.source.flow.libraries.kinds import Handler
from buckler.scan.engines.source.flow.objects import (
    Container,
    External,
    Instance,
    things,
)
from buckler.scan.engines.source.flow.operators import path_text
from buckler.scan.engines.source.flow.values import (
    NONE,
    UNKNOWN,
    Value,
    as_number,
    bit,
    constant,
    join,
    obj,
    one_text,
    only,
)

_NUMBER = re.compile(r"-?[0-9]{1,18}")


def _str(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value = given.at(0)
    if any(type(t) is External and t.name == "pathlib.Path" for t in value.objs):
        return path_text(value)
    if value.alts and not value.objs and all(isinstance(a, int | float) for a in value.alts):
        return Value(tuple(str(a) for a in value.alts))
    found = [frame.run.call_method(frame, node, i, "__str__", []) for i in things(value, Instance)]
    known = [f for f in found if f is not None]
    return join(known) if known else as_text(frame, value, node)


def _container(kind: str) -> Handler:
    def handler(frame: Frame, node: ast.AST, given: Arguments) -> Value:
        made = Container(kind, frame.run.path)
        if kind == "dict":
            for value in given.positional:
                if not _pairs(frame, node, made, value):
                    frame.run.update(frame, made, value)
            for name, value in given.named.items():
                made.put(name, value, surely=True)
            return obj(made)
        if given.positional:
            each, surely = elements(frame, given.at(0), node)
            for value in each:
                if kind == "set":
                    made.items[len(made.items)] = value
                else:
                    made.append(value, surely=surely)
            if not surely and kind == "set":
                made.loosen()
        return obj(made)

    return handler


def _pairs(frame: Frame, node: ast.AST, made: Container, value: Value) -> bool:
    """``dict([(key, value), …])``; whether it was that."""
    lists = [t for t in things(value, Container) if t.kind != "dict"]
    for each in lists:
        for pair in each.all():
            parts, exact = elements(frame, pair, node)
            key = only(parts[0]) if exact and len(parts) == 2 else UNKNOWN
            if isinstance(key, str | int) and each.exact:
                made.put(key, parts[1], surely=True)
            else:
                for part in parts:
                    made.spread(part)
    return bool(lists)


def _push(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    for thing in things(given.at(0), Container):
        frame.run.changes(thing, given.at(1))
        thing.spread(given.at(1))
    return NONE


def _popped(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return join([thing.element() for thing in things(given.at(0), Container)])


def _all(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return all_of(elements(frame, given.at(0), node)[0])


def _any(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return any_of(elements(frame, given.at(0), node)[0], of_one=_asks_one(node))


def _asks_one(node: ast.AST) -> bool:
    """``any(path.is_relative_to(folder) for folder in folders)``: whether each round asks the same value."""
    match node:
        case ast.Call(
            args=[
                ast.GeneratorExp(
                    elt=ast.Call(func=ast.Attribute(value=asked)), generators=generators
                )
            ]
        ):
            bound = {
                n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)
            }
            return not any(isinstance(n, ast.Name) and n.id in bound for n in ast.walk(asked))
    return False


def _bool(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    true, false = facts_of(given.at(0))
    return Value(None, (), (), "bool", (true, false))


def _with_default(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """A dictionary in which what is not there yet is made when it is asked for."""
    made = Container("dict", frame.run.path)
    kinds = {t.name.removeprefix("builtins.") for t in things(given.at(0), External)}
    made.makes = next((k for k in ("list", "set", "dict") if k in kinds), "")
    return obj(made)


def _number(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """Whoever gets past ``int(x)`` has a number in ``x``."""
    value = given.at(0)
    if frame.state is not None and value.taints:
        frame.state.clear(clearing(value))
    known = only(value)
    if isinstance(known, str) and _NUMBER.fullmatch(known):
        return constant(int(known))
    return as_number(value)


def _isinstance(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    value, cls = given.at(0), given.at(1)
    names = {t.name for t in cls.objs if type(t) is External}
    for thing in things(cls, Container):
        names |= {t.name for item in thing.all() for t in item.objs if type(t) is External}
    harmless = {"builtins.int", "builtins.float", "builtins.bool", "uuid.UUID", "datetime.date"}
    if value.taints and names and names <= harmless | {"datetime.datetime", "decimal.Decimal"}:
        return boolean(clearing(value), {})
    if value.taints and names and all(n.startswith("ast.") for n in names):
        return boolean(clearing(value, bit("code")), {})
    if value.taints and names <= {"builtins.str", "builtins.int", "builtins.float"} and names:
        return boolean(clearing(value, bit("nosql")), {})
    return Value(kind="bool")


def _getattr(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    from buckler.scan.engines.source.flow.attributes import attribute

    name = one_text(given.at(1))
    if name is not None:
        return attribute(frame, node, given.at(0), name)
    named = given.at(1).alts
    if named and all(isinstance(one, str) for one in named):
        return join([attribute(frame, node, given.at(0), one) for one in named])
    found = []
    for thing in given.at(0).objs:
        if type(thing) is Instance:
            found += list(thing.fields.values())
    return join(found) if found else UNKNOWN


def _vars(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    from buckler.scan.engines.source.flow.attributes import attribute

    return attribute(frame, node, given.at(0), "__dict__")


def _setattr(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    name = one_text(given.at(1))
    for thing in given.at(0).objs:
        frame.run.changes(thing, given.at(2))
        if type(thing) in (Instance, External):
            key = name or "?"
            old = thing.fields.get(key)
            thing.fields[key] = given.at(2) if old is None else join([old, given.at(2)])
    return NONE


def _map(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    made = Container("list", frame.run.path)
    each, surely = elements(frame, given.at(1), node)
    for value in each:
        made.append(frame.run.invoke(frame, node, given.at(0), Arguments([value])), surely=surely)
    return obj(made)


def _filter(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    made = Container("list", frame.run.path)
    for value in elements(frame, given.at(1), node)[0]:
        if frame.state is None:
            break
        outer = frame.state
        frame.state = outer.fork()
        test = frame.run.invoke(frame, node, given.at(0), Arguments([value]))
        if frame.state is not None:
            frame.state.clear(facts_of(test)[0] or {})
            made.spread(frame.state.baked(value))
        frame.state = outer
    return obj(made)


def _same_elements(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    made = Container("list", frame.run.path)
    for value in elements(frame, given.at(0), node)[0]:
        made.spread(value)
    return obj(made)


def _enumerate(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    path = frame.run.path
    each, surely = elements(frame, given.at(0), node)
    made = Container("list", path)
    for number, value in enumerate(each):
        index = constant(number) if surely else Value(kind="int")
        made.append(obj(Container("tuple", path, {0: index, 1: value})), surely=surely)
    return obj(made)


def _zip(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    path = frame.run.path
    columns = [elements(frame, value, node) for value in given.positional]
    made = Container("list", path)
    if columns and all(surely for _, surely in columns):
        for row in zip(*(each for each, _ in columns), strict=False):
            made.append(obj(Container("tuple", path, dict(enumerate(row)))), surely=True)
    else:
        row = tuple(join(each) if each else UNKNOWN for each, _ in columns)
        made.spread(obj(Container("tuple", path, dict(enumerate(row)))))
    return obj(made)


def _next(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    each, _ = elements(frame, given.at(0), node)
    default = given.given(1)
    return join([*each, *([default] if default is not None else [])] or [UNKNOWN])


def _least(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    if len(given.positional) == 1:
        each, _ = elements(frame, given.at(0), node)
        return join(each) if each else UNKNOWN
    return join(given.positional) if given.positional else UNKNOWN


BUILTIN_FUNCTIONS: dict[str, Handler] = {
    "builtins.str": _str,
    "builtins.repr": _str,
    "builtins.format": _str,
    "builtins.bytes": _str,
    "builtins.list": _container("list"),
    "builtins.tuple": _container("tuple"),
    "builtins.set": _container("set"),
    "builtins.frozenset": _container("set"),
    "builtins.dict": _container("dict"),
    "collections.OrderedDict": _container("dict"),
    "collections.deque": _container("list"),
    "collections.defaultdict": _with_default,
    "builtins.all": _all,
    "builtins.any": _any,
    "builtins.bool": _bool,
    "builtins.int": _number,
    "builtins.float": _number,
    "decimal.Decimal": _number,
    "uuid.UUID": _number,
    "datetime.date.fromisoformat": _number,
    "datetime.datetime.fromisoformat": _number,
    "builtins.isinstance": _isinstance,
    "builtins.getattr": _getattr,
    "builtins.vars": _vars,
    "builtins.setattr": _setattr,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.sorted": _same_elements,
    "builtins.reversed": _same_elements,
    "builtins.iter": _same_elements,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.next": _next,
    "builtins.anext": _next,
    "builtins.min": _least,
    "builtins.max": _least,
    "heapq.heappush": _push,
    "heapq.heappop": _popped,
}

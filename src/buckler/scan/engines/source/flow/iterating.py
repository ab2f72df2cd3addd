"""What a loop, an unpacking or a ``with`` takes out of a value."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Instance,
    opaque,
    things,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Taint,
    Text,
    Value,
    constant,
    hole,
    join,
    obj,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame


def elements(frame: Frame, value: Value, node: ast.AST) -> tuple[list[Value], bool]:
    """The elements that iteration gives, and whether these are all of them and in this order."""
    made: list[Value] = []
    exact = len(value.objs) == 1 and value.alts is None
    for thing in value.objs:
        if type(thing) is Container:
            if thing.kind == "dict":
                made += [constant(key) for key in thing.items]
                if thing.rest is not None:
                    made.append(key_of_rest(thing))
            else:
                made += thing.all()
            exact = exact and thing.exact and thing.kind != "set"
        elif type(thing) is ClassObject:
            made += [v for k, v in thing.attrs.items() if not k.startswith("_")]
            exact = False
        elif type(thing) is Instance:
            exact = False
            found = frame.run.call_method(frame, node, thing, "__iter__", [])
            if found is not None:
                each, exact = elements(frame, found, node)
                made += each
        elif type(thing) is External:
            exact = False
            made.append(frame.run.web.element_of(frame, node, thing, value))
        else:
            exact = False
    unknown = opaque(value)
    if unknown is not None:
        exact = False
        made.append(hole(derived(unknown, "element", "each")))
    if not value.objs:
        exact = False
        if value.alts and all(isinstance(a, str) for a in value.alts):
            letters = [constant(letter) for a in value.alts for letter in a[:40]]
            return (letters or [UNKNOWN]), False
        if value.taints:
            made.append(hole(derived(value, "element", "each")))
    return made, exact


def one_of(frame: Frame, each: list[Value]) -> Value:
    """What any element of many is; of pairs, a pair of what stands first and second in them."""
    rows = [t.items for v in each for t in v.objs if type(t) is Container and t.exact and t.ordered]
    sizes = {len(row) for row in rows}
    if len(each) < 2 or len(rows) != len(each) or len(sizes) != 1 or any(v.taints for v in each):
        return join(each)
    columns = zip(*(row.values() for row in rows), strict=True)
    return obj(Container("tuple", frame.run.path, {n: join(c) for n, c in enumerate(columns)}))


def key_of_rest(thing: Container) -> Value:
    """A key of a dictionary of which the keys are not known: a check of it is none of the element."""
    rest = thing.rest
    return hole(derived(rest, "key", "key")) if rest is not None and rest.taints else UNKNOWN


def derived(value: Value, how: str, where: object) -> tuple[Taint, ...]:
    """The taints of something computed from a value: tokens of their own, checked by themselves."""
    return tuple(Taint(t.token.derived(how, where), t.clean, t.step, t.tried) for t in value.taints)


def entered(frame: Frame, manager: Value, node: ast.AST) -> Value:
    """What ``with … as`` binds."""
    found: list[Value] = []
    for thing in manager.objs:
        if type(thing) is Container and thing.kind == "generator":
            found += thing.all()
        elif type(thing) is Instance:
            for name in ("__enter__", "__aenter__"):
                value = frame.run.call_method(frame, node, thing, name, [])
                if value is not None:
                    found.append(value)
                    break
        else:
            found.append(frame.run.web.entered(frame, node, thing, manager))
    if not manager.objs:
        return manager
    return join(found) if found else UNKNOWN


def texts_only(value: Value) -> bool:
    """Whether all that it may be is text."""
    return value.alts is not None and all(isinstance(a, str | Text) for a in value.alts)


__all__ = ["derived", "elements", "entered", "texts_only", "things"]

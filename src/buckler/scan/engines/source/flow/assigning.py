"""Assignment: names, tuples, attributes and elements."""

from __future__ import annotations

import ast

from buckler.scan.engines.source.flow.expressions import evaluate
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import derived, elements
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Instance,
    Method,
    ModuleObject,
)
from buckler.scan.engines.source.flow.values import UNKNOWN, Value, join, obj, only


def assign(frame: Frame, target: ast.expr, value: Value) -> None:
    """Set whatever stands on the left of an assignment."""
    if isinstance(target, ast.Name):
        frame.bind(target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(frame, target, value)
    elif isinstance(target, ast.Attribute):
        _attribute(frame, target, value)
    elif isinstance(target, ast.Subscript):
        _element(frame, target, value)
    elif isinstance(target, ast.Starred):
        assign(frame, target.value, value)


def _unpack(frame: Frame, target: ast.Tuple | ast.List, value: Value) -> None:
    starred = next((i for i, t in enumerate(target.elts) if isinstance(t, ast.Starred)), None)
    count = len(target.elts)
    rows = [list(t.items.values()) for t in value.objs if _is_row(t, count)]
    # None has no parts: where it is one of the values, what goes on is another one.
    several = len(rows) > 1 or (value.alts == (None,) and not value.taints)
    if starred is None and rows and several and len(rows) == len(value.objs):
        # One of several pairs: the first part is the first part of one of them.
        each, surely = [join(column) for column in zip(*rows, strict=True)], True
    else:
        each, surely = elements(frame, value, target)
    if surely and (len(each) == count if starred is None else len(each) >= count - 1):
        if starred is None:
            parts = each
        else:
            after = count - starred - 1
            middle = each[starred : len(each) - after]
            rest = Container("list", frame.run.path, dict(enumerate(middle)))
            parts = [*each[:starred], obj(rest), *each[len(each) - after :]]
        for one, part in zip(target.elts, parts, strict=True):
            assign(frame, one, part)
        return
    common = join(each) if each else UNKNOWN
    for number, one in enumerate(target.elts):
        if isinstance(one, ast.Starred):
            assign(frame, one, obj(Container("list", frame.run.path, None, common)))
        elif common.taints and not common.objs:
            # A check of one part is none of the others.
            assign(frame, one, Value(common.alts, (), derived(common, "part", number), common.kind))
        else:
            assign(frame, one, common)


def _is_row(thing: object, count: int) -> bool:
    return type(thing) is Container and thing.exact and thing.ordered and len(thing.items) == count


def _attribute(frame: Frame, target: ast.Attribute, value: Value) -> None:
    owner = evaluate(frame, target.value)
    value = frame.stepped(value, target, f"kept in .{target.attr}")
    value = frame.state.baked(value) if frame.state is not None else value
    for thing in owner.objs:
        frame.run.changes(thing, value)
        if type(thing) is Instance:
            if frame.run.setter(frame, thing, target.attr, value):
                continue
            surely = len(owner.objs) == 1 and thing.born == frame.run.path
            old = thing.fields.get(target.attr)
            thing.fields[target.attr] = value if surely or old is None else join([old, value])
        elif type(thing) is ClassObject:
            thing.attrs[target.attr] = value
        elif type(thing) is External:
            old = thing.fields.get(target.attr)
            thing.fields[target.attr] = value if old is None else join([old, value])
            frame.run.web.attribute_set(frame, target, thing, value)
        elif type(thing) is ModuleObject:
            frame.run.module_env(thing.module)[target.attr] = value


def _element(frame: Frame, target: ast.Subscript, value: Value) -> None:
    owner = evaluate(frame, target.value)
    key = evaluate(frame, target.slice)
    value = frame.state.baked(value) if frame.state is not None else value
    known = only(key)
    for thing in owner.objs:
        frame.run.changes(thing, value)
        if type(thing) is Container:
            if known is UNKNOWN or not _hashable(known):
                thing.spread(value, key)
            else:
                surely = len(owner.objs) == 1 and thing.born == frame.run.path
                thing.put(known, value, surely=surely)
        elif type(thing) is External:
            frame.run.web.element_set(frame, target, thing, key, value)
        elif type(thing) is Instance:
            frame.run.call_method(frame, target, thing, "__setitem__", [key, value])
        elif type(thing) is Method:
            _unknown_element(frame, target, thing, key, value)


def _unknown_element(
    frame: Frame, target: ast.Subscript, thing: Method, key: Value, value: Value
) -> None:
    """``self.data[key] = value`` of an attribute that nobody has set in what was read."""
    known = only(key)
    for owner in thing.receiver.objs:
        if type(owner) is Instance:
            made = Container("dict", owner.born)
            if known is UNKNOWN or not _hashable(known):
                made.spread(value, key)
            else:
                made.put(known, value, surely=False)
            frame.run.changes(owner, value)
            owner.fields[thing.name] = obj(made)


def delete(frame: Frame, target: ast.Subscript) -> None:
    """Remove an element."""
    owner = evaluate(frame, target.value)
    known = only(evaluate(frame, target.slice))
    for thing in owner.objs:
        if type(thing) is Container and thing.born == frame.run.path and len(owner.objs) == 1:
            if thing.ordered and isinstance(known, int) and thing.exact:
                items = list(thing.items.values())
                if -len(items) <= known < len(items):
                    del items[known]
                    thing.refill(items)
            elif _hashable(known):
                thing.items.pop(known, None)


def _hashable(item: object) -> bool:
    try:
        hash(item)
    except TypeError:
        return False
    return True

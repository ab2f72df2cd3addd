"""Attributes and elements of values."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.lengths import shorter
from buckler.scan.engines.source.flow.numbers import NUMERIC
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    ModuleObject,
    Super,
    opaque,
)
from buckler.scan.engines.source.flow.values import UNKNOWN, Text, Value, hole, join, obj, only


def attribute(frame: Frame, node: ast.AST, owner: Value, name: str) -> Value:
    """What ``owner.name`` may be."""
    held = frame.run.web.exceptions.attribute(frame, node, owner, name)
    if held is not None:
        return held
    if owner.taints and owner.objs and all(type(t) is Method for t in owner.objs):
        owner = Value(
            None, (), owner.taints
        )  # input of unknown shape: an attribute of an attribute
    if not owner.objs:
        if owner.taints and owner.alts is None and name in ("host", "hostname"):
            return hole(derived(owner, "host", "host"), "str")  # no text has it: it is an address
        if owner.taints and owner.alts is None and owner.kind == "":
            taints = derived(without_numbers(owner, name), "attribute", name)
            return Value(None, (Method(owner, name),), taints)
        return obj(Method(owner, name))
    found = [_of(frame, node, owner, thing, name) for thing in owner.objs]
    unknown = opaque(owner)
    if unknown is not None:
        found.append(attribute(frame, node, unknown, name))
    return join([f for f in found if f is not None] or [UNKNOWN])


def _of(frame: Frame, node: ast.AST, owner: Value, thing: object, name: str) -> Value | None:
    if type(thing) is Instance:
        return frame.run.field(frame, node, thing, name)
    if type(thing) is ClassObject:
        return of_class(frame, thing, name)
    if type(thing) is ModuleObject:
        return frame.run.module_attribute(thing.module, name)
    if type(thing) is Super:
        return _of_super(thing, name)
    if type(thing) is External:
        return frame.run.web.external_attribute(frame, node, thing, owner, name)
    if type(thing) is Function and name in ("__name__", "__doc__", "__module__", "__wrapped__"):
        return Value(kind="str") if name != "__wrapped__" else UNKNOWN
    return obj(Method(_single(owner, thing), name))


def _single(owner: Value, thing: object) -> Value:
    return owner if len(owner.objs) == 1 else Value(owner.alts, (thing,), owner.taints, owner.kind)


def of_class(frame: Frame, cls: ClassObject, name: str) -> Value:
    """An attribute of a class: methods are bound to it where they are class methods."""
    found = cls.lookup(name)
    if found is None:
        bases = cls.external_bases()
        if bases:
            return obj(Method(obj(cls), name))
        return obj(Method(obj(cls), name))
    return bound(found, obj(cls), cls, instance=False)


def bound(value: Value, receiver: Value, cls: ClassObject, *, instance: bool) -> Value:
    """An attribute found on a class, as reading it off an object or the class gives it."""
    made = []
    for thing in value.objs:
        if type(thing) is Function and thing.bound is None:
            kinds = thing.decorators
            if "staticmethod" in kinds:
                made.append(thing)
            elif "classmethod" in kinds:
                made.append(_bound(thing, obj(cls)))
            else:
                made.append(_bound(thing, receiver) if instance else thing)
        else:
            made.append(thing)
    return Value(value.alts, tuple(made), value.taints, value.kind, value.facts)


def _bound(function: Function, receiver: Value) -> Function:
    return Function(
        function.node,
        function.module,
        function.frame,
        receiver,
        function.owner,
        function.given,
        function.named,
        function.decorators,
        function.defaults,
        function.wrapped,
    )


def _of_super(thing: Super, name: str) -> Value | None:
    for cls in thing.owner.line_of_descent()[1:]:
        if name in cls.attrs:
            return bound(cls.attrs[name], thing.bound, cls, instance=True)
    bases = thing.owner.external_bases()
    if bases:
        fields = {"@self": thing.bound} if name == "__init__" else {}
        return obj(Method(obj(External(bases[0], True, fields=fields)), name))
    return None


def subscript(
    frame: Frame,
    node: ast.AST,
    owner: Value,
    key: Value,
    bounds: Sequence[Value | None] | None,
) -> Value:
    """What ``owner[key]`` or ``owner[a:b]`` may be."""
    if bounds is not None:
        return _slice(frame, owner, bounds, node)
    found: list[Value] = []
    known = only(key)
    for thing in owner.objs:
        if type(thing) is Container:
            found.append(element(thing, known))
        elif type(thing) is External:
            found.append(frame.run.web.external_element(frame, node, thing, owner, key))
        elif type(thing) is Instance:
            value = frame.run.call_method(frame, node, thing, "__getitem__", [key])
            found.append(UNKNOWN if value is None else value)
        elif type(thing) is ClassObject:
            # ``Color["RED"]`` of an enumeration, ``Repository[User]`` of a generic class.
            found.append(obj(thing) if known is UNKNOWN and not key.taints else _member(thing, key))
    methods = all(type(thing) is Method for thing in owner.objs)
    if opaque(owner) is not None or (methods and owner.taints):
        how = "element" if known is UNKNOWN else f"[{known!r}]"
        first = "first" if known == 0 else "part"
        found.append(hole(derived(without_numbers(owner, known), first, how)))
    elif not owner.objs and owner.alts and isinstance(known, int):
        return _letter(owner, known)
    return join(found) if found else UNKNOWN


def without_numbers(owner: Value, name: object) -> Value:
    """What a row of a database has in a column: nothing of input where its name says that it is a number."""
    if not isinstance(name, str) or not NUMERIC.search(name):
        return owner
    kept = tuple(t for t in owner.taints if t.token.source.kind != "database")
    return Value(owner.alts, (), kept, owner.kind)


def _member(cls: ClassObject, key: Value) -> Value:
    return join([v for k, v in cls.attrs.items() if not k.startswith("_")] or [UNKNOWN])


def element(thing: Container, known: object) -> Value:
    """The element of a key, or what any of them may be where the key is not known."""
    if thing.makes:
        _made(thing, known)
    if known is UNKNOWN:
        return thing.element()
    try:
        found = thing.get(known)
    except TypeError:
        return UNKNOWN
    if found is None and not thing.ordered and thing.kind == "dict" and thing.exact:
        return UNKNOWN
    return found if found is not None else UNKNOWN


def _made(thing: Container, known: object) -> None:
    """Put in what a ``defaultdict`` makes for a key that it does not have."""
    if known is not UNKNOWN and isinstance(known, str | int) and known not in thing.items:
        thing.put(known, obj(Container(thing.makes, thing.born)), surely=True)
    elif known is UNKNOWN and thing.rest is None:
        thing.spread(obj(Container(thing.makes, thing.born)))


def _letter(owner: Value, index: int) -> Value:
    made = []
    for alt in owner.alts or ():
        if not isinstance(alt, str | bytes) or not -len(alt) <= index < len(alt):
            return Value(kind="str") if not owner.taints else hole(derived(owner, "part", index))
        made.append(alt[index])
    return Value(tuple(dict.fromkeys(made)))


def _slice(frame: Frame, owner: Value, bounds: Sequence[Value | None], node: ast.AST) -> Value:
    numbers: list[int | None] = []
    exact = True
    for bound_ in bounds:
        number = only(bound_) if bound_ is not None else None
        exact = exact and (number is None or isinstance(number, int))
        numbers.append(number if isinstance(number, int) else None)
    exact = exact and numbers[2:] != [0]
    found: list[Value] = []
    for thing in owner.objs:
        if type(thing) is Container:
            made = Container(thing.kind, frame.run.path)
            if exact and thing.exact:
                made.refill(list(thing.items.values())[slice(*numbers)])
            else:
                made.rest = thing.element()
            found.append(obj(made))
        else:
            found.append(Value(None, (), owner.taints))
    if owner.objs:
        return join(found)
    if exact and owner.alts and all(isinstance(a, str | bytes) for a in owner.alts):
        return Value(tuple(dict.fromkeys(a[slice(*numbers)] for a in owner.alts)))
    texts = bool(owner.alts) and any(type(a) is Text for a in owner.alts or ())
    first = numbers[:2] == [None, 1] and not texts
    part = hole(
        derived(owner, "first" if first else "part", "slice"), "str" if texts else owner.kind
    )
    most = numbers[1] if exact and len(numbers) > 1 else None
    if most is None or most < 0:
        return part
    length = shorter(most - max(numbers[0] or 0, 0))
    return part.mapped(lambda t: t.cleaned(length))

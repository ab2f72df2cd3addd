"""Objects of the project's classes: how they are made, and their attributes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import bound
from buckler.scan.engines.source.flow.declared import (
    HARMLESS,
    constrained,
    fresh,
    input_of,
    is_enum,
    is_model,
    metadata,
    refined,
    type_of,
    unwrapped,
)
from buckler.scan.engines.source.flow.frames import Frame, clearing
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.libraries.returns import attribute_class
from buckler.scan.engines.source.flow.models import (
    column,
    dumped,
    factory,
    field_default,
    fields_of,
)
from buckler.scan.engines.source.flow.objects import (
    MOST_HELD,
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    things,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Source,
    Value,
    constant,
    join,
    obj,
)

if TYPE_CHECKING:
    pass

MODEL_METHODS = frozenset(
    {"model_dump", "dict", "_asdict", "as_dict", "to_dict", "model_dump_json", "json"}
)


def instantiate(frame: Frame, node: ast.AST, cls: ClassObject, given: Arguments) -> Value:
    """An object of a class, as a call of the class makes it."""
    if is_enum(cls):
        return _chosen(frame, cls, given)
    made = Instance(cls, frame.run.path)
    made.fields["__args__"] = obj(
        Container("tuple", frame.run.path, dict(enumerate(given.positional)))
    )
    init = cls.lookup("__init__")
    value = obj(made)
    if given.spread or given.more is not UNKNOWN:
        frame.run.hits.reached(frame, node, "web.model", given, obj(cls))
    if init is not None and things(init, Function):
        frame.run.invoke(frame, node, bound(init, value, cls, instance=True), given)
        return value
    if is_model(cls):
        _filled(frame, node, made, given)
        after = cls.lookup("__post_init__")
        if after is not None:
            frame.run.invoke(frame, node, bound(after, value, cls, instance=True), Arguments())
    else:
        for name, item in given.named.items():
            made.fields[name] = item
        frame.run.web.library_made(frame, node, cls, given)
    return value


def _chosen(frame: Frame, cls: ClassObject, given: Arguments) -> Value:
    """``Color(x)``: whoever gets past it has the value of a member."""
    value = given.at(0)
    if value.taints and frame.state is not None:
        frame.state.clear(clearing(value))
    made = Instance(cls, frame.run.path)
    members = [v for k, v in cls.attrs.items() if not k.startswith("_") and not v.objs]
    made.fields = {"value": join(members) if members else UNKNOWN, "name": Value(kind="str")}
    return obj(made)


def _filled(frame: Frame, node: ast.AST, made: Instance, given: Arguments) -> None:
    names = list(fields_of(made.cls))
    coerced = any(n.startswith(("pydantic.", "sqlmodel.")) for n in made.cls.external_bases())
    for number, value in enumerate(given.positional[: len(names)]):
        made.fields[names[number]] = value
    for name, value in given.named.items():
        made.fields[name] = _coerced(frame, made.cls, name, value) if coerced else value
    if given.more is not UNKNOWN:
        for name in names:
            value = _coerced(frame, made.cls, name, given.more) if coerced else given.more
            made.fields.setdefault(name, value)


def _coerced(frame: Frame, cls: ClassObject, name: str, value: Value) -> Value:
    """What a model makes of a field's value: a number stays nothing but a number."""
    found = fields_of(cls).get(name)
    if found is None or not value.taints:
        return value
    owner, annotation = found
    kind = type_of(owner.frame or frame, annotation)
    inner = unwrapped(kind)
    if inner.objs and all(
        (type(t) is External and canonical(t.name) in HARMLESS)
        or (type(t) is ClassObject and is_enum(t))
        for t in inner.objs
    ):
        return Value(kind="int")
    for extra in metadata(kind):
        value = refined(frame, value, extra)
    return _checked(frame, cls, name, value)


def field(frame: Frame, node: ast.AST, made: Instance, name: str) -> Value:
    """An attribute of an object."""
    if name in made.fields:
        return made.fields[name]
    if name == "__dict__":
        return dumped(frame, made)
    if name == "__class__":
        return obj(made.cls)
    if made.lazy is not None:
        declared = fields_of(made.cls).get(name)
        if declared is not None and name not in made.reading:
            made.reading.add(name)
            made.fields[name] = _read(frame, made, name, *declared)
            made.reading.discard(name)
            return made.fields[name]
        if declared is None and made.lazy.kind == "database":
            stored = column(frame, made, name)
            if stored is not None:
                made.fields[name] = stored
                return stored
    found = made.cls.lookup(name)
    receiver = obj(made)
    if found is not None:
        functions = things(found, Function)
        if functions and set(functions[0].decorators) & {
            "property",
            "cached_property",
            "computed_field",
            "hybrid_property",
        }:
            return frame.run.invoke(
                frame, node, bound(found, receiver, made.cls, instance=True), Arguments()
            )
        if not functions and made.lazy is None:
            declared = fields_of(made.cls).get(name)
            made_by = factory(found) if declared is not None else None
            if made_by is not None:
                made.fields[name] = frame.run.invoke(frame, node, made_by, Arguments())
                return made.fields[name]
            default = field_default(found) if declared is not None else None
            if declared is not None and default is not None:
                owner = declared[0].frame or frame
                return frame.run.typed(owner, default, declared[1])
        return bound(found, receiver, made.cls, instance=True)
    if made.lazy is None:
        row = frame.run.web.row_field(frame, node, made, name)
        if row is not None:
            return row
    fallback = made.cls.lookup("__getattr__")
    if fallback is not None and name not in MODEL_METHODS:
        called = bound(fallback, receiver, made.cls, instance=True)
        return frame.run.invoke(frame, node, called, Arguments([constant(name)]))
    for base in made.cls.external_bases():
        known = attribute_class(f"{canonical(base)}.{name}")
        if known is not None:
            return obj(External(known, True))
    declared = fields_of(made.cls).get(name)
    if declared is not None:
        return frame.run.typed(declared[0].frame or frame, UNKNOWN, declared[1])
    return obj(Method(receiver, name))


def _read(
    frame: Frame, made: Instance, name: str, owner: ClassObject, annotation: ast.expr
) -> Value:
    lazy = made.lazy
    if lazy is None:
        return UNKNOWN
    path = f"{lazy.name}.{name}" if lazy.name and lazy.kind == "json" and lazy.name != "*" else name
    line = annotation.lineno
    source = Source(lazy.kind, path, owner.module.path, line, owner.module.line(line))
    kind = type_of(owner.frame or frame, annotation)
    early = [
        v for one in made.cls.line_of_descent() for v in frame.run.validators(one, before=True)
    ]
    if any(name in names or "*" in names for names, _ in early):
        _checked(frame, made.cls, name, fresh(frame, source), before=True)
    value = input_of(owner.frame or frame, kind, source)
    default = owner.attrs.get(name)
    for thing in things(default, External) if default is not None else ():
        value = constrained(frame, value, thing.named)
    return _checked(frame, made.cls, name, value)


def _checked(
    frame: Frame, cls: ClassObject, name: str, value: Value, *, before: bool = False
) -> Value:
    """The value after the model's own validators of that field."""
    for one in cls.line_of_descent():
        for names, function in frame.run.validators(one, before=before):
            if name in names or "*" in names:
                given = Arguments([value])
                value = frame.run.invoke(
                    frame, function.node, bound(obj(function), obj(cls), cls, instance=True), given
                )
                if frame.state is None:
                    return UNKNOWN
                value = frame.state.baked(value)
    return value


def materialize(frame: Frame, value: Value) -> None:
    """Read all the fields of what a request fills, so that nothing of it is overlooked."""
    if not value.objs:
        return
    seen: set[int] = set()
    waiting = list(value.objs)
    while waiting and len(seen) < MOST_HELD:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if type(thing) is Instance and thing.lazy is not None:
            if not thing.read:
                thing.read = True
                for name in fields_of(thing.cls):
                    field(frame, frame.run.nowhere, thing, name)
            waiting += [o for v in thing.fields.values() for o in v.objs]
        elif type(thing) is Container:
            waiting += [o for v in thing.all() for o in v.objs]

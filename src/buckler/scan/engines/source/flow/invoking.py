"""What is called: functions and classes of the project, functions and methods of libraries, values."""

from __future__ import annotations

import ast
from typing import Any

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import bound
from buckler.scan.engines.source.flow.containers import container_method
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.frames import Frame, merged
from buckler.scan.engines.source.flow.functions import call_function
from buckler.scan.engines.source.flow.instances import instantiate
from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.libraries.effects import decodes, harmless, keeps
from buckler.scan.engines.source.flow.libraries.handlers import HANDLERS
from buckler.scan.engines.source.flow.libraries.methods import external_method
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.libraries.returns import given_by
from buckler.scan.engines.source.flow.masking import uncovered
from buckler.scan.engines.source.flow.models import class_method, model_method
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    Partial,
    opaque,
    things,
)
from buckler.scan.engines.source.flow.strings import text_method
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Taint,
    Value,
    hole,
    join,
    joined_taints,
    obj,
    truth,
)

NO_RECEIVER = UNKNOWN


def invoke(frame: Frame, node: ast.AST, called: Value, given: Arguments) -> Value:
    """Call whatever a value may be."""
    if len(given.positional) == 3:
        _sending(frame, node, given)
    if not called.objs:
        frame.run.hits.unknown_call(frame, node, "", given)
        return UNKNOWN
    if len(called.objs) == 1:
        return _one(frame, node, called.objs[0], given)
    start = frame.state
    values, states = [], []
    for thing in called.objs:
        if start is None:
            break
        frame.state = start.fork()
        values.append(_one(frame, node, thing, given))
        if frame.state is not None:
            states.append(frame.state)
    frame.state = merged(states)
    return join(values)


def _sending(frame: Frame, node: ast.AST, given: Arguments) -> None:
    """``await self.app(scope, receive, send)``: a ``send`` of the project is given the answer's messages."""
    scope, _, send = given.positional
    if any(t.name == "asgi.scope" for t in things(scope, External)):
        for function in things(send, Function):
            message = obj(External("asgi.message", True))
            call_function(frame, node, function, Arguments([message]))


def _one(frame: Frame, node: ast.AST, thing: Any, given: Arguments) -> Value:
    kind = type(thing)
    if kind is Function:
        return call_function(frame, node, thing, given)
    if kind is Method:
        return call_method(frame, node, thing.receiver, thing.name, given)
    if kind is External:
        if frame.run.graph is not None:
            frame.run.graph.called(frame, node, thing.origin or thing.name, given)
        if thing.instance:
            return _called_instance(frame, node, thing, given)
        return call_external(frame, node, thing.name, given, thing.origin)
    if kind is ClassObject:
        if frame.run.graph is not None:
            frame.run.graph.made(frame, node, thing, given)
        return instantiate(frame, node, thing, given)
    if kind is Partial:
        more = Arguments(
            [*thing.given, *given.positional],
            {**thing.named, **given.named},
            given.more,
            hidden=given.hidden,
        )
        return invoke(frame, node, thing.called, more)
    if kind is Instance:
        found = thing.cls.lookup("__call__")
        if found is not None:
            return invoke(frame, node, bound(found, obj(thing), thing.cls, instance=True), given)
        return call_method(frame, node, obj(thing), "__call__", given)
    return UNKNOWN


def _called_instance(frame: Frame, node: ast.AST, thing: External, given: Arguments) -> Value:
    if thing.name == "functools.wrapper" and thing.given:
        for function in things(given.at(0), Function):
            for original in things(thing.given[0], Function):
                function.wrapped = original.wrapped or original
        return given.at(0)
    known = given_by(f"{thing.name}.__call__")
    if known is not None:
        return obj(External(known, True, row=thing.row))
    special = frame.run.web.called_instance(frame, node, thing, given)
    return UNKNOWN if special is None else special


def call_external(
    frame: Frame, node: ast.AST, name: str, given: Arguments, origin: str = ""
) -> Value:
    """Call a function or class of a library by its dotted name."""
    run = frame.run
    name = canonical(name)
    run.hits.reached(frame, node, name, given)
    special = run.web.framework_call(frame, node, name, given)
    if special is not None:
        return special
    kinds = run.sinks.sanitizer(name)
    handler = HANDLERS.get(name)
    made = handler(frame, node, given) if handler is not None else None
    if made is None:
        made = _by_table(frame, name, given, bool(kinds), origin)
    if kinds:
        short = ".".join(name.split(".")[-2:])
        quote = given.given(1, "quote") if name == "html.escape" else None
        if quote is not None and truth(quote) is False:
            short += "(quote=False)"
        tried = "" if short.startswith("builtins.") else f"{short}()"
        made = made.mapped(lambda t: t.cleaned(kinds, tried))
    return made


def _by_table(frame: Frame, name: str, given: Arguments, sanitizes: bool, origin: str) -> Value:
    # What can be foretold can be foretold in another form, too.
    guessed = tuple(t for v in given.all() for t in v.taints if t.token.source.kind == "random")
    known = given_by(name)
    if known is not None:
        thing = External(known, True, tuple(given.positional), given.named, row=row_class(given))
        thing.origin = origin or name
        return Value(
            None,
            (thing,),
            joined_taints(*(v.taints for v in given.all())) if keeps(name) else guessed,
        )
    if harmless(name):
        return Value(None, (), joined_taints(guessed), kind="int")
    last = name.rpartition(".")[2]
    if last[:1].isupper() and not sanitizes:
        taints = joined_taints(*(v.taints for v in given.all())) if keeps(name) else ()
        thing = External(name, True, tuple(given.positional), given.named, row=row_class(given))
        thing.origin = origin
        return Value(None, (thing,), taints)
    if sanitizes or keeps(name):
        taints = joined_taints(*(taints_within(frame, v) for v in given.all()))
        if not taints:
            return Value(kind="str") if sanitizes else UNKNOWN
        whole = hole(taints) if frame.state is None else frame.state.baked(hole(taints))
        made = hole(derived(whole, "str", name))
        if decodes(name):
            made = made.mapped(
                lambda t: Taint(t.token.derived("decoded", name), 0, t.step, t.tried)
            )
        return made
    return UNKNOWN


def row_class(given: Arguments) -> ClassObject | None:
    """The class of the project that a query is about, where the arguments name one."""
    for value in given.all():
        for thing in value.objs:
            if type(thing) is ClassObject:
                return thing
            if type(thing) is External and thing.row is not None:
                return thing.row
    return None


def call_method(frame: Frame, node: ast.AST, receiver: Value, name: str, given: Arguments) -> Value:
    """Call a method of a value."""
    if frame.run.graph is not None:
        frame.run.graph.method(frame, node, receiver, name, given)
    if not receiver.objs:
        return _of_text(frame, node, receiver, name, given)
    found = []
    single = len(receiver.objs) == 1
    for thing in receiver.objs:
        kind = type(thing)
        if kind is Container:
            found.append(container_method(frame, node, thing, name, given, surely=single))
        elif kind is External:
            found.append(_of_external(frame, node, thing, receiver, name, given))
        elif kind is Instance:
            found.append(_of_instance(frame, node, thing, name, given))
        elif kind is ClassObject:
            value = class_method(frame, node, thing, name, given)
            if value is None:
                value = _of_base(frame, node, thing, receiver, name, given)
            found.append(value)
        elif kind is Function:
            # ``task.delay(x)``, ``task.send(x)``: the function runs later with what it is given.
            later = name in ("delay", "apply_async", "send", "defer", "kiq", "enqueue")
            found.append(call_function(frame, node, thing, given) if later else UNKNOWN)
        else:
            found.append(_of_text(frame, node, Value(taints=receiver.taints), name, given))
    unknown = opaque(receiver)
    if unknown is not None:
        found.append(_of_text(frame, node, unknown, name, given))
    return join(found)


def _of_text(frame: Frame, node: ast.AST, receiver: Value, name: str, given: Arguments) -> Value:
    """A method of a text, or of an object of which nothing is known."""
    run = frame.run
    if name == "get_secret_value":
        return uncovered(receiver)
    known = receiver.kind in ("str", "bytes") or receiver.alts is not None
    if not known:
        run.hits.unknown_call(frame, node, name, given, receiver)
    if known or receiver.taints:
        made = text_method(frame, node, receiver, name, given)
        if made is not None:
            return made
    elif name in ("format", "join"):
        made = text_method(frame, node, receiver, name, given)
        return UNKNOWN if made is None else made
    if name in ("get", "pop", "getlist", "items", "values", "keys") and receiver.taints:
        return _opaque(frame, node, receiver, name, given)
    if receiver.taints:
        return hole(derived(receiver, "attribute", name))
    return UNKNOWN


def _opaque(frame: Frame, node: ast.AST, receiver: Value, name: str, given: Arguments) -> Value:
    """``data.get("q")`` of a JSON body of unknown shape."""
    if name in ("get", "pop"):
        default = given.given(1, "default")
        made = frame.run.element(frame, node, receiver, given.at(0))
        return made if default is None else join([made, default])
    made = hole(derived(receiver, "element", name))
    inner = made
    if name == "items":
        key = hole(derived(receiver, "key", "key"))
        inner = obj(Container("tuple", frame.run.path, {0: key, 1: made}))
    elif name == "keys":
        inner = hole(derived(receiver, "key", "key"))
    listed = Container("list", frame.run.path)
    listed.rest = inner
    return obj(listed)


def _of_external(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, name: str, given: Arguments
) -> Value:
    run = frame.run
    full = f"{thing.name}.{name}"
    hit = run.hits.reached(frame, node, full, given, receiver)
    special = run.web.framework_method(frame, node, thing, name, given)
    if special is not None:
        return special
    made = external_method(frame, node, thing, receiver, name, given)
    if made is not None:
        kinds = run.sinks.sanitizer(full)
        return made.mapped(lambda t: t.cleaned(kinds, f"{name}()")) if kinds else made
    known = given_by(full)
    if known is not None:
        same = thing.origin if known == thing.name else ""
        row = thing.row or row_class(given)
        return obj(
            External(known, True, tuple(given.positional), given.named, row=row, origin=same)
        )
    if not hit:
        run.hits.unknown_call(frame, node, name, given, receiver)
    if receiver.taints:
        single = Value(receiver.alts, (), receiver.taints, receiver.kind)
        made = text_method(frame, node, single, name, given)
        return hole(derived(receiver, "attribute", name)) if made is None else made
    return UNKNOWN


def _of_instance(
    frame: Frame, node: ast.AST, thing: Instance, name: str, given: Arguments
) -> Value:
    found = thing.cls.lookup(name)
    if found is not None:
        return invoke(frame, node, bound(found, obj(thing), thing.cls, instance=True), given)
    made = model_method(frame, node, thing, name, given)
    if made is not None:
        return made
    return _of_base(frame, node, thing.cls, obj(thing), name, given)


def _of_base(
    frame: Frame, node: ast.AST, cls: ClassObject, receiver: Value, name: str, given: Arguments
) -> Value:
    """A method that a class of the project has from a class of a library."""
    made = []
    for base in cls.external_bases():
        thing = External(canonical(base), True, row=cls)
        known = given_by(thing.name)
        if known is not None:
            thing.name = known
        made.append(_of_external(frame, node, thing, Value(None, (thing,)), name, given))
    if not made:
        frame.run.hits.unknown_call(frame, node, name, given, receiver)
    return join(made) if made else UNKNOWN

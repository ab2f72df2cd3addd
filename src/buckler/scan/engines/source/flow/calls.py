"""Calls: the arguments, and what is called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.iterating import elements
from buckler.scan.engines.source.flow.objects import Container, Instance, Super, things
from buckler.scan.engines.source.flow.values import UNKNOWN, Value, constant, join, obj

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame


def call(frame: Frame, node: ast.Call) -> Value:
    """What a call gives."""
    from buckler.scan.engines.source.flow.expressions import evaluate

    named = node.func.id if isinstance(node.func, ast.Name) else ""
    if named in ("super", "locals", "globals") or (named == "vars" and not node.args):
        special = _special(frame, node)
        if special is not None:
            return special
    called = evaluate(frame, node.func)
    given = arguments(frame, node)
    if frame.state is None:
        return UNKNOWN
    return frame.run.invoke(frame, node, called, given)


def arguments(frame: Frame, node: ast.Call) -> Arguments:
    """The arguments of a call, with the stars unpacked as far as they are known."""
    from buckler.scan.engines.source.flow.expressions import evaluate

    given = Arguments()
    for item in node.args:
        if isinstance(item, ast.Starred):
            each, surely = elements(frame, evaluate(frame, item.value), item)
            given.hidden = given.hidden or not surely
            if surely:
                given.positional += each
            elif each:
                given.more = join([*each, *([given.more] if given.more is not UNKNOWN else [])])
        else:
            given.positional.append(evaluate(frame, item))
    for keyword in node.keywords:
        value = evaluate(frame, keyword.value)
        if keyword.arg is not None:
            given.named[keyword.arg] = value
            continue
        unpack(frame, node, value, given)
    return given


def unpack(frame: Frame, node: ast.AST, value: Value, given: Arguments) -> None:
    """``**value`` among the arguments."""
    frame.run.materialize(frame, value)
    for thing in value.objs:
        if type(thing) is Container:
            for key, item in thing.items.items():
                if isinstance(key, str):
                    given.named.setdefault(key, item)
                    given.spread.add(key)
            if thing.rest is not None:
                given.more = thing.rest
                given.hidden = True
        elif type(thing) is Instance:
            for key, item in thing.fields.items():
                given.named.setdefault(key, item)
                given.spread.add(key)
        else:
            given.hidden = True
    if not value.objs:
        given.hidden = True
        if value.taints:
            given.more = value


def _special(frame: Frame, node: ast.Call) -> Value | None:
    if isinstance(node.func, ast.Name) and node.func.id == "super":
        owner = frame.owner
        function = frame.function
        outer: Frame | None = frame
        while owner is None and outer is not None:
            owner, function, outer = outer.owner, outer.function, outer.parent
        if owner is None:
            return UNKNOWN
        first = function.node.args.args[0].arg if function and function.node.args.args else "self"
        return obj(Super(owner, frame.lookup(first)))
    env = dict(frame.env)
    made = Container("dict", frame.run.path, dict(env.items()))
    return obj(made)


__all__ = ["arguments", "call", "constant", "things", "unpack"]

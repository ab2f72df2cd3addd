"""Expressions: what they may be, and what a check in them shows."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from buckler.scan.engines.source.flow import declared
from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import attribute, subscript
from buckler.scan.engines.source.flow.calls import call
from buckler.scan.engines.source.flow.conditions import boolean, compared, conjunction, negated
from buckler.scan.engines.source.flow.declared import is_generic
from buckler.scan.engines.source.flow.frames import Frame, merged
from buckler.scan.engines.source.flow.iterating import elements
from buckler.scan.engines.source.flow.lengths import measured
from buckler.scan.engines.source.flow.messages import shown_text
from buckler.scan.engines.source.flow.objects import (
    Container,
    External,
    Function,
    Instance,
    deep_taints,
)
from buckler.scan.engines.source.flow.operators import operated
from buckler.scan.engines.source.flow.values import (
    ALL,
    UNKNOWN,
    Taint,
    Value,
    concatenated,
    constant,
    hole,
    join,
    joined_taints,
    obj,
    truth,
)

MOST_DEPTH = 90


def evaluate(frame: Frame, node: ast.expr) -> Value:
    """What an expression may be, where the frame has got to."""
    evaluator = EVALUATORS.get(type(node))
    if evaluator is None:
        return UNKNOWN
    run = frame.run
    run.depth += 1
    try:
        if run.depth > MOST_DEPTH:
            run.shortened = True
            return UNKNOWN
        return evaluator(frame, node)
    finally:
        run.depth -= 1


def _constant(frame: Frame, node: ast.Constant) -> Value:
    return constant(node.value)


def _name(frame: Frame, node: ast.Name) -> Value:
    return frame.lookup(node.id)


def _attribute(frame: Frame, node: ast.Attribute) -> Value:
    return attribute(frame, node, evaluate(frame, node.value), node.attr)


def _subscript(frame: Frame, node: ast.Subscript) -> Value:
    owner = evaluate(frame, node.value)
    if any(type(t) is External and not t.instance and is_generic(t.name) for t in owner.objs):
        return declared.type_of(frame, node)
    if isinstance(node.slice, ast.Slice):
        parts = [node.slice.lower, node.slice.upper, node.slice.step]
        bounds = [evaluate(frame, p) if p is not None else None for p in parts]
        return subscript(frame, node, owner, UNKNOWN, bounds)
    return subscript(frame, node, owner, evaluate(frame, node.slice), None)


def _call(frame: Frame, node: ast.Call) -> Value:
    return call(frame, node)


def _binary(frame: Frame, node: ast.BinOp) -> Value:
    left = evaluate(frame, node.left)
    return operated(frame, node, node.op, left, evaluate(frame, node.right))


def _unary(frame: Frame, node: ast.UnaryOp) -> Value:
    value = evaluate(frame, node.operand)
    if isinstance(node.op, ast.Not):
        return negated(value)
    if value.alts and isinstance(node.op, ast.USub):
        numbers = [a for a in value.alts if isinstance(a, int | float)]
        if len(numbers) == len(value.alts):
            return Value(tuple(-n for n in numbers))
    return Value(kind="int") if not value.taints else hole(value.taints)


def _boolean(frame: Frame, node: ast.BoolOp) -> Value:
    conjunctive = isinstance(node.op, ast.And)
    start = frame.state
    values: list[Value] = []
    kept: list[Value] = []
    for item in node.values:
        value = evaluate(frame, item)
        values.append(value)
        known = truth(value)
        if known is None or known is not conjunctive or item is node.values[-1]:
            kept.append(frame.state.baked(value) if frame.state is not None else value)
        if known is (not conjunctive):
            break
        facts = value.facts or ({}, {})
        if frame.state is not None:
            frame.state = frame.state.fork()
            frame.state.clear(facts[0 if conjunctive else 1] or {})
    ended, frame.state = frame.state, start
    if ended is not None and start is not None:
        start.env.update({k: v for k, v in ended.env.items() if k not in start.env})
    return conjunction(values, kept, conjunctive=conjunctive)


def _conditional(frame: Frame, node: ast.IfExp) -> Value:
    test = evaluate(frame, node.test)
    known = truth(test)
    facts = test.facts or ({}, {})
    start = frame.state
    made: list[Value] = []
    states = []
    for number, side in enumerate((node.body, node.orelse)):
        clears = facts[number]
        if (known is not None and known is (number == 1)) or clears is None or start is None:
            continue
        frame.state = start.fork()
        frame.state.clear(clears)
        value = evaluate(frame, side)
        made.append(frame.state.baked(value) if frame.state is not None else value)
        states.append(frame.state)
    frame.state = merged([s for s in states if s is not None]) if states else start
    return join(made)


def _joined(frame: Frame, node: ast.JoinedStr) -> Value:
    pieces = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            value = evaluate(frame, part.value)
            if _numeric(part):
                value = hole(value.taints, "int").mapped(lambda t: t.cleaned(ALL))
            pieces.append(as_text(frame, value, part))
        elif isinstance(part, ast.Constant):
            pieces.append(constant(part.value))
    made = frame.stepped(concatenated(pieces), node, "put into a text")
    if any(t.token.source.kind == "host" for t in made.taints):
        frame.run.hits.reached(frame, node, "web.link", Arguments([made]))
    return made


def _numeric(part: ast.FormattedValue) -> bool:
    """``{price:.2f}``: only a number can be written so."""
    spec = part.format_spec
    last = spec.values[-1] if isinstance(spec, ast.JoinedStr) and spec.values else None
    text = last.value if isinstance(last, ast.Constant) else ""
    return isinstance(text, str) and text[-1:] in tuple("dfeEgGnxXob%")


def as_text(frame: Frame, value: Value, node: ast.AST) -> Value:
    """The value as ``str`` makes a text of it: with all that its elements hold."""
    if not value.objs:
        return hole(value.taints, "str") if value.kind == "exception" else value
    if value.alts is not None:
        return Value(value.alts, (), value.taints, "str")
    shown = [shown_text(t) for t in value.objs if type(t) is Instance]
    if shown and len(shown) == len(value.objs) and all(s is not None for s in shown):
        return join([s for s in shown if s is not None])
    return hole(taints_within(frame, value), "str")


def taints_within(frame: Frame, value: Value) -> tuple[Taint, ...]:
    """The input in a value and in what it holds."""
    frame.run.materialize(frame, value)
    return joined_taints(*(v.taints for v in deep_taints(value)))


def _compare(frame: Frame, node: ast.Compare) -> Value:
    left = evaluate(frame, node.left)
    values: list[Value] = []
    for op, item in zip(node.ops, node.comparators, strict=True):
        right = evaluate(frame, item)
        shown = measured(frame, node, left, right) if len(node.ops) == 1 else None
        values.append(compared(frame, op, left, right) if shown is None else boolean(*shown))
        if any(t.token.source.direct for t in (*left.taints, *right.taints)):
            frame.run.compared.add((frame.module.path, node.lineno))
        left = right
    return values[0] if len(values) == 1 else conjunction(values, values, conjunctive=True)


def _sequence(kind: str) -> Callable[[Frame, Any], Value]:
    def evaluator(frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
        made = Container(kind, frame.run.path)
        for item in node.elts:
            if isinstance(item, ast.Starred):
                each, surely = elements(frame, evaluate(frame, item.value), item)
                for one in each:
                    made.append(one, surely=surely)
                if not surely and not each:
                    made.spread(UNKNOWN)
            elif kind == "set":
                value = evaluate(frame, item)
                made.items[len(made.items)] = value
            else:
                made.append(evaluate(frame, item), surely=True)
        return obj(made)

    return evaluator


def _dict(frame: Frame, node: ast.Dict) -> Value:
    made = Container("dict", frame.run.path)
    for key, item in zip(node.keys, node.values, strict=True):
        value = evaluate(frame, item)
        if key is None:
            frame.run.update(frame, made, value)
            continue
        name = evaluate(frame, key)
        fixed = name.alts[0] if name.alts and len(name.alts) == 1 and not name.objs else UNKNOWN
        if fixed is UNKNOWN or isinstance(fixed, tuple):
            made.spread(value, name)
        else:
            made.put(fixed, value, surely=True)
    return obj(made)


def _lambda(frame: Frame, node: ast.Lambda) -> Value:
    return obj(Function(node, frame.module, frame, None, frame.owner))


def _await(frame: Frame, node: ast.Await) -> Value:
    return evaluate(frame, node.value)


def _yield(frame: Frame, node: ast.Yield) -> Value:
    value = evaluate(frame, node.value) if node.value is not None else UNKNOWN
    frame.yields.append(frame.state.baked(value) if frame.state is not None else value)
    return UNKNOWN


def _yield_from(frame: Frame, node: ast.YieldFrom) -> Value:
    each, _ = elements(frame, evaluate(frame, node.value), node)
    frame.yields += each
    return UNKNOWN


def _walrus(frame: Frame, node: ast.NamedExpr) -> Value:
    value = evaluate(frame, node.value)
    frame.bind(node.target.id, value)
    return value


def _starred(frame: Frame, node: ast.Starred) -> Value:
    return evaluate(frame, node.value)


def _comprehension(kind: str) -> Callable[[Frame, Any], Value]:
    def evaluator(frame: Frame, node: Any) -> Value:
        from buckler.scan.engines.source.flow.comprehensions import comprehended

        return comprehended(frame, node, kind)

    return evaluator


def _template(frame: Frame, node: Any) -> Value:
    """A template string (PEP 750): its pieces are kept apart, so it is a text with holes."""
    return _joined(frame, node)


EVALUATORS: dict[type[ast.AST], Callable[[Frame, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.IfExp: _conditional,
    ast.JoinedStr: _joined,
    ast.Compare: _compare,
    ast.List: _sequence("list"),
    ast.Tuple: _sequence("tuple"),
    ast.Set: _sequence("set"),
    ast.Dict: _dict,
    ast.Lambda: _lambda,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.NamedExpr: _walrus,
    ast.Starred: _starred,
    ast.ListComp: _comprehension("list"),
    ast.SetComp: _comprehension("set"),
    ast.DictComp: _comprehension("dict"),
    ast.GeneratorExp: _comprehension("list"),
}
if hasattr(ast, "TemplateStr"):
    EVALUATORS[ast.TemplateStr] = _template

__all__ = ["ALL", "as_text", "evaluate", "taints_within"]

"""Comprehensions: a loop that makes a container; its conditions are checks of what comes out."""

from __future__ import annotations

import ast
from typing import Any

from buckler.scan.engines.source.flow import assigning
from buckler.scan.engines.source.flow.expressions import evaluate
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import elements, one_of
from buckler.scan.engines.source.flow.objects import Container
from buckler.scan.engines.source.flow.values import UNKNOWN, Value, obj, only, truth

MOST_ROUNDS = 12


def comprehended(frame: Frame, node: Any, kind: str) -> Value:
    """The container that a comprehension makes."""
    made = Container(kind, frame.run.path)
    outer = frame.state
    if outer is None or frame.run.exhausted():
        return UNKNOWN
    frame.state = outer.fork()
    _loop(frame, node, node.generators, made, surely=True)
    frame.state = outer
    return obj(made)


def _loop(
    frame: Frame,
    node: Any,
    generators: list[ast.comprehension],
    made: Container,
    *,
    surely: bool,
    only_facts: bool = False,
) -> None:
    if not generators:
        _add(frame, node, made, surely=surely, only_facts=only_facts)
        return
    first, *others = generators
    each, exact = elements(frame, evaluate(frame, first.iter), first.iter)
    if exact and not each and isinstance(node, ast.GeneratorExp):
        # What is empty by default is filled by somebody who runs the program: what is asked of each counts.
        exact, only_facts = False, True
    if not exact or len(each) > MOST_ROUNDS:
        each, exact = ([one_of(frame, each)] if each else [UNKNOWN]), False
    for value in each:
        start = frame.state
        if start is None or frame.run.exhausted():
            return
        frame.run.spend()
        frame.state = start.fork()
        assigning.assign(frame, first.target, value)
        certain = surely and exact
        left_out = False
        for condition in first.ifs:
            test = evaluate(frame, condition)
            known = truth(test)
            left_out = left_out or known is False
            certain = certain and known is True
            if frame.state is not None:
                frame.state.clear((test.facts or ({}, {}))[0] or {})
        if not left_out:
            _loop(frame, node, others, made, surely=certain, only_facts=only_facts)
        frame.state = start


def _add(frame: Frame, node: Any, made: Container, *, surely: bool, only_facts: bool) -> None:
    state = frame.state
    if state is None:
        return
    if isinstance(node, ast.DictComp):
        key = evaluate(frame, node.key)
        value = state.baked(evaluate(frame, node.value))
        known = only(key)
        if known is UNKNOWN:
            made.spread(value, state.baked(key))
        else:
            made.put(known, value, surely=surely)
        return
    value = state.baked(evaluate(frame, node.elt))
    if only_facts and value.facts is None:
        return
    if value.facts is not None:
        value = Value(value.alts, value.objs, value.taints, value.kind, value.facts)
    made.append(value, surely=surely)

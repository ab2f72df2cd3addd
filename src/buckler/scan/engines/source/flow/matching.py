"""``match``: each case is a check of the subject, and binds names."""

from __future__ import annotations

import ast

from buckler.scan.engines.source.flow import statements
from buckler.scan.engines.source.flow.assigning import assign
from buckler.scan.engines.source.flow.conditions import compared, facts_of, negated
from buckler.scan.engines.source.flow.expressions import evaluate
from buckler.scan.engines.source.flow.frames import Frame, State, merged
from buckler.scan.engines.source.flow.iterating import elements
from buckler.scan.engines.source.flow.objects import Container, Instance, things
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Clears,
    Value,
    constant,
    join,
    obj,
    truth,
)


def run_match(frame: Frame, node: ast.Match) -> None:
    """Run the cases that the subject may fit."""
    subject = evaluate(frame, node.subject)
    ends: list[State] = []
    for case in node.cases:
        start = frame.state
        if start is None:
            break
        test = _fits(frame, case.pattern, subject)
        known = truth(test)
        facts = facts_of(test)
        if known is False:
            continue
        frame.state = start.fork()
        frame.state.clear(facts[0] or {})
        _bind(frame, case.pattern, subject)
        other: Clears | None = facts[1]
        if case.guard is not None and frame.state is not None:
            guard = evaluate(frame, case.guard)
            frame.state.clear(facts_of(guard)[0] or {})
            other = other if facts_of(guard)[1] is None else {}
        with frame.run.branching():
            statements.run_block(frame, case.body)
        if frame.state is not None:
            ends.append(frame.state)
        if other is None:
            frame.state = None
            break
        start.clear(other)
        frame.state = start
    frame.state = merged([s for s in (*ends, frame.state) if s is not None])


def _fits(frame: Frame, pattern: ast.pattern, subject: Value) -> Value:
    if isinstance(pattern, ast.MatchValue):
        return compared(frame, ast.Eq(), subject, evaluate(frame, pattern.value))
    if isinstance(pattern, ast.MatchSingleton):
        return compared(frame, ast.Is(), subject, constant(pattern.value))
    if isinstance(pattern, ast.MatchOr):
        several = [_fits(frame, p, subject) for p in pattern.patterns]
        options = [e for p in pattern.patterns for e in _values(frame, p)]
        if len(options) == len(pattern.patterns):
            allowed = Container("tuple", frame.run.path, dict(enumerate(options)))
            return compared(frame, ast.In(), subject, obj(allowed))
        return several[0] if len(several) == 1 else Value(kind="bool")
    if isinstance(pattern, ast.MatchAs):
        return constant(True) if pattern.pattern is None else _fits(frame, pattern.pattern, subject)
    if isinstance(pattern, ast.MatchClass) and isinstance(pattern.cls, ast.Name):
        if pattern.cls.id in ("int", "float", "bool") and subject.taints:
            return negated(compared(frame, ast.NotEq(), subject, UNKNOWN))
    return Value(kind="bool")


def _values(frame: Frame, pattern: ast.pattern) -> list[Value]:
    return [evaluate(frame, pattern.value)] if isinstance(pattern, ast.MatchValue) else []


def _bind(frame: Frame, pattern: ast.pattern, subject: Value) -> None:
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            _bind(frame, pattern.pattern, subject)
        if pattern.name:
            frame.bind(pattern.name, subject)
    elif isinstance(pattern, ast.MatchStar) and pattern.name:
        frame.bind(pattern.name, subject)
    elif isinstance(pattern, ast.MatchSequence):
        each, surely = elements(frame, subject, pattern)
        exact = surely and len(each) == len(pattern.patterns)
        for number, part in enumerate(pattern.patterns):
            _bind(frame, part, each[number] if exact else join(each) if each else UNKNOWN)
    elif isinstance(pattern, ast.MatchMapping):
        for key, part in zip(pattern.keys, pattern.patterns, strict=True):
            name = evaluate(frame, key)
            _bind(frame, part, frame.run.element(frame, pattern, subject, name))
        if pattern.rest:
            frame.bind(pattern.rest, subject)
    elif isinstance(pattern, ast.MatchClass):
        for attr, part in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            found = [frame.run.field(frame, pattern, i, attr) for i in things(subject, Instance)]
            _bind(frame, part, join(found) if found else subject)
        for part in pattern.patterns:
            _bind(frame, part, subject)
    elif isinstance(pattern, ast.MatchOr):
        for part in pattern.patterns:
            _bind(frame, part, subject)


__all__ = ["assign", "run_match"]

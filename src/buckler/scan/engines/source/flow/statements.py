"""Statements, in program order: branches that cannot be taken are left out, loops run twice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from buckler.scan.engines.source.flow import assigning
from buckler.scan.engines.source.flow.classes import define_class, define_function
from buckler.scan.engines.source.flow.expressions import evaluate
from buckler.scan.engines.source.flow.frames import SAME, Frame, State, common, merged
from buckler.scan.engines.source.flow.importing import run_import, run_import_from
from buckler.scan.engines.source.flow.iterating import elements, entered, one_of
from buckler.scan.engines.source.flow.matching import run_match
from buckler.scan.engines.source.flow.objects import MOST_ITEMS, deep_taints
from buckler.scan.engines.source.flow.operators import operated, overloaded
from buckler.scan.engines.source.flow.values import (
    NONE,
    UNKNOWN,
    Clears,
    Token,
    Value,
    join,
    truth,
)

Runner = Callable[[Frame, Any], None]

MOST_ROUNDS = 8
SHORT = 2
LONG = (ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith)


def run_block(frame: Frame, statements: Iterable[ast.stmt]) -> None:
    """Run statements one after the other, until none can be reached."""
    run = frame.run
    for statement in statements:
        if frame.state is None or run.exhausted():
            return
        runner = RUNNERS.get(type(statement))
        if runner is not None:
            begun(frame, statement)
            runner(frame, statement)


def begun(frame: Frame, statement: ast.stmt) -> None:
    """A statement is reached."""
    frame.run.spend()
    frame.line = statement.lineno
    end = statement.end_lineno if type(statement) in _SIMPLE else statement.lineno
    frame.lines.add((statement.lineno, end or statement.lineno))


def branch(
    frame: Frame, start: State | None, clears: Clears | None, body: list[ast.stmt]
) -> State | None:
    """Run a block on a way of its own; None where it does not come out at its end."""
    if start is None or clears is None:
        return None
    frame.state = start.fork()
    frame.state.clear(clears)
    with frame.run.branching():
        run_block(frame, body)
    return frame.state


def _if(frame: Frame, node: ast.If) -> None:
    """Each ``elif`` in turn: a chain of a thousand must not nest a thousand calls."""
    ends: list[State | None] = []
    with ExitStack() as ways:
        while True:
            test = evaluate(frame, node.test)
            known = truth(test)
            facts = test.facts or ({}, {})
            start = frame.state
            if known is not None and start is not None:
                start.clear(facts[0 if known else 1] or {})
                run_block(frame, node.body if known else node.orelse)
                break
            ends.append(branch(frame, start, facts[0], node.body))
            following = node.orelse[0] if len(node.orelse) == 1 else None
            if not isinstance(following, ast.If) or start is None or facts[1] is None:
                frame.state = branch(frame, start, facts[1], node.orelse)
                break
            frame.state = start.fork()
            frame.state.clear(facts[1])
            ways.enter_context(frame.run.branching())
            node = following
            begun(frame, node)
    frame.state = merged([s for s in (*ends, frame.state) if s is not None])


def _while(frame: Frame, node: ast.While) -> None:
    outer = frame.breaks, frame.continues
    frame.breaks, frame.continues = [], []
    ends: list[State] = []
    for _ in range(2):
        if frame.state is None:
            break
        test = evaluate(frame, node.test)
        known = truth(test)
        facts = test.facts or ({}, {})
        start = frame.state
        if known is not True and facts[1] is not None and start is not None:
            ends.append(start.fork())
            ends[-1].clear(facts[1])
        if known is False:
            frame.state = None
            break
        after = branch(frame, start, facts[0], node.body)
        frame.state = merged([s for s in (after, *frame.continues) if s is not None])
        frame.continues = []
    if frame.state is not None:
        last = evaluate(frame, node.test)
        if truth(last) is not True and frame.state is not None:
            frame.state.clear((last.facts or ({}, {}))[1] or {})
            ends.append(frame.state)
    frame.state = merged(ends)
    if node.orelse and frame.state is not None:
        run_block(frame, node.orelse)
    frame.state = merged([s for s in (frame.state, *frame.breaks) if s is not None])
    frame.breaks, frame.continues = outer


def _for(frame: Frame, node: ast.For | ast.AsyncFor) -> None:
    source = evaluate(frame, node.iter)
    outer = frame.breaks, frame.continues
    frame.breaks, frame.continues = [], []
    each, surely = elements(frame, source, node.iter)
    none = frame.state.fork() if frame.state is not None and not surely else None
    ends: list[State] = []
    shown: Clears | None = None
    rounds = (
        each
        if surely and len(each) <= _most_rounds(node)
        else [one_of(frame, each)] * 2
        if each
        else [UNKNOWN]
    )
    for value in rounds:
        if frame.state is None:
            break
        start = frame.state.fork()
        frame.state = start
        assigning.assign(frame, node.target, value)
        after = branch(frame, frame.state, {}, node.body)
        frame.state = merged([s for s in (after, *frame.continues) if s is not None])
        frame.continues = []
        shown = common(shown, _shown(value, frame.state)) if frame.state is not None else shown
        if frame.state is not None and not surely:
            ends.append(frame.state.fork())
    if none is not None:
        # What holds for each element holds for all of them, also where there are none.
        none.clear(shown or {})
        ends.append(none)
    frame.state = merged([s for s in (frame.state, *ends) if s is not None])
    if node.orelse and frame.state is not None:
        run_block(frame, node.orelse)
    frame.state = merged([s for s in (frame.state, *frame.breaks) if s is not None])
    frame.breaks, frame.continues = outer


def _most_rounds(node: ast.For | ast.AsyncFor) -> int:
    """How many elements are run one by one: short bodies are, as loops that set each field are short."""
    short = len(node.body) <= SHORT and not any(isinstance(s, LONG) for s in node.body)
    return MOST_ITEMS if short else MOST_ROUNDS


def _shown(value: Value, state: State) -> Clears:
    """What a round of a loop has shown of its element."""
    made: Clears = {}
    for each in deep_taints(value):
        for taint in each.taints:
            token: Token | None = taint.token
            while token is not None:
                if token in state.cleared:
                    made[token] = state.cleared[token]
                token = token.parent if token.how in SAME else None
    return made


def _try(frame: Frame, node: ast.Try | ast.TryStar) -> None:
    start = frame.state
    if start is None:
        return
    before = start.fork()
    outer, frame.raised = frame.raised, []
    middle = [before]
    for statement in node.body:
        if frame.state is None:
            break
        run_block(frame, [statement])
        if frame.state is not None:
            middle.append(frame.state.fork())
    raised, frame.raised = frame.raised, outer
    # What a statement clears it clears by not raising: of the last one nothing is known in a handler.
    reached = middle[:-1] if len(middle) > 1 and frame.state is not None else middle
    ends: list[State] = []
    if frame.state is not None:
        run_block(frame, node.orelse)
        if frame.state is not None:
            ends.append(frame.state)
    entry = merged([s.fork() for s in (*reached, *raised)])
    for handler in node.handlers:
        if entry is None:
            break
        frame.state = entry.fork()
        frame.lines.add((handler.lineno, handler.lineno))
        if handler.name:
            frame.bind(handler.name, frame.run.web.exceptions.caught(frame, handler))
        with frame.run.branching():
            run_block(frame, handler.body)
        if frame.state is not None:
            ends.append(frame.state)
    frame.state = merged(ends)
    if node.finalbody:
        alive = frame.state is not None
        if frame.state is None and entry is not None:
            frame.state = entry.fork()
        run_block(frame, node.finalbody)
        if not alive:
            frame.state = None


def _with(frame: Frame, node: ast.With | ast.AsyncWith) -> None:
    suppresses = False
    for item in node.items:
        manager = evaluate(frame, item.context_expr)
        suppresses = suppresses or frame.run.web.suppresses(manager)
        value = entered(frame, manager, item.context_expr)
        if item.optional_vars is not None:
            assigning.assign(frame, item.optional_vars, value)
    before = frame.state.fork() if frame.state is not None else None
    run_block(frame, node.body)
    if suppresses and before is not None:
        frame.state = merged([s for s in (frame.state, before) if s is not None])


def _return(frame: Frame, node: ast.Return) -> None:
    value = evaluate(frame, node.value) if node.value is not None else NONE
    if frame.state is not None:
        if value.taints and node.value is not None:
            value = frame.stepped(value, node, f"returned from {_named(frame)}")
        frame.returns.append((frame.state.baked(value), frame.state))
    frame.state = None


def _named(frame: Frame) -> str:
    return f"{frame.function.name}()" if frame.function is not None else "the module"


def _raise(frame: Frame, node: ast.Raise) -> None:
    if node.exc is not None:
        frame.run.web.exceptions.raising(frame, node, evaluate(frame, node.exc))
    if frame.state is not None:
        frame.raised.append(frame.state)
    frame.state = None


def _break(frame: Frame, node: ast.Break) -> None:
    if frame.state is not None:
        frame.breaks.append(frame.state)
    frame.state = None


def _continue(frame: Frame, node: ast.Continue) -> None:
    if frame.state is not None:
        frame.continues.append(frame.state)
    frame.state = None


def _assert(frame: Frame, node: ast.Assert) -> None:
    # Python -O leaves assertions out, so they check nothing that security rests on.
    evaluate(frame, node.test)


def _assign(frame: Frame, node: ast.Assign) -> None:
    value = evaluate(frame, node.value)
    for target in node.targets:
        assigning.assign(frame, target, value)


def _annotated(frame: Frame, node: ast.AnnAssign) -> None:
    owner = frame.owner if frame.is_class and not _of_class(node.annotation) else None
    if owner is not None and isinstance(node.target, ast.Name):
        owner.annotations[node.target.id] = node.annotation
    if node.value is not None:
        value = evaluate(frame, node.value)
        assigning.assign(frame, node.target, frame.run.typed(frame, value, node.annotation))


def _of_class(annotation: ast.expr) -> bool:
    """``ClassVar[…]``: no field of the objects."""
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    if isinstance(annotation, ast.Constant):
        return str(annotation.value).startswith(("ClassVar", "typing.ClassVar"))
    return getattr(annotation, "id", getattr(annotation, "attr", "")) == "ClassVar"


def _augmented(frame: Frame, node: ast.AugAssign) -> None:
    old = evaluate(frame, _loaded(node.target))
    right = evaluate(frame, node.value)
    own = overloaded(frame, node, node.op, old, right, "i")
    value = operated(frame, node, node.op, old, right) if own is None else own
    assigning.assign(frame, node.target, value)


def _loaded(target: ast.expr) -> ast.expr:
    """The target of an augmented assignment as an expression; evaluation does not look at its context."""
    return target


def _expression(frame: Frame, node: ast.Expr) -> None:
    value = evaluate(frame, node.value)
    frame.run.hits.thrown_away(frame, node.value, value)


def _delete(frame: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name) and frame.state is not None:
            frame.state.env.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            assigning.delete(frame, target)


def _global(frame: Frame, node: ast.Global | ast.Nonlocal) -> None:
    frame.globals_.update(node.names)


def _function(frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    setter = any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in node.decorator_list)
    frame.bind(f"{node.name}.setter" if setter else node.name, define_function(frame, node))


def _class(frame: Frame, node: ast.ClassDef) -> None:
    frame.bind(node.name, define_class(frame, node, run_block))


def block_value(frame: Frame, body: list[ast.stmt]) -> Value:
    """Run a function's body; what it returns, or for a generator what it yields is kept by the frame."""
    run_block(frame, body)
    if frame.state is not None:
        frame.returns.append((NONE, frame.state))
    return join(value for value, _ in frame.returns)


_SIMPLE = frozenset(
    {
        ast.Assign,
        ast.AnnAssign,
        ast.AugAssign,
        ast.Expr,
        ast.Return,
        ast.Raise,
        ast.Assert,
        ast.Delete,
    }
)
RUNNERS: dict[type[ast.AST], Runner] = {
    ast.If: _if,
    ast.While: _while,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Assert: _assert,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.Delete: _delete,
    ast.Global: _global,
    ast.Nonlocal: _global,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: run_import,
    ast.ImportFrom: run_import_from,
    ast.Match: run_match,
}

"""Calls of the project's own functions: run with what they are given, remembered by it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.conditions import facts_of
from buckler.scan.engines.source.flow.frames import Frame, State, common, united
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    Method,
    Partial,
)
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Clears,
    Text,
    Value,
    join,
    joined_taints,
    obj,
    truth,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.run import Run

MOST_CALLS = 28
MOST_KEYED = 60
EXACT_RUNS = 12
"""So many times a function is run for other constants; from then on only for other input."""
MOST_RUNS = 80
"""So many times a function is run at all."""


@dataclass(slots=True)
class Outcome:
    """What a call has done: its value, what it has checked, whether it came back; its number in the graph of calls."""

    value: Value
    clears: Clears
    returned: bool
    number: int = 0


def call_function(
    frame: Frame, node: ast.AST, function: Function, given: Arguments, *, direct: bool = True
) -> Value:
    """Run a function of the project as called from a place."""
    run = frame.run
    if function.given or function.named:
        given = Arguments(
            [*function.given, *given.positional],
            {**function.named, **given.named},
            given.more,
            hidden=given.hidden,
        )
    if function.bound is not None:
        given = given.shifted(function.bound)
    state = frame.state
    if state is None:
        return UNKNOWN
    deep = len(run.active) >= MOST_CALLS
    graph = run.graph
    # For a graph of calls the function is followed by itself, later.
    run.shortened = run.shortened or (deep and graph is None)
    if deep or run.active.count(function.node) > 1 or run.spent():
        if graph is not None:
            graph.passed(frame, node, function)
        return _given_back(given)
    args = _baked(state, given)
    if direct:
        args = _stepped(frame, node, function, args)
    times = run.times.get(function.node, 0)
    if times >= MOST_RUNS:
        if graph is not None:
            graph.passed(frame, node, function)
        return _given_back(given)
    if graph is not None and times >= EXACT_RUNS:
        graph.blurred = True
    key = _key(function, args, exact=times < EXACT_RUNS)
    outcome = run.outcomes.get(key)
    if outcome is None:
        run.times[function.node] = times + 1
        number = graph.enter(frame, node, function) if graph is not None else 0
        outcome, own = _run(run, frame, function, args)
        if graph is not None:
            graph.leave()
            outcome.number = number
        if own:
            run.outcomes[key] = outcome
    elif graph is not None:
        graph.again(frame, node, outcome.number)
    if not outcome.returned:
        if frame.state is not None:
            frame.raised.append(frame.state)
        frame.state = None
        return UNKNOWN
    state.clear(outcome.clears)
    return outcome.value


def _given_back(given: Arguments) -> Value:
    """Where a call is not followed, its result may be made of all that it is given."""
    return Value(None, (), joined_taints(*(v.taints for v in given.all())))


def _baked(state: State, given: Arguments) -> Arguments:
    return Arguments(
        [state.baked(v) for v in given.positional],
        {k: state.baked(v) for k, v in given.named.items()},
        state.baked(given.more),
        hidden=given.hidden,
    )


def _stepped(frame: Frame, node: ast.AST, function: Function, given: Arguments) -> Arguments:
    what = f"given to {function.name}()"
    return Arguments(
        [frame.stepped(v, node, what) for v in given.positional],
        {k: frame.stepped(v, node, what) for k, v in given.named.items()},
        frame.stepped(given.more, node, what),
        hidden=given.hidden,
    )


def _run(run: Run, caller: Frame, function: Function, given: Arguments) -> tuple[Outcome, bool]:
    from buckler.scan.engines.source.flow.expressions import evaluate
    from buckler.scan.engines.source.flow.statements import block_value

    cleared = caller.state.cleared if caller.state is not None else {}
    frame = Frame(run, function.module, function, function.frame, cleared)
    bind(frame, function, given)
    run.active.append(function.node)
    mark = run.enter_call()
    try:
        if isinstance(function.node, ast.Lambda):
            value = evaluate(frame, function.node.body)
            if frame.state is not None:
                frame.returns.append((frame.state.baked(value), frame.state))
        else:
            block_value(frame, function.node.body)
    finally:
        run.active.pop()
        own = run.leave_call(mark)
    return _outcome(run, frame, function, cleared), own


def _outcome(run: Run, frame: Frame, function: Function, before: Clears) -> Outcome:
    frame.final = frame.returns[-1][1].env if frame.returns else {}
    frame.state = None
    if frame.yields or run.is_generator(function.node):
        made = Container("generator", run.path, None, join(frame.yields))
        return Outcome(obj(made), {}, True)
    if not frame.returns:
        return Outcome(UNKNOWN, {}, False)
    values = [value for value, _ in frame.returns]
    after: Clears | None = None
    for number, (_, state) in enumerate(frame.returns):
        after = state.cleared if number == 0 else common(after, state.cleared)
    clears = {t: k for t, k in (after or {}).items() if before.get(t, 0) | k != before.get(t, 0)}
    true: Clears | None = None
    false: Clears | None = None
    for value, state in frame.returns:
        facts = facts_of(value)
        true = common(true, united(state.cleared, facts[0]))
        false = common(false, united(state.cleared, facts[1]))
    value = join(values)
    if truth(value) is None and (true != after or false != after):
        value = Value(
            value.alts,
            value.objs,
            value.taints,
            value.kind,
            (_new(true, before), _new(false, before)),
        )
    elif value.facts is not None and len(values) > 1:
        value = Value(value.alts, value.objs, value.taints, value.kind)
    return Outcome(value, clears, True)


def _new(clears: Clears | None, before: Clears) -> Clears | None:
    if clears is None:
        return None
    return {t: k for t, k in clears.items() if before.get(t, 0) | k != before.get(t, 0)}


def bind(frame: Frame, function: Function, given: Arguments) -> None:
    """Give a function's parameters their values."""
    args = function.node.args
    plain = [*args.posonlyargs, *args.args]
    state = frame.state
    if state is None:
        return
    env = state.env
    named = dict(given.named)
    for number, arg in enumerate(plain):
        if number < len(given.positional):
            env[arg.arg] = given.positional[number]
        elif arg.arg in named:
            env[arg.arg] = named.pop(arg.arg)
        else:
            env[arg.arg] = _absent(frame, function, arg, given)
    for arg in args.kwonlyargs:
        if arg.arg in named:
            env[arg.arg] = named.pop(arg.arg)
        else:
            env[arg.arg] = _absent(frame, function, arg, given)
    path = frame.run.path
    if args.vararg is not None:
        rest = given.positional[len(plain) :]
        more = given.more if given.more is not UNKNOWN else None
        env[args.vararg.arg] = obj(Container("tuple", path, dict(enumerate(rest)), more))
    if args.kwarg is not None:
        more = given.more if given.more is not UNKNOWN else None
        env[args.kwarg.arg] = obj(Container("dict", path, dict(named), more))
    for arg in (*plain, *args.kwonlyargs):
        value = env[arg.arg]
        if arg.annotation is not None and value.alts is None and not value.taints:
            env[arg.arg] = frame.run.typed(frame, value, arg.annotation)


def _absent(frame: Frame, function: Function, arg: ast.arg, given: Arguments) -> Value:
    if given.more is not UNKNOWN:
        return given.more
    default = function.defaults.get(arg.arg)
    if default is None or (given.hidden and frame.run.graph is not None):
        return UNKNOWN
    return UNKNOWN if frame.run.web.injected(default) else default


def _key(function: Function, given: Arguments, *, exact: bool) -> Any:
    """What a call depends on: its constants no more once a function has been run often."""
    keys = Keys(exact=exact)
    parts: list[Any] = [id(function.node), id(function.frame)]
    for value in given.positional:
        parts.append(keys.of(value))
    for name in sorted(given.named):
        parts += [name, keys.of(given.named[name])]
    parts += [keys.of(given.more), given.hidden]
    return tuple(parts)


class Keys:
    """Values as something that can be compared: by what they hold, as far as that is cheap, else by identity."""

    __slots__ = ("_exact", "_left")

    def __init__(self, *, exact: bool) -> None:
        self._left = MOST_KEYED
        self._exact = exact

    def of(self, value: Value, depth: int = 0) -> Any:
        """The key of a value."""
        if value is UNKNOWN:
            return 0
        alts: Any = value.alts
        if alts is not None:
            alts = tuple([_alt_key(a) for a in alts]) if self._exact and not depth else ()
        taints = tuple([(id(t.token), t.clean) for t in value.taints])
        if not value.objs:
            return (alts, taints, value.kind)
        return (alts, tuple([self._object(thing, depth) for thing in value.objs]), taints)

    def _object(self, thing: Any, depth: int) -> Any:
        kind = type(thing)
        self._left -= 1
        if kind is ClassObject or self._left < 0 or depth > 2:
            return id(thing)
        if kind is External:
            return id(thing) if thing.fields else (thing.name, thing.instance, len(thing.given))
        if kind is Container:
            if depth and len(thing.items) > 12:
                return id(thing)
            items = tuple([(k, self.of(v, depth + 1)) for k, v in thing.items.items()])
            rest = self.of(thing.rest, depth + 1) if thing.rest is not None else None
            return (thing.kind, items, rest)
        if kind is Instance:
            fields = tuple([(k, self.of(v, depth + 1)) for k, v in thing.fields.items()])
            return (id(thing.cls), id(thing.lazy) if thing.lazy else 0, fields)
        if kind is Function:
            given = tuple([self.of(v, depth + 1) for v in thing.given])
            bound = self.of(thing.bound, depth + 1) if thing.bound is not None else None
            return (id(thing.node), id(thing.frame), bound, given)
        if kind is Method:
            return (thing.name, self.of(thing.receiver, depth + 1))
        if kind is Partial:
            given = tuple([self.of(v, depth + 1) for v in thing.given])
            return (self.of(thing.called, depth + 1), given)
        return id(thing)


def _alt_key(item: Any) -> Any:
    if type(item) is Text:
        return tuple(
            [p if isinstance(p, str) else tuple([(id(t.token), t.clean) for t in p]) for p in item]
        )
    return (type(item).__name__, item)

"""The state of an abstract run at one point: names, and which inputs have been checked."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.objects import ClassObject, External, Function
from buckler.scan.engines.source.flow.values import (
    ALL,
    UNKNOWN,
    Clears,
    Step,
    Taint,
    Token,
    Value,
    join,
    obj,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.project import SourceModule
    from buckler.scan.engines.source.flow.run import Run


class State:
    """Names and what they are set to, and for which sinks each token is clean by now."""

    __slots__ = ("cleared", "env")

    def __init__(self, env: dict[str, Value], cleared: Clears) -> None:
        self.env = env
        self.cleared = cleared

    def fork(self) -> State:
        """A copy that goes its own way."""
        return State(dict(self.env), self.cleared)

    def clear(self, clears: Clears) -> None:
        """Take note of what a check has shown."""
        if clears:
            made = dict(self.cleared)
            for token, kinds in clears.items():
                made[token] = made.get(token, 0) | kinds
            self.cleared = made

    def baked(self, value: Value) -> Value:
        """The value with what has been checked of its input written into it."""
        cleared = self.cleared
        if not cleared or not value.taints:
            return value
        return value.mapped(lambda t: with_clears(t, cleared))


def with_clears(taint: Taint, cleared: Clears) -> Taint:
    """The taint with what is known of its token, and of the tokens it is the same text as."""
    kinds = cleared.get(taint.token, 0)
    return taint.cleaned(kinds) if kinds else taint


def merged(states: list[State]) -> State | None:
    """The state after several ways have come together; None where none does."""
    if not states:
        return None
    if len(states) == 1:
        return states[0]
    first = states[0]
    cleared = first.cleared
    for state in states[1:]:
        if state.cleared is not cleared:
            cleared = {
                token: kinds & state.cleared[token]
                for token, kinds in cleared.items()
                if token in state.cleared
            }
    env: dict[str, Value] = {}
    names = dict.fromkeys(name for state in states for name in state.env)
    for name in names:
        values = [state.env.get(name) for state in states]
        one = values[0]
        if all(v is one for v in values):
            if one is not None:
                env[name] = one
            continue
        env[name] = join(
            state.baked(value)
            for state, value in zip(states, values, strict=True)
            if value is not None
        )
    return State(env, cleared)


def united(one: Clears | None, other: Clears | None) -> Clears | None:
    """What is clean where both hold; None where one of them never does."""
    if one is None or other is None:
        return None
    if not one or not other:
        return one or other
    made = dict(one)
    for token, kinds in other.items():
        made[token] = made.get(token, 0) | kinds
    return made


def common(one: Clears | None, other: Clears | None) -> Clears | None:
    """What is clean where either holds."""
    if one is None or other is None:
        return other if one is None else one
    return {t: k & other[t] for t, k in one.items() if t in other}


class Frame:
    """One function under way, a module's top or a class body.

    Attributes:
        state: Where it has got to; None after it has returned or raised on every way.
        returns: What it has returned so far, with what was checked then.
        yields: What it has yielded.
    """

    __slots__ = (
        "breaks",
        "continues",
        "final",
        "function",
        "globals_",
        "is_class",
        "is_module",
        "line",
        "lines",
        "module",
        "owner",
        "parent",
        "raised",
        "returns",
        "run",
        "state",
        "yields",
    )

    def __init__(
        self,
        run: Run,
        module: SourceModule,
        function: Function | None = None,
        parent: Frame | None = None,
        cleared: Clears | None = None,
    ) -> None:
        self.run = run
        self.module = module
        self.function = function
        self.parent = parent
        self.owner: ClassObject | None = function.owner if function else None
        self.state: State | None = State({}, cleared or {})
        self.returns: list[tuple[Value, State]] = []
        self.yields: list[Value] = []
        self.breaks: list[State] = []
        self.continues: list[State] = []
        self.raised: list[State] = []
        self.final: dict[str, Value] = {}
        self.globals_: set[str] = set()
        self.is_class = False
        self.is_module = False
        self.line = 0
        self.lines = run.lines.setdefault(module.path, set())

    @property
    def env(self) -> dict[str, Value]:
        """The names of the frame: those of its end once it has ended."""
        return self.state.env if self.state is not None else self.final

    def lookup(self, name: str) -> Value:
        """What a name stands for here."""
        frame: Frame | None = self
        if self.state is not None and name in self.state.env and name not in self.globals_:
            return self.state.env[name]
        while frame is not None:
            if not frame.is_class or frame is self:
                env = frame.env
                if name in env:
                    return env[name]
            frame = frame.parent
        env = self.run.module_env(self.module)
        if name in env:
            return env[name]
        starred = self.run.starred(self.module, name)
        if starred is not None:
            return starred
        return obj(External(f"builtins.{name}")) if name in BUILTINS else UNKNOWN

    def bind(self, name: str, value: Value) -> None:
        """Set a name."""
        if self.state is None:
            return
        if name in self.globals_:
            self.run.set_global(self, name, value)
        else:
            self.state.env[name] = value

    def step(self, node: ast.AST, what: str, before: Step | None = None) -> Step:
        """A step at a node of this frame's module."""
        return Step(before, self.module.path, getattr(node, "lineno", self.line), what)

    def stepped(self, value: Value, node: ast.AST, what: str) -> Value:
        """The value with one step more on the way of its input."""
        if not value.taints:
            return value
        path, line = self.module.path, getattr(node, "lineno", self.line)
        return value.mapped(lambda t: t.stepped(path, line, what))

    def cleared(self, taint: Taint) -> int:
        """For which kinds of sinks a taint is clean here and now."""
        known = self.state.cleared if self.state is not None else {}
        return taint.clean | known.get(taint.token, 0)


def clearing(value: Value, kinds: int = ALL) -> Clears:
    """What a check of a value clears: its tokens, and those it is the deciding part of."""
    made: Clears = {}
    for taint in value.taints:
        token: Token | None = taint.token
        made[taint.token] = kinds
        while token is not None and token.parent is not None and token.how in SAME:
            token = token.parent
            made[token] = kinds
        if token is not None and token.parent is not None and token.how in DECIDES:
            made[token.parent] = made.get(token.parent, 0) | DECIDES[token.how]
    return made


SAME: frozenset[str] = frozenset({"case", "strip", "str", "element"})
"""Ways of deriving after which a check of the result is a check of the origin."""
DECIDES: dict[str, int] = {}
"""Parts of a text the check of which decides for some sinks: the host of an address. Filled by
:mod:`libraries`."""
BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)

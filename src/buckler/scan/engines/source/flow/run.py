"""One abstract run of a project: modules, then entry points; what it remembers, and what it has found."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from buckler.scan.engines.source.flow import declared, instances, invoking, models
from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import bound, subscript
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.functions import Outcome
from buckler.scan.engines.source.flow.importing import imported_first
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    ModuleObject,
    deep_taints,
    things,
)
from buckler.scan.engines.source.flow.project import Project, SourceModule
from buckler.scan.engines.source.flow.sinks import Sinks
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Source,
    Step,
    Token,
    Value,
    join,
    obj,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.callgraph import CallGraph
    from buckler.scan.engines.source.flow.hits import Hits
    from buckler.scan.engines.source.flow.web import Web

MOST_STATEMENTS = 10_000
"""What one entry point may cost before its calls are no more followed; a generated file of 50,000 lines is not to
stop a scan."""
MOST_AT_ALL = 25_000
"""What it may cost at all: loops in loops take a number of rounds that doubles with each."""
MOST_NESTED = 20
"""So many modules may be under way at once; what they import besides is run before them, one by one."""


_NAMED = frozenset({"query", "path", "header", "cookie", "form", "json", "filename"})


@dataclass(slots=True)
class _Call:
    mark: int
    own: bool = True


@dataclass(slots=True)
class Run:
    """The state of an abstract run.

    Attributes:
        project: The files.
        sinks: What is looked for.
        hits: Gets what is found.
        web: Knows the frameworks.
        path: Number of the branch that is under way; objects made on another one change only perhaps.
        shortened: Whether something of the entry point lay too deep to be followed.
        cut_short: Paths of modules that were too large to be run to their end.
        broken: What was raised by the engine itself, by the path of the module that it was at.
        graph: Is told of calls, where somebody asks.
    """

    project: Project
    sinks: Sinks
    hits: Hits
    web: Web
    graph: CallGraph | None = None
    path: int = 0
    depth: int = 0
    active: list[Any] = field(default_factory=list)
    outcomes: dict[Any, Outcome] = field(default_factory=dict)
    ran: set[int] = field(default_factory=set)
    nowhere: ast.AST = field(default_factory=ast.Pass)
    shortened: bool = False
    cut_short: set[str] = field(default_factory=set)
    broken: dict[str, Exception] = field(default_factory=dict)
    _under_way: int = 0
    _calls: list[_Call] = field(default_factory=list)
    _paths: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _left: int = MOST_STATEMENTS
    _tokens: dict[Any, Token] = field(default_factory=dict)
    _generators: dict[Any, bool] = field(default_factory=dict)
    _validators: dict[ClassObject, list[tuple[tuple[str, ...], Function, bool]]] = field(
        default_factory=dict
    )
    entry: Any = None
    stored: bool = False
    lines: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    compared: set[tuple[str, int]] = field(default_factory=set)
    times: dict[Any, int] = field(default_factory=dict)
    dependencies: dict[Any, tuple[Value, dict[Token, int], bool]] = field(default_factory=dict)
    types: dict[ast.expr, Value] = field(default_factory=dict)

    def again(self) -> None:
        """A second round, in which what the first one has stored may be read."""
        self.outcomes.clear()
        self.times.clear()
        self.dependencies.clear()
        self.stored = False

    # What it may cost

    def spend(self) -> None:
        """One statement more."""
        self._left -= 1

    def spent(self) -> bool:
        """Whether this entry point has cost so much that its calls are no more followed."""
        return self._left <= 0

    def exhausted(self) -> bool:
        """Whether it has cost so much that nothing of it is run any more."""
        return self._left <= MOST_STATEMENTS - MOST_AT_ALL

    def refill(self) -> None:
        """A new entry point begins."""
        self._left = MOST_STATEMENTS
        self.depth = 0
        self.shortened = False

    # Branches and calls

    @contextmanager
    def branching(self) -> Iterator[None]:
        """A way that is perhaps not taken."""
        outer, self.path = self.path, next(self._paths)
        try:
            yield
        finally:
            self.path = outer

    def enter_call(self) -> int:
        """A call begins; gives what :meth:`leave_call` wants."""
        from buckler.scan.engines.source.flow.objects import SERIALS

        self._calls.append(_Call(next(SERIALS)))
        return len(self._calls)

    def leave_call(self, number: int) -> bool:
        """The call ends: whether it has changed nothing but what it made itself."""
        return self._calls.pop().own

    def changes(self, thing: Any, value: Value | None = None) -> None:
        """An object changes: calls that did not make it cannot be remembered.

        Where input gets into an object that is older than the request, others may read it there.
        """
        serial = getattr(thing, "serial", 0)
        if not self.stored and self._calls and serial < self._calls[0].mark:
            self.stored = value is not None and any(v.taints for v in deep_taints(value))
        if self._calls and serial < self._calls[0].mark:
            return  # what all requests share only grows: to change it again changes nothing
        for one in reversed(self._calls):
            if serial >= one.mark:
                break
            one.own = False

    def set_global(self, frame: Frame, name: str, value: Value) -> None:
        """``global name`` and an assignment: beside what it was, since another request may have set it."""
        self.stored = self.stored or any(v.taints for v in deep_taints(value))
        outer: Frame | None = frame.parent
        while outer is not None:
            if name in outer.env:
                outer.env[name] = join([outer.env[name], value])
                return
            outer = outer.parent
        env = self.module_env(frame.module)
        env[name] = join([env[name], value]) if name in env else value

    # Modules

    def module_env(self, module: SourceModule) -> dict[str, Value]:
        """The names of a module; it is run when they are first asked for."""
        if module.env is None and self._under_way >= MOST_NESTED:
            for one in imported_first(self.project, module):
                self._run_once(one)
        self._run_once(module)
        return module.env or {}

    def _run_once(self, module: SourceModule) -> None:
        if module.env is not None:
            return
        module.env = {}
        if module.tree is not None:
            self._under_way += 1
            self._run_module(module, module.tree)
            self._under_way -= 1

    def _run_module(self, module: SourceModule, tree: ast.Module) -> None:
        from buckler.scan.engines.source.flow.statements import run_block

        frame = Frame(self, module)
        frame.is_module = True
        if frame.state is not None and module.env is not None:
            frame.state.env = module.env
        graph = self.graph
        before = graph.begin("module", module.path, module.path, 1) if graph is not None else []
        kept = self.path, self._left, self.depth, self.active
        self.path, self._left, self.depth, self.active = 0, MOST_STATEMENTS, 0, []
        try:
            run_block(frame, tree.body)
            if self.exhausted():
                self.cut_short.add(module.path)
        except Exception as error:  # noqa: BLE001 - told as a gap; one module must not cost the others
            self.broken[module.path] = error
        finally:
            self.path, self._left, self.depth, self.active = kept
            if graph is not None:
                graph.end(before)
        if frame.state is not None and module.env is not None:
            module.env.update(frame.state.env)

    def module_attribute(self, module: SourceModule, name: str) -> Value:
        """A name of a module, or a module below it."""
        env = self.module_env(module)
        if name in env:
            return env[name]
        below = self.project.below(module, name)
        if below is not None:
            return obj(ModuleObject(below))
        starred = self.starred(module, name)
        if starred is not None:
            return starred
        function = env.get("__getattr__")
        if function is not None and module.tree is not None:
            return self.invoke(Frame(self, module), self.nowhere, function, Arguments([UNKNOWN]))
        return UNKNOWN

    def starred(self, module: SourceModule, name: str) -> Value | None:
        """A name that came in by ``from x import *``."""
        for other in module.starred:
            if other is not module and name in self.module_env(other):
                return self.module_env(other)[name]
        for origin in module.starred_externals:
            if name[:1].isupper() or origin.startswith("fastapi"):
                from buckler.scan.engines.source.flow.libraries.names import canonical

                return obj(External(canonical(f"{origin}.{name}")))
        return None

    # Tokens

    def token(self, source: Source) -> Token:
        """The token of an input: one for each slot, so that a check counts wherever it is read again.

        Routes share it: what a check has shown is kept by the state of a request, and calls of
        functions that several routes use can be remembered.
        """
        key: tuple[object, ...] = (source.kind, source.name)
        if source.kind not in _NAMED or not source.name:
            key = (*key, source.path, source.line)
        if key not in self._tokens:
            self._tokens[key] = Token(source)
        return self._tokens[key]

    def first_step(self, source: Source) -> Step:
        """Where an input comes in."""
        return Step(None, source.path, source.line, f"{source.kind} {source.name}".strip())

    # What others are asked

    def invoke(self, frame: Frame, node: ast.AST, called: Value, given: Arguments) -> Value:
        """Call a value."""
        return invoking.invoke(frame, node, called, given)

    def call_method(
        self, frame: Frame, node: ast.AST, thing: Instance, name: str, given: list[Value]
    ) -> Value | None:
        """Call a method of an object by name; None where its class has no such method."""
        found = thing.cls.lookup(name)
        if found is not None:
            called = bound(found, obj(thing), thing.cls, instance=True)
            return self.invoke(frame, node, called, Arguments(given))
        return models.model_method(frame, node, thing, name, Arguments(given))

    def field(self, frame: Frame, node: ast.AST, thing: Instance, name: str) -> Value:
        """An attribute of an object of the project."""
        value = instances.field(frame, node, thing, name)
        return self.web.resolved(frame, node, value)

    def element(self, frame: Frame, node: ast.AST, owner: Value, key: Value) -> Value:
        """An element of a value."""
        return subscript(frame, node, owner, key, None)

    def materialize(self, frame: Frame, value: Value) -> None:
        """Read what a request fills, as far down as it goes."""
        instances.materialize(frame, value)

    def typed(self, frame: Frame, value: Value, annotation: ast.expr) -> Value:
        """A value with the class of its annotation, where nothing else is known."""
        return declared.typed(frame, value, annotation)

    def update(self, frame: Frame, made: Container, value: Value, *, surely: bool = True) -> None:
        """``made.update(value)``."""
        self.materialize(frame, value)
        for thing in value.objs:
            if type(thing) is Container:
                for key, item in thing.items.items():
                    made.put(key, item, surely=surely)
                if thing.rest is not None:
                    made.spread(thing.rest)
            elif type(thing) is Instance:
                for key, item in thing.fields.items():
                    made.put(key, item, surely=surely)
            elif type(thing) is External and thing.source is not None:
                made.spread(self.web.element_of(frame, self.nowhere, thing, value))
        if value.taints and not things(value, Container):
            made.spread(Value(None, (), value.taints))

    def setter(self, frame: Frame, thing: Instance, name: str, value: Value) -> bool:
        """Whether a property took the value."""
        found = thing.cls.lookup(f"{name}.setter")
        if found is None:
            return False
        called = bound(found, obj(thing), thing.cls, instance=True)
        self.invoke(frame, self.nowhere, called, Arguments([value]))
        return True

    def is_generator(self, node: ast.AST) -> bool:
        """Whether a function yields."""
        if node not in self._generators:
            self._generators[node] = _yields(node)
        return self._generators[node]

    def validators(
        self, cls: ClassObject, *, before: bool = False
    ) -> list[tuple[tuple[str, ...], Function]]:
        """The validators of single fields that a model has, before or after the value has its type."""
        return [(n, f) for n, f, early in self._validators.get(cls, []) if early is before]

    def add_validator(
        self, cls: ClassObject, names: tuple[str, ...], function: Function, *, before: bool
    ) -> None:
        """A model has a validator of these fields."""
        self._validators.setdefault(cls, []).append((names, function, before))

    def validate(self, frame: Frame, node: ast.AST, value: Value) -> None:
        """What a request fills is checked by the validators of its model, those of the whole model last."""
        for made in things(value, Instance):
            line = made.cls.line_of_descent()
            if made.lazy is None or not any(one in self._validators for one in line):
                continue
            self.materialize(frame, value)
            for names, function in [pair for one in line for pair in self.validators(one)]:
                if not names and frame.state is not None:
                    self.invoke(
                        frame,
                        node,
                        bound(obj(function), obj(made), made.cls, instance=True),
                        Arguments(),
                    )


def _yields(node: ast.AST) -> bool:
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += list(ast.iter_child_nodes(one))
    return False

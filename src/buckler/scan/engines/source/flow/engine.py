"""Runs every entry point of a project abstractly, and tells what input reaches."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from buckler.core.finding import Finding
from buckler.core.rule import Rule
from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.attributes import bound
from buckler.scan.engines.source.flow.callgraph import CallGraph
from buckler.scan.engines.source.flow.entries import Entry
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.facts import django_facts
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.grouping import together
from buckler.scan.engines.source.flow.hits import Hits
from buckler.scan.engines.source.flow.libraries.names import canonical
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    Container,
    External,
    Function,
    Instance,
    things,
)
from buckler.scan.engines.source.flow.parameters import Parameters
from buckler.scan.engines.source.flow.project import Parse, Project, SourceModule
from buckler.scan.engines.source.flow.run import Run
from buckler.scan.engines.source.flow.sinks import Sinks
from buckler.scan.engines.source.flow.templates import Templates
from buckler.scan.engines.source.flow.values import Taint, Value
from buckler.scan.engines.source.flow.web import Web

FRAMEWORKS = ("fastapi", "starlette", "flask", "django", "strawberry")
ENTRY = re.compile(r"\b(?:fastapi|starlette|flask|django|strawberry|fastapi_\w+)\b")
"""A module in which none of these words occurs defines no entry point."""
ASGI = re.compile(r"\bscope\b[^()]{0,80}\breceive\b[^()]{0,80}\bsend\b")
"""The parameters of an application of ASGI, which needs none of them."""
MOST_NESTED = 8
MOST_FURTHER = 400
"""So many functions that nothing was seen to call, or not followed, are run for a graph of calls."""
MOST_TWICE = 80
"""With more entry points than these one round has to do."""
REQUEST = re.compile(r"\b(?:Request|WebSocket|HTTPConnection|HttpRequest|receive|call_next)\b")


class FlowEngine:
    """Follows input through one project.

    Args:
        paths: Its Python files, relative to the folder.
        parse: Gives tree and lines of a file, or None; asked only for files that are needed.
        rules: Those that have ``flows`` or ``calls`` are asked.
        template: Gives path and text of a template by its name, or None.
        folder: Of the project.
        graph: Is told of calls, where somebody asks.
    """

    def __init__(
        self,
        paths: list[str],
        parse: Parse,
        rules: Iterable[Rule],
        template: Callable[[str], tuple[str, str] | None] = lambda name: None,
        folder: Path | None = None,
        graph: CallGraph | None = None,
    ) -> None:
        self._graph = graph
        self._folder = folder
        self._likely: list[str] = []
        self._requests: list[str] = []
        self._project = Project(paths, parse)
        self._sinks = Sinks(rules)
        self._templates = Templates(template)
        self.cut_short: dict[str, None] = {}
        self.broken: dict[str, Exception] = {}
        self.facts: frozenset[str] = frozenset()
        self._lines: dict[str, set[tuple[int, int]]] = {}
        self._compared: set[tuple[str, int]] = set()

    def look(self, path: str, text: str) -> None:
        """Whether a file may define entry points; a project without any is not run at all."""
        if _may_enter(text):
            self._likely.append(path)
            if REQUEST.search(text):
                self._requests.append(path)

    def confirms(self, how: str, finding: Finding) -> bool:
        """Whether a request comes to the line of a finding (``reached``), or compares input there (``compared``)."""
        path, line = finding.location.path or "", finding.location.line or 0
        if how == "compared":
            return any((path, at) in self._compared for at in (line - 1, line, line + 1))
        return any(first <= line <= last for first, last in self._lines.get(path, ()))

    def run(self) -> Iterator[Finding]:
        """The findings, by place."""
        web = Web()
        web.templates = self._templates
        hits = Hits(self._sinks, self._line, self._folder)
        run = Run(self._project, self._sinks, hits, web, self._graph)
        run.lines, run.compared = self._lines, self._compared
        for path in self._likely:
            run.module_env(self._project.modules[path])
        web.facts |= django_facts(run, self._project)
        for _ in range(2):
            before = len(web.entries)
            for entry in web.entries:
                for function in things(entry.called, Function):
                    run.ran.add(id((function.wrapped or function).node))
            begun = [entry for entry in web.entries if entry.kind == "startup"]
            for entry in chain(begun, self._others(run)):
                self._contained(run, entry)  # what the start makes is there when a request comes
            for entry in sorted((e for e in web.entries if e not in begun), key=_turn):
                self._contained(run, entry)
            if len(web.entries) == before and (not run.stored or before > MOST_TWICE):
                break
            run.again()
        for entry in self._further(run):
            self._contained(run, entry)
        self.facts = frozenset(web.facts)
        self.cut_short.update(dict.fromkeys(sorted(run.cut_short)))
        self.broken.update(run.broken)
        yield from together(hits.found.values())

    def _line(self, path: str, line: int) -> str:
        module = self._project.modules.get(path)
        return module.line(line) if module is not None else ""

    def _contained(self, run: Run, entry: Entry) -> None:
        """Run an entry point; what the engine itself raises on the way costs this one alone."""
        try:
            self._entry(run, entry)
        except Exception as error:  # noqa: BLE001 - told as a gap
            self.broken[entry.operation or entry.frame.module.path] = error

    def _entry(self, run: Run, entry: Entry) -> None:
        entry.prefix = _prefix(run.web, entry)
        run.entry = entry
        run.hits.entry = entry
        run.refill()
        frame = Frame(run, entry.frame.module, None, entry.frame.parent)
        frame.line = getattr(entry.node, "lineno", 0)
        if self._graph is not None:
            self._graph.begin_entry(entry, frame.line)
        parameters = Parameters(run, entry)
        run.web.parameters = parameters
        with run.branching():
            for dependency in _dependencies(run.web, entry):
                parameters.solved(frame, dependency, Value())
            for function in things(entry.called, Function):
                run.ran.add(id((function.wrapped or function).node))
                called = Value(None, (function,))
                if entry.kind == "code":
                    run.invoke(frame, function.node, called, Arguments(more=Value()))
                    continue
                given = parameters.of(frame, function)
                value = run.invoke(frame, function.node, called, given)
                self._answer(frame, run, entry, function, value)
        if run.spent() or run.shortened:
            self.cut_short[entry.operation or entry.path or entry.frame.module.path] = None

    def _answer(
        self, frame: Frame, run: Run, entry: Entry, function: Function, value: Value
    ) -> None:
        """What a handler gives back becomes the answer: as HTML where it says so, else as JSON."""
        shape = function.wrapped or function
        inner = Frame(run, shape.module, None, shape.frame)
        node = _last_return(shape.node) or shape.node
        name = "web.answer.html" if _is_html(inner, entry, shape) else "web.answer"
        if frame.state is None:
            frame = inner
        inner.state = frame.state
        taints = taints_within(inner, value)
        if taints:
            run.hits.reached(inner, node, name, Arguments([value]))
        own = function.module.path
        if own != shape.module.path and any(_caught_in(t, own) for t in taints):
            outer = Frame(run, function.module, None, function.frame)
            outer.state = inner.state
            run.hits.reached(outer, _last_return(function.node) or node, name, Arguments([value]))

    def _further(self, run: Run) -> Iterator[Entry]:
        """What a graph of calls is to cover besides: functions that nothing was seen to call, and calls not followed."""
        if self._graph is None:
            return
        left = MOST_FURTHER
        for entry in chain(self._uncalled(run, self._graph), self._unfollowed(run, self._graph)):
            left -= 1
            if left < 0:
                self._graph.cut = True
                return
            yield entry

    def _unfollowed(self, run: Run, graph: CallGraph) -> Iterator[Entry]:
        """Functions of calls that lay too deep or were too many: what they are given is not known."""
        for function in graph.unfollowed():
            frame = Frame(run, function.module)
            yield Entry("code", ("",), "", Value(None, (function,)), frame, function.node)

    def _uncalled(self, run: Run, graph: CallGraph) -> Iterator[Entry]:
        """Functions that nothing was seen to call, of the files that the graph is to cover: tasks, commands, scripts."""
        for path in graph.further:
            module = self._project.modules.get(path)
            if module is None or module.tree is None:
                continue
            env = run.module_env(module)
            for function, owner in _own_functions(env, module):
                if graph.was_run(function.node):
                    continue
                called = Value(None, (function,))
                if owner is not None:
                    made = Value(None, (Instance(owner, run.path),))
                    called = bound(called, made, owner, instance=True)
                yield Entry("code", ("",), "", called, Frame(run, module), function.node, owner)

    def _others(self, run: Run) -> Iterator[Entry]:
        """Functions that take a request and that no route was found for: views by whatever name."""
        for path in self._requests:
            module = self._project.modules[path]
            if module.tree is None:
                continue
            for function, owner in _own_functions(run.module_env(module), module):
                yield from self._taking(run, function, owner)

    def _taking(self, run: Run, function: Function, owner: ClassObject | None) -> Iterator[Entry]:
        node = function.node
        if id(node) in run.ran or isinstance(node, ast.Lambda):
            return
        names = {a.arg for a in node.args.args}
        if {"scope", "receive", "send"} <= names:
            frame = Frame(run, function.module, None, function.frame)
            yield Entry("asgi", ("GET",), "", Value(None, (function,)), frame, node, owner)
            return
        if {"request", "call_next"} <= names:
            frame = Frame(run, function.module, None, function.frame)
            yield Entry("starlette", ("GET",), "", Value(None, (function,)), frame, node, owner)
            return
        for arg in (*node.args.posonlyargs, *node.args.args):
            words = _words(arg.annotation) if arg.annotation is not None else ""
            if REQUEST.search(words):
                frame = Frame(run, function.module, None, function.frame)
                kind = "django" if "HttpRequest" in words else "request"
                yield Entry(kind, ("GET",), "", Value(None, (function,)), frame, node, owner)
                return


def _own_functions(
    env: dict[str, Value], module: SourceModule
) -> Iterator[tuple[Function, ClassObject | None]]:
    """The functions of a module and the methods of its classes."""
    for value in list(env.values()):
        for thing in value.objs:
            if type(thing) is Function and thing.module is module:
                yield thing, None
            elif type(thing) is ClassObject and thing.module is module:
                for attr in list(thing.attrs.values()):
                    for function in things(attr, Function):
                        yield function, thing


def _turn(entry: Entry) -> int:
    """What stores input comes before what reads it, handlers of what was raised come last."""
    if entry.kind == "handler":
        return 2
    return 0 if entry.methods[0] in ("POST", "PUT", "PATCH", "WEBSOCKET") else 1


def _dependencies(web: Web, entry: Entry) -> list[External]:
    """Dependencies that stand at the route, at its router, at those above and where they are included."""
    options = [entry.options]
    current = next(iter(things(entry.router, External)), None)
    for _ in range(MOST_NESTED):
        if current is None:
            break
        options.append(current.named)
        include = web.include_of(current)
        if include is not None:
            options.append(include.options)
        current = include.parent if include is not None else None
    made: list[External] = []
    for named in options:
        given = named.get("dependencies")
        for thing in things(given, Container) if given is not None else ():
            made += [d for item in thing.all() for d in things(item, External)]
    return made


def _prefix(web: Web, entry: Entry) -> str:
    made = ""
    routers = things(entry.router, External)
    current = routers[0] if routers else None
    for _ in range(MOST_NESTED):
        if current is None:
            break
        own = current.named.get("prefix") or current.named.get("url_prefix")
        text = own.alts[0] if own is not None and own.alts and isinstance(own.alts[0], str) else ""
        include = web.include_of(current)
        made = (include.prefix if include else "") + text + made
        current = include.parent if include else None
    return made


def _is_html(frame: Frame, entry: Entry, function: Function) -> bool:
    from buckler.scan.engines.source.flow.declared import type_of

    if entry.kind in ("flask", "django"):
        return True
    options = [entry.options.get("response_class")]
    for router in things(entry.router, External):
        options.append(router.named.get("default_response_class"))
    returns = getattr(function.node, "returns", None)
    if returns is not None:
        options.append(type_of(frame, returns))
    for option in options:
        for thing in option.objs if option is not None else ():
            if type(thing) is External:
                return canonical(thing.name) == "starlette.responses.HTMLResponse"
    return False


def _words(annotation: ast.expr) -> str:
    """The names in an annotation, however deep they stand."""
    made = []
    for node in ast.walk(annotation):
        word = getattr(node, "id", getattr(node, "attr", getattr(node, "value", "")))
        made.append(word if isinstance(word, str) else "")
    return " ".join(made)


def _may_enter(text: str) -> bool:
    """Whether a module may define an entry point; plain words first, which is ten times as fast."""
    if any(word in text for word in FRAMEWORKS) and ENTRY.search(text):
        return True
    return "receive" in text and ASGI.search(text) is not None


def _caught_in(taint: Taint, path: str) -> bool:
    """Whether it is what an exception says that a file catches: there the answer is made of it."""
    return taint.token.source.kind == "exception" and taint.token.source.path == path


def _last_return(node: ast.AST) -> ast.AST | None:
    found = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
    return found[-1] if found else None

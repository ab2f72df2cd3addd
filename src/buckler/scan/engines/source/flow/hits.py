"""Input that has reached a sink: judged by the sink's rule, told with its whole way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buckler.core.finding import Confidence, Finding, Location, Proof
from buckler.core.rule import Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.expressions import evaluate, taints_within
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.interface import About, At, Call, ChecksCall, Flow, JudgesFlow
from buckler.scan.engines.source.flow.objects import Container, Function, Instance
from buckler.scan.engines.source.flow.sinks import Sink, Sinks
from buckler.scan.engines.source.flow.values import UNKNOWN, Taint, Taints, Value, bit

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.entries import Entry

NAMES = {
    "query": "the query parameter",
    "path": "the path parameter",
    "header": "the header",
    "cookie": "the cookie",
    "json": "the JSON body's field",
    "form": "the form field",
    "file": "the uploaded file",
    "filename": "the name of the uploaded file",
    "body": "the request's body",
    "message": "the websocket's message",
    "database": "the stored value",
    "answer": "another service's answer",
    "model": "a language model's answer",
    "exception": "an exception",
    "entry": "an entry of an archive",
    "host": "the Host header",
    "secret": "a secret",
    "token": "a token that nobody has checked: its",
    "random": "a generator that can be foretold",
}


MOST_SLOTS = 50


@dataclass(slots=True)
class Hits:
    """Collects what reaches the sinks."""

    sinks: Sinks
    line: Callable[[str, int], str]
    folder: Path | None = None
    found: dict[tuple[str, str, int], Finding] = field(default_factory=dict)
    entry: Entry | None = None
    quiet: int = 0
    wasted: dict[int, str] = field(default_factory=dict)
    called: set[int] = field(default_factory=set)

    def reached(
        self,
        frame: Frame,
        node: ast.AST,
        name: str,
        given: Arguments,
        receiver: Value | None = None,
    ) -> bool:
        """A call of something that has a name; whether it is a sink of any rule."""
        sinks = self.sinks.named(name)
        for sink in sinks:
            self._look(frame, node, sink, name, given, receiver)
        for rule in self.sinks.callers(name):
            self._call(frame, node, rule, name, given, receiver)
        return bool(sinks)

    def _call(
        self,
        frame: Frame,
        node: ast.AST,
        rule: Rule,
        name: str,
        given: Arguments,
        receiver: Value | None,
    ) -> None:
        def tainted(value: Value) -> bool:
            return bool(taints_within(frame, value))

        call = Call(
            name=name,
            given=given.given,
            every=tuple(given.all()),
            receiver=UNKNOWN if receiver is None else receiver,
            tainted=tainted,
            open=given.more is not UNKNOWN,
            spread=frozenset(given.spread),
            cleared=frame.cleared,
            gates=self._gates,
            under_way=tuple(frame.run.active),
            each=lambda name: _each(frame, node, name),
        )
        verdict = rule.check_call(call) if isinstance(rule, ChecksCall) else None
        if verdict is None:
            return
        path, line = frame.module.path, getattr(node, "lineno", frame.line)
        self.found.setdefault(
            (rule.id, path, line),
            Finding(
                rule=rule.id,
                message=verdict.message,
                severity=verdict.severity or rule.severity,
                confidence=Confidence.SUSPECTED,
                location=Location(path, line),
                proof=(
                    (self._proof(frame, verdict.taints, path, line, name),)
                    if isinstance(verdict, At) and verdict.taints
                    else ()
                ),
                subject=verdict.subject if isinstance(verdict, About) else "",
            ),
        )

    def _gates(self) -> str:
        return self.entry.surroundings() if self.entry is not None else ""

    def unknown_call(
        self,
        frame: Frame,
        node: ast.AST,
        name: str,
        given: Arguments,
        receiver: Value | None = None,
    ) -> None:
        """A call of a method of something that is not known; functions among its arguments may be called."""
        for value in given.all():
            for thing in value.objs:
                if (
                    type(thing) is Function
                    and thing.frame is not None
                    and id(thing.node) not in self.called
                ):
                    self.called.add(id(thing.node))
                    frame.run.invoke(frame, node, Value(None, (thing,)), Arguments())
        for sink in self.sinks.method(name) if name else ():
            self._look(frame, node, sink, f"*.{name}", given, receiver)
        for rule in self.sinks.method_callers(name) if name else ():
            self._call(frame, node, rule, f"*.{name}", given, receiver)

    def thrown_away(self, frame: Frame, node: ast.expr, value: Value) -> None:
        """An expression whose value nobody uses: what it made harmless is lost."""
        for taint in value.taints:
            if taint.tried and taint.token.parent is not None:
                self.wasted[id(taint.token.parent)] = taint.tried[-1]

    def _look(
        self,
        frame: Frame,
        node: ast.AST,
        sink: Sink,
        name: str,
        given: Arguments,
        receiver: Value | None,
    ) -> None:
        for argument, value in sink.values(given, receiver):
            every = taints_within(frame, value)
            if not every:
                continue
            kind = bit(sink.flows.kind)
            wanted = tuple(t for t in every if t.token.source.kind in sink.flows.sources)

            def clean(taint: Taint, kind: int = kind) -> bool:
                return bool(frame.cleared(taint) & kind)

            dirty = tuple(t for t in wanted if not clean(t))
            if not wanted:
                continue
            elements: tuple[Value, ...] = tuple(
                item for t in value.objs if type(t) is Container for item in t.all()
            )
            flow = Flow(
                call=name,
                argument=argument,
                value=value,
                taints=dirty,
                all_taints=wanted,
                other=_other(given),
                others=given.all,
                elements=elements,
                path=frame.module.path,
                receiver=UNKNOWN if receiver is None else receiver,
                is_clean=clean,
                cleared=frame.cleared,
                folder=self.folder,
            )
            verdict = _judged(sink.rule, flow)
            if verdict is not None:
                self._add(frame, node, sink, flow, verdict)

    def _add(self, frame: Frame, node: ast.AST, sink: Sink, flow: Flow, verdict: Verdict) -> None:
        path, line = frame.module.path, getattr(node, "lineno", frame.line)
        place = Location(path, line)
        if sink.flows.at_source:
            place = Location(flow.source.path, flow.source.line)
        key = (sink.rule.id, place.path or "", place.line or 0)
        if isinstance(verdict, At):
            flow = replace(flow, taints=verdict.taints)
        taints = sorted(
            flow.taints or flow.all_taints, key=lambda t: t.token.source is not flow.source
        )
        known = self.found.get(key)
        if known is not None and not (flow.source.direct and not known.context.get("direct")):
            return
        message = verdict.message + self._tried(flow.taints)
        self.found[key] = Finding(
            rule=sink.rule.id,
            message=message,
            severity=verdict.severity or sink.rule.severity,
            confidence=Confidence.SUSPECTED,
            location=place,
            proof=(self._proof(frame, taints, path, line, flow.call),),
            context={"direct": flow.source.direct},
        )

    def _tried(self, taints: Taints) -> str:
        tried = list(dict.fromkeys(word for t in taints for word in t.tried))
        wasted = [self.wasted[id(t.token)] for t in taints if id(t.token) in self.wasted]
        made = ""
        if tried:
            made += f" It goes through {', '.join(tried)}, which does not help here."
        if wasted:
            made += f" The result of {wasted[0]} is thrown away."
        return made

    def _proof(
        self, frame: Frame, taints: Sequence[Taint], path: str, line: int, name: str
    ) -> Proof:
        """The way of the first of the input; which other slots of the request come along."""
        taint = taints[0]
        steps = [
            {"text": s.what, "path": s.path, "line": s.line, "code": self.line(s.path, s.line)}
            for s in taint.step.steps()
        ]
        last = {"text": name, "path": path, "line": line, "code": self.line(path, line)}
        if not steps or (steps[-1]["path"], steps[-1]["line"]) != (path, line):
            steps.append(last)
        else:
            steps[-1] = {**last, "text": f"{steps[-1]['text']}, then {name}"}
        data: dict[str, Any] = {
            "steps": steps,
            "slot": taint.token.source.slot,
            "source": taint.token.source.kind,
        }
        slots = sorted({t.token.source.slot for t in taints if t.token.source.slot})
        if len(slots) > 1:
            data["slots"] = slots[:MOST_SLOTS]
        if self.entry is not None and self.entry.operation:
            data["operation"] = self.entry.operation
        return Proof("flow", data)


def _each(frame: Frame, node: ast.AST, name: str) -> list[Value]:
    """What each object has in the field or under the key that an argument is read from."""
    keywords = node.keywords if isinstance(node, ast.Call) else []
    read = next((k.value for k in keywords if k.arg == name), None)
    if isinstance(read, ast.Attribute):
        owners = evaluate(frame, read.value).objs
        return [frame.run.field(frame, node, t, read.attr) for t in owners if type(t) is Instance]
    if isinstance(read, ast.Subscript) and isinstance(read.slice, ast.Constant):
        owners = evaluate(frame, read.value).objs
        found = [t.get(read.slice.value) for t in owners if type(t) is Container]
        return [value for value in found if value is not None]
    return []


def _other(given: Arguments) -> Callable[[int, str], Value | None]:
    return given.given


def _judged(rule: Rule, flow: Flow) -> Verdict | None:
    if isinstance(rule, JudgesFlow):
        return rule.check_flow(flow)
    return default_verdict(rule, flow)


def default_verdict(rule: Rule, flow: Flow) -> Verdict | None:
    """What is said where a rule has no judge: any harmful input is a finding."""
    if not flow.taints:
        return None
    flows = rule.flows  # type: ignore[attr-defined]
    return Verdict(flows.message.format(source=described(flow), sink=flow.call))


def described(flow: Flow) -> str:
    """The source in words."""
    source = flow.source
    words = NAMES.get(source.kind, source.kind)
    name = source.name.removesuffix(":path")
    return f"{words} {name}".strip() if name and name != "*" and source.kind != "host" else words

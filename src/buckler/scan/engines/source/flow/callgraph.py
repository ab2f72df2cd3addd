"""Which functions of a project call which, noted while the project is run abstractly.

Whoever asks how a request comes to a function of a library (CWE-1395) gets the calls that lead there. Each node is a
function as it was called with certain values, not the function alone: a helper that is safe with what one route gives
it does not lend that route the call that another one makes it do.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.objects import (
    ClassObject,
    External,
    Function,
    Instance,
    Method,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.entries import Entry
    from buckler.scan.engines.source.flow.frames import Frame
    from buckler.scan.engines.source.flow.values import Value

Watch = Callable[[str, Arguments], Iterable[str] | None]
"""What a call of a library by its dotted name and with these arguments stands for; None where nobody asks."""
MOST_CALLS = 20_000
"""So many calls of what is watched are noted."""
MOST_CHAINED = 6


@dataclass(frozen=True, slots=True)
class Node:
    """What is under way.

    Attributes:
        kind: ``route``, ``request`` (middlewares and handlers of exceptions), ``startup``, ``code`` (what no request
            was seen to come to), ``module`` or ``function``.
        label: ``GET /items``, or a name.
        path: Of its file.
        line: 1-based.
    """

    kind: str
    label: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Noted:
    """A call of something that is watched.

    Attributes:
        name: Dotted name of what is called.
        keys: What the watch says of it.
        path: Of the file with the call.
        line: 1-based.
        within: Number of the node that makes it; -1 where it is not known.
    """

    name: str
    keys: tuple[str, ...]
    path: str
    line: int
    within: int


class CallGraph:
    """Collects calls.

    Args:
        watch: Says which calls of libraries matter.
        further: Files of which functions are run, too, that no request was seen to come to.

    Attributes:
        calls: Those of what is watched.
        cut: Whether some call was not followed.
        blurred: Whether some function was called so often that not each of its arguments was tried.

    A call that is too deep to be followed leads to the function all the same: the run follows the function by itself
    later, and who asks goes on from there.
    """

    def __init__(self, watch: Watch, further: Iterable[str] = ()) -> None:
        self._watch = watch
        self.further = tuple(further)
        self.calls: dict[Noted, None] = {}
        self.cut = False
        self.blurred = False
        self._nodes: list[Node] = []
        self._callers: list[dict[int, tuple[str, int]]] = []
        self._under_way: list[int] = []
        self._of: dict[int, list[int]] = {}
        self._passed: dict[int, tuple[int, Function]] = {}
        self._unfollowed: deque[Function] = deque()

    # Told by the run

    def begin(self, kind: str, label: str, path: str, line: int) -> list[int]:
        """An entry point or a module begins; gives what :meth:`end` wants."""
        before, self._under_way = self._under_way, [self._add(Node(kind, label, path, line))]
        return before

    def begin_entry(self, entry: Entry, line: int) -> list[int]:
        """An entry point begins."""
        kinds = {"startup": "startup", "code": "code"}
        kind = kinds.get(entry.kind, "route" if entry.operation else "request")
        label = entry.operation or next(
            (t.name for t in entry.called.objs if type(t) is Function), entry.kind
        )
        return self.begin(kind, label, entry.frame.module.path, line)

    def end(self, before: list[int]) -> None:
        """What :meth:`begin` began is over, by whichever way."""
        self._under_way = before

    def enter(self, frame: Frame, at: ast.AST, function: Function) -> int:
        """A function of the project is called; gives the number of this call."""
        number = self._add(_node(function))
        self._of.setdefault(id(function.node), []).append(number)
        self.again(frame, at, number)
        self._under_way.append(number)
        return number

    def leave(self) -> None:
        """The function that was entered last is over."""
        self._under_way.pop()

    def again(self, frame: Frame, at: ast.AST, number: int) -> None:
        """A call of which it is known what it does."""
        if self._under_way:
            place = (frame.module.path, getattr(at, "lineno", frame.line))
            self._callers[number].setdefault(self._under_way[-1], place)

    def passed(self, frame: Frame, at: ast.AST, function: Function) -> None:
        """A call that is not followed: it may do whatever the function is seen to do, at whichever time."""
        key = id(function.node)
        if key not in self._passed:
            self._passed[key] = self._add(_node(function)), function
            self._unfollowed.append(function)
        self.again(frame, at, self._passed[key][0])

    def unfollowed(self) -> Iterator[Function]:
        """The functions of calls that were not followed, each once; those that are passed meanwhile, too."""
        while self._unfollowed:
            yield self._unfollowed.popleft()

    def called(self, frame: Frame, at: ast.AST, name: str, given: Arguments) -> None:
        """Something of a library is called."""
        keys = self._watch(name, given)
        if keys is None:
            return
        if len(self.calls) >= MOST_CALLS:
            self.cut = True
            return
        line = getattr(at, "lineno", frame.line)
        within = self._under_way[-1] if self._under_way else -1
        self.calls.setdefault(Noted(name, tuple(keys), frame.module.path, line, within))

    def method(
        self, frame: Frame, at: ast.AST, receiver: Value, name: str, given: Arguments
    ) -> None:
        """A method of a value is called: noted by each name that it may have."""
        for owner in dotted(receiver):
            self.called(frame, at, f"{owner}.{name}", given)

    def made(self, frame: Frame, at: ast.AST, cls: ClassObject, given: Arguments) -> None:
        """An object of a class is made that may derive from one of a library."""
        for base in cls.external_bases():
            self.called(frame, at, base, given)

    def was_run(self, node: ast.AST) -> bool:
        """Whether a function was called by anything."""
        return id(node) in self._of

    def _add(self, node: Node) -> int:
        self._nodes.append(node)
        self._callers.append({})
        return len(self._nodes) - 1

    # Asked afterwards

    def ways(
        self, calls: Iterable[Noted]
    ) -> Iterator[tuple[Node, list[tuple[str, int, str]], Noted]]:
        """The shortest way to one of some calls from each kind of beginning: where it begins, and the calls on it.

        Each step is the file and the line of a call, and the name of the function that is called there.
        """
        ends: dict[int, Noted] = {}
        for noted in calls:
            if noted.within >= 0:
                ends.setdefault(noted.within, noted)
        further = dict.fromkeys(ends, -1)
        waiting = deque(ends)
        seen: set[str] = set()
        passed = {n: self._passed[key][0] for key in self._passed for n in self._of.get(key, ())}
        while waiting:
            number = waiting.popleft()
            node = self._nodes[number]
            if node.kind != "function" and node.kind not in seen:
                seen.add(node.kind)
                steps, last = self._steps(number, further)
                yield node, steps, ends[last]
            for caller in (*self._callers[number], *_one(passed.get(number))):
                if caller not in further:
                    further[caller] = number
                    waiting.append(caller)

    def _steps(
        self, number: int, further: dict[int, int]
    ) -> tuple[list[tuple[str, int, str]], int]:
        steps = []
        while further[number] >= 0:
            called = further[number]
            if number in self._callers[called]:
                path, line = self._callers[called][number]
                steps.append((path, line, self._nodes[called].label))
            number = called
        return steps, number


def _node(function: Function) -> Node:
    line = getattr(function.node, "lineno", 0)
    return Node("function", function.name, function.module.path, line)


def _one(number: int | None) -> tuple[int, ...]:
    return () if number is None else (number,)


def dotted(value: Value, depth: int = 0) -> Iterator[str]:
    """The names that something of a library may have; of its attributes the names below it."""
    for thing in value.objs:
        if type(thing) is External:
            yield thing.origin or thing.name
        elif type(thing) is Instance:
            yield from thing.cls.external_bases()
        elif type(thing) is ClassObject:
            yield from thing.external_bases()
        elif type(thing) is Method and depth < MOST_CHAINED:
            for owner in dotted(thing.receiver, depth + 1):
                yield f"{owner}.{thing.name}"

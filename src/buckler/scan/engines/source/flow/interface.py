"""What a rule says of the flows it looks for, and what it is shown of one.

A rule that has ``flows`` names the calls that are its sinks, the functions that make input harmless for
them and the kinds of input that count. ``check_flow``, where it has one, judges what arrives.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.values import (
    SLOTS,
    UNKNOWN,
    Source,
    Taint,
    Taints,
    Text,
    Value,
)

DIRECT = SLOTS | {"host"}
STORED = frozenset({"database"})
ANSWERS = frozenset({"answer"})


@dataclass(frozen=True, slots=True)
class Flows:
    """The table of a rule.

    Attributes:
        kind: One word for what the sinks do: ``sql``, ``shell``, ``path``; rules that share it share
            what is harmless.
        sinks: Calls, separated by white space: ``sqlite3.Connection.execute(0)``; in brackets
            the positions and names of the arguments that matter, ``*`` for all of them, after ``;`` a condition
            (``shell=True``). ``*.execute(0)``: of any object that is not known. ``{a,b}`` is either.
        sanitizers: Functions whose result is harmless for this kind; ``code:json.dumps`` for another one.
        sources: The kinds of input that count.
        message: What is said of a flow, ``{source}`` and ``{sink}`` filled in.
        at_source: Whether the finding stands where the value comes from, which is what has to be changed.
    """

    kind: str
    sinks: str
    sanitizers: str = ""
    sources: frozenset[str] = DIRECT
    message: str = "Input from {source} reaches {sink}."
    at_source: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """Input that has arrived at a sink.

    Attributes:
        call: Dotted name of what is called, as far as it is known.
        argument: Name or position of the argument.
        value: The argument.
        taints: The input in it that is not harmless here.
        all_taints: All of the input in it, harmless or not.
        other: Gives another argument of the call by position and name, or None.
        elements: For a list: its elements.
        path: The file in which the sink stands.
        receiver: The object whose method is called.
        folder: Of the project; None where a rule is asked without one.
    """

    call: str
    argument: str
    value: Value
    taints: Taints
    all_taints: Taints
    other: Callable[[int, str], Value | None]
    others: Callable[[], list[Value]] = field(default=list)
    elements: tuple[Value, ...] = ()
    path: str = ""
    receiver: Value = UNKNOWN
    is_clean: Callable[[Taint], bool] = field(default=lambda taint: False)
    cleared: Callable[[Taint], int] = field(default=lambda taint: taint.clean)
    folder: Path | None = None

    @property
    def source(self) -> Source:
        """Where the first of the input comes from, the request before anything else."""
        ordered = sorted(self.taints or self.all_taints, key=lambda t: not t.token.source.direct)
        return ordered[0].token.source

    @property
    def texts(self) -> tuple[Text, ...]:
        """The argument as texts with holes."""
        from buckler.scan.engines.source.flow.values import texts_of

        return texts_of(self.value)

    def places(self) -> Iterator[tuple[str, Taints, str]]:
        r"""Each hole with harmful input: the constant text before it, what is in it, the text behind it.

        In the text other holes appear as ``\\0``.
        """
        for text in (*self.texts, *(t for v in self.elements for t in _texts(v))):
            for number, part in enumerate(text):
                if isinstance(part, str):
                    continue
                dirty = tuple(t for t in part if not self.is_clean(t))
                if dirty:
                    yield _plain(text[:number]), dirty, _plain(text[number + 1 :])


def _texts(value: Value) -> tuple[Text, ...]:
    from buckler.scan.engines.source.flow.values import texts_of

    return texts_of(value)


def _plain(parts: Any) -> str:
    return "".join(p if isinstance(p, str) else "\0" for p in parts)


@dataclass(frozen=True, slots=True)
class At(Verdict):
    """A verdict about a part of the input that has arrived.

    Attributes:
        taints: That part.
    """

    taints: Taints = ()


@dataclass(frozen=True, slots=True)
class About(Verdict):
    """A verdict about one of several things at a place: live views name it as well.

    Attributes:
        subject: The thing, e.g. the name of a cookie.
    """

    subject: str = ""


@runtime_checkable
class ChecksFlow(Protocol):
    """Looks for input that reaches a sink."""

    id: str
    flows: ClassVar[Flows]


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the abstract run has come to, with what its arguments may be.

    Attributes:
        name: Dotted name of what is called.
        given: Gives an argument by position (-1 for none) and name; None where it is not given.
        every: All arguments.
        receiver: The object whose method is called.
        tainted: Whether input may be in a value.
        open: Whether arguments are given by a star that hides which.
        spread: The names of arguments that two stars brought.
        cleared: For which kinds of sinks input is harmless here.
        gates: Gives what stands around the entry point as text: its path, decorators, parameters, dependencies.
        under_way: The functions of the project that have led here, the innermost last.
        each: Gives, of a named argument that is read off an object (``verify=partner.tls``), what each of the
            objects that it may be has there.
    """

    name: str
    given: Callable[[int, str], Value | None]
    every: tuple[Value, ...] = ()
    receiver: Value = UNKNOWN
    tainted: Callable[[Value], bool] = field(default=lambda value: bool(value.taints))
    open: bool = False
    spread: frozenset[str] = frozenset()
    cleared: Callable[[Taint], int] = field(default=lambda taint: taint.clean)
    gates: Callable[[], str] = field(default=lambda: "")
    under_way: tuple[ast.AST, ...] = ()
    each: Callable[[str], list[Value]] = field(default=lambda name: [])


@runtime_checkable
class ChecksCall(Protocol):
    """Looks at calls of libraries, whatever module their arguments come from.

    ``calls`` names them as the sinks of :class:`Flows` are named, without brackets; ``*.set_cookie`` is that
    method of any object that is not known.
    """

    id: str
    calls: ClassVar[str]

    def check_call(self, call: Call) -> Verdict | None:
        """What is wrong with the call, or None."""
        ...


@runtime_checkable
class JudgesFlow(Protocol):
    """Looks at each flow before it becomes a finding."""

    def check_flow(self, flow: Flow) -> Verdict | None:
        """What it means, or None where it does no harm."""
        ...

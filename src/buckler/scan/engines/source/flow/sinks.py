"""The sinks of all rules, by the name of what is called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from buckler.core.rule import Rule
from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.interface import ChecksCall, ChecksFlow, Flows
from buckler.scan.engines.source.flow.libraries.names import canonical, expanded
from buckler.scan.engines.source.flow.values import ALL, UNKNOWN, Value, bit, truth

_SPEC = re.compile(r"[^\s(]+\([^)]*\)")
_PIECES = re.compile(r"^([^(]+)\(([^;)]*)(?:;([^)]*))?\)$")


@dataclass(frozen=True, slots=True)
class Sink:
    """One argument of one call that a rule looks at.

    Attributes:
        positions: Positions of the argument; -1 for every argument.
        names: Its names.
        condition: Name and truth of another argument that has to be given, or None.
    """

    rule: Rule
    flows: Flows
    arguments: tuple[tuple[int, str], ...]
    everything: bool
    condition: tuple[str, bool] | None

    def values(
        self, given: Arguments, receiver: Value | None = None
    ) -> Iterable[tuple[str, Value]]:
        """The arguments that matter, by name or position; ``self`` is the object of a method."""
        if self.condition is not None:
            name, wanted = self.condition
            value = given.named.get(name)
            if (truth(value) if value is not None else False) is not wanted:
                return
        if self.everything:
            for number, value in enumerate(given.positional):
                yield str(number), value
            yield from given.named.items()
            if given.more is not UNKNOWN:
                yield "more", given.more
            return
        for position, name in self.arguments:
            if name == "self" and receiver is not None:
                yield name, receiver
                continue
            value = given.given(position, name) if position >= 0 else given.named.get(name)
            if value is not None:
                yield name or str(position), value


class Sinks:
    """Looks up sinks and sanitizers by dotted name.

    Args:
        rules: Those that have ``flows`` or ``calls`` are taken.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_name: dict[str, list[Sink]] = {}
        self._by_method: dict[str, list[Sink]] = {}
        self._calls: dict[str, list[Rule]] = {}
        self._method_calls: dict[str, list[Rule]] = {}
        self.sanitizers: dict[str, int] = {}
        for rule in rules:
            if isinstance(rule, ChecksFlow):
                self._add(rule, rule.flows)
            if isinstance(rule, ChecksCall):
                for word in rule.calls.split():
                    for name in expanded(word):
                        if name.startswith("*."):
                            self._method_calls.setdefault(name[2:], []).append(rule)
                        else:
                            self._calls.setdefault(canonical(name), []).append(rule)

    def _add(self, rule: Rule, flows: Flows) -> None:
        for spec in _SPEC.findall(" ".join(expanded_specs(flows.sinks))):
            pieces = _PIECES.match(spec)
            if pieces is None:
                continue
            name, arguments, condition = pieces.groups()
            sink = Sink(rule, flows, _arguments(arguments), "*" in arguments, _condition(condition))
            if name.startswith("*."):
                self._by_method.setdefault(name[2:], []).append(sink)
            else:
                self._by_name.setdefault(canonical(name), []).append(sink)
        for word in flows.sanitizers.split():
            kind, _, names = word.rpartition(":")
            for name in expanded(names):
                known = canonical(name)
                self.sanitizers[known] = self.sanitizers.get(known, 0) | bit(kind or flows.kind)

    def named(self, name: str) -> list[Sink]:
        """The sinks of a function or method by its dotted name."""
        return self._by_name.get(name, [])

    def callers(self, name: str) -> list[Rule]:
        """The rules that look at each call of a function or method."""
        return self._calls.get(name, [])

    def method_callers(self, name: str) -> list[Rule]:
        """The rules that look at a method of whatever object."""
        return self._method_calls.get(name, [])

    def method(self, name: str) -> list[Sink]:
        """The sinks that a method of an unknown object may be."""
        return self._by_method.get(name, [])

    def sanitizer(self, name: str) -> int:
        """For which kinds of sinks a function's result is harmless."""
        return self.sanitizers.get(name, 0)

    @property
    def words(self) -> frozenset[str]:
        """The last part of each sink's name."""
        return frozenset(n.rpartition(".")[2] for n in (*self._by_name, *self._by_method))


def expanded_specs(text: str) -> Iterable[str]:
    """The specifications with their braces written out; braces stand before the bracket only."""
    for spec in _SPEC.findall(text):
        head, bracket, tail = spec.partition("(")
        for name in expanded(head):
            yield f"{name}{bracket}{tail}"


def _arguments(text: str) -> tuple[tuple[int, str], ...]:
    made: list[tuple[int, str]] = []
    for item in text.split(","):
        word = item.strip()
        if not word or word == "*":
            continue
        if ":" in word:
            position, _, name = word.partition(":")
            made.append((int(position), name))
        elif word.isdigit():
            made.append((int(word), ""))
        else:
            made.append((-1, word))
    return tuple(made)


def _condition(text: str | None) -> tuple[str, bool] | None:
    if not text:
        return None
    name, _, value = text.partition("=")
    return name.strip(), value.strip() == "True"


__all__ = ["ALL", "Sink", "Sinks"]

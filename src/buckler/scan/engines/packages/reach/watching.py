"""Which calls of libraries matter for a set of weaknesses, and whether one does harm with what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from buckler.scan.engines.packages.advisories.symbols import Symbol
from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.objects import ClassObject, External
from buckler.scan.engines.source.flow.values import UNKNOWN, Value, truth

PACKAGE: Final = "package "


class Watching:
    """Says of each call what it stands for: symbols that do harm as they are called, and the package.

    Args:
        symbols: By which one comes to weaknesses.
        packages: Modules of packages, by name.
    """

    def __init__(self, symbols: Iterable[Symbol], packages: Mapping[str, Iterable[str]]) -> None:
        self._symbols: dict[str, list[Symbol]] = {}
        for symbol in symbols:
            self._symbols.setdefault(symbol.name, []).append(symbol)
        self._modules = {m: name for name, modules in packages.items() for m in modules}
        self._known: dict[str, tuple[tuple[Symbol, ...], str]] = {}

    def __call__(self, name: str, given: Arguments) -> tuple[str, ...] | None:
        """The keys of a call; None where nobody asks for it."""
        if name not in self._known:
            self._known[name] = (tuple(self._symbols.get(name, ())), self._package(name))
        symbols, package = self._known[name]
        if not symbols and not package:
            return None
        keys = [s.key for s in symbols if holds(s, given)]
        return (*keys, package) if package else tuple(keys)

    @property
    def spec(self) -> list[str]:
        """All that is watched."""
        keys = {symbol.key for symbols in self._symbols.values() for symbol in symbols}
        return sorted((*keys, *(f"{PACKAGE}{name} {m}" for m, name in self._modules.items())))

    def _package(self, name: str) -> str:
        parts = name.split(".")
        tried = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        return next((PACKAGE + self._modules[m] for m in tried if m in self._modules), "")


def holds(symbol: Symbol, given: Arguments) -> bool:
    """Whether a call may do harm; where it is not known, it may."""
    condition = symbol.condition
    if condition is None:
        return True
    value = given.given(condition.position, condition.name)
    if value is None or value is given.more:
        # Not written there; a star may bring it.
        return given.hidden or condition.how in "-!"
    if condition.how == "=":
        wanted = condition.values == ("True",)
        return truth(value) is not (not wanted)
    if condition.how == "!":
        # The same name of another library says nothing.
        return not _is_one_of(value, condition.values, symbol.name.partition(".")[0])
    return condition.how == "+"


def _is_one_of(value: Value, names: tuple[str, ...], top: str) -> bool:
    if value is UNKNOWN or not value.objs or value.alts is not None:
        return False
    return all(_is_of(name, names, top) for thing in value.objs for name in _named(thing))


def _is_of(name: str, names: tuple[str, ...], top: str) -> bool:
    first, _, rest = name.partition(".")
    return first == top and rest.rpartition(".")[2] in names


def _named(thing: object) -> list[str]:
    """Dotted names of all that a value may behave like; an empty one where nobody knows."""
    if type(thing) is External and not thing.instance:
        return [thing.origin or thing.name]
    if type(thing) is ClassObject:
        # One of the project's own is as safe as what it derives from.
        bases = list(dict.fromkeys(thing.external_bases()))
        return bases if len(bases) == 1 else [""]
    return [""]

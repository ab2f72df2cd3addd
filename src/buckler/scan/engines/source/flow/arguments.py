"""The arguments of a call, stars unpacked."""

from __future__ import annotations

from dataclasses import dataclass, field

from buckler.scan.engines.source.flow.values import UNKNOWN, Value


@dataclass(slots=True)
class Arguments:
    """What a call is given.

    Attributes:
        positional: In order.
        named: By name.
        more: What further arguments may be, where a star hides how many there are.
        spread: The names that two stars brought, rather than the call itself.
        hidden: Whether a star may bring arguments that are not known.
    """

    positional: list[Value] = field(default_factory=list)
    named: dict[str, Value] = field(default_factory=dict)
    more: Value = UNKNOWN
    spread: set[str] = field(default_factory=set)
    hidden: bool = False

    def at(self, position: int, name: str = "") -> Value:
        """The argument at a position or of a name; unknown where it is not given."""
        if position is not None and 0 <= position < len(self.positional):
            return self.positional[position]
        return self.named.get(name, self.more) if name else self.more

    def given(self, position: int, name: str = "") -> Value | None:
        """The argument, or None where it is not given."""
        if 0 <= position < len(self.positional):
            return self.positional[position]
        found = self.named.get(name)
        if found is None and self.more is not UNKNOWN:
            return self.more
        return found

    def all(self) -> list[Value]:
        """Every argument."""
        made = [*self.positional, *self.named.values()]
        return made if self.more is UNKNOWN else [*made, self.more]

    def shifted(self, first: Value) -> Arguments:
        """The same with one argument before the others."""
        return Arguments([first, *self.positional], self.named, self.more, self.spread, self.hidden)

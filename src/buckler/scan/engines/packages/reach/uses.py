"""What a file of Python names: its imports, each name with its attributes, its texts, and what it computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BARE: Final = "bare"
CALLED: Final = "called"
ASKED: Final = "asked"
"""Whether it is there, or nothing is done with it: no value comes out of it."""
CONSTANT: Final = "()"
"""What an argument is written as that is a constant, or a function without a name."""
LOOPED: Final = "looped"
"""One of those that a loop goes through."""


@dataclass(frozen=True, slots=True)
class Use:
    """A name with its attributes.

    Attributes:
        root: The name; empty for what is the value of something else, or of a variable of a function.
        attrs: What is read of it, in order.
        line: 1-based.
        how: :data:`CALLED`, :data:`ASKED` or :data:`BARE`.
        given: The arguments of a call: position or name (``*`` for others), and a dotted name or :data:`CONSTANT`;
            empty for what is computed.
    """

    root: str
    attrs: tuple[str, ...]
    line: int
    how: str
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """One name of an import.

    Attributes:
        origin: The module; empty for ``from . import x``.
        name: What of it; empty for the module itself, ``*`` for all.
        alias: The name that it gets here; empty where it gets none.
        level: Dots before it.
    """

    origin: str
    name: str
    alias: str
    level: int = 0

    @property
    def full(self) -> str:
        """The dotted name of what is bound."""
        if self.name:
            return f"{self.origin}.{self.name}" if self.origin else self.name
        # ``import a.b`` binds ``a``.
        return self.origin if self.alias != self.origin.partition(".")[0] else self.alias


@dataclass(slots=True)
class Uses:
    """What one file names.

    Attributes:
        names: Names with attributes.
        imports: What is imported.
        made: Names that it binds otherwise, at its top.
        looped: Names that a loop gives to each of some names in turn, with those.
        words: Other words: of parameters, arguments, definitions.
        texts: Constant texts; no docstrings.
        tried: Names of what is asked for attributes whose names are computed; empty where it has none.
        sets: Whether it may give attributes or variables of modules values by another way than an assignment at its top.
        spaces: Whether it reads its own names as a dictionary.
        reaches: Whether it may come to any module, or run code that is made of values.
        loads: Whether it loads modules by computed names, and does nothing with them.
    """

    names: list[Use] = field(default_factory=list)
    imports: list[Imported] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    looped: dict[str, set[str]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    sets: bool = False
    spaces: bool = False
    reaches: bool = False
    loads: bool = False
